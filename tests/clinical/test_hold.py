"""On hold: looked at again ahead of now, and within a year."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from clinical.clinic_hours import at_local
from clinical.hold import judge_review
from clinical.parameters import Parameters
from tests.workflows.conftest import NORTH

NOW = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
P = Parameters.default()


def codes(review_at: datetime) -> list[str]:
    return [reason.code for reason in judge_review(review_at, NOW, P)]


def test_a_hold_until_further_notice_is_refused() -> None:
    assert codes(datetime.max.replace(tzinfo=UTC)) == ["review_too_far"]


def test_a_hold_is_looked_at_again_ahead_and_within_a_year() -> None:
    assert codes(NOW) == ["review_in_past"]
    assert codes(NOW + timedelta(minutes=1)) == []
    assert codes(NOW + timedelta(days=365)) == []
    assert codes(NOW + timedelta(days=365, minutes=1)) == ["review_too_far"]


@given(st.dates())
def test_every_date_that_can_be_written_is_answered(review_on: date) -> None:
    found = codes(at_local(review_on, time(9), NORTH))
    assert found in ([], ["review_in_past"], ["review_too_far"])
