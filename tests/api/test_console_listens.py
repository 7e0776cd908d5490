"""Who keeps the worklist open hears of it for as long as their visit lasts, and no longer."""

import asyncio
from dataclasses import dataclass
from typing import NamedTuple

import asyncpg
import pytest

from api.issuer_keys import build_verifier
from console.visitors import COOKIE, Guard
from schemas.base import Actor, Role
from schemas.worklist import ClaimTask, ReleaseTask
from service.task_handling import TaskHandling
from service.worklist_news import WorklistNews
from tests.api.conftest import Door
from tests.console.an_office import an_office
from tests.records.waiting import NOON, TRIAGE, waiting
from tests.service.test_task_handling import CATALOGUE, ROMERO

EVENTS = "/console/worklist/events"
NORTH = frozenset({"north"})


class Coordinator(NamedTuple):
    clinics: frozenset[str]
    subject: str = "cc-romero"
    roles: frozenset[Role] = frozenset({Role.CARE_COORDINATOR})
    signed_in_at: None = None
    ends_at: None = None


@dataclass
class Verifier:
    """Lets the first calls in, each to its clinics; refuses every one after them."""

    visits: list[frozenset[str]]
    asked: int = 0

    async def verify(self, token: str | None) -> Coordinator:
        self.asked += 1
        return Coordinator(self.visits[self.asked - 1])


@pytest.fixture
async def busy(pool: asyncpg.Pool) -> None:
    await waiting(pool)


async def listened(door: Door, pool: asyncpg.Pool, verifier: Verifier) -> str:
    """All that one listener hears until their line ends, while a task changes every 50 ms."""
    news = WorklistNews(pool, every_s=0.02)
    office = an_office(
        door.settings,
        build_verifier(door.settings, door.issuer),
        dict(CATALOGUE.time_zones),
        guard=Guard(verifier.verify),
        news=news,
        ask_again_s=0.3,
    )
    door.attach_console(office)
    door.http.cookies.set(COOKIE, "a token")
    before = await news.moment()
    changing = asyncio.create_task(keep_changing(pool))
    try:
        async with asyncio.timeout(60):
            return (await door.http.get(EVENTS, params={"since": before})).text
    finally:
        changing.cancel()
        news.close()


async def keep_changing(pool: asyncpg.Pool) -> None:
    handling = TaskHandling(pool, now=lambda: NOON)
    actor = Actor(id="cc-romero", role=Role.CARE_COORDINATOR)
    for number in range(1_000):
        act = ReleaseTask if number % 2 else ClaimTask
        said = act(command_id=f"c{number}", actor=actor, approval_id=TRIAGE)
        await handling.act(said, ROMERO)
        await asyncio.sleep(0.05)


async def test_a_visit_that_ended_hears_no_more_however_much_happens(
    door: Door, pool: asyncpg.Pool, busy: None
) -> None:
    verifier = Verifier([NORTH, NORTH])

    heard = await listened(door, pool, verifier)

    assert "task_claimed" in heard
    assert verifier.asked == 3


async def test_a_visit_that_ends_before_the_first_word_hears_none(
    door: Door, pool: asyncpg.Pool, busy: None
) -> None:
    heard = await listened(door, pool, Verifier([NORTH]))

    assert heard == ""


async def test_a_clinic_that_was_lost_is_not_heard_of_again(
    door: Door, pool: asyncpg.Pool, busy: None
) -> None:
    south = frozenset({"south"})

    heard = await listened(door, pool, Verifier([NORTH, south, south, south]))

    assert "retry:" in heard
    assert "event: tasks" not in heard
    assert ": still here\nid: " in heard
