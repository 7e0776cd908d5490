"""Journeys and treatment days are looked at: where each stands and what waits on people."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.doorkeeper import Visitor, admit, answer, insist_on_scope, reception
from api.problems import NOT_THERE
from schemas.base import Reason, Role
from schemas.course_plan import PlannedCourse
from schemas.journey import Phase
from service.commands import wall_clock
from service.errors import Malformed
from service.intake import journey_of
from service.rows import JourneyRow

router = APIRouter()
Admitted = Annotated[Visitor, Depends(admit)]
Cursor = Annotated[str | None, Query(max_length=500)]
Limit = Annotated[int, Query(ge=1, le=500)]
Code = Annotated[str | None, Query(max_length=100)]
COURSES = tuple(course.value for course in PlannedCourse)
Course = Annotated[str, Query(alias="as", json_schema_extra={"enum": list(COURSES)})]


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
    """Where one journey stands: its row, its treatment days, what waits on people, the adverse
    events that are not signed off, what was told of treatment elsewhere (`carried`). 202 while it
    has begun and is not on record yet: no worker runs, or the record is a moment behind."""
    lookups = reception(request).lookups
    row = await lookups.journey(journey_id, clinics=visitor.clinics)
    if row is None or not _may_see(visitor, journey_id):
        return await _begun(request, visitor, journey_id)
    tasks = await lookups.tasks(
        clinics=visitor.clinics, now=wall_clock(), journey=row.journey_id, limit=200
    )
    sessions = await lookups.sessions(row.journey_id, clinics=visitor.clinics)
    shown = row.model_dump(mode="json")
    if visitor.only_as_patient:
        return answer({**shown, "sessions": [s.scheduled_at for s in sessions]})
    events = await lookups.adverse_events(row.journey_id, clinics=visitor.clinics)
    carried = await lookups.carried(row.journey_id, clinics=visitor.clinics)
    return answer(
        {
            **shown,
            "tasks": tasks.items,
            "sessions": sessions,
            "adverse_events": events,
            "carried": carried,
        }
    )


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


@router.get("/v1/journeys/{journey_id}/plan")
async def plan(
    request: Request,
    visitor: Admitted,
    journey_id: str,
    course: Course = "",
) -> Response:
    """What-if: the dates, tasks and checks of a course before anybody commits to it. Whose journey
    it is comes before what is asked: to strangers every journey looks the same."""
    found = await insist_on_scope(request, visitor, journey_id)
    if course not in COURSES:
        raise Malformed(Reason(code="unknown_course", text=f"as: one of {', '.join(COURSES)}"))
    return answer(await reception(request).commands.plan(found, PlannedCourse(course)))


async def _begun(request: Request, visitor: Visitor, journey_id: str) -> Response:
    if journey_of(journey_id) != journey_id or not _may_see(visitor, journey_id):
        raise NOT_THERE
    clinic = await reception(request).commands.clinic_of(journey_id)
    if clinic is None or not visitor.identity.sees_clinic(clinic):
        raise NOT_THERE
    return answer({"journey_id": journey_id, "status": "pending"}, 202)


def _may_see(visitor: Visitor, journey_id: str) -> bool:
    return not visitor.only_as_patient or visitor.identity.journey == journey_id


async def _row(request: Request, visitor: Visitor, journey_id: str) -> JourneyRow:
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
