"""The clinic's day is looked at, days are closed, and monitors hand in what they measured."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.bodies import actor, command_id, read_object, validated
from api.documents import body_of
from api.doorkeeper import Visitor, admit, answer, insist_on_scope, reception
from api.problems import NOT_THERE
from schemas.base import RequiredText
from schemas.monitor import ReadingBatch
from schemas.screening import Modality
from service.commands import wall_clock
from service.override_report import BadWeekError

router = APIRouter()
Admitted = Annotated[Visitor, Depends(admit)]


@router.get("/v1/clinic-day")
async def clinic_day(
    request: Request,
    visitor: Admitted,
    clinic: Annotated[str, Query(max_length=100)],
    on: date | None = None,
) -> Response:
    """Who sits where when at a clinic on one day, by opaque session ids; today's without `on`."""
    day = await reception(request).days.day(clinic, on, now=wall_clock(), clinics=visitor.clinics)
    if day is None:
        raise NOT_THERE
    return answer(day)


@router.get("/v1/clinics/{clinic}/alerts")
async def alerts(request: Request, visitor: Admitted, clinic: str) -> Response:
    """What the clinic must renew: credentials, emergency items, the spray certificate, a drill."""
    found = reception(request).alerts.of(clinic, now=wall_clock(), clinics=visitor.clinics)
    if found is None:
        raise NOT_THERE
    return answer(found)


@router.get("/v1/clinics/{clinic}/overrides")
async def overrides(
    request: Request,
    visitor: Admitted,
    clinic: str,
    week: Annotated[str | None, Query(pattern=r"^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$")] = None,
) -> Response:
    """Every override that took effect in one ISO week, as 2026-W48; the last full one without."""
    reports = reception(request).overrides
    try:
        found = await reports.of(clinic, week, now=wall_clock(), clinics=visitor.clinics)
    except BadWeekError:
        raise NOT_THERE from None
    if found is None:
        raise NOT_THERE
    return answer(found)


@router.get("/v1/clinics/{clinic}/shortage")
async def shortage(
    request: Request,
    visitor: Admitted,
    clinic: str,
    doses: Annotated[int, Query(ge=0, le=10_000)],
    modality: Modality = Modality.IV_KETAMINE,
) -> Response:
    """In which order the booked days of a medicine should have so many doses, each with its
    reasons. A proposal: nothing is cancelled."""
    desk, now = reception(request).shortages, wall_clock()
    found = await desk.order(clinic, doses, modality, now=now, clinics=visitor.clinics)
    if found is None:
        raise NOT_THERE
    return answer(found)


class Closure(BaseModel):
    """On which days of its own calendar the clinic is closed, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    closed_on: Annotated[tuple[date, ...], Field(min_length=1, max_length=60)]
    reason: RequiredText


@router.post("/v1/clinics/{clinic}/closures", openapi_extra=body_of(Closure))
async def closures(request: Request, visitor: Admitted, clinic: str) -> Response:
    """Tell every open journey of the clinic; safe to send again with the same key."""
    if not visitor.identity.sees_clinic(clinic):
        raise NOT_THERE
    content = await read_object(request)
    said = validated(Closure, content)
    key = command_id(request)
    speaker = actor(visitor.identity, visitor.allowed)
    announce = reception(request).closures.announce
    return answer(await announce(clinic, speaker, said.closed_on, said.reason, key))


@router.post("/v1/sessions/{session_id}/vitals:batch", openapi_extra=body_of(ReadingBatch))
async def vitals_batch(request: Request, visitor: Admitted, session_id: str) -> Response:
    """Up to 500 readings of one monitor. All are kept as evidence, each once; those that breach
    a limit or answer a reading that is due go to the session, and its answer comes back. A reading
    that cannot be true is refused by its index and changes nothing for the others."""
    if await insist_on_scope(request, visitor, session_id) == session_id:
        raise NOT_THERE
    content = await read_object(request)
    command_id(request)
    batch = validated(ReadingBatch, content)
    speaker = actor(visitor.identity, visitor.allowed)
    return answer(await reception(request).monitor.take(session_id, batch, speaker))
