"""An approval that its workflow asks for and the record does not show yet."""

from pydantic import BaseModel, ConfigDict
from temporalio.service import RPCError, RPCStatusCode

from schemas.base import Actor, Role
from service.errors import Unavailable, UnknownWorkflow
from service.intake import clinic_of_cabinet, journey_of, workflow_of_task
from terminal.front_desk import FrontDesk


class _Asked(BaseModel):
    """One pending approval, as far as it is needed here."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    approval_id: str
    kind: str
    still_needed: tuple[Role, ...]
    owed_to: Role
    requested_by: Actor


class OpenTask(_Asked):
    """The same with its clinic (None where nobody can say)."""

    clinic: str | None


class _Asking(BaseModel):
    """The `state` of a journey or a session, as far as it is needed here."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    clinic: str | None = None
    pending_approvals: tuple[_Asked, ...] = ()


async def open_in_engine(desk: FrontDesk, task_id: str) -> OpenTask:
    """Ask the workflow itself: the record is written a moment later, or while a worker is away
    not at all, and a decision must not wait for that.

    Raises:
        UnknownWorkflow: when nobody asks for this.
    """
    workflow_id = workflow_of_task(task_id)
    if workflow_id is None:
        raise UnknownWorkflow
    client = await desk.engine.client()
    handle = client.get_workflow_handle(workflow_id)
    try:
        state: _Asking = await handle.query("state", result_type=_Asking)
    except RPCError as error:
        if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
            raise UnknownWorkflow from None
        raise Unavailable from None
    for asked in state.pending_approvals:
        if asked.approval_id == task_id:
            clinic = state.clinic or await _clinic_of(desk, workflow_id)
            return OpenTask(**asked.model_dump(), clinic=clinic)
    raise UnknownWorkflow


async def _clinic_of(desk: FrontDesk, workflow_id: str) -> str | None:
    """A session does not say whose it is; its journey's record does."""
    cabinet = clinic_of_cabinet(workflow_id)
    if cabinet is not None:
        return cabinet
    row = await desk.lookups.journey(journey_of(workflow_id) or workflow_id, clinics=None)
    return row.clinic if row else None
