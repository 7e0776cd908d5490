"""What people tell a journey or a treatment day: findings, wishes, decisions, each answered."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import read_command
from api.documents import body_of
from api.doorkeeper import (
    Visitor,
    admit,
    answer,
    insist_on_asker,
    insist_on_scope,
    reception,
)
from api.policy import JOURNEY_COMMANDS, SESSION_COMMANDS, Spoken
from api.problems import NOT_THERE, Problem
from api.protocol_change import insist_on_safe_protocol
from schemas.approval import DecideApproval
from schemas.base import Reason
from schemas.journey import ChangeProtocol
from service.commands import wall_clock
from service.errors import NotYetAnswered
from service.intake import workflow_of_task
from service.step_up import StepUp

router = APIRouter()
Admitted = Annotated[Visitor, Depends(admit)]
Handler = Callable[..., Awaitable[Response]]


@router.post("/v1/approvals/{approval_id}/decision", openapi_extra=body_of(DecideApproval))
async def decide(request: Request, visitor: Admitted, approval_id: str) -> Response:
    """Approve or decline, with a reason."""
    workflow_id = workflow_of_task(approval_id)
    if workflow_id is None:
        raise NOT_THERE
    await insist_on_asker(request, visitor, workflow_id)
    decision = await read_command(
        request, DecideApproval, visitor.identity, visitor.allowed, approval_id=approval_id
    )
    _insist_on_recent_sign_in(reception(request).step_up, visitor, approval_id)
    return await answered(reception(request).commands.decide(decision))


def _insist_on_recent_sign_in(step_up: StepUp, visitor: Visitor, approval_id: str) -> None:
    """Raises 401 as RFC 9470 asks, so that a client can send its user to sign in again."""
    if not step_up.needed_for(approval_id):
        return
    if step_up.recent(visitor.identity.signed_in_at, wall_clock()):
        return
    seconds = int(step_up.within.total_seconds())
    challenge = (
        'Bearer error="insufficient_user_authentication", '
        f'error_description="sign in again to decide this", max_age="{seconds}"'
    )
    text = f"this is decided within {seconds} seconds of signing in: sign in again"
    raise Problem(
        401,
        "step_up_required",
        Reason(code="step_up_required", text=text),
        headers={"WWW-Authenticate": challenge},
    )


@router.get("/v1/commands/{journey_id}/{command_id:path}")
async def command(
    request: Request, visitor: Admitted, journey_id: str, command_id: str
) -> Response:
    """What became of a command: `done` once it is on record, `pending` until then. A command that
    was refused after all stays `pending` here and is in the journey's dead-letter list."""
    found = await insist_on_asker(request, visitor, journey_id)
    row = await reception(request).lookups.command(found, command_id, clinics=visitor.clinics)
    if row is None:
        return answer({"status": "pending", "command_id": command_id, "journey_id": found})
    return answer({"status": "done", **row.model_dump(mode="json")})


def _journey_command(spoken: Spoken) -> Handler:
    async def handle(request: Request, visitor: Admitted, journey_id: str) -> Response:
        found = await insist_on_scope(request, visitor, journey_id)
        if found != journey_id:
            raise NOT_THERE
        said = await read_command(request, spoken.model, visitor.identity, visitor.allowed)
        if isinstance(said, ChangeProtocol):
            insist_on_safe_protocol(said.protocol)
        return await answered(reception(request).commands.send(found, spoken.kind, said))

    handle.__doc__ = spoken.model.__doc__
    return handle


def _session_command(spoken: Spoken) -> Handler:
    async def handle(request: Request, visitor: Admitted, session_id: str) -> Response:
        if await insist_on_scope(request, visitor, session_id) == session_id:
            raise NOT_THERE
        said = await read_command(request, spoken.model, visitor.identity, visitor.allowed)
        commands = reception(request).commands
        return await answered(commands.send_to_session(session_id, spoken.kind, said))

    handle.__doc__ = spoken.model.__doc__
    return handle


async def answered(receipt: Awaitable[object]) -> Response:
    """The receipt, or 202 with where to ask later."""
    try:
        return answer(await receipt)
    except NotYetAnswered as kept:
        place = f"/v1/commands/{kept.workflow_id}/{quote(kept.command_id, safe='')}"
        content = {"status": "pending", "command_id": kept.command_id}
        return answer(content, 202, place)


for _path, _spoken in JOURNEY_COMMANDS.items():
    router.post(
        f"/v1/journeys/{{journey_id}}/{_path}",
        name=_spoken.kind,
        openapi_extra=body_of(_spoken.model),
    )(_journey_command(_spoken))
for _path, _spoken in SESSION_COMMANDS.items():
    router.post(
        f"/v1/sessions/{{session_id}}/{_path}",
        name=_spoken.kind,
        openapi_extra=body_of(_spoken.model),
    )(_session_command(_spoken))
