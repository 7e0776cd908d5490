"""The demonstration's story on real servers: one undisturbed telling for all to compare with."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from simulator.stack import ROOT, running_stack
from tests.stack.retelling import Undisturbed, retell

DEMO_ENDS_WITHIN_S = 170


@pytest.fixture(scope="session")
def undisturbed() -> Iterator[Undisturbed]:
    """Two stacks at once: a person's own and the demonstration's."""
    with running_stack() as stack:
        demo = subprocess.Popen(
            [sys.executable, "-m", "cli", "demo"],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "160", "JOURNEY_ENV_FILE": ""},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            told = asyncio.run(retell(stack))
            printed, _ = demo.communicate(timeout=DEMO_ENDS_WITHIN_S)
        finally:
            if demo.poll() is None:
                demo.terminate()
                demo.communicate()
        yield Undisturbed(told, demo.returncode, printed)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One kill at a time takes minutes: only with `--each-kill`."""
    if config.getoption("--each-kill"):
        return
    left_out = [item for item in items if item.get_closest_marker("each_kill")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
