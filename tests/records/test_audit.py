"""Whoever changes the record behind its back is found, and where."""

import asyncpg
import pytest

from records.audit import Break, Fault, verify
from records.store import RecordStore
from tests.records.conftest import JOURNEY, batch, fact

OTHER = "journey-saffronheron"


@pytest.fixture
async def tampering(store: RecordStore, pool: asyncpg.Pool) -> asyncpg.Pool:
    """Two journeys of six facts, and a pool whose user the triggers do not stop."""
    for name in (JOURNEY, OTHER):
        facts = [fact(n) for n in range(1, 7)]
        await store.append(batch(*facts[:4], workflow_id=name, journey_id=name))
        await store.append(batch(*facts[4:], workflow_id=name, journey_id=name))
    assert await verify(pool) == []
    return pool


async def behind_its_back(pool: asyncpg.Pool, *statements: str) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement, JOURNEY)


@pytest.mark.parametrize(
    "change",
    [
        """data = '{"mood": 4.0, "words": "slept Well"}'""",
        "data = data || '{\"mood\": 4.00}'",
        "kind = 'JournalWrittem'",
        "at = at + interval '1 microsecond'",
        "recorded_at = recorded_at - interval '1 day'",
        "actor_id = 'nurse-octavia-plun'",
        "actor_role = 'prescriber'",
        "command_id = 'c-9'",
        "clinic = 'south'",
        "journey_id = 'journey-saffronheron'",
        "hash = set_byte(hash, 31, get_byte(hash, 31) # 1)",
    ],
)
async def test_a_changed_line_is_found(tampering: asyncpg.Pool, change: str) -> None:
    await behind_its_back(
        tampering,
        f"UPDATE journey_events SET {change} WHERE workflow_id = $1 AND sequence = 3",
    )

    assert await verify(tampering) == [Break(JOURNEY, 3, Fault.ALTERED)]
    assert await verify(tampering, OTHER) == []


async def test_a_removed_line_is_found(tampering: asyncpg.Pool) -> None:
    await behind_its_back(
        tampering, "DELETE FROM journey_events WHERE workflow_id = $1 AND sequence IN (3, 5)"
    )

    assert await verify(tampering) == [Break(JOURNEY, 3, Fault.MISSING)]


async def test_lines_cut_off_at_the_end_are_found(tampering: asyncpg.Pool) -> None:
    await behind_its_back(
        tampering, "DELETE FROM journey_events WHERE workflow_id = $1 AND sequence > 4"
    )

    assert await verify(tampering, JOURNEY) == [Break(JOURNEY, 5, Fault.END)]


async def test_a_journey_removed_whole_is_found(tampering: asyncpg.Pool) -> None:
    await behind_its_back(tampering, "DELETE FROM journey_events WHERE workflow_id = $1")

    assert await verify(tampering) == [Break(JOURNEY, 1, Fault.END)]


async def test_swapped_lines_are_found(tampering: asyncpg.Pool) -> None:
    await behind_its_back(
        tampering,
        "UPDATE journey_events SET sequence = 99 WHERE workflow_id = $1 AND sequence = 2",
        "UPDATE journey_events SET sequence = 2 WHERE workflow_id = $1 AND sequence = 3",
        "UPDATE journey_events SET sequence = 3 WHERE workflow_id = $1 AND sequence = 99",
    )

    assert await verify(tampering) == [Break(JOURNEY, 2, Fault.UNLINKED)]


async def test_an_added_line_is_found(tampering: asyncpg.Pool) -> None:
    await behind_its_back(
        tampering,
        """INSERT INTO journey_events (workflow_id, journey_id, clinic, sequence, kind, at,
               actor_id, actor_role, data, previous_hash, hash)
           SELECT workflow_id, journey_id, clinic, 7, kind, at, actor_id, actor_role, data,
               hash, sha256(hash)
           FROM journey_events WHERE workflow_id = $1 AND sequence = 6""",
    )

    assert await verify(tampering) == [Break(JOURNEY, 7, Fault.ALTERED)]


async def test_a_break_is_found_across_the_pages_of_the_walk(
    tampering: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.audit.LINES_AT_ONCE", 2)
    assert await verify(tampering) == []

    await behind_its_back(
        tampering,
        "UPDATE journey_events SET kind = 'X' WHERE workflow_id = $1 AND sequence IN (3, 6)",
    )

    assert await verify(tampering) == [Break(JOURNEY, 3, Fault.ALTERED)]


async def test_a_journey_is_checked_with_its_sessions(
    store: RecordStore, tampering: asyncpg.Pool
) -> None:
    session = f"{JOURNEY}-infusion-1"
    await store.append(batch(fact(1), fact(2), workflow_id=session))
    await behind_its_back(
        tampering, "UPDATE journey_events SET kind = 'X' WHERE workflow_id = $1 || '-infusion-1'"
    )

    assert await verify(tampering, JOURNEY) == [Break(session, 1, Fault.ALTERED)]
    assert await verify(tampering, session) == [Break(session, 1, Fault.ALTERED)]
    assert await verify(tampering, OTHER) == []
