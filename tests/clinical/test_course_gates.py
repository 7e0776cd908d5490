"""Gaps between doses as the gates of a course measure them."""

from datetime import timedelta

import pytest

from clinical.course import spray_series
from clinical.course_gates import gap_before
from clinical.parameters import Parameters
from schemas.journey import JourneyState
from schemas.screening import Modality
from tests.workflows.conftest import a_journey
from tests.workflows.places import cleared, dosed, now

P = Parameters.default()


def sprayed(times: int) -> JourneyState:
    """Twice a week for four weeks, then weekly; the last one a week ago."""
    days_ago = [7 + 7 * (times - n) if n > 8 else 7 + 7 * (times - 8) + 4 * (8 - n)
                for n in range(1, times + 1)]  # fmt: skip
    given = [dosed(n, ago, modality=Modality.ESKETAMINE) for n, ago in enumerate(days_ago, start=1)]
    return a_journey("journey-winifred", **cleared(sessions=given))


@pytest.mark.parametrize("times", [10, 11])
def test_a_gap_in_the_weekly_sprays_is_assessed_whether_one_or_two_are_left(times: int) -> None:
    state = sprayed(times)
    series = spray_series(state, now(), P)
    last = state.sessions[-1].dosed_at
    assert last is not None

    assert len(series.planned) == 12 - times
    assert [r.code for r in gap_before(state, series, last + timedelta(days=28), P)] == ["reassess"]
