"""What is measured, in what order: both programs by turns, several times, medians and spread."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.bench import Crew, Ground
from benchmarks.drive import Load
from benchmarks.shape import Shape
from benchmarks.sides import LAYERS_OFF, Side, Variant

OURS = Variant(Side.OURS)
BARE = Variant(Side.BARE)
IDLE_AFTER_OPS = 7
"""Commands after which a journey lies idle for the measure of memory: evaluated, screened,
consented and cleared, it waits on the start of its series."""


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int = 5
    journeys: int = 16
    in_flight: int = 10
    calm_journeys: int = 4
    calm_in_flight: int = 2
    idle: int = 200
    attribution: bool = True


QUICK = Plan(rounds=1, journeys=3, in_flight=3, calm_journeys=1, idle=10, attribution=False)


@dataclass(frozen=True)
class Turn:
    """One turn of one program under full load: rates, and milliseconds of processor a journey."""

    journeys_s: float
    updates_s: float
    workflows_ms: float
    activities_ms: float
    driver_ms: float
    server_ms: float


@dataclass
class Findings:
    """Everything seen of one program. Latencies: full load, and calm."""

    turns: list[Turn] = field(default_factory=list)
    update_ms: list[float] = field(default_factory=list)
    calm_ms: list[float] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    looks: int = 0
    repeated: int = 0
    idle_kib: float = 0.0

    def median(self, pick: Callable[[Turn], float]) -> float:
        return median(pick(turn) for turn in self.turns)

    def spread(self, pick: Callable[[Turn], float]) -> tuple[float, float]:
        return min(map(pick, self.turns)), max(map(pick, self.turns))


async def measure(plan: Plan, say: Callable[[str], None]) -> tuple[Shape, dict[Variant, Findings]]:
    """Measure by the plan; `say` hears how far it is."""
    variants = [OURS, BARE]
    if plan.attribution:
        variants += [Variant(Side.OURS, without) for without in LAYERS_OFF]
    found = {variant: Findings() for variant in variants}
    async with Ground() as ground:
        await ground.serve(variants)
        say("recording journeys")
        shape = await ground.record(plan.in_flight)
        crews = [ground.hire(variant) for variant in variants]
        for crew in crews:
            await ground.drive(crew.variant, 2, 2)
        for number in range(plan.rounds):
            for crew in crews if number % 2 == 0 else crews[::-1]:
                say(f"round {number + 1} of {plan.rounds}: {crew.variant.name}")
                await _turn(ground, crew, plan, found[crew.variant])
        for crew in crews:
            ground.dismiss(crew)
        for variant in (OURS, BARE):
            say(f"memory of idle journeys: {variant.name}")
            found[variant].idle_kib = await _idle(ground, variant, plan.idle)
    return shape, found


async def _turn(ground: Ground, crew: Crew, plan: Plan, found: Findings) -> None:
    workers, server = crew.cpu_s(), ground.server_cpu_s()
    load = await ground.drive(crew.variant, plan.journeys, plan.in_flight)
    workers_after, server_after = crew.cpu_s(), ground.server_cpu_s()

    def each(seconds: float) -> float:
        return seconds * 1000 / plan.journeys

    found.turns.append(
        Turn(
            journeys_s=load.journeys / load.seconds,
            updates_s=len(load.update_ms) / load.seconds,
            workflows_ms=each(workers_after[0] - workers[0]),
            activities_ms=each(workers_after[1] - workers[1]),
            driver_ms=each(load.driver_cpu_s),
            server_ms=each(server_after - server),
        )
    )
    found.update_ms += load.update_ms
    found.events += load.events
    found.looks += load.looks
    found.repeated += load.repeated
    if crew.variant in (OURS, BARE):
        calm: Load = await ground.drive(crew.variant, plan.calm_journeys, plan.calm_in_flight)
        found.calm_ms += calm.update_ms


async def _idle(ground: Ground, variant: Variant, journeys: int) -> float:
    """Resident KiB that each idle cached journey adds to a fresh workflow worker."""
    crew = ground.hire(variant)
    await ground.drive(variant, 5, 5, ops=IDLE_AFTER_OPS)
    await asyncio.sleep(1)
    before = crew.rss_kib()
    await ground.drive(variant, journeys, 10, ops=IDLE_AFTER_OPS)
    await asyncio.sleep(2)
    grown = crew.rss_kib() - before
    ground.dismiss(crew)
    return grown / journeys


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
