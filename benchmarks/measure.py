"""What is measured, in what order: both programs by turns, several times, medians and spread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.bench import Crew, DriverFailed, Ground
from benchmarks.decisions import timings
from benchmarks.drive import Load
from benchmarks.memory import CLEARED_AFTER_OPS, REFERRED_AFTER_OPS, Idle, Memory
from benchmarks.shape import Shape
from benchmarks.sides import LAYERS_OFF, Side, Variant

OURS = Variant(Side.OURS)
BARE = Variant(Side.BARE)
DECISION_CALLS = 100


@dataclass(frozen=True)
class Plan:
    """How much is measured. `attribution_rounds`: the rounds that take layers off as well.
    `idle`: journeys in each half of the measure of memory."""

    rounds: int = 5
    attribution_rounds: int = 2
    journeys: int = 12
    in_flight: int = 8
    calm_journeys: int = 4
    calm_in_flight: int = 2
    idle: int = 40
    attribution: bool = True
    decision_rounds: int = 15


QUICK = Plan(
    rounds=1,
    journeys=3,
    in_flight=3,
    calm_journeys=1,
    idle=10,
    attribution=False,
    decision_rounds=3,
)


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
    """Everything seen of one program. Latencies: full load, and calm; of all updates, and of
    readings. `idle`: cleared; `referred`: at its very beginning. `lost`: why a turn does not
    count, one line for each."""

    turns: list[Turn] = field(default_factory=list)
    update_ms: list[float] = field(default_factory=list)
    calm_ms: list[float] = field(default_factory=list)
    vitals_ms: list[float] = field(default_factory=list)
    calm_vitals_ms: list[float] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    idle: Idle | None = None
    referred: Idle | None = None
    lost: list[str] = field(default_factory=list)

    def median(self, pick: Callable[[Turn], float]) -> float:
        return median(pick(turn) for turn in self.turns)

    def spread(self, pick: Callable[[Turn], float]) -> tuple[float, float]:
        return min(map(pick, self.turns)), max(map(pick, self.turns))


@dataclass
class Report:
    """What has been found so far, whatever happens later. `decisions`: microseconds of each."""

    decisions: dict[str, float] = field(default_factory=dict)
    shape: Shape | None = None
    found: dict[Variant, Findings] = field(default_factory=dict)

    @property
    def lost(self) -> list[str]:
        """Turns that do not count, one line for each."""
        return [f"{variant.name}: {line}" for variant, f in self.found.items() for line in f.lost]


@dataclass(frozen=True)
class Task:
    """One load of one driver. `ops`: only so many commands of each journey."""

    name: str
    journeys: int
    in_flight: int
    ops: int | None = None


class Measuring:
    """One run by the plan; `say` hears how far it is, `report` keeps what it finds."""

    def __init__(self, plan: Plan, report: Report, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._report = report
        self._say = say
        self._variants = [OURS, BARE]
        if plan.attribution:
            self._variants += [Variant(Side.OURS, without) for without in LAYERS_OFF]
        report.found.update({variant: Findings() for variant in self._variants})

    async def run(self) -> None:
        """Decisions alone, then rates by turns, then memory."""
        self._say("deciding")
        self._report.decisions.update(
            timings(rounds=self._plan.decision_rounds, calls=DECISION_CALLS)
        )
        async with Ground() as ground:
            await ground.serve(self._variants)
            self._say("recording journeys")
            self._report.shape = await ground.record(self._plan.in_flight)
            if self._plan.rounds:
                await self._rates(ground)
            if self._plan.idle:
                await self._memory(ground)

    async def _rates(self, ground: Ground) -> None:
        crews = [ground.hire(variant) for variant in self._variants]
        for crew in crews:
            await self._load(ground, crew.variant, Task("warming up", 2, 2))
        for number in range(self._plan.rounds):
            taken = crews if number < self._plan.attribution_rounds else crews[:2]
            for crew in taken if number % 2 == 0 else taken[::-1]:
                await self._turn(ground, crew, f"round {number + 1} of {self._plan.rounds}")
        for crew in crews:
            ground.dismiss(crew)

    async def _turn(self, ground: Ground, crew: Crew, name: str) -> None:
        plan, found = self._plan, self._report.found[crew.variant]
        workers, server = crew.cpu_s(), ground.server_cpu_s()
        full = Task(name, plan.journeys, plan.in_flight)
        load = await self._load(ground, crew.variant, full)
        if load is None:
            return
        found.turns.append(
            _turn_of(load, workers, crew.cpu_s(), ground.server_cpu_s() - server),
        )
        found.update_ms += load.update_ms
        found.vitals_ms += load.vitals_ms
        found.events += load.events
        if crew.variant in (OURS, BARE):
            task = Task(f"{name}, calm", plan.calm_journeys, plan.calm_in_flight)
            calm = await self._load(ground, crew.variant, task)
            if calm is not None:
                found.calm_ms += calm.update_ms
                found.calm_vitals_ms += calm.vitals_ms

    async def _memory(self, ground: Ground) -> None:
        async def lead(variant: Variant, journeys: int, in_flight: int, ops: int) -> Load | None:
            name = f"memory of idle journeys after {ops} commands"
            return await self._load(ground, variant, Task(name, journeys, in_flight, ops))

        memory, count, thorough = Memory(ground, lead), self._plan.idle, self._plan.attribution
        for variant in self._variants:
            found, whole = self._report.found[variant], variant in (OURS, BARE)
            found.idle = await memory.of(
                variant,
                count if whole else count // 2,
                CLEARED_AFTER_OPS,
                python=whole and thorough,
            )
            if whole and thorough:
                found.referred = await memory.of(variant, count, REFERRED_AFTER_OPS, python=False)

    async def _load(self, ground: Ground, variant: Variant, task: Task) -> Load | None:
        """One load, or None when it does not count: that is said at once and kept."""
        self._say(f"{task.name}: {variant.name}, {task.journeys} journeys")
        try:
            load = await ground.drive(variant, task.journeys, task.in_flight, task.ops)
        except DriverFailed as failure:
            load = Load(stuck=[str(failure)])
        for line in load.stuck:
            self._say(f"LOST {task.name}: {line}")
            self._report.found[variant].lost.append(f"{task.name}: {line}")
        return None if load.stuck else load


def _turn_of(
    load: Load, before: tuple[float, float], after: tuple[float, float], server_s: float
) -> Turn:
    def each(seconds: float) -> float:
        return seconds * 1000 / load.journeys

    return Turn(
        journeys_s=load.journeys / load.seconds,
        updates_s=len(load.update_ms) / load.seconds,
        workflows_ms=each(after[0] - before[0]),
        activities_ms=each(after[1] - before[1]),
        driver_ms=each(load.driver_cpu_s),
        server_ms=each(server_s),
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
