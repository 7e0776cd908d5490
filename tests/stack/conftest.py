"""The demonstration's story on real servers, told twice at once: as a newcomer has it told, and
beside that on somebody's own stack, whose parts are killed on the way.

The demonstration is the undisturbed telling that every other is compared with.
"""

import asyncio
from dataclasses import dataclass

import pytest

from simulator.stack import running_stack
from tests.stack.kept_demo import Undisturbed, kept_demo
from tests.stack.retelling import KILLS, Retelling, retell


@dataclass(frozen=True)
class SideBySide:
    """Two tellings of one story at the same time on one machine."""

    undisturbed: Undisturbed
    killed: Retelling


@pytest.fixture(scope="session")
def side_by_side() -> SideBySide:
    """Two stacks at once: a person's own, of which one part after another dies, and the
    demonstration's."""
    with running_stack() as own, kept_demo() as demo:
        killed = asyncio.run(retell(own, KILLS))
        undisturbed = demo.told()
    return SideBySide(undisturbed, killed)


@pytest.fixture
def undisturbed(side_by_side: SideBySide) -> Undisturbed:
    """What `journey demo` printed, and the record that it left."""
    return side_by_side.undisturbed


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One kill at a time takes minutes: only with `--each-kill`."""
    if config.getoption("--each-kill"):
        return
    left_out = [item for item in items if item.get_closest_marker("each_kill")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
