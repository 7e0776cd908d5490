"""`python -m benchmarks`: measure the real program beside the bare one and print one table."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.measure import QUICK, Plan, measure
from benchmarks.table import as_markdown, rows


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; a target that is missed is said in the table, not by the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only see that it runs, under 60 s")
    parser.add_argument("--rounds", type=int, help="turns of each program")
    parser.add_argument("--journeys", type=int, help="journeys in each turn")
    parser.add_argument("--in-flight", type=int, help="journeys at a time")
    parser.add_argument("--idle", type=int, help="journeys for the measure of memory")
    parser.add_argument(
        "--attribution", action=argparse.BooleanOptionalAction, help="layers off one by one"
    )
    options = parser.parse_args(words)
    asked = {k: v for k, v in vars(options).items() if k != "quick" and v is not None}
    plan = replace(QUICK if options.quick else Plan(), **asked)
    # The tables are for people; what the recording logs on the way is not part of them.
    logging.disable(logging.WARNING)
    shape, found = asyncio.run(measure(plan, _say))
    print(as_markdown(rows(shape, found)))
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # The SDK's threads may abort an interpreter that is tearing down after all work is done.
    os._exit(code)
