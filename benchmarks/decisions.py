"""`python -m benchmarks.decisions`: how long each clinical decision takes, on its own example.

Facts are read and validated once; what is timed is the rule itself, as a workflow
calls it, in processor time.
"""

import sys
import timeit
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

from clinical.decisions import DECISIONS
from clinical.parameters import Parameters

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "decisions"
LIMIT_US = 100
"""What one decision may take at the median, in microseconds."""

GROUPS, ROUNDS, CALLS = 7, 9, 100


def timings(groups: int = GROUPS, rounds: int = ROUNDS, calls: int = CALLS) -> dict[str, float]:
    """Median microseconds of one decision by kind, in the order of a journey. Of several groups of
    rounds, spread over the whole run, the calmest: a shared machine may halve its pace for seconds.
    """
    decisions = {kind: prepared(kind) for kind in DECISIONS}
    found = dict.fromkeys(decisions, float("inf"))
    for _ in range(groups):
        for kind, decide in decisions.items():
            decide()
            spent = timeit.repeat(decide, timer=process_time, number=calls, repeat=rounds)
            found[kind] = min(found[kind], median(spent) / calls * 1_000_000)
    return found


def prepared(kind: str) -> Callable[[], object]:
    """One decision on its example, ready to be called."""
    decision = DECISIONS[kind]
    text = (EXAMPLES / f"{kind}.json").read_text(encoding="utf-8")
    facts = decision.facts.model_validate_json(text)
    parameters = Parameters.default()
    return lambda: decision.decide(facts, parameters)


def main() -> int:
    """Print the table; 1 when a single decision takes longer than its limit."""
    slow: list[str] = []
    print("| decision | median, µs | |\n|---|---|---|")
    for kind, spent_us in timings().items():
        note = f"over {LIMIT_US}" if spent_us >= LIMIT_US else ""
        slow += [kind] if note else []
        print(f"| {kind} | {spent_us:.1f} | {note} |")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
