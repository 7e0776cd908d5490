"""What-if at the command line: a course in the clinic's own time, with what is in its way."""

from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

import cli
from clinical.course_plan import plan_course
from clinical.parameters import Parameters
from schemas.course_plan import PlannedCourse
from schemas.journey import Phase
from terminal.course_plan import print_plan
from tests.workflows.conftest import a_journey
from tests.workflows.places import treated


def test_a_plan_is_read_in_the_clinics_own_time(capsys: pytest.CaptureFixture[str]) -> None:
    state = a_journey("journey-" + "p" * 26, **treated(Phase.INFUSION_SERIES))
    now = datetime.now(UTC) + timedelta(days=1)  # noqa: TID251 - the states are of today
    plan = plan_course(state, PlannedCourse.SPRAY, now, Parameters.default())

    print_plan(plan)

    shown = capsys.readouterr().out
    for word in ("TRAINING", "America/New_York", "not_in_reevaluation", "switch_to_spray"):
        assert word in shown
    assert "monitoring_form" in shown
    assert "Periodic checks" in shown


def test_a_course_that_is_none_is_wrong_usage() -> None:
    done = CliRunner().invoke(cli.app, ["plan", "journey-x", "--as", "surgery"])

    assert done.exit_code == 2
