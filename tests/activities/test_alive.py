"""An activity that takes long says that its worker lives; a quick one says nothing."""

import asyncio

from temporalio import activity
from temporalio.testing import ActivityEnvironment

from activities import alive


@activity.defn
@alive.said_while_it_takes
async def take(seconds: float) -> str:
    """Takes its time."""
    await asyncio.sleep(seconds)
    return "done"


async def test_long_work_says_that_its_worker_lives() -> None:
    beats: list[tuple[object, ...]] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: beats.append(details)
    assert await environment.run(take, alive.EVERY_S * 2.5) == "done"
    assert beats == [(), ()]


async def test_quick_work_says_nothing() -> None:
    beats: list[tuple[object, ...]] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: beats.append(details)
    assert await environment.run(take, 0.0) == "done"
    assert beats == []
