"""The query of the prescription monitoring programme before a first dose and before later ones."""

from datetime import UTC, datetime, timedelta

import pytest

from clinical.parameters import Parameters
from clinical.prescription_monitoring import (
    is_first_dose,
    judge_told,
    known_query,
    last_query,
    missing_query,
)
from schemas.base import Role
from schemas.protocol import Clinic
from tests.clinical.treatment_day import PLAN
from tests.workflows.conftest import a_journey
from tests.workflows.places import cleared, dosed

P = Parameters.default()
NORTH = Clinic(code="north", name="Northlight Clinic", time_zone="America/New_York")
MONDAY = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
AFTER_HOLIDAY = datetime(2027, 2, 16, 15, 0, tzinfo=UTC)
"""The Tuesday after Presidents' Day."""


@pytest.mark.parametrize(
    ("dosing_at", "queried_at", "missing"),
    [
        (MONDAY + timedelta(days=2), MONDAY + timedelta(days=1), False),
        (MONDAY + timedelta(days=2), MONDAY + timedelta(days=1, seconds=-1), True),
        (MONDAY, datetime(2027, 2, 26, 5, 0, tzinfo=UTC), False),
        (MONDAY, datetime(2027, 2, 26, 4, 59, tzinfo=UTC), True),
        (AFTER_HOLIDAY, datetime(2027, 2, 12, 5, 0, tzinfo=UTC), False),
        (AFTER_HOLIDAY, datetime(2027, 2, 12, 4, 59, tzinfo=UTC), True),
        (MONDAY, None, True),
    ],
)
def test_before_a_first_dose_the_query_is_of_the_last_day_or_the_last_business_day(
    dosing_at: datetime, queried_at: datetime | None, missing: bool
) -> None:
    found = missing_query(queried_at, dosing_at, NORTH, P, first=True)

    assert bool(found) is missing
    code = "pdmp_query_missing" if queried_at is None else "pdmp_query_outdated"
    assert {(m.code, m.supplied_by) for m in found} <= {(code, Role.PRESCRIBER)}


@pytest.mark.parametrize(("days", "missing"), [(90, False), (90.01, True)])
def test_a_later_dose_rests_on_a_query_of_ninety_days(days: float, missing: bool) -> None:
    queried_at = MONDAY - timedelta(days=days)

    assert bool(missing_query(queried_at, MONDAY, NORTH, P, first=False)) is missing


def test_a_later_dose_without_any_query_on_record_waits_for_one() -> None:
    (found,) = missing_query(None, MONDAY, NORTH, P, first=False)

    assert (found.code, found.supplied_by) == ("pdmp_query_missing", Role.PRESCRIBER)


def test_a_query_dated_after_the_dose_was_not_made_before_it() -> None:
    at = known_query((MONDAY + timedelta(minutes=1), MONDAY - timedelta(days=3), None), MONDAY)

    assert at == MONDAY - timedelta(days=3)
    assert known_query((None,), MONDAY) is None


@pytest.mark.parametrize(("hours", "asked"), [(25, False), (24, True), (2, True)])
def test_a_first_query_is_asked_for_ahead_once_one_made_then_would_count(
    hours: float, asked: bool
) -> None:
    wednesday = MONDAY + timedelta(days=2)
    now = wednesday - timedelta(hours=hours)

    assert bool(missing_query(None, wednesday, NORTH, P, first=True, now=now)) is asked


def test_a_first_dose_here_is_one_though_others_were_given_elsewhere() -> None:
    elsewhere = dosed(1, 10, source="another clinic")
    plan = PLAN.model_copy(update={"history": (elsewhere,), "last_dose_at": elsewhere.dosed_at})

    assert is_first_dose(plan)
    assert not is_first_dose(plan.model_copy(update={"history": (elsewhere, dosed(2, 3))}))
    assert not is_first_dose(PLAN)
    assert is_first_dose(PLAN.model_copy(update={"last_dose_at": None}))


def test_a_query_of_tomorrow_is_a_slip() -> None:
    assert judge_told(MONDAY + timedelta(hours=1), NORTH, MONDAY) == ()
    assert judge_told(None, NORTH, MONDAY) == ()
    (reason,) = judge_told(MONDAY + timedelta(days=1), NORTH, MONDAY)
    assert reason.code == "query_ahead"


def test_the_newest_query_of_a_journey_is_the_screenings_or_one_told_since() -> None:
    state = a_journey("journey-ines", **cleared())
    screened = last_query(state)
    assert screened is not None

    state.notes.monitoring["pdmp"] = screened + timedelta(days=2)
    assert last_query(state) == screened + timedelta(days=2)
    state.notes.monitoring["pdmp"] = screened - timedelta(days=2)
    assert last_query(state) == screened
    assert last_query(a_journey("journey-ines", screening=None)) is None
