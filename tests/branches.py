"""Which branches of the decisions and the story the last whole run did not take.

SlipCover counted them; its own summary is of lines and branches together. Lines are the easier
ones, so that the branches are asked for by themselves too.
"""

import json
import sys
from pathlib import Path
from typing import Any

COUNTED = Path(".coverage.json")
AT_LEAST = 95.0


def main() -> int:
    """Say the percentage, and with `--missing` or under `AT_LEAST` which; 1 when it is under."""
    counted: dict[str, Any] = json.loads(COUNTED.read_text())
    taken, missed = (counted["summary"][f"{which}_branches"] for which in ("covered", "missing"))
    share = 100 * taken / (taken + missed)
    enough = min(share, counted["summary"]["percent_covered"]) >= AT_LEAST
    if not enough or "--missing" in sys.argv:
        for name, file in sorted(counted["files"].items()):
            if file["missing_branches"]:
                print(f"{name}: {', '.join(map(_told, file['missing_branches']))}")
    print(f"branches taken: {share:.2f} % ({taken} of {taken + missed})")
    if not enough:
        print(f"at least {AT_LEAST:.0f} % are asked for", file=sys.stderr)
    return int(not enough)


def _told(branch: tuple[int, int]) -> str:
    here, there = branch
    return f"{here} to {there or 'the end'}"


if __name__ == "__main__":
    sys.exit(main())
