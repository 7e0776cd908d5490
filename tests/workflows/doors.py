"""The staff's door straight to the workflows, and what comes back through it."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from pydantic import BaseModel
from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from schemas.approval import DecideApproval, PendingApproval
from schemas.base import Command
from schemas.infusion import SessionView
from schemas.journey import ClockAdvanced, JourneyView

ANSWER_WITHIN = timedelta(seconds=0.3)
TAKEN_WITHIN = timedelta(seconds=1)
TRIES = 10
"""The first wait; each further try waits half as long again, on a busy machine up to 8 and 26 s."""
MORE_PATIENT = 1.5
OVERTAKEN = {RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION}
LOOK_AGAIN_S = 0.03


class Waits(BaseModel):
    """What waits on people, of a journey's state or of a session's."""

    pending_approvals: tuple[PendingApproval, ...] = ()


class Refused(Exception):  # noqa: N818 - what a person reads
    """A command was refused; `codes` are the reasons' codes."""

    def __init__(self, error: WorkflowUpdateFailedError) -> None:
        cause = error.cause
        assert isinstance(cause, ApplicationError), cause
        assert cause.type == "Refused", cause
        self.codes = [reason["code"] for reason in cause.details[0]]
        super().__init__(f"{cause.details[0]}")


class WorkflowDoor:
    """The staff's door straight to the workflows; time passes by the training clock. `patient`:
    each command waits until the workflow has nothing under way, so that none meets its turn to a
    new run."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.patient = False

    async def send(self, workflow_id: str, kind: str, command: Command) -> dict[str, Any]:
        """A query reads ahead: it sees what the next workflow task has yet to hear. A decision
        on what it showed may come before that, and is then sent again."""
        for _ in range(TRIES):
            try:
                return await self._send(workflow_id, kind, command)
            except Refused as refused:
                if refused.codes != ["unknown_approval"] or not await self._shown(command):
                    raise
            await self.settle()
        return await self._send(workflow_id, kind, command)

    async def _send(self, workflow_id: str, kind: str, command: Command) -> dict[str, Any]:
        """The time-skipping server loses an update that a turn to a new run overtook, or calls the
        workflow completed; the real one gives it up where it met the turn's own task, which the
        front desk answers by keeping the command. It is sent again, and counts once."""
        if self.patient:
            await self._quiet(workflow_id)
        for tried in range(TRIES):
            try:
                answer: dict[str, Any] = await self._handle(workflow_id).execute_update(
                    kind,
                    command,
                    id=f"{kind}-{command.command_id}",
                    result_type=dict[str, Any],
                    rpc_timeout=TAKEN_WITHIN * MORE_PATIENT**tried,
                )
            except WorkflowUpdateFailedError as error:
                raise Refused(error) from None
            except (WorkflowUpdateRPCTimeoutOrCancelledError, RPCError) as error:
                other = isinstance(error, RPCError) and error.status not in OVERTAKEN
                if other or tried == TRIES - 1:
                    raise
                await asyncio.sleep(LOOK_AGAIN_S * MORE_PATIENT**tried)
            else:
                return answer
        raise AssertionError("the last try answers or raises")

    async def _quiet(self, workflow_id: str) -> None:
        """Wait until the server knows of no activity and no task of this workflow, or for long."""
        for _ in range(1000):
            seen = (await self._handle(workflow_id).describe()).raw_description
            if not seen.pending_activities and not seen.HasField("pending_workflow_task"):
                return
            await self.settle()

    async def _shown(self, command: Command) -> bool:
        """Whether the workflow shows what this command decides as waiting."""
        if not isinstance(command, DecideApproval):
            return False
        waits = await self.ask(command.approval_id.split("~")[0], Waits)
        return any(a.approval_id == command.approval_id for a in waits.pending_approvals)

    async def journey(self, workflow_id: str) -> JourneyView:
        view: JourneyView = await self.ask(workflow_id, JourneyView)
        return view

    async def session(self, session_id: str) -> SessionView:
        view: SessionView = await self.ask(session_id, SessionView)
        return view

    async def ask(self, workflow_id: str, shape: type) -> Any:
        """How a workflow stands. The time-skipping server never answers a query that a turn to a
        new run overtook: ask again."""
        for tried in range(TRIES - 1):
            with suppress(RPCError):
                return await self._handle(workflow_id).query(
                    "state", result_type=shape, rpc_timeout=ANSWER_WITHIN * MORE_PATIENT**tried
                )
        return await self._handle(workflow_id).query("state", result_type=shape)

    async def until(self, workflow_id: str, moment: datetime) -> None:
        jump = ClockAdvanced(command_id=uuid4().hex, to=moment)
        journey_id = workflow_id.split("-infusion-", maxsplit=1)[0].split("-spray-", maxsplit=1)[0]
        await self._handle(journey_id).signal("clock_advanced", jump)
        look = self.journey if workflow_id == journey_id else self.session
        for _ in range(2000):
            if (await look(workflow_id)).now >= moment:
                return
            await self.settle()
        raise AssertionError("the clinical clock did not move")

    async def settle(self) -> None:
        await asyncio.sleep(LOOK_AGAIN_S)

    def _handle(self, workflow_id: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(workflow_id)
