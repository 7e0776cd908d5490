"""Fixtures that more than one floor's tests share."""

import pytest

pytest_plugins = ["tests.fixtures_postgres", "tests.fixtures_temporal"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--uncached`: the workflow suite again, with nothing kept between workflow tasks.
    `--each-kill`: the whole story once for each part that is killed on its way.
    `--thorough`: every random day and every kill, where the suite takes a part of them."""
    parser.addoption("--uncached", action="store_true", default=False)
    parser.addoption("--each-kill", action="store_true", default=False)
    parser.addoption("--thorough", action="store_true", default=False)


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether there is time for everything: `make thorough`."""
    return bool(request.config.getoption("--thorough"))
