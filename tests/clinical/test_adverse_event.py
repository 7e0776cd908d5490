"""Who must be told of an adverse event by when: hours, calendar days and business days apart."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinical.adverse_event import is_serious, report_deadlines
from clinical.clinic_hours import (
    after_business_days,
    after_calendar_days,
    federal_holidays,
    is_business_day,
)
from clinical.parameters import Parameters
from schemas.adverse_event import AdverseEvent, DayBasis, Deadline
from schemas.protocol import Clinic
from schemas.schedule import BusinessDays, CalendarDays
from schemas.screening import Modality

P = Parameters.default()
NEW_YORK = ZoneInfo("America/New_York")
NORTH = Clinic(code="north", name="Northlight Clinic", time_zone="America/New_York")
FRIDAY = datetime(2027, 1, 15, 16, 0, tzinfo=NEW_YORK)
"""The Monday after it is a federal holiday."""


def event(code: str = "hypertension", grade: int = 2, serious: bool = False) -> AdverseEvent:
    return AdverseEvent(code=code, grade=grade, serious=serious, description="as seen")


def told(
    what: AdverseEvent, modality: Modality = Modality.IV_KETAMINE, **facts: bool
) -> dict[str, Deadline]:
    found = report_deadlines(what, modality, FRIDAY, NORTH, P, **facts)  # type: ignore[arg-type]
    return {deadline.to: deadline for deadline in found}


@pytest.mark.parametrize(
    ("what", "serious"),
    [
        (event(grade=3), False),
        (event(grade=3, serious=True), True),
        (event(grade=4), True),
        (event(grade=5), True),
        (event("suicide_attempt", grade=1), True),
    ],
)
def test_what_is_serious(what: AdverseEvent, serious: bool) -> None:
    assert is_serious(what) is serious


def test_a_mild_event_is_nobodys_deadline() -> None:
    assert told(event()) == {}


def test_a_serious_event_of_an_infusion() -> None:
    deadlines = told(event(serious=True))

    assert deadlines["medical_director"].by == FRIDAY
    assert deadlines["medical_director_written"].by == FRIDAY + timedelta(hours=24)
    medwatch = deadlines["fda_medwatch"]
    assert (medwatch.basis, medwatch.required) == (DayBasis.CALENDAR, False)
    assert medwatch.by == FRIDAY + timedelta(days=15)
    assert "safety_programme" not in deadlines


def test_a_serious_event_of_the_spray_goes_to_its_programme_too() -> None:
    deadlines = told(event(serious=True), Modality.ESKETAMINE)

    assert deadlines["safety_programme"].by == FRIDAY + timedelta(hours=24)
    assert deadlines["monitoring_form"].by == FRIDAY + timedelta(days=7)


def test_theft_is_one_business_day_and_forty_five_calendar_days() -> None:
    deadlines = told(event("theft", grade=1))

    tuesday = datetime(2027, 1, 19, 16, 0, tzinfo=NEW_YORK)
    assert deadlines["dea_field_division"].by == tuesday
    assert deadlines["dea_field_division"].basis is DayBasis.BUSINESS
    assert deadlines["dea_form_106"].by == FRIDAY + timedelta(days=45)
    assert deadlines["dea_form_106"].basis is DayBasis.CALENDAR


def test_edge_28_a_pump_that_harmed_is_reported_within_ten_work_days() -> None:
    by = told(event("pump_failure", serious=True))["device_manufacturer"].by

    assert by == datetime(2027, 2, 1, 16, 0, tzinfo=NEW_YORK)
    assert "device_manufacturer" not in told(event("pump_failure"))


def test_edge_8_a_pregnancy_is_told_at_once() -> None:
    deadlines = told(event("pregnancy_exposure", grade=1))

    assert {d.by for d in deadlines.values()} == {FRIDAY}
    assert set(deadlines) == {"primary_care", "obstetrics", "pregnancy_registry"}


@pytest.mark.parametrize("code", ["suicide_attempt", "suicide", "death"])
def test_a_death_or_an_attempt_reminds_of_the_insurer_and_the_state(code: str) -> None:
    """As required there: no number is a rule for all states (8.3)."""
    reminder = told(event(code))["insurer_and_state"]
    assert (reminder.by, reminder.required) == (FRIDAY, False)


def test_edge_49_a_death_is_told_at_once_inside_and_to_the_primary_provider() -> None:
    deadlines = told(event("death", grade=5))

    assert deadlines["medical_director"].by == FRIDAY
    assert deadlines["primary_provider"].by == FRIDAY


def test_a_compounded_drugs_pharmacy_is_told() -> None:
    assert "compounding_pharmacy" in told(event(serious=True), compounded=True)


def test_first_deadline_first() -> None:
    found = report_deadlines(event(serious=True), Modality.ESKETAMINE, FRIDAY, NORTH, P)

    assert [d.by for d in found] == sorted(d.by for d in found)
    assert all(d.reason.source for d in found)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, (2027, 1, 15)),
        (1, (2027, 1, 19)),
        (2, (2027, 1, 20)),
        (5, (2027, 1, 25)),
    ],
)
def test_business_days_skip_weekend_and_holiday(days: int, expected: tuple[int, int, int]) -> None:
    by = after_business_days(FRIDAY, BusinessDays(count=days), NORTH)

    assert by.astimezone(NEW_YORK).date() == date(*expected)


def test_a_states_own_holiday_can_be_named() -> None:
    by = after_business_days(FRIDAY, BusinessDays(count=1), NORTH, (date(2027, 1, 19),))

    assert by.astimezone(NEW_YORK).date() == date(2027, 1, 20)


@pytest.mark.parametrize(
    "day",
    [
        date(2027, 1, 1), date(2027, 1, 18), date(2027, 2, 15), date(2027, 5, 31),
        date(2027, 6, 18), date(2027, 7, 5), date(2027, 9, 6), date(2027, 10, 11),
        date(2027, 11, 11), date(2027, 11, 25), date(2027, 12, 24), date(2027, 12, 31),
        date(2028, 5, 29), date(2028, 11, 10),
    ],
)  # fmt: skip
def test_federal_holidays_and_the_days_they_are_kept_on(day: date) -> None:
    """19 June, 25 December 2027 and 1 January 2028 fall on Saturdays; 4 July on a Sunday."""
    assert day in federal_holidays(day)
    assert not is_business_day(day)


def test_calendar_days_keep_the_clock_time_over_a_clock_change() -> None:
    before = datetime(2027, 3, 13, 9, 0, tzinfo=NEW_YORK)

    after = after_calendar_days(before, CalendarDays(count=1), NORTH)

    assert after.astimezone(NEW_YORK).hour == 9
    assert after - before.astimezone(UTC) == timedelta(hours=23)
