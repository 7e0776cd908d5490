"""How many branches of the decisions and the story the last whole run took.

The report of coverage.py counts lines and branches together, and lines are the easier ones.
"""

import json
import sys
import tempfile
from pathlib import Path

from coverage import Coverage

AT_LEAST = 95.0


def main() -> int:
    """Say the percentage; 1 when it is under `AT_LEAST`."""
    counted = Coverage()
    counted.load()
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "counted.json"
        counted.json_report(outfile=str(report))
        totals = json.loads(report.read_text())["totals"]
    taken: float = totals["percent_branches_covered"]
    print(
        f"branches taken: {taken:.2f} % ({totals['covered_branches']} of {totals['num_branches']})"
    )
    if taken < AT_LEAST:
        print(f"at least {AT_LEAST:.0f} % are asked for", file=sys.stderr)
    return int(taken < AT_LEAST)


if __name__ == "__main__":
    sys.exit(main())
