"""`python -m benchmarks`: measure the real program beside the bare one and print one table."""

import argparse
import asyncio
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

from benchmarks.measure import QUICK, Measuring, Plan, Report
from benchmarks.table import as_markdown, rows

BEGAN = monotonic()


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print. A target that is missed is said in the table; the exit code is 1 only
    when something could not be measured, and then that is said under the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only see that it runs, under 60 s")
    parser.add_argument("--rounds", type=int, help="turns of each program; 0: only memory")
    parser.add_argument("--journeys", type=int, help="journeys in each turn")
    parser.add_argument("--in-flight", type=int, help="journeys at a time")
    parser.add_argument("--idle", type=int, help="journeys in each half of the measure of memory")
    parser.add_argument(
        "--attribution", action=argparse.BooleanOptionalAction, help="layers off one by one"
    )
    options = parser.parse_args(words)
    asked = {k: v for k, v in vars(options).items() if k != "quick" and v is not None}
    plan = replace(QUICK if options.quick else Plan(), **asked)
    # The tables are for people; what the recording logs on the way is not part of them.
    logging.disable(logging.WARNING)
    report = Report()
    # Told to end, it still ends the servers and workers that it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        asyncio.run(Measuring(plan, report, _say).run())
    except (Exception, KeyboardInterrupt) as error:
        traceback.print_exc()
        print(f"Stopped before its end: {type(error).__name__}. What was found until then:\n")
        _print(report)
        return 1
    _print(report)
    return 1 if report.lost else 0


def _print(report: Report) -> None:
    print(as_markdown(rows(report)))
    if report.lost:
        print("\nNot counted, because a journey did not go on:\n")
        print("\n".join(f"- {line}" for line in report.lost))


def _say(text: str) -> None:
    print(f"{monotonic() - BEGAN:4.0f} s  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # The SDK's threads may abort an interpreter that is tearing down after all work is done.
    os._exit(code)
