"""What is new on the worklist reaches whoever looks: once, in time, also after a silence."""

import asyncio
from contextlib import aclosing

import asyncpg
import pytest

from records.store import RecordStore
from schemas.base import Actor, Role
from schemas.event import EventKind
from schemas.worklist import ClaimTask, ReleaseTask
from service.lookups import BadCursorError
from service.task_handling import TaskHandling
from service.worklist_news import Looks, Told, WorklistNews
from tests.records.conftest import batch, fact
from tests.records.waiting import NOON, TRIAGE, waiting
from tests.service.test_task_handling import ROMERO

NORTH = frozenset({"north"})


@pytest.fixture
def news(pool: asyncpg.Pool) -> WorklistNews:
    return WorklistNews(pool, every_s=0.02)


async def claim(pool: asyncpg.Pool, key: str = "c") -> None:
    said = ClaimTask(
        command_id=key, actor=Actor(id="cc-romero", role=Role.CARE_COORDINATOR), approval_id=TRIAGE
    )
    await TaskHandling(pool, now=lambda: NOON).act(said, ROMERO)


async def release(pool: asyncpg.Pool, key: str) -> None:
    said = ReleaseTask(
        command_id=key, actor=Actor(id="cc-romero", role=Role.CARE_COORDINATOR), approval_id=TRIAGE
    )
    await TaskHandling(pool, now=lambda: NOON).act(said, ROMERO)


def who_sees(clinics: frozenset[str] | None) -> Looks:
    async def looks() -> frozenset[str] | None:
        return clinics

    return looks


async def next_of(news: WorklistNews, moment: str, clinics: frozenset[str] | None = NORTH) -> Told:
    """The next thing told that says something."""
    async with asyncio.timeout(60), aclosing(news.since(moment, who_sees(clinics), 0.05)) as told:
        async for one in told:
            if one.news:
                return one
    raise AssertionError


async def test_a_claim_and_a_fact_of_the_record_are_both_told(
    pool: asyncpg.Pool, news: WorklistNews
) -> None:
    await waiting(pool)
    before = await news.moment()
    await claim(pool)
    closed = fact(1, EventKind.TASK_CLOSED, {"task_id": TRIAGE, "status": "approved"})
    await RecordStore(pool).append(batch(closed, fact(2)))

    told = await next_of(news, before)

    assert [(one.task_id, one.what) for one in told.news] == [
        *((TRIAGE, "TaskClosed"), (TRIAGE, "task_claimed"))
    ]
    assert (await news.read(told.upto)).news == ()


async def test_whoever_looks_already_hears_it_as_it_happens(
    pool: asyncpg.Pool, news: WorklistNews
) -> None:
    await waiting(pool)
    listening = [asyncio.create_task(next_of(news, await news.moment())) for _ in range(3)]
    await asyncio.sleep(0.1)
    await claim(pool)

    told = await asyncio.gather(*listening)

    assert {one.news[0].actor_id for one in told} == {"cc-romero"}


async def test_one_look_that_took_too_long_does_not_end_the_looking(
    pool: asyncpg.Pool, news: WorklistNews, monkeypatch: pytest.MonkeyPatch
) -> None:
    await waiting(pool)
    refused = [asyncpg.QueryCanceledError("canceling statement due to statement timeout")]
    read = news.read

    async def too_slow_once(moment: str) -> Told:
        if refused:
            raise refused.pop()
        return await read(moment)

    listening = asyncio.create_task(next_of(news, await news.moment()))
    await asyncio.sleep(0.1)
    monkeypatch.setattr(news, "read", too_slow_once)
    async with asyncio.timeout(10):
        while refused:  # noqa: ASYNC110 - it looks by itself, and tells nobody
            await asyncio.sleep(0.02)
    await claim(pool)

    told = await asyncio.wait_for(listening, 10)

    assert told.news[0].actor_id == "cc-romero"


async def test_what_commits_late_is_told_after_all(pool: asyncpg.Pool, news: WorklistNews) -> None:
    await waiting(pool)
    async with pool.acquire() as slow:
        under_way = slow.transaction()
        await under_way.start()
        await slow.execute("SELECT pg_current_xact_id()")
        await slow.execute(
            "INSERT INTO task_acts (task_id, clinic, version, act, actor_id, actor_role, "
            "command_id, at) VALUES ($1, 'north', 9, 'task_released', 'x', 'nurse', 'k', now())",
            TRIAGE,
        )
        before = await news.moment()
        await claim(pool)
        meanwhile = await news.read(before)
        await under_way.commit()

    after = await news.read(meanwhile.upto)

    assert meanwhile.news == ()
    assert {one.what for one in after.news} == {"task_released", "task_claimed"}


async def test_another_clinics_news_is_not_told(pool: asyncpg.Pool, news: WorklistNews) -> None:
    await waiting(pool)
    before = await news.moment()
    await claim(pool)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await next_of(news, before, frozenset({"south"}))


async def test_anothers_news_alone_only_moves_the_place_along_after_a_silence(
    pool: asyncpg.Pool, news: WorklistNews
) -> None:
    await waiting(pool)
    before = await news.moment()
    south = who_sees(frozenset({"south"}))

    async with asyncio.timeout(60), aclosing(news.since(before, south, 0.3)) as told:
        first = asyncio.ensure_future(anext(told))
        for number in range(20):
            await claim(pool, f"c{number}")
            await release(pool, f"r{number}")
            if first.done():
                break
            await asyncio.sleep(0.02)
        silence = await first

    assert not silence.says_something
    assert int(silence.upto) > int(before)


async def test_who_loses_a_clinic_hears_no_more_of_it(
    pool: asyncpg.Pool, news: WorklistNews
) -> None:
    await waiting(pool)
    before = await news.moment()
    seen = [NORTH, frozenset[str]()]

    async def looks() -> frozenset[str]:
        return seen.pop(0) if len(seen) > 1 else seen[0]

    async with asyncio.timeout(60), aclosing(news.since(before, looks, 0.2)) as told:
        await claim(pool)
        first = await anext(told)
        await release(pool, "r")
        second = await anext(told)

    assert [first.says_something, second.says_something] == [True, False]


@pytest.mark.parametrize("moment", ["", "x", "-1", "9" * 20, "1e3"])
async def test_a_moment_that_is_none_is_refused(news: WorklistNews, moment: str) -> None:
    with pytest.raises(BadCursorError):
        await next_of(news, moment)


async def test_the_end_of_the_program_lets_everybody_go(news: WorklistNews) -> None:
    async def listen() -> str:
        async with aclosing(news.since(await news.moment(), who_sees(None), 60.0)) as told:
            async for _ in told:
                pass
        return "gone"

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.2)
    news.close()

    assert await asyncio.wait_for(listening, 60) == "gone"


async def test_nobody_reads_while_nobody_looks(pool: asyncpg.Pool, news: WorklistNews) -> None:
    await waiting(pool)
    before = await news.moment()
    await claim(pool)
    await next_of(news, before)
    await asyncio.sleep(0.2)

    assert news._reading is None or news._reading.done()
