"""The query of the prescription monitoring programme before a first dose and before later ones."""

from datetime import UTC, datetime, timedelta

import pytest

from clinical.parameters import Parameters
from clinical.prescription_monitoring import missing_query
from schemas.base import Role
from schemas.protocol import Clinic

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
        (MONDAY, None, False),
    ],
)
def test_before_a_first_dose_the_query_is_of_the_last_day_or_the_last_business_day(
    dosing_at: datetime, queried_at: datetime | None, missing: bool
) -> None:
    found = missing_query(queried_at, dosing_at, NORTH, P, first=True)

    assert bool(found) is missing
    assert {(m.code, m.supplied_by) for m in found} <= {("pdmp_query_outdated", Role.PRESCRIBER)}


@pytest.mark.parametrize(("days", "missing"), [(90, False), (90.01, True)])
def test_a_later_dose_rests_on_a_query_of_ninety_days(days: float, missing: bool) -> None:
    queried_at = MONDAY - timedelta(days=days)

    assert bool(missing_query(queried_at, MONDAY, NORTH, P, first=False)) is missing
