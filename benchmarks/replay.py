"""`python -m benchmarks.replay`: how long a worker takes to read a run of a long journey again.

A journey with three years of treatment behind it is lived for some months more, in the
time-skipping server of the tests; then each of its runs is replayed from its first event, in
processor time, with the sandbox and the codec of a worker of production.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from schemas.infusion import SessionResult
from schemas.screening import Modality
from tests.workflows.conftest import STOOD_IN, Clinical, serving, skipped_time
from tests.workflows.outside import Outside
from tests.workflows.places import dosed
from tests.workflows.years import YEAR, Lived, live, replays_s

LIMIT_MS = 150
"""What the replay of one run may take."""

ROUNDS = 15
"""Each run is replayed so often and its shortest time counts: what else a shared machine does makes
every figure larger and none smaller."""

YEARS_BEHIND = 3
BETWEEN_DAYS = timedelta(days=21)
LAST_DOSE_DAYS_AGO = 3


def behind(years: int) -> list[SessionResult]:
    """The treatment days of the acute series and of so many years of maintenance after it."""
    doses = round(years * YEAR / BETWEEN_DAYS)
    last = LAST_DOSE_DAYS_AGO
    acute_days_ago = [last + doses * BETWEEN_DAYS.days + 3 * n for n in range(5, -1, -1)]
    later_days_ago = [last + BETWEEN_DAYS.days * n for n in range(doses - 1, -1, -1)]
    return [dosed(n, ago) for n, ago in enumerate([*acute_days_ago, *later_days_ago], start=1)]


async def measure(months: int, rounds: int = ROUNDS) -> tuple[Lived, list[float]]:
    """The months as they were lived, and the milliseconds of each run's replay."""
    days = behind(YEARS_BEHIND)
    state: dict[str, Any] = {"sessions": days, "booked": {Modality.IV_KETAMINE: len(days)}}
    async with skipped_time() as env:
        clinical = Clinical(env, Outside())
        async with serving(env, clinical.outside, workflows=STOOD_IN):
            lived = await live(clinical, years=months / 12, **state)
            await clinical.put_away()
    every = [await replays_s(lived) for _ in range(rounds)]
    return lived, [1000 * min(taken) for taken in zip(*every, strict=True)]


def table(lived: Lived, replays_ms: Sequence[float]) -> list[str]:
    """Every run in its order, and the dearest one under them."""
    lines = ["| run | events | KiB it began with | replay, ms |", "|---|---|---|---|"]
    for number, (run, taken) in enumerate(zip(lived.runs, replays_ms, strict=True), start=1):
        lines.append(f"| {number} | {run.length} | {run.input_bytes / 1024:.1f} | {taken:.0f} |")
    sessions = len(lived.view.sessions)
    dearest = f"{max(replays_ms):.0f} ms, target under {LIMIT_MS} ms"
    return [*lines, f"dearest replay of a journey of {sessions} treatment days: {dearest}"]


def main(words: Sequence[str] | None = None) -> int:
    """Print the table; 1 when the replay of a run takes longer than its limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__)
    parser.add_argument("--months", type=int, default=3, help="how many months are lived")
    lived, replays_ms = asyncio.run(measure(parser.parse_args(words).months))
    print("\n".join(table(lived, replays_ms)))
    return 1 if max(replays_ms) >= LIMIT_MS else 0


if __name__ == "__main__":
    sys.exit(main())
