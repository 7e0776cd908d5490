"""A database that dies in mid-write loses nothing it acknowledged and writes nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
import stamina

from records.audit import verify
from records.errors import RecordUnavailable
from records.migrate import migrate
from records.pool import connection, create_pool, lost
from records.store import RecordStore
from tests.fixtures_postgres import Postgres
from tests.records.conftest import batch, fact

WRITERS = 4
KILLS = 2


class Writer:
    """Appends facts one batch after another, repeating each until it is acknowledged."""

    def __init__(self, store: RecordStore, number: int) -> None:
        self.workflow_id = f"journey-writer{number}"
        self.acknowledged = 0
        self.failures = 0
        self._store = store
        self._moved = asyncio.Condition()

    async def reached(self, sequence: int) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self.acknowledged >= sequence)

    async def write(self, done: asyncio.Event) -> None:
        while not done.is_set():
            facts = [fact(self.acknowledged + n, command_id=f"c-{n}") for n in range(1, 4)]
            burst = batch(*facts, workflow_id=self.workflow_id, journey_id=self.workflow_id)
            try:
                appended = await self._store.append(burst)
            except (RecordUnavailable, asyncpg.PostgresError):
                # Unknown: the very same batch is sent again.
                self.failures += 1
                await asyncio.sleep(0.05)
            else:
                assert appended.last_sequence == self.acknowledged + 3
                self.acknowledged += 3
                async with self._moved:
                    self._moved.notify_all()


async def progress(writers: list[Writer]) -> None:
    """Wait until every writer has been acknowledged a few more times."""
    for writer in writers:
        await writer.reached(writer.acknowledged + 15)


@pytest.fixture
async def own_pool(
    make_postgres: Callable[[], Postgres],
) -> AsyncIterator[tuple[Postgres, asyncpg.Pool]]:
    server = await asyncio.to_thread(make_postgres)
    await asyncio.to_thread(migrate, server.url())
    pool = await create_pool(server.url(), max_size=6)
    yield server, pool
    pool.terminate()


@pytest.mark.stack
async def test_killing_the_database_loses_nothing_acknowledged_and_doubles_nothing(
    own_pool: tuple[Postgres, asyncpg.Pool],
) -> None:
    server, pool = own_pool
    done = asyncio.Event()
    writers = [Writer(RecordStore(pool), number) for number in range(WRITERS)]
    work = [asyncio.create_task(writer.write(done)) for writer in writers]

    for _ in range(KILLS):
        await progress(writers)
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(0.2)
        await asyncio.to_thread(server.start)
    await progress(writers)
    done.set()
    await asyncio.gather(*work)

    assert sum(writer.failures for writer in writers) > 0, "the kills hit nobody"
    for writer in writers:
        rows = await pool.fetch(
            "SELECT sequence FROM journey_events WHERE workflow_id = $1 ORDER BY sequence",
            writer.workflow_id,
        )
        assert [row["sequence"] for row in rows] == list(range(1, writer.acknowledged + 1))
    assert await verify(pool) == []


async def test_a_lost_connection_is_told_apart_from_a_bad_statement(pool: asyncpg.Pool) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with connection(pool) as held:
            await held.execute("SELECT * FROM nowhere")

    with pytest.raises(asyncpg.DataError):
        async with connection(pool) as held:
            await held.execute("SELECT $1::int", "many")

    with pytest.raises(RecordUnavailable):
        async with connection(pool) as held:
            await held.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    async with connection(pool) as held:
        assert await held.fetchval("SELECT 1") == 1


async def test_a_demoted_server_is_left(pool: asyncpg.Pool) -> None:
    async with connection(pool) as held:
        before = await held.fetchval("SELECT pg_backend_pid()")

    with pytest.raises(RecordUnavailable):
        async with connection(pool) as held, held.transaction(readonly=True):
            await held.execute("DELETE FROM commands")

    async with connection(pool) as held:
        assert await held.fetchval("SELECT pg_backend_pid()") != before


@pytest.mark.parametrize("error", [OSError(), TimeoutError(), asyncpg.InterfaceError("closed")])
def test_no_answer_is_a_lost_server(error: Exception) -> None:
    assert lost(error)


def test_nothing_listening_is_told_in_time(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setattr("records.migrate.STARTS_WITHIN_S", 0.2)
    quick: dict[str, Any] = {"cap": True, "attempts": 2}
    with stamina.set_testing(True, **quick), pytest.raises(RecordUnavailable):
        migrate(f"postgresql://postgres@127.0.0.1:{unused_tcp_port}/nowhere")
