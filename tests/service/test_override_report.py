"""A medical director sees every override that took effect in a week, and no patient (11.52)."""

from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from clinical.standard_protocol import standard_protocol
from records.store import RecordStore
from schemas.base import Actor, Role
from schemas.event import AppendEvents, EventKind, Fact, JourneyCard
from schemas.protocol import Clinic
from service.override_report import BadWeekError, OverrideReport, OverrideReports
from service.protocols import Catalogue

WEEK = "2026-W48"
MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
SUNDAY_LATE = datetime(2026, 11, 30, 4, 30, tzinfo=UTC)
"""Half past eleven on Sunday night where the clinic is."""
NORTH = Clinic(code="north", name="Northlight Clinic", time_zone="America/New_York")
CATALOGUE = Catalogue({"standard": standard_protocol()}, {"north": NORTH})
DIRECTOR = Actor(id="dr-okafor", role=Role.MEDICAL_DIRECTOR)
PRESCRIBER = Actor(id="dr-brandt", role=Role.PRESCRIBER)
WHY = "Ottoline Thistlewood ate a biscuit"


def fact(sequence: int, kind: EventKind, at: datetime, actor: Actor, /, **data: object) -> Fact:
    return Fact.model_validate(
        {"sequence": sequence, "kind": kind, "at": at, "actor": actor, "data": data}
    )


def overridden(at: datetime, *, status: str = "approved") -> tuple[Fact, ...]:
    """A late breakfast, put to two people."""
    asked = {"task_id": "t-1", "kind": "readiness_override"}
    vote = {"decision": "approve", "reason": WHY}
    return (
        fact(2, EventKind.DEVIATION_LOGGED, at, DIRECTOR, note="nothing to do with it"),
        fact(3, EventKind.TASK_VOTED, at, DIRECTOR, **asked, vote=vote),
        fact(4, EventKind.TASK_VOTED, at, PRESCRIBER, **asked, vote=vote),
        fact(5, EventKind.TASK_CLOSED, at, PRESCRIBER, **asked, status=status),
    )


async def told(
    pool: asyncpg.Pool, name: str, *facts: Fact, clinic: str = "north", training: bool = False
) -> None:
    start = fact(1, EventKind.JOURNEY_STARTED, MONDAY, DIRECTOR, training=training)
    card = JourneyCard(
        journey_id=name, clinic=clinic, phase="REFERRAL", training=training, protocol_version="1"
    )
    batch = AppendEvents(
        workflow_id=name, journey_id=name, clinic=clinic, facts=(start, *facts), card=card
    )
    await RecordStore(pool).append(batch)


async def report(pool: asyncpg.Pool, week: str | None = WEEK) -> OverrideReport:
    reports = OverrideReports(pool, CATALOGUE)
    found = await reports.of("north", week, now=SUNDAY_LATE + timedelta(days=3), clinics=None)
    assert found is not None
    return found


async def test_edge_52_a_week_names_each_override_with_who_agreed_and_no_patient(
    pool: asyncpg.Pool,
) -> None:
    await told(pool, "journey-a", *overridden(MONDAY))
    evaluated = {"override_reason": WHY, "eligible": True}
    late = fact(2, EventKind.EVALUATION_RECORDED, SUNDAY_LATE, DIRECTOR, **evaluated)
    await told(pool, "journey-b", late)

    found = await report(pool)

    assert (found.from_on, found.to_on) == (date(2026, 11, 23), date(2026, 11, 29))
    assert [(used.kind, used.journey_id) for used in found.overrides] == [
        ("readiness_override", "journey-a"),
        ("eligibility_override", "journey-b"),
    ]
    assert found.overrides[0].people == (
        "dr-okafor (medical_director)",
        "dr-brandt (prescriber)",
    )
    assert "Thistlewood" not in found.model_dump_json()


async def test_edge_52_what_was_refused_belongs_elsewhere_or_trains_is_not_in_the_report(
    pool: asyncpg.Pool,
) -> None:
    await told(pool, "journey-refused", *overridden(MONDAY, status="declined"))
    await told(pool, "journey-before", *overridden(MONDAY - timedelta(days=3)))
    await told(pool, "journey-after", *overridden(SUNDAY_LATE + timedelta(hours=1)))
    await told(pool, "journey-south", *overridden(MONDAY), clinic="south")
    await told(pool, "journey-training", *overridden(MONDAY), training=True)

    assert (await report(pool)).overrides == ()


async def test_edge_52_an_override_that_two_people_decide_is_in_the_report_once_they_have(
    pool: asyncpg.Pool,
) -> None:
    asked = {"task_id": "t-9", "kind": "eligibility_override"}
    evaluated = {"override_reason": WHY, "eligible": False, "override_asked": True}
    needless = {"override_reason": WHY, "eligible": True, "decision": {"outcome": "eligible"}}
    await told(
        pool,
        "journey-undecided",
        fact(2, EventKind.EVALUATION_RECORDED, MONDAY, DIRECTOR, **evaluated),
    )
    await told(
        pool,
        "journey-needless",
        fact(2, EventKind.EVALUATION_RECORDED, MONDAY, DIRECTOR, **needless),
    )
    await told(
        pool,
        "journey-decided",
        fact(2, EventKind.EVALUATION_RECORDED, MONDAY, DIRECTOR, **evaluated),
        fact(3, EventKind.TASK_VOTED, MONDAY, DIRECTOR, **asked, vote={"decision": "approve"}),
        fact(4, EventKind.TASK_CLOSED, MONDAY, DIRECTOR, **asked, status="approved"),
    )

    (used,) = (await report(pool)).overrides

    assert (used.journey_id, used.kind) == ("journey-decided", "eligibility_override")


async def test_without_a_week_it_is_the_last_full_one(pool: asyncpg.Pool) -> None:
    assert (await report(pool, None)).week == WEEK


@pytest.mark.parametrize("week", ["48", "2026-48", "2026-W54", "2026-W00"])
async def test_a_week_that_is_none_is_refused(pool: asyncpg.Pool, week: str) -> None:
    with pytest.raises(BadWeekError):
        await report(pool, week)


async def test_a_clinic_that_may_not_be_seen_has_no_report(pool: asyncpg.Pool) -> None:
    reports = OverrideReports(pool, CATALOGUE)

    assert await reports.of("north", WEEK, now=MONDAY, clinics=frozenset({"south"})) is None
    assert await reports.of("west", WEEK, now=MONDAY, clinics=None) is None
