"""The bare program is a fair measure only while it does what the real one does."""

from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from benchmarks import bare
from benchmarks.bench import Ground
from benchmarks.drive import Driver
from benchmarks.measure import BARE, OURS
from benchmarks.shape import Part, Shape, read_part
from benchmarks.sides import Variant, activity_workers, client_of, workflow_worker

PERSONS = "WORKFLOW_EXECUTION_UPDATE_COMPLETED"

LEAST_TOLD = 20
"""Fewer commands than from referral to close would be no journey."""

TOLERANCE = 0.15
"""How many answers of the outside one task takes in, and how many facts one activity, is a matter
of timing on either side."""


CHANCE = {"SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED", "WORKFLOW_TASK_FAILED"}
"""Events of a race: a session gone as it is signalled, a message that overtakes an answer."""


@pytest.mark.stack
@pytest.mark.slow
async def test_the_journey_that_is_measured_comes_to_its_end() -> None:
    async with Ground() as ground:
        await ground.serve([OURS])
        shape = await ground.record(1)

    assert shape.counts[PERSONS] > LEAST_TOLD
    assert set(shape.parts) == {"", "-infusion-1", "-infusion-2"}


@pytest.mark.stack
@pytest.mark.slow
async def test_the_bare_program_makes_the_events_of_the_real_one(thorough: bool) -> None:
    if not thorough:
        pytest.skip("a check of the benchmark's own yardstick: `make thorough`")
    async with Ground() as ground:
        await ground.serve([OURS, BARE])
        shape = await ground.record()
        bare.load(shape)
        for variant in (OURS, BARE):
            parts = await _lead_one(ground, variant, shape)

            mine, theirs = _total(parts.values()), shape.counts
            assert mine[PERSONS] == theirs[PERSONS], variant.name
            assert set(mine) >= set(theirs) - CHANCE
            off = abs(mine.total() - theirs.total()) / theirs.total()
            assert off <= TOLERANCE, f"{variant.name}: {mine} beside {theirs}"


async def _lead_one(ground: Ground, variant: Variant, shape: Shape) -> dict[str, Part]:
    client = await client_of(variant, ground.address, ground.keys)
    journey_id = f"journey-{uuid4().hex}"[: len(shape.journey_id)]
    async with AsyncExitStack() as stack:
        for worker in (
            workflow_worker(variant, client),
            *activity_workers(variant.side, client),
        ):
            await stack.enter_async_context(worker)
        await Driver(client, variant.side, shape).lead(journey_id)
        return {name: await read_part(client, journey_id + name) for name in shape.parts}


def _total(parts: Iterable[Part]) -> Counter[str]:
    return sum((Counter(part.counts) for part in parts), Counter())
