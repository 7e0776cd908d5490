"""Fixtures that more than one floor's tests share."""

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

from tests import drawn

LONGEST_IN_A_NAME = 60
UNCACHED_TIMEOUT_S = 600

os.environ.setdefault("GOGC", "400")
os.environ.setdefault("GOMAXPROCS", "1")
"""The servers that tests start are written in Go and live for minutes: they may collect garbage
less often than one that lives for months. And several of them share two cores: that each looks for
work for both only costs. Each saves a story on them a tenth of its time."""

pytest_plugins = ["tests.fixtures_postgres", "tests.fixtures_temporal"]

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
"""A busy machine is no finding."""


def pytest_make_parametrize_id(val: object) -> str | None:
    """A test's name is read by people: of a megabyte its beginning and its length are enough."""
    if not isinstance(val, str | bytes) or len(val) <= LONGEST_IN_A_NAME:
        return None
    begins = val[:LONGEST_IN_A_NAME]
    words = begins if isinstance(begins, str) else begins.decode("ascii", "replace")
    return f"{words}... {len(val)} long"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--uncached`: the workflow suite again, with nothing kept between workflow tasks.
    `--each-kill`: the whole story once for each part that is killed on its way.
    `--thorough`: every random day and every kill, where the suite takes a part of them."""
    parser.addoption("--uncached", action="store_true", default=False)
    parser.addoption("--each-kill", action="store_true", default=False)
    parser.addoption("--thorough", action="store_true", default=False)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before any test module is read: its properties ask how much to draw. A story whose every task
    begins at its first event takes some four times as long."""
    drawn.times = 10 if config.getoption("--thorough") else 1
    if config.getoption("--uncached") and config.option.timeout is None:
        config.option.timeout = UNCACHED_TIMEOUT_S


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whole stories first: on two cores the short tests then fill what the long ones leave. What
    takes long and shows little more is asked for by `--thorough`."""
    if not config.getoption("--thorough"):
        config.hook.pytest_deselected(items=[i for i in items if _only_thorough(i)])
        items[:] = [item for item in items if not _only_thorough(item)]
    items.sort(key=_how_late)


def pytest_collection_finish() -> None:
    """What was read until here stays: looking through all of it again and again for what could be
    thrown away took a tenth of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _only_thorough(item: pytest.Item) -> bool:
    return item.get_closest_marker("thorough") is not None


def _how_late(item: pytest.Item) -> int:
    if item.get_closest_marker("xdist_group"):
        return 0
    return 1 if item.get_closest_marker("slow") else 2


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether there is time for everything: `make thorough`."""
    return bool(request.config.getoption("--thorough"))
