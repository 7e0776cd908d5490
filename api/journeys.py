"""Referrals come in, journeys are looked at, and people's findings and wishes are sent to them."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.bodies import actor, command_id, read_command, read_object, validated
from api.documents import body_of
from api.doorkeeper import Visitor, admit, answer, insist_on_scope, reception
from api.policy import JOURNEY_COMMANDS, SESSION_COMMANDS, Spoken
from api.problems import NOT_THERE, Problem
from api.protocol_change import insist_on_safe_protocol
from schemas.approval import DecideApproval
from schemas.base import Actor, Reason, Role
from schemas.journey import ChangeProtocol, Phase
from schemas.referral import Referral
from service.commands import wall_clock
from service.errors import NotYetAnswered
from service.intake import workflow_of_task
from service.rows import JourneyRow

router = APIRouter()
Admitted = Annotated[Visitor, Depends(admit)]
Cursor = Annotated[str | None, Query(max_length=500)]
Limit = Annotated[int, Query(ge=1, le=500)]
Code = Annotated[str | None, Query(max_length=100)]
Handler = Callable[..., Awaitable[Response]]

UNKNOWN_CLINIC: Final = Reason(code="unknown_clinic", text="there is no clinic of that code")


@router.post("/v1/referrals", status_code=201, openapi_extra=body_of(Referral))
async def refer(request: Request, visitor: Admitted) -> Response:
    """Start the journey of a referral (201), or find the one it already started (200)."""
    content = await read_object(request)
    command_id(request)
    referral = validated(Referral, content)
    return await take_referral(request, visitor, referral, answer)


async def take_referral(
    request: Request,
    visitor: Visitor,
    referral: Referral,
    shown: Callable[[object, int, str], Response],
) -> Response:
    """What every door for referrals does with one. `shown` writes the answer its way."""
    if visitor.clinics is not None and referral.clinic not in visitor.clinics:
        raise Problem(422, UNKNOWN_CLINIC.code, UNKNOWN_CLINIC)
    who: Actor = actor(visitor.identity, visitor.allowed)
    try:
        accepted = await reception(request).commands.refer(referral, who)
    except NotYetAnswered as kept:
        content = {"journey_id": kept.journey_id, "command_id": kept.command_id, "status": "kept"}
        return shown(content, 202, f"/v1/journeys/{kept.journey_id}")
    status = 201 if accepted.created else 200
    return shown(accepted, status, f"/v1/journeys/{accepted.journey_id}")


@router.get("/v1/journeys")
async def journeys(  # noqa: PLR0917 - query parameters, named at every call
    request: Request,
    visitor: Admitted,
    phase: Phase | None = None,
    clinic: Code = None,
    awaiting_role: Role | None = None,
    attention: bool | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """The worklist: where every journey stands."""
    page = await reception(request).lookups.journeys(
        clinics=visitor.clinics,
        phase=phase,
        clinic=clinic,
        awaiting_role=awaiting_role,
        attention=attention,
        cursor=cursor,
        limit=limit,
    )
    return answer(page)


@router.get("/v1/journeys/{journey_id}")
async def journey(request: Request, visitor: Admitted, journey_id: str) -> Response:
    """Where one journey stands: its row, its treatment days, what waits on people."""
    row = await _row(request, visitor, journey_id)
    lookups = reception(request).lookups
    tasks = await lookups.tasks(
        clinics=visitor.clinics, now=wall_clock(), journey=row.journey_id, limit=200
    )
    sessions = await lookups.sessions(row.journey_id, clinics=visitor.clinics)
    shown = row.model_dump(mode="json")
    if visitor.only_as_patient:
        return answer({**shown, "sessions": [s.scheduled_at for s in sessions]})
    return answer({**shown, "tasks": tasks.items, "sessions": sessions})


@router.get("/v1/journeys/{journey_id}/timeline")
async def timeline(
    request: Request, visitor: Admitted, journey_id: str, cursor: Cursor = None, limit: Limit = 500
) -> Response:
    """Every fact of a journey and its treatment days, in the order of the record."""
    row = await _row(request, visitor, journey_id)
    page = await reception(request).lookups.timeline(
        row.journey_id, clinics=visitor.clinics, after=cursor, limit=limit
    )
    return answer(page)


@router.get("/v1/journeys/{journey_id}/state")
async def state(request: Request, visitor: Admitted, journey_id: str) -> Response:
    """What the journey itself says at this moment, while a worker can ask it."""
    found = await insist_on_scope(request, visitor, journey_id)
    told = await reception(request).commands.state(found)
    if told is None:
        raise NOT_THERE
    return answer(told)


async def _row(request: Request, visitor: Visitor, journey_id: str) -> JourneyRow:
    if visitor.only_as_patient and visitor.identity.journey != journey_id:
        raise NOT_THERE
    row = await reception(request).lookups.journey(journey_id, clinics=visitor.clinics)
    if row is None:
        raise NOT_THERE
    return row


@router.get("/v1/approvals")
async def approvals(  # noqa: PLR0917 - query parameters, named at every call
    request: Request,
    visitor: Admitted,
    role: Role | None = None,
    clinic: Code = None,
    overdue: bool = False,
    journey: Code = None,
    kind: Code = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """What waits on people, by deadline: decisions to take and entries to make."""
    page = await reception(request).lookups.tasks(
        clinics=visitor.clinics,
        now=wall_clock(),
        role=role,
        clinic=clinic,
        overdue=overdue,
        kind=kind,
        journey=journey,
        cursor=cursor,
        limit=limit,
    )
    return answer(page)


@router.post("/v1/approvals/{approval_id}/decision", openapi_extra=body_of(DecideApproval))
async def decide(request: Request, visitor: Admitted, approval_id: str) -> Response:
    """Approve or decline, with a reason."""
    workflow_id = workflow_of_task(approval_id)
    if workflow_id is None:
        raise NOT_THERE
    await insist_on_scope(request, visitor, workflow_id)
    decision = await read_command(
        request, DecideApproval, visitor.identity, visitor.allowed, approval_id=approval_id
    )
    return await _answered(reception(request).commands.decide(decision))


@router.get("/v1/sessions/{session_id}")
async def session(request: Request, visitor: Admitted, session_id: str) -> Response:
    """A treatment day: what it says of itself while it is live, else the record."""
    await insist_on_scope(request, visitor, session_id)
    row = await reception(request).lookups.session(session_id, clinics=visitor.clinics)
    live = None
    if row is None or row.ended_at is None:
        live = await reception(request).commands.state(session_id)
    if row is None and live is None:
        raise NOT_THERE
    recorded = row.model_dump(mode="json") if row else {"session_id": session_id}
    return answer({**recorded, **(live or {}), "live": live is not None})


@router.get("/v1/commands/{journey_id}/{command_id:path}")
async def command(
    request: Request, visitor: Admitted, journey_id: str, command_id: str
) -> Response:
    """What became of a command: `done` once it is on record, `pending` until then. A command that
    was refused after all stays `pending` here and is in the journey's dead-letter list."""
    found = await insist_on_scope(request, visitor, journey_id)
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
        return await _answered(reception(request).commands.send(found, spoken.kind, said))

    handle.__doc__ = spoken.model.__doc__
    return handle


def _session_command(spoken: Spoken) -> Handler:
    async def handle(request: Request, visitor: Admitted, session_id: str) -> Response:
        if await insist_on_scope(request, visitor, session_id) == session_id:
            raise NOT_THERE
        said = await read_command(request, spoken.model, visitor.identity, visitor.allowed)
        commands = reception(request).commands
        return await _answered(commands.send_to_session(session_id, spoken.kind, said))

    handle.__doc__ = spoken.model.__doc__
    return handle


async def _answered(receipt: Awaitable[object]) -> Response:
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
