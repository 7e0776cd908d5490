"""Reports against a real PostgreSQL: what each counts, and that its plan uses its indexes."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from clinical.parameters import Parameters
from clinical.response import response
from records.queries import sql
from schemas.reevaluation import Instrument, Score
from service.reports import bounds

FIRST_DOSE = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)
SINCE, UNTIL = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
BOUNDS = bounds(Parameters.default())
DAY = timedelta(days=1)

EVENT = """INSERT INTO journey_events (workflow_id, journey_id, clinic, sequence, kind, at,
    actor_id, actor_role, data, previous_hash, hash)
SELECT $1, split_part($1, '~', 1), $2, coalesce(max(sequence), 0) + 1, $3, $4, $5, $6, $7,
    decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex')
FROM journey_events WHERE workflow_id = $1"""


async def journey(pool: asyncpg.Pool, name: str, clinic: str = "north", **more: Any) -> None:
    await pool.execute(
        "INSERT INTO journeys (journey_id, clinic, phase, training, protocol_version)"
        " VALUES ($1, $2, 'INFUSION_SERIES', $3, '1')",
        *(name, clinic, more.get("training", False)),
    )


async def dosed(
    pool: asyncpg.Pool, name: str, at: datetime, number: int = 1, **result: Any
) -> None:
    await pool.execute(
        "INSERT INTO sessions (session_id, journey_id, clinic, modality, dosed_at, outcome,"
        " ended_at, result) SELECT $1, $2, clinic, 'iv_ketamine', $3, 'completed', $3, $4"
        " FROM journeys WHERE journey_id = $2",
        *(f"{name}-infusion-{number}", name, at, result),
    )


async def scored(
    pool: asyncpg.Pool, name: str, instrument: str, *scores: tuple[float, datetime]
) -> None:
    for total, at in scores:
        await pool.execute(
            "INSERT INTO assessments (workflow_id, sequence, ordinal, journey_id, clinic,"
            " instrument, total, taken_at) SELECT $1, (SELECT count(*) + 1 FROM assessments), 0,"
            " $1, 'north', $2, $3, $4",
            *(name, instrument, total, at),
        )


async def event(
    pool: asyncpg.Pool, name: str, kind: str, at: datetime, role: str = "system", /, **data: Any
) -> None:
    await pool.execute(EVENT, name, "north", kind, at, f"{role}-1", role, data)


async def report(
    pool: asyncpg.Pool, name: str, *more: object, clinics: list[str] | None = None, **asked: Any
) -> list[dict[str, Any]]:
    values = (clinics, asked.get("clinic"), SINCE, UNTIL, asked.get("training", False), *more)
    return [dict(row) for row in await pool.fetch(sql(f"report_{name}"), *values)]


async def test_response_is_judged_week_by_week_against_the_last_score_before_the_first_dose(
    pool: asyncpg.Pool,
) -> None:
    await journey(pool, "journey-ida")
    await dosed(pool, "journey-ida", FIRST_DOSE)
    await scored(
        *(pool, "journey-ida", "phq9"),
        (24, FIRST_DOSE - 9 * DAY),
        (20, FIRST_DOSE - DAY),
        (15, FIRST_DOSE + 2 * DAY),
        (12, FIRST_DOSE + 5 * DAY),
        (10, FIRST_DOSE + 8 * DAY),
        (4, FIRST_DOSE + 15 * DAY),
    )

    weeks = await report(pool, "response", *BOUNDS)

    assert [(w["week"], w["assessed"], w["responded"], w["remitted"]) for w in weeks] == [
        (1, 1, 0, 0),
        (2, 1, 1, 0),
        (3, 1, 1, 1),
    ]


async def test_what_the_report_calls_response_is_what_the_clinics_rule_calls_response(
    pool: asyncpg.Pool,
) -> None:
    rng, expected = random.Random(6), dict.fromkeys(("assessed", "responded", "remitted"), 0)
    for number in range(120):
        instrument, most = rng.choice([("phq9", 27), ("qids_sr16", 27), ("madrs", 60)])
        before, after = rng.randint(0, most), rng.choice([rng.randint(0, most), rng.randint(0, 12)])
        name = f"journey-{number}"
        await journey(pool, name)
        await dosed(pool, name, FIRST_DOSE)
        await scored(
            *(pool, name, instrument), (before, FIRST_DOSE - DAY), (after, FIRST_DOSE + DAY)
        )
        one = Score(instrument=Instrument(instrument), total=before, taken_at=FIRST_DOSE)
        judged = response(one, one.model_copy(update={"total": after}))
        if judged.level.value != "undefined":
            expected["assessed"] += 1
            expected["responded"] += judged.responded
            expected["remitted"] += judged.level.value == "remission"

    weeks = await report(pool, "response", *BOUNDS)

    assert {name: sum(w[name] for w in weeks) for name in expected} == expected


async def test_who_began_elsewhere_or_before_the_period_has_no_first_week_here(
    pool: asyncpg.Pool,
) -> None:
    for name in ("journey-early", "journey-carried"):
        await journey(pool, name)
        await dosed(pool, name, FIRST_DOSE)
        await scored(pool, name, "phq9", (20, FIRST_DOSE - DAY), (2, FIRST_DOSE + DAY))
    await dosed(pool, "journey-early", SINCE - DAY, number=2)
    await event(pool, "journey-carried", "HistoryCarried", SINCE)

    assert await report(pool, "response", *BOUNDS) == []


async def test_a_stay_in_a_phase_lasts_until_the_next_one_is_entered(pool: asyncpg.Pool) -> None:
    await journey(pool, "journey-ida")
    for phase, at in (("REFERRAL", 0), ("PSYCH_EVAL", 2), ("CONSENT", 40), ("CLOSED", 50)):
        await event(
            pool, "journey-ida", "PhaseEntered", SINCE + at * DAY, phase=phase, **{"from": None}
        )

    lines = await report(pool, "time_in_phase")

    assert [(x["phase"], x["entered"], x["ended"], float(x["median_days"])) for x in lines] == [
        ("PSYCH_EVAL", 1, 1, 38.0),
        ("REFERRAL", 1, 1, 2.0),
    ]


async def test_what_fell_due_is_in_time_late_or_still_overdue(pool: asyncpg.Pool) -> None:
    await journey(pool, "journey-ida")
    due = SINCE + 3 * DAY
    for number, (status, closed_at) in enumerate(
        [
            ("done", due - DAY),
            ("approved", due + 2 * DAY),
            ("pending", None),
            ("cancelled", due),
        ]
    ):
        await pool.execute(
            "INSERT INTO tasks (task_id, workflow_id, journey_id, clinic, kind, is_approval, key,"
            " title, slots, still_needed, owed_to, options, evidence, requested_by_id,"
            " requested_by_role, requested_at, due_at, next_at, on_expiry, reminded, escalated,"
            " version, status, votes, closed_at) VALUES ($1, 'journey-ida', 'journey-ida',"
            " 'north', 'record_scores', false, $1, 'Look', '{}', '{}', 'nurse', '{}', '{}',"
            " 'engine', 'system', $2, $2, $2, 'stay', 0, 0, 1, $3, '[]', $4)",
            *(f"task-{number}", due, status, closed_at),
        )

    (line,) = await report(pool, "overdue", due + 4 * DAY)

    assert (line["fell_due"], line["in_time"], line["late"], line["still_overdue"]) == (3, 1, 1, 1)
    assert line["median_hours_late"] == 72


async def test_paused_and_stopped_treatment_days_are_counted_by_medicine(
    pool: asyncpg.Pool,
) -> None:
    await journey(pool, "journey-ida")
    await dosed(pool, "journey-ida", FIRST_DOSE, pauses=2, stop_events=0, serious_events=0)
    await dosed(pool, "journey-ida", FIRST_DOSE + DAY, 2, pauses=0, stop_events=1, serious_events=1)
    await dosed(pool, "journey-ida", UNTIL, 3, pauses=9)

    (line,) = await report(pool, "sessions")

    assert line == {
        "modality": "iv_ketamine",
        "dosed": 2,
        "with_pauses": 1,
        "pauses": 2,
        "stopped": 1,
        "completed": 2,
        "partly": 0,
        "broken_off": 0,
        "with_serious_events": 1,
    }


async def test_the_first_human_contact_is_a_persons_and_belongs_to_its_signal(
    pool: asyncpg.Pool,
) -> None:
    await journey(pool, "journey-ida")
    minute = timedelta(minutes=1)
    for key, at in (("risk-1", 0), ("risk-1", 3), ("risk-9", 900)):
        await event(
            *(pool, "journey-ida", "SuicideRiskRaised", FIRST_DOSE + at * minute),
            level="high",
            alert=key,
        )
    reached = {"whom": "patient", "reached": True}
    await event(
        *(pool, "journey-ida", "ContactMade", FIRST_DOSE + 5 * minute, "patient"), **reached
    )
    await event(
        *(pool, "journey-ida", "RiskAcknowledged", FIRST_DOSE + 12 * minute), alert="risk-1"
    )
    await event(
        *(pool, "journey-ida~day", "OrderGiven", FIRST_DOSE),
        order_id="order-1",
        action="pause",
    )
    await event(
        *(pool, "journey-ida~day", "OrderAcknowledged", FIRST_DOSE + minute, "nurse"),
        order_id="order-1",
    )

    orders, risks = await report(pool, "first_contact")

    assert (orders["level"], orders["answered"], orders["median_minutes"]) == ("pause", 1, 1)
    assert (risks["signals"], risks["answered"], risks["median_minutes"]) == (2, 1, 12)


async def test_escalations_are_counted_by_kind_and_by_whom_they_went_to(
    pool: asyncpg.Pool,
) -> None:
    await journey(pool, "journey-ida")
    for at in (1, 2):
        await event(
            *(pool, "journey-ida", "TaskEscalated", SINCE + at * DAY),
            task_id="task-1",
            kind="referral_triage",
            owed_to="medical_director",
        )

    assert await report(pool, "escalations") == [
        {"kind": "referral_triage", "role": "medical_director", "escalations": 2, "tasks": 1}
    ]


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ({}, 1),
        ({"training": True}, 1),
        ({"clinic": "south"}, 0),
        ({"clinics": ["south"]}, 0),
        ({"clinics": ["north"], "clinic": "north"}, 1),
    ],
)
async def test_training_and_other_clinics_are_never_counted_in(
    pool: asyncpg.Pool, asked: dict[str, Any], seen: int
) -> None:
    await journey(pool, "journey-ida")
    await journey(pool, "journey-practice", training=True)
    for name in ("journey-ida", "journey-practice"):
        await dosed(pool, name, FIRST_DOSE, pauses=0)

    lines = await report(pool, "sessions", **asked)

    assert sum(line["dosed"] for line in lines) == seen


MANY = """INSERT INTO journeys (journey_id, clinic, phase, training, protocol_version)
SELECT 'journey-' || n, 'north', 'CONSENT', false, '1' FROM generate_series(1, 3000) n;
INSERT INTO journey_events (workflow_id, journey_id, clinic, sequence, kind, at, actor_id,
    actor_role, data, previous_hash, hash)
