"""The tables come up to date once, whoever asks."""

import asyncio

import asyncpg
import pytest

from records.migrate import MIGRATIONS, migrate, pending


async def test_an_empty_database_gets_every_migration_in_order(empty_database_url: str) -> None:
    every = tuple(sorted(path.stem for path in MIGRATIONS.glob("*.sql")))
    assert await asyncio.to_thread(pending, empty_database_url) == every

    applied = await asyncio.to_thread(migrate, empty_database_url)

    assert applied == every
    assert await asyncio.to_thread(pending, empty_database_url) == ()


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    assert await asyncio.to_thread(migrate, database_url) == ()


async def test_two_processes_migrating_at_once_apply_each_migration_once(
    empty_database_url: str,
) -> None:
    both = await asyncio.gather(*(asyncio.to_thread(migrate, empty_database_url) for _ in range(3)))

    assert sorted(map(len, both)) == [0, 0, len(list(MIGRATIONS.glob("*.sql")))]


async def test_a_process_killed_while_migrating_blocks_nobody(empty_database_url: str) -> None:
    await asyncio.to_thread(pending, empty_database_url)
    connection = await asyncpg.connect(empty_database_url, ssl=False)
    await connection.execute("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), 1)")
    await connection.close()

    assert await asyncio.to_thread(migrate, empty_database_url)


async def test_the_record_refuses_change(pool: asyncpg.Pool) -> None:
    for statement in (
        "UPDATE journey_events SET kind = 'Other'",
        "DELETE FROM journey_events",
        "TRUNCATE journey_events",
    ):
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await pool.execute(statement)
