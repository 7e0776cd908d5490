"""Spacing, windows and opening hours hold in any year, zone and season."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.aftercare import follow_up_window
from clinical.clinic_hours import opening
from clinical.parameters import Parameters
from clinical.readiness import session_length
from clinical.schedule import plan_induction, plan_maintenance, plan_spray, plan_taper
from schemas.protocol import Clinic
from schemas.screening import Modality

PROPERTY = settings(max_examples=80, deadline=None, derandomize=True)
P = Parameters.default()
ZONES = ("America/New_York", "America/Los_Angeles", "America/Phoenix", "Australia/Lord_Howe", "UTC")
HOURS = st.sampled_from((("08:00", "18:00"), ("06:00", "12:00"), ("00:30", "06:30")))
DAYS = st.dates(date(1990, 1, 1), date(2199, 12, 31))
CLINICS = st.builds(
    lambda zone, days, hours, closures: Clinic(
        code="any",
        name="Any Clinic",
        time_zone=zone,
        opening_hours=dict.fromkeys(sorted(days), hours),
        closures=tuple(closures),
    ),
    st.sampled_from(ZONES),
    st.sets(st.integers(0, 6), min_size=1),
    HOURS,
    st.lists(DAYS, max_size=5),
)
STARTS = st.datetimes(datetime(1990, 1, 1), datetime(2199, 12, 31)).map(  # noqa: DTZ001
    lambda naive: naive.replace(tzinfo=UTC)
)


def fits(at: datetime, clinic: Clinic, length: timedelta) -> bool:
    hours = opening(at.astimezone(ZoneInfo(clinic.time_zone)).date(), clinic)
    return hours is not None and hours[0] <= at and at + length <= hours[1]


@PROPERTY
@given(CLINICS, STARTS, st.integers(0, 8), st.integers(1, 3), st.one_of(st.none(), STARTS))
def test_an_induction_keeps_spacing_window_and_hours(
    clinic: Clinic, start: datetime, target: int, per_week: int, last: datetime | None
) -> None:
    parameters = Parameters({**P.values, "iv.freq_per_week": per_week})

    dates = plan_induction(start, clinic, parameters, target=target, last_dose_at=last)

    length = session_length(Modality.IV_KETAMINE, parameters)
    assert len(dates) <= target
    assert all(at >= start and fits(at, clinic, length) for at in dates)
    assert all(b - a >= timedelta(hours=48) for a, b in pairwise(dates))
    assert all(c - a >= timedelta(days=7) for a, c in zip(dates, dates[3:], strict=False))
    assert not dates or dates[-1] - dates[0] <= timedelta(days=28)
    assert last is None or all(at >= last + timedelta(hours=48) for at in dates)


@PROPERTY
@given(CLINICS, STARTS, st.integers(0, 16))
def test_a_spray_course_is_never_denser_than_the_label(
    clinic: Clinic, start: datetime, weeks: int
) -> None:
    dates = plan_spray(start, clinic, P, weeks=weeks)

    zone = ZoneInfo(clinic.time_zone)
    days = [at.astimezone(zone).date() for at in dates]
    length = session_length(Modality.ESKETAMINE, P)
    assert all(at >= start and fits(at, clinic, length) for at in dates)
    assert all(b - a >= timedelta(hours=48) for a, b in pairwise(dates))
    assert all((c - a).days >= 7 for a, c in zip(days, days[2:], strict=False))


@PROPERTY
@given(CLINICS, STARTS, st.integers(1, 60))
def test_taper_and_maintenance_never_come_closer_than_planned(
    clinic: Clinic, last: datetime, interval: int
) -> None:
    zone = ZoneInfo(clinic.time_zone)

    for dates in (
        plan_taper(last, clinic, P),
        plan_maintenance(last, clinic, P, sessions=5, interval_days=interval),
    ):
        days = [at.astimezone(zone).date() for at in (last, *dates)]
        assert all((b - a).days >= 7 for a, b in pairwise(days))


@PROPERTY
@given(STARTS)
def test_the_follow_up_is_20_to_30_elapsed_hours_on_any_night(discharged_at: datetime) -> None:
    opens, closes = follow_up_window(discharged_at, P)

    assert (opens - discharged_at, closes - opens) == (timedelta(hours=20), timedelta(hours=10))
