"""Gaps between doses as the gates of a course measure them, and the earliest day of the next."""

from datetime import UTC, datetime, timedelta

import pytest

from clinical.course import spray_series, upcoming
from clinical.course_gates import gap_before
from clinical.parameters import Parameters
from schemas.journey import JourneyState, Series
from schemas.screening import Modality
from tests.workflows.conftest import a_journey
from tests.workflows.places import cleared, dosed, now, signed

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


IN_THE_MORNING = datetime(2026, 12, 2, 15, tzinfo=UTC)
"""Ten o'clock on a Wednesday at the clinic."""


@pytest.mark.parametrize(("minutes_ago", "waits_min"), [(0, 30), (20, 10), (31, 0)])
def test_no_day_is_planned_before_the_consent_that_was_just_signed_holds(
    minutes_ago: float, waits_min: float
) -> None:
    at = IN_THE_MORNING - timedelta(minutes=minutes_ago)
    held = signed()[Modality.IV_KETAMINE].model_copy(update={"signed_at": at})
    state = a_journey("journey-winifred", **cleared(consents={Modality.IV_KETAMINE: held}))
    series = Series(course="induction", modality=Modality.IV_KETAMINE, target=6)

    _, next_at = upcoming(state, series, IN_THE_MORNING, P)

    assert next_at >= IN_THE_MORNING + timedelta(minutes=waits_min)
    assert next_at < IN_THE_MORNING + timedelta(minutes=waits_min + 30)


def test_a_spray_course_begins_once_its_consent_holds() -> None:
    held = signed(Modality.ESKETAMINE)[Modality.ESKETAMINE]
    fresh = held.model_copy(update={"signed_at": IN_THE_MORNING})
    state = a_journey("journey-winifred", **cleared(consents={Modality.ESKETAMINE: fresh}))

    series = spray_series(state, IN_THE_MORNING, P)

    assert series.planned[0] >= IN_THE_MORNING + timedelta(minutes=30)
    assert series.planned[0] < IN_THE_MORNING + timedelta(hours=1)
    assert len(series.planned) == 8
