"""Fixtures that more than one floor's tests share."""

import pytest
from hypothesis import is_hypothesis_test

pytest_plugins = ["tests.fixtures_postgres", "tests.fixtures_temporal"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--uncached`: the workflow suite again, with nothing kept between workflow tasks.
    `--each-kill`: the whole story once for each part that is killed on its way.
    `--thorough`: every random day and every kill, where the suite takes a part of them."""
    parser.addoption("--uncached", action="store_true", default=False)
    parser.addoption("--each-kill", action="store_true", default=False)
    parser.addoption("--thorough", action="store_true", default=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole stories first: on two cores the short tests then fill what the long ones leave. Random
    searches count for no coverage: they would cost three times their time, and a branch that only
    chance reaches is not tested."""
    items.sort(key=_how_late)
    for item in items:
        if item.get_closest_marker("slow") or is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("no_cover")


def _how_late(item: pytest.Item) -> int:
    if item.get_closest_marker("xdist_group"):
        return 0
    return 1 if item.get_closest_marker("slow") else 2


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether there is time for everything: `make thorough`."""
    return bool(request.config.getoption("--thorough"))
