"""The lists show what the facts say, in whatever order two workflows tell it."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from pydantic import JsonValue
from structlog.testing import capture_logs

from records.store import RecordStore
from schemas.approval import ApprovalKind, Task
from schemas.base import Actor, Role
from schemas.event import AppendEvents, EventKind
from tests.records.conftest import BEGAN_AT, JOURNEY, batch, card, fact

SESSION = f"{JOURNEY}-infusion-1"
CLEARANCE = f"{JOURNEY}~treatment_clearance~1"
PSYCHIATRIST = {"id": "dr-lee", "role": "psychiatrist"}
SCREENER = {"id": "dr-okafor", "role": "medical_screener"}


def clearance() -> dict[str, JsonValue]:
    task = Task(
        task_id=CLEARANCE,
        kind=ApprovalKind.TREATMENT_CLEARANCE,
        key="treatment_clearance",
        title="Clear for treatment",
        slots=(Role.PSYCHIATRIST, Role.MEDICAL_SCREENER),
        requested_by=Actor(id="engine", role=Role.SYSTEM),
        requested_at=BEGAN_AT,
        due_at=BEGAN_AT + timedelta(days=2),
        next_at=BEGAN_AT + timedelta(days=1),
        owed_to=Role.PSYCHIATRIST,
        evidence={"phq9": "19"},
    )
    return task.model_dump(mode="json")


def vote(actor: dict[str, str], decision: str = "approve") -> dict[str, Any]:
    at = BEGAN_AT.isoformat()
    return {"actor": actor, "decision": decision, "reason": "criteria met", "at": at}


def result(**more: Any) -> dict[str, Any]:
    return {
        "session_id": SESSION,
        "modality": "iv_ketamine",
        "number": 1,
        "phase": "DISCHARGED",
        "outcome": "completed",
        "ordered_mg": 35.0,
        "delivered_mg": 35.0,
        "weight_kg": 70.0,
        "scheduled_at": BEGAN_AT.isoformat(),
        "dosed_at": (BEGAN_AT + timedelta(minutes=4)).isoformat(),
        "ended_at": (BEGAN_AT + timedelta(hours=3)).isoformat(),
        **more,
    }


def of_the_journey() -> list[AppendEvents]:
    patient = {"given_name": "Wilhelmina", "family_name": "Quokka", "birth_date": "1984-05-17"}
    referral = {
        "clinic": "north",
        "identifier": {"system": "", "value": "R-1"},
        "patient": patient,
    }
    started: dict[str, Any] = {
        "clinic": "north",
        "training": True,
        "protocol_version": "2026.1",
        "referral": referral,
    }
    booked = {
        "session_id": SESSION,
        "modality": "iv_ketamine",
        "number": 1,
        "scheduled_at": BEGAN_AT.isoformat(),
        "attempt": 1,
    }
    score = {
        "instrument": "phq9",
        "total": 19,
        "taken_at": BEGAN_AT.isoformat(),
        "suicidality": 1,
    }
    escalated = {"task_id": CLEARANCE, "owed_to": "medical_director", "escalated": 1}
    moved = {"task_id": CLEARANCE, "next_at": (BEGAN_AT + timedelta(days=3)).isoformat()}
    voted = {"task_id": CLEARANCE, "version": 2, "vote": vote(PSYCHIATRIST)}
    closed = {"task_id": CLEARANCE, "status": "approved", "version": 3}
    return [
        batch(
            fact(1, EventKind.JOURNEY_STARTED, started),
            fact(2, EventKind.PHASE_ENTERED, {"phase": "PSYCH_EVAL", "from": "REFERRAL"}),
            fact(3, EventKind.SCORES_RECORDED, {"scores": [score]}),
            card=card(phase="PSYCH_EVAL", awaiting_role="psychiatrist"),
        ),
        batch(
            fact(4, EventKind.TASK_OPENED, clearance()),
            fact(5, EventKind.TASK_REMINDED, moved),
            fact(6, EventKind.TASK_ESCALATED, moved | escalated),
            fact(7, EventKind.TASK_VOTED, voted),
        ),
        batch(
            fact(8, EventKind.TASK_CLOSED, closed),
            fact(9, EventKind.SESSION_BOOKED, booked),
            fact(10, EventKind.SESSION_CLOSED, result()),
            card=card(phase="INFUSION_SERIES"),
        ),
    ]


def of_the_session() -> list[AppendEvents]:
    def at(phase: str, **data: Any) -> dict[str, JsonValue]:
        return {"session_phase": phase, **data}

    vitals = {"systolic_mmhg": 124, "diastolic_mmhg": 81}
    return [
        batch(
            fact(1, EventKind.CHECKED_IN, at("PRE_CHECK")),
            fact(2, EventKind.DOSE_ORDERED, at("READY", dose_mg=35.0, weight_kg=70.0)),
            fact(
                3,
                EventKind.DOSE_LOGGED,
                at("READY", lot={"lot": "KET-77", "product": "ketamine"}, drawn_mg=50.0),
            ),
            fact(4, EventKind.DOSING_STARTED, at("DOSING")),
            workflow_id=SESSION,
        ),
        batch(
            fact(5, EventKind.VITALS_BREACHED, at("DOSING", vitals=vitals, decision={})),
            fact(6, EventKind.DOSING_ENDED, at("POST_OBS", delivered_mg=34.0, devices=None)),
            fact(7, EventKind.DISCHARGED, at("DISCHARGED", result=result())),
            workflow_id=SESSION,
        ),
    ]


async def lists(pool: asyncpg.Pool) -> dict[str, list[dict[str, Any]]]:
    return {
        table: [
            {name: value for name, value in row.items() if name != "updated_at"}
            for row in await pool.fetch(f"SELECT * FROM {table} ORDER BY 1")
        ]
        for table in ("journeys", "tasks", "sessions", "assessments")
    }


async def test_a_task_is_followed_from_request_to_its_end(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    first, second, third = of_the_journey()
    await store.append(first)
    await store.append(second)

    (task,) = (await lists(pool))["tasks"]
    assert task["status"] == "pending"
    assert task["still_needed"] == ["medical_screener"]
    assert task["stand_ins"] == ["medical_director"]
    assert (task["reminded"], task["escalated"], task["version"]) == (1, 1, 2)
    assert task["votes"][0]["actor"] == PSYCHIATRIST

    await store.append(third)
    (task,) = (await lists(pool))["tasks"]
    assert (task["status"], task["version"]) == ("approved", 3)
    assert task["closed_at"] is not None


async def test_a_declining_vote_fills_no_place(store: RecordStore, pool: asyncpg.Pool) -> None:
    declined = {"task_id": CLEARANCE, "version": 2, "vote": vote(SCREENER, "decline")}
    await store.append(
        batch(fact(1, EventKind.TASK_OPENED, clearance()), fact(2, EventKind.TASK_VOTED, declined))
    )

    (task,) = (await lists(pool))["tasks"]
    assert task["still_needed"] == ["psychiatrist", "medical_screener"]


async def test_a_stand_in_fills_the_first_open_place(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    director = {"id": "dr-brandt", "role": "medical_director"}
    escalated = {"task_id": CLEARANCE, "owed_to": "medical_director", "escalated": 1}
    voted = {"task_id": CLEARANCE, "version": 2, "vote": vote(director)}
    await store.append(
        batch(
            fact(1, EventKind.TASK_OPENED, clearance()),
            fact(2, EventKind.TASK_ESCALATED, escalated),
            fact(3, EventKind.TASK_VOTED, voted),
        )
    )

    (task,) = (await lists(pool))["tasks"]
    assert task["still_needed"] == ["medical_screener"]


async def test_a_change_of_protocol_is_shown(store: RecordStore, pool: asyncpg.Pool) -> None:
    await store.append(of_the_journey()[0])

    change: dict[str, JsonValue] = {"from": "2026.1", "to": "2026.2"}
    await store.append(batch(fact(4, EventKind.PROTOCOL_CHANGED, change)))

    (journey,) = (await lists(pool))["journeys"]
    assert journey["protocol_version"] == "2026.2"


async def test_a_journey_shows_its_patient_and_its_phase(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await store.append(of_the_journey()[0])

    (journey,) = (await lists(pool))["journeys"]
    assert journey["patient_name"] == "Wilhelmina Quokka"
    assert (journey["phase"], journey["awaiting_role"]) == ("PSYCH_EVAL", "psychiatrist")
    assert journey["phase_entered_at"] == BEGAN_AT + timedelta(minutes=2)


@pytest.mark.parametrize("journey_first", [True, False])
async def test_a_session_looks_the_same_whoever_tells_of_it_first(
    store: RecordStore, pool: asyncpg.Pool, journey_first: bool
) -> None:
    parts = [of_the_journey(), of_the_session()]
    for part in parts if journey_first else reversed(parts):
        for burst in part:
            await store.append(burst)

    (session,) = (await lists(pool))["sessions"]
    assert (session["phase"], session["outcome"]) == ("DISCHARGED", "completed")
    assert (session["modality"], session["number"]) == ("iv_ketamine", 1)
    assert (session["ordered_mg"], session["drawn_mg"], session["lot"]) == (35.0, 50.0, "KET-77")
    assert session["delivered_mg"] == 35.0, "the result stands over what was noted on the way"
    assert session["last_vitals"]["systolic_mmhg"] == 124
    assert session["checked_in_at"] == BEGAN_AT + timedelta(minutes=1)


async def test_the_lists_are_the_same_after_a_rebuild(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    for burst in (*of_the_journey(), *of_the_session()):
        await store.append(burst)
    shown = await lists(pool)
    assert all(shown.values())
    await pool.execute("UPDATE tasks SET title = 'wrong', still_needed = '{nurse}'")
    await pool.execute("DELETE FROM assessments")

    read = await store.rebuild()

    assert read == 17
    assert await lists(pool) == shown


async def test_a_repeated_batch_changes_no_list(store: RecordStore, pool: asyncpg.Pool) -> None:
    bursts = (*of_the_journey(), *of_the_session())
    for burst in bursts:
        await store.append(burst)
    shown = await lists(pool)

    for burst in bursts:
        await store.append(burst)

    assert await lists(pool) == shown


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (EventKind.TASK_OPENED, {"task_id": "t", "kind": "of_a_newer_release"}),
        (EventKind.SCORES_RECORDED, {"scores": "many"}),
        (EventKind.SCORES_RECORDED, {}),
        (EventKind.SESSION_BOOKED, {"session_id": SESSION, "number": "first"}),
        (EventKind.JOURNEY_STARTED, {"referral": {"patient": {"given_name": 7}}}),
    ],
)
async def test_a_fact_that_no_list_understands_is_still_on_record(
    store: RecordStore, pool: asyncpg.Pool, kind: EventKind, data: dict[str, JsonValue]
) -> None:
    with capture_logs() as logs:
        appended = await store.append(batch(fact(1, kind, data)))

    assert appended.last_sequence == 1
    assert [entry["event"] for entry in logs] == ["projection_skipped"]
    assert await pool.fetchval("SELECT count(*) FROM journey_events") == 1


async def test_the_scores_of_the_evaluation_are_shown_as_the_first_ones(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    score = {"instrument": "phq9", "total": 19.0, "taken_at": BEGAN_AT.isoformat()}
    older: dict[str, Any] = {"eligible": True}
    told = fact(2, EventKind.EVALUATION_RECORDED, {**older, "scores": [score]})

    await store.append(batch(fact(1, EventKind.EVALUATION_RECORDED, older), told))

    rows = await pool.fetch("SELECT instrument, total, sequence FROM assessments")
    assert [tuple(row) for row in rows] == [("phq9", 19.0, 2)]
