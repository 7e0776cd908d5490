"""Fixtures that more than one floor's tests share."""

import gc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

from tests import drawn

TESTS = Path(__file__).parent
COVERING = (f"{TESTS}/clinical/", f"{TESTS}/workflows/")
RETOLD = frozenset(
    f"{TESTS}/workflows/test_{story}.py"
    for story in (
        *("hold_and_withdrawal", "journey_between_doses", "continue_as_new", "code_versions"),
        *("whole_courses", "nasal_spray_day", "session_readings", "session_view", "watch"),
        *("session_discharge", "session_override", "session_budget", "supervision_interrupted"),
        *("messages", "downtime", "deadlines", "recorder", "absence", "mood_scale"),
        *("strict_sandbox", "determinism", "journey_gates", "journey_reevaluation"),
        *("session_before_dose", "session_messages"),
    )
)
"""Stories over lines and branches that the others count already."""

LONGEST_IN_A_NAME = 60

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


def pytest_configure(config: pytest.Config) -> None:
    """Before any test module is read: its properties ask how much to draw."""
    drawn.times = 10 if config.getoption("--thorough") else 1


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """One count of what is reached, not two: in a worker of xdist pytest-cov leaves the one running
    that it began with, so that a test left out of the count was slowed down all the same."""
    counting = session.config.pluginmanager.get_plugin("_cov")
    if hasattr(session.config, "workerinput") and counting and counting.cov_controller:
        counting.cov_controller.pause()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whole stories first: on two cores the short tests then fill what the long ones leave. What
    takes long and shows little more is asked for by `--thorough`."""
    if not config.getoption("--thorough"):
        config.hook.pytest_deselected(items=[i for i in items if _only_thorough(i)])
        items[:] = [item for item in items if not _only_thorough(item)]
    items.sort(key=_how_late)
    for item in items:
        if not _counts_for_coverage(item):
            item.add_marker("no_cover")


def pytest_collection_finish() -> None:
    """What was read until here stays: looking through all of it again and again for what could be
    thrown away took a tenth of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _only_thorough(item: pytest.Item) -> bool:
    return item.get_closest_marker("thorough") is not None


def _counts_for_coverage(item: pytest.Item) -> bool:
    """The tables and the stories, which say what they expect. Random searches, whole stacks and the
    outer floors would cost up to three times their time, and what only they reach is not tested.
    Counting nearly doubles the time of a story: those that add nothing to the count are left out
    of it, so that what is counted is a little less than what is reached."""
    path = str(item.path)
    of_the_core = path.startswith(COVERING) and path not in RETOLD
    told = item.get_closest_marker("slow") is None
    return of_the_core and told and not is_hypothesis_test(getattr(item, "obj", None))


def _how_late(item: pytest.Item) -> int:
    if item.get_closest_marker("xdist_group"):
        return 0
    return 1 if item.get_closest_marker("slow") else 2


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether there is time for everything: `make thorough`."""
    return bool(request.config.getoption("--thorough"))