SELECT 'journey-' || n, 'journey-' || n, 'north', s,
    coalesce((ARRAY['SuicideRiskRaised', 'OrderGiven', 'PhaseEntered', 'TaskEscalated',
        'TaskReminded', 'TaskClosed'])[s - 4], 'VitalsRecorded'),
    timestamptz '2020-01-01' + n * interval '1 day', 'e', 'system', '{}',
    decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex')
FROM generate_series(1, 3000) n, generate_series(1, 10) s;
INSERT INTO sessions (session_id, journey_id, clinic, dosed_at)
SELECT 'journey-' || n || '-infusion-1', 'journey-' || n, 'north',
    timestamptz '2020-01-01' + n * interval '1 day' FROM generate_series(1, 3000) n;
INSERT INTO tasks (task_id, workflow_id, journey_id, clinic, kind, is_approval, key, title, slots,
    still_needed, owed_to, options, evidence, requested_by_id, requested_by_role, requested_at,
    due_at, next_at, on_expiry, reminded, escalated, version, status, votes, closed_at)
SELECT 'task-' || n, 'j', 'journey-' || n, 'north', 'k', false, 'k', 'Look', '{}', '{}', 'nurse',
    '{}', '{}', 'e', 'system', now(), timestamptz '2020-01-01' + n * interval '1 day', now(),
    'stay', 0, 0, 1, 'done', '[]', now() FROM generate_series(1, 3000) n;
