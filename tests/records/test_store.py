"""Facts go on record once, in order, whatever is repeated, late or at the same time."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from structlog.testing import capture_logs

from records.audit import verify
from records.errors import SequenceConflict, SequenceGap
from records.store import RecordStore
from schemas.event import EventKind
from schemas.infusion import DoseOutcome
from tests.records.conftest import BEGAN_AT, JOURNEY, batch, card, fact


async def sequences(pool: asyncpg.Pool, workflow_id: str = JOURNEY) -> list[int]:
    rows = await pool.fetch(
        "SELECT sequence FROM journey_events WHERE workflow_id = $1 ORDER BY id", workflow_id
    )
    return [row["sequence"] for row in rows]


async def test_the_same_batch_twice_is_on_record_once(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    burst = batch(fact(1), fact(2), fact(3))

    first = await store.append(burst)
    again = await store.append(burst)

    assert first == again
    assert again.last_sequence == 3
    assert await sequences(pool) == [1, 2, 3]


async def test_an_overlapping_batch_adds_only_what_is_new(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await store.append(batch(fact(1), fact(2)))

    appended = await store.append(batch(fact(2), fact(3), fact(4)))

    assert appended.last_sequence == 4
    assert await sequences(pool) == [1, 2, 3, 4]
    assert await verify(pool) == []


async def test_a_late_batch_changes_nothing(store: RecordStore, pool: asyncpg.Pool) -> None:
    await store.append(batch(fact(1), fact(2), fact(3)))

    appended = await store.append(batch(fact(1), fact(2)))

    assert appended.last_sequence == 3
    assert await sequences(pool) == [1, 2, 3]


@pytest.mark.parametrize(
    "other",
    [
        fact(2, data={"mood": 5.0, "words": "slept well"}),
        fact(2, kind=EventKind.CONSENT_WITHDRAWN),
        fact(2, at=BEGAN_AT),
        fact(2, command_id="another-command"),
    ],
)
async def test_another_fact_under_a_taken_sequence_is_refused_loudly(
    store: RecordStore, pool: asyncpg.Pool, other: object
) -> None:
    await store.append(batch(fact(1), fact(2)))

    with capture_logs() as logs, pytest.raises(SequenceConflict):
        await store.append(batch(other, fact(3)))  # type: ignore[arg-type]

    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("sequence_conflict", "critical")
    ]
    assert await sequences(pool) == [1, 2]


async def test_a_batch_that_skips_facts_is_refused_until_they_arrive(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await store.append(batch(fact(1)))

    with pytest.raises(SequenceGap):
        await store.append(batch(fact(3)))
    with pytest.raises(SequenceGap):
        await store.append(batch(fact(2), fact(4)))
    await store.append(batch(fact(2)))
    await store.append(batch(fact(3)))

    assert await sequences(pool) == [1, 2, 3]


async def test_a_refused_batch_leaves_no_trace(store: RecordStore, pool: asyncpg.Pool) -> None:
    with pytest.raises(SequenceGap):
        await store.append(batch(fact(5), card=card()))

    for table in ("journey_events", "chain_heads", "commands", "journeys"):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_writers_at_once_leave_one_whole_chain(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    facts = [fact(n) for n in range(1, 41)]
    overlapping = [batch(*facts[: end + 1]) for end in range(0, 40, 5)] * 2

    await asyncio.gather(*(store.append(part) for part in overlapping))

    assert await sequences(pool) == list(range(1, 37))
    assert await verify(pool) == []


async def test_a_command_is_remembered_by_the_first_fact_it_led_to(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await store.append(batch(fact(1, command_id="c-1"), fact(2, command_id="c-1"), fact(3)))
    await store.append(batch(fact(4, command_id="c-1"), fact(5, command_id="c-2")))

    rows = await pool.fetch("SELECT command_id, sequence FROM commands ORDER BY command_id")

    assert [tuple(row) for row in rows] == [("c-1", 1), ("c-2", 5)]


async def test_content_that_text_columns_cannot_hold_still_goes_on_record(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    odd = fact(1, data={"words": "pause\0here", "n": 1e300, "deep": [{"k\0": "\\u0000"}]})

    await store.append(batch(odd))
    await store.append(batch(odd))

    kept = await pool.fetchval("SELECT data FROM journey_events")
    assert kept["words"] == "pause\ufffdhere"
    assert kept["deep"] == [{"k\ufffd": "\\u0000"}]
    assert await verify(pool) == []


async def test_a_late_card_does_not_replace_a_newer_one(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await store.append(batch(fact(1), fact(2), card=card(phase="CONSENT", attention=True)))

    await store.append(batch(fact(1), card=card(phase="REFERRAL")))

    row = await pool.fetchrow("SELECT phase, attention FROM journeys")
    assert row is not None
    assert tuple(row) == ("CONSENT", True)


async def test_listeners_hear_which_journey_changed(
    store: RecordStore, pool: asyncpg.Pool, database_url: str
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(database_url, ssl=False)
    await listener.add_listener("journey_changed", lambda *said: heard.put_nowait(said[3]))

    await store.append(batch(fact(1)))

    assert await asyncio.wait_for(heard.get(), 60) == JOURNEY
    await listener.close()


async def test_a_session_tells_how_it_ended(store: RecordStore) -> None:
    session = f"{JOURNEY}-infusion-1"
    result = {
        "session_id": session,
        "modality": "iv_ketamine",
        "number": 1,
        "phase": "DISCHARGED",
        "outcome": "completed",
        "delivered_mg": 38.5,
        "scheduled_at": BEGAN_AT.isoformat(),
        "ended_at": (BEGAN_AT + timedelta(hours=3)).isoformat(),
    }
    await store.append(batch(fact(1, EventKind.CHECKED_IN), workflow_id=session))
    assert await store.session_result(session) is None

    await store.append(
        batch(fact(2, EventKind.DISCHARGED, {"result": result}), workflow_id=session)
    )

    ended = await store.session_result(session)
    assert ended is not None
    assert (ended.outcome, ended.delivered_mg) == (DoseOutcome.COMPLETED, 38.5)
