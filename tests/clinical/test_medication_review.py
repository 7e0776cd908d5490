"""Pressure too high before the dose, time and again (11.6)."""

from datetime import UTC, datetime, timedelta

import pytest

from clinical.medication_review import high_before_dose, judge_high_days
from clinical.parameters import Parameters
from schemas.infusion import SessionPhase, SessionResult
from schemas.screening import Modality
from tests.clinical.readings import bp

P = Parameters.default()
MONDAY = datetime(2027, 3, 1, 15, tzinfo=UTC)
WEEK = P.duration("bp.review_window")


def day(number: int, at: datetime, *, high: bool = True) -> SessionResult:
    return SessionResult(
        session_id=f"journey-before-infusion-{number}",
        modality=Modality.IV_KETAMINE,
        number=number,
        phase=SessionPhase.DISCHARGED,
        scheduled_at=at,
        ended_at=at,
        pressure_high=high,
    )


@pytest.mark.parametrize(
    ("pressures", "high"),
    [
        ([(150, 92), (132, 84)], False),
        ([(150, 92), (148, 91), (146, 92)], True),
        ([(168, 102), (166, 104)], True),
        ([(168, 102), (138, 84), (166, 104)], False),
        ([], False),
    ],
)
def test_edge_6_pressure_that_settles_with_rest_is_not_too_high(
    pressures: list[tuple[int, int]],
    high: bool,
) -> None:
    readings = [bp(*pressure, minute=10 * n) for n, pressure in enumerate(pressures)]

    assert high_before_dose(readings, P) is high


@pytest.mark.parametrize(("apart", "asked"), [(WEEK, True), (WEEK + timedelta(hours=1), False)])
def test_edge_6_two_days_within_a_week_are_a_medication_review(
    apart: timedelta,
    asked: bool,
) -> None:
    days = [day(1, MONDAY), day(2, MONDAY + apart)]

    assert bool(judge_high_days(days, None, P)) is asked


def test_days_before_the_last_review_do_not_count_again() -> None:
    days = [day(1, MONDAY), day(2, MONDAY + timedelta(days=3)), day(3, MONDAY + timedelta(days=5))]

    assert not judge_high_days(days, MONDAY + timedelta(days=4), P)


def test_a_day_of_calm_pressure_in_between_takes_nothing_back() -> None:
    calm = day(2, MONDAY + timedelta(days=2), high=False)

    assert judge_high_days([day(1, MONDAY), calm, day(3, MONDAY + timedelta(days=5))], None, P)