ANALYZE"""


def nodes_of(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's nodes, from the top down."""
    yield node
    for inner in node.get("Plans", ()):
        yield from nodes_of(inner)


PLANS: tuple[tuple[str, str, tuple[object, ...]], ...] = (
    ("response", "sessions_by_dose", BOUNDS),
    ("time_in_phase", "journey_events_reports_begin_with", ()),
    ("overdue", "tasks_by_due", (UNTIL,)),
    ("sessions", "sessions_by_dose", ()),
    ("escalations", "journey_events_reports_begin_with", ()),
    ("first_contact", "journey_events_reports_begin_with", ()),
)


async def test_a_report_reads_its_period_and_not_the_whole_record(pool: asyncpg.Pool) -> None:
    """Whole tables are read where no index leads to the period, and only there: a planner that
    finds a small table cheaper to read whole says nothing about a large one."""
    await pool.execute(MANY)

    async with pool.acquire() as session:
        await session.execute("SET enable_seqscan = off")
        for name, index, more in PLANS:
            asked = (None, "north", SINCE, UNTIL, False, *more)
            explain = f"EXPLAIN (FORMAT JSON) {sql(f'report_{name}')}"
            (told,) = await session.fetchrow(explain, *asked)
            plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
            nodes = list(nodes_of(plan))

            assert index in {node.get("Index Name") for node in nodes}, name
            whole = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
            assert whole <= {"journeys", "assessments"}, name
