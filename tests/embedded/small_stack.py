"""A stack of the real servers without our own processes, for tests of the supervision itself."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from embedded import stack
from embedded.supervisor import Component, Stage
from embedded.up import up

SLEEPER = "import time\nwhile True: time.sleep(3600)"


def compose(plan: stack.Plan) -> Sequence[Stage]:
    servers, database, *_ = stack.stages(plan)
    stand_in = Component("stand-in", [sys.executable, "-c", SLEEPER])
    return [servers, database, [stand_in]]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--port", action="append", default=[], help="name=number")
    parser.add_argument("--with-parent", action="store_true")
    asked = parser.parse_args()
    ports = {name: int(number) for name, number in (pair.split("=") for pair in asked.port)}
    return up(
        asked.data_dir or Path(),
        ephemeral=asked.data_dir is None,
        ports=ports,
        announce=lambda addresses: print(json.dumps(addresses), flush=True),
        compose=compose,
        with_parent=asked.with_parent,
    )


if __name__ == "__main__":
    sys.exit(main())
