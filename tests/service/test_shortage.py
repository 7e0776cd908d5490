"""A clinic short of doses sees its booked days in the order of risk, and no patient (11.32)."""

from datetime import UTC, datetime, timedelta

import asyncpg

from clinical.standard_protocol import standard_protocol
from records.store import RecordStore
from schemas.approval import ApprovalKind, Task
from schemas.base import Actor, Role
from schemas.event import AppendEvents, EventKind, Fact, JourneyCard
from schemas.infusion import DoseOutcome, SessionPhase, SessionResult
from schemas.protocol import Clinic
from schemas.screening import Modality
from service.protocols import Catalogue
from service.shortage import ShortageOrder, Shortages

NOW = datetime(2026, 11, 27, 15, tzinfo=UTC)
NORTH = Clinic(code="north", name="Northlight Clinic", time_zone="America/New_York")
CATALOGUE = Catalogue({"standard": standard_protocol()}, {"north": NORTH})
COORDINATOR = Actor(id="cc-amari", role=Role.CARE_COORDINATOR)
Told = tuple[EventKind, float, dict[str, object]]
"""What happened, how many days ago."""
NAME = "Thistlewood"
WHO = {"patient": {"given_name": "Ottoline", "family_name": NAME, "birth_date": "1971-03-02"}}


def scored(days_ago: float, total: float, item_9: int) -> Told:
    taken_at = (NOW - timedelta(days=days_ago)).isoformat()
    score = {"instrument": "phq9", "total": total, "taken_at": taken_at, "suicidality": item_9}
    return EventKind.SCORES_RECORDED, days_ago, {"scores": [score]}


def booked(
    name: str, number: int = 1, *, days_ago: float = 5, modality: str = "iv_ketamine"
) -> Told:
    data = {
        "session_id": f"{name}-infusion-{number}",
        "modality": modality,
        "number": number,
        "attempt": 1,
        "scheduled_at": (NOW + timedelta(days=3 - days_ago / 5)).isoformat(),
    }
    return EventKind.SESSION_BOOKED, days_ago, data


def dosed(name: str, days_ago: float) -> Told:
    at = NOW - timedelta(days=days_ago)
    result = SessionResult(
        session_id=f"{name}-infusion-1",
        modality=Modality.IV_KETAMINE,
        number=1,
        phase=SessionPhase.DISCHARGED,
        outcome=DoseOutcome.COMPLETED,
        scheduled_at=at,
        dosed_at=at,
        ended_at=at + timedelta(hours=2),
    )
    return EventKind.SESSION_CLOSED, days_ago, result.model_dump(mode="json")


def review(name: str, level: str) -> Told:
    task = Task(
        task_id=f"{name}~risk",
        kind=ApprovalKind.SUICIDE_RISK_REVIEW,
        key="risk-1",
        title="Suicide risk raised",
        slots=(Role.PSYCHIATRIST,),
        requested_by=COORDINATOR,
        requested_at=NOW,
        due_at=NOW,
        next_at=NOW,
        owed_to=Role.PSYCHIATRIST,
        evidence={"level": level},
    )
    return EventKind.TASK_OPENED, 1, task.model_dump(mode="json")


async def told(
    pool: asyncpg.Pool,
    name: str,
    *facts: Told,
    clinic: str = "north",
    training: bool = False,
) -> None:
    start = (EventKind.JOURNEY_STARTED, 60.0, {"training": training, **WHO})
    batch = AppendEvents(
        workflow_id=name,
        journey_id=name,
        clinic=clinic,
        facts=tuple(
            Fact.model_validate(
                {
                    "sequence": n,
                    "kind": kind,
                    "at": NOW - timedelta(days=days_ago),
                    "actor": COORDINATOR,
                    "data": data,
                }
            )
            for n, (kind, days_ago, data) in enumerate((start, *facts), start=1)
        ),
        card=JourneyCard(
            journey_id=name,
            clinic=clinic,
            phase="INFUSION_SERIES",
            training=training,
            protocol_version="1",
        ),
    )
    await RecordStore(pool).append(batch)


async def order(pool: asyncpg.Pool, doses: int = 1) -> ShortageOrder:
    found = await Shortages(pool, CATALOGUE).order(
        "north", doses, Modality.IV_KETAMINE, now=NOW, clinics=frozenset({"north"})
    )
    assert found is not None
    return found


async def test_edge_32_the_booked_days_come_by_risk_and_without_a_name(pool: asyncpg.Pool) -> None:
    await told(pool, "journey-calm", scored(20, 9, 0), booked("journey-calm", days_ago=9))
    await told(pool, "journey-at-risk", scored(2, 18, 2), booked("journey-at-risk"))

    found = await order(pool)

    assert [(day.journey_id, day.dose) for day in found.days] == [
        ("journey-at-risk", True),
        ("journey-calm", False),
    ]
    assert found.short_by == 1
    assert found.days[0].reasons[0].code == "risk_moderate"
    assert (await pool.fetchval("SELECT patient_name FROM journeys LIMIT 1")).endswith(NAME)
    assert NAME not in found.model_dump_json()


async def test_edge_32_a_review_that_is_still_open_counts_at_its_level(pool: asyncpg.Pool) -> None:
    raised: dict[str, object] = {"level": "high", "reasons": [], "alert": "risk-1"}
    await told(pool, "journey-low", scored(2, 9, 1), booked("journey-low", days_ago=9))
    await told(
        pool,
        "journey-reviewed",
        scored(2, 4, 0),
        (EventKind.SUICIDE_RISK_RAISED, 1, raised),
        review("journey-reviewed", "high"),
        booked("journey-reviewed"),
    )

    found = await order(pool)

    assert [day.journey_id for day in found.days] == ["journey-reviewed", "journey-low"]
    assert found.days[0].reasons[0].code == "risk_high"


async def test_edge_32_the_gap_is_counted_from_the_last_dose_on_record(pool: asyncpg.Pool) -> None:
    for name, days_ago in (("journey-recent", 4.0), ("journey-long-ago", 30.0)):
        first, later = booked(name, 1, days_ago=40), booked(name, 2)
        await told(pool, name, scored(50, 9, 0), first, dosed(name, days_ago), later)

    found = await order(pool, doses=2)

    assert [day.session_id for day in found.days] == [
        "journey-long-ago-infusion-2",
        "journey-recent-infusion-2",
    ]
    assert "30 days" in found.days[0].reasons[2].text
    assert found.short_by == 0


async def test_edge_32_another_medicine_a_training_day_and_another_clinic_are_not_in_the_order(
    pool: asyncpg.Pool,
) -> None:
    await told(pool, "journey-spray", booked("journey-spray", modality="esketamine"))
    await told(pool, "journey-training", booked("journey-training"), training=True)
    await told(pool, "journey-south", booked("journey-south"), clinic="south")

    assert (await order(pool)).days == ()
    shortages = Shortages(pool, CATALOGUE)
    asked = (1, Modality.IV_KETAMINE)
    assert await shortages.order("north", *asked, now=NOW, clinics=frozenset({"south"})) is None
    assert await shortages.order("west", *asked, now=NOW, clinics=None) is None
