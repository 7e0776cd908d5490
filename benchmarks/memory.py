"""What one idle cached journey costs a worker in memory: a slope over many, the worker's own
growth left out."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.bench import Crew, Ground
from benchmarks.drive import Load
from benchmarks.sides import Variant

CLEARED_AFTER_OPS = 7
"""Commands after which a journey lies idle: evaluated, screened, consented and cleared, it waits
on the start of its series."""

REFERRED_AFTER_OPS = 1
"""The same for one that was just referred and waits on its triage."""

IN_FLIGHT = 10
SETTLED_AFTER_S = 1.5


@dataclass(frozen=True)
class Idle:
    """KiB of anonymous memory that one more idle journey adds to its worker, garbage collected
    and free heap given back. `halves`: the lower and the higher slope of the two halves. `events`:
    of its run. `worker_mib`: before any journey. `python_kib`: of Python's own objects, where they
    were counted."""

    kib: float
    halves: tuple[float, float]
    events: int
    worker_mib: float
    python_kib: float | None = None


Lead = Callable[[Variant, int, int, int], Awaitable[Load | None]]
"""Lead so many journeys, so many at a time, so many commands of each; None when one is stuck."""


class Memory:
    """Crews of their own, with nothing else to do."""

    def __init__(self, ground: Ground, lead: Lead) -> None:
        self._ground = ground
        self._lead = lead

    async def of(self, variant: Variant, count: int, ops: int, *, python: bool) -> Idle | None:
        """Twice `count` journeys after some that are not counted, because of what a worker takes
        once: threads, pools, caches. None when a journey is stuck."""
        crew = self._ground.hire(variant)
        first, _ = await self._settled(crew)
        load = await self._lead(variant, max(2, count // 2), IN_FLIGHT, ops)
        if load is None:
            return None
        marks = [(await self._settled(crew))[0]]
        for _ in range(2):
            if await self._lead(variant, count, IN_FLIGHT, ops) is None:
                return None
            marks.append((await self._settled(crew))[0])
        self._ground.dismiss(crew)
        steps = [(after - before) / count for before, after in pairwise(marks)]
        return Idle(
            kib=sum(steps) / len(steps),
            halves=(min(steps), max(steps)),
            events=load.events[0],
            worker_mib=first / 1024,
            python_kib=await self._python(variant, count, ops) if python else None,
        )

    async def _python(self, variant: Variant, count: int, ops: int) -> float | None:
        """The same slope of what Python itself has allocated. Counting takes memory of its own,
        so the worker that counts is another one."""
        crew, marks = self._ground.hire(variant, traced=True), [0.0]
        for step in (max(2, count // 2), count):
            if await self._lead(variant, step, IN_FLIGHT, ops) is None:
                return None
            marks.append((await self._settled(crew))[1])
        self._ground.dismiss(crew)
        return (marks[2] - marks[1]) / count

    async def _settled(self, crew: Crew) -> tuple[float, float]:
        await asyncio.sleep(SETTLED_AFTER_S)
        return crew.memory_kib()
