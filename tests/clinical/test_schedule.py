"""Calendars as a clinic sees them: local days and hours, closures, and both clock changes."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from clinical.missed_sessions import judge_spray_induction
from clinical.parameters import Parameters
from clinical.schedule import (
    DECISION,
    cap_reasons,
    judge_gap,
    judge_missed,
    monitoring_due,
    next_slot,
    plan_induction,
    plan_maintenance,
    plan_spray,
    plan_taper,
    replan_missed,
)
from schemas.protocol import Clinic
from schemas.screening import Modality

P = Parameters.default()
NEW_YORK = ZoneInfo("America/New_York")
NORTH = Clinic(
    code="north",
    name="Northlight Clinic",
    time_zone="America/New_York",
    opening_hours=dict.fromkeys(range(6), ("08:00", "18:00")),
)
EVERY_DAY = NORTH.model_copy(update={"opening_hours": dict.fromkeys(range(7), ("08:00", "18:00"))})
THREE_A_WEEK = Parameters({**P.values, "iv.freq_per_week": 3})


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=NEW_YORK)  # type: ignore[misc,arg-type]


def shown(dates: Sequence[datetime]) -> list[str]:
    return [at.astimezone(NEW_YORK).strftime("%a %m-%d %H:%M") for at in dates]


def induction(
    start: datetime, clinic: Clinic = NORTH, parameters: Parameters = P, **facts: object
) -> list[str]:
    facts = {"target": 6, "last_dose_at": None, **facts}
    return shown(plan_induction(start, clinic, parameters, **facts))  # type: ignore[arg-type]


def test_six_infusions_twice_a_week() -> None:
    assert induction(local(2027, 1, 4, 10)) == [
        "Mon 01-04 10:00",
        "Thu 01-07 10:00",
        "Mon 01-11 10:00",
        "Thu 01-14 10:00",
        "Mon 01-18 10:00",
        "Thu 01-21 10:00",
    ]


def test_three_a_week_is_monday_wednesday_friday() -> None:
    assert induction(local(2027, 1, 4, 10), parameters=THREE_A_WEEK) == [
        "Mon 01-04 10:00",
        "Wed 01-06 10:00",
        "Fri 01-08 10:00",
        "Mon 01-11 10:00",
        "Wed 01-13 10:00",
        "Fri 01-15 10:00",
    ]


def test_edge_44_a_closure_moves_one_session_and_spacing_holds() -> None:
    closed = NORTH.model_copy(update={"closures": (date(2027, 1, 7), date(2027, 1, 8))})

    assert induction(local(2027, 1, 4, 10), closed)[:3] == [
        "Mon 01-04 10:00",
        "Sat 01-09 10:00",
        "Mon 01-11 10:00",
    ]


def test_edge_44_in_spring_an_hour_is_not_taken_from_the_spacing() -> None:
    """From Friday to Sunday the clocks go forward: the same clock time would be 47 hours."""
    dates = plan_induction(
        local(2027, 3, 12, 10), EVERY_DAY, THREE_A_WEEK, target=2, last_dose_at=None
    )

    assert shown(dates) == ["Fri 03-12 10:00", "Sun 03-14 11:00"]
    assert dates[1] - dates[0] == timedelta(hours=48)


def test_edge_44_in_autumn_the_clock_time_stays() -> None:
    dates = plan_induction(
        local(2027, 11, 5, 10), EVERY_DAY, THREE_A_WEEK, target=2, last_dose_at=None
    )

    assert shown(dates) == ["Fri 11-05 10:00", "Sun 11-07 10:00"]
    assert dates[1] - dates[0] == timedelta(hours=49)


def test_over_leap_day() -> None:
    assert induction(local(2028, 2, 25, 9))[:3] == [
        "Fri 02-25 09:00",
        "Mon 02-28 09:00",
        "Fri 03-03 09:00",
    ]


def test_over_the_end_of_a_year() -> None:
    closed = NORTH.model_copy(update={"closures": (date(2027, 1, 1),)})

    assert induction(local(2026, 12, 29, 9), closed)[:2] == ["Tue 12-29 09:00", "Sat 01-02 09:00"]


def test_the_first_session_waits_48_hours_after_the_last_dose() -> None:
    last = local(2027, 1, 4, 15)

    assert induction(local(2027, 1, 5, 9), last_dose_at=last)[0] == "Wed 01-06 15:00"


def test_a_session_fits_with_its_whole_observation_before_closing() -> None:
    assert induction(local(2027, 1, 4, 15, 50))[0] == "Mon 01-04 15:50"
    assert induction(local(2027, 1, 4, 15, 51))[0] == "Tue 01-05 08:00"


def test_what_does_not_fit_into_28_days_is_not_planned() -> None:
    closed = tuple(date(2027, 1, 6) + timedelta(days=n) for n in range(20))
    holiday = NORTH.model_copy(update={"closures": closed})

    planned = plan_induction(local(2027, 1, 4, 10), holiday, P, target=6, last_dose_at=None)

    assert len(planned) == 4
    assert planned[-1] - planned[0] <= timedelta(days=28)


def test_the_window_holds_its_last_moment() -> None:
    weekly = Parameters({**P.values, "iv.freq_per_week": 1})

    dates = plan_induction(local(2027, 1, 4, 10), NORTH, weekly, target=6, last_dose_at=None)

    assert dates[-1] - dates[0] == timedelta(days=28)


def test_a_clinic_with_a_tighter_weekly_cap_waits_for_it() -> None:
    two = Parameters({**THREE_A_WEEK.values, "iv.max_per_7d": 2})

    dates = plan_induction(local(2027, 1, 4, 10), NORTH, two, target=4, last_dose_at=None)

    assert shown(dates) == [
        "Mon 01-04 10:00", "Wed 01-06 10:00", "Mon 01-11 10:00", "Wed 01-13 10:00",
    ]  # fmt: skip


def test_a_clinic_that_never_opens_has_no_dates() -> None:
    shut = NORTH.model_copy(update={"opening_hours": {0: ("10:00", "10:00")}})

    assert induction(local(2027, 1, 4, 10), shut) == []
    after = local(2027, 1, 4, 10)
    assert next_slot(after, min_gap=timedelta(hours=1), clinic=shut) == after + timedelta(hours=1)


def test_the_labels_spray_calendar_week_by_week() -> None:
    start = local(2027, 1, 4, 10)

    dates = plan_spray(start, NORTH, P, weeks=14)

    weeks = [(at.astimezone(NEW_YORK).date() - start.date()).days // 7 + 1 for at in dates]
    in_week = {week: weeks.count(week) for week in range(1, 15)}
    assert in_week == {
        1: 2, 2: 2, 3: 2, 4: 2,
        5: 1, 6: 1, 7: 1, 8: 1,
        9: 0, 10: 1, 11: 0, 12: 1, 13: 0, 14: 1,
    }  # fmt: skip


def test_the_spray_may_stay_weekly_after_week_eight() -> None:
    weekly = Parameters({**P.values, "esk.maint_interval": 7})

    dates = plan_spray(local(2027, 1, 4, 10), NORTH, weekly, weeks=12)

    assert len(dates) == 8 + 4 + 4


def test_the_first_spray_waits_72_hours_after_the_last_infusion() -> None:
    last = local(2027, 1, 4, 10)

    dates = plan_spray(local(2027, 1, 5, 9), NORTH, P, weeks=1, last_dose_at=last)

    assert shown(dates)[0] == "Thu 01-07 10:00"


def test_a_spray_session_keeps_its_clock_time_through_spring() -> None:
    dates = plan_spray(local(2027, 3, 8, 10), NORTH, P, weeks=3)

    assert {at.astimezone(NEW_YORK).hour for at in dates} == {10}


def test_the_taper_is_four_weekly_four_fortnightly_three_monthly() -> None:
    last = local(2027, 1, 4, 10)

    dates = plan_taper(last, NORTH, P)

    days = [(b.date() - a.date()).days for a, b in pairwise([last, *dates])]
    assert days == [7] * 4 + [14] * 4 + [28] * 3


def test_a_step_back_begins_the_taper_again_from_the_step_before() -> None:
    last = local(2027, 1, 4, 10)

    assert len(plan_taper(last, NORTH, P, from_step=1)) == 7
    assert len(plan_taper(last, NORTH, P, from_step=1, done_in_step=3)) == 4
    assert plan_taper(last, NORTH, P, from_step=9) == ()


@pytest.mark.parametrize(
    ("wished", "days"), [(None, 21), (7, 7), (3, 7), (42, 42), (60, 42), (14, 14)]
)
def test_maintenance_keeps_to_7_to_42_days(wished: int | None, days: int) -> None:
    last = local(2027, 1, 4, 10)

    dates = plan_maintenance(last, NORTH, P, sessions=3, interval_days=wished)

    gaps = [(b.date() - a.date()).days for a, b in pairwise([last, *dates])]
    assert gaps == [days] * 3


def test_edge_1_a_missed_session_replans_the_rest_within_the_window() -> None:
    began = local(2027, 1, 4, 10)

    replan = replan_missed(
        local(2027, 1, 11, 10), NORTH, P, now=local(2027, 1, 12, 9), remaining=4,
        last_dose_at=local(2027, 1, 7, 10), began_at=began,
    )  # fmt: skip

    assert replan.fits
    assert len(replan.dates) == 4
    assert replan.dates[-1] <= began + timedelta(days=28)


def test_edge_1_a_series_that_no_longer_fits_goes_to_reevaluation_with_what_it_has() -> None:
    replan = replan_missed(
        local(2027, 1, 25, 10), NORTH, P, now=local(2027, 1, 27, 9), remaining=5,
        last_dose_at=local(2027, 1, 7, 10), began_at=local(2027, 1, 4, 10),
    )  # fmt: skip

    assert not replan.fits
    assert len(replan.dates) < 5
    assert replan.reasons[0].code == "series_does_not_fit"


@pytest.mark.parametrize(
    ("in_row", "codes"),
    [
        (0, []),
        (1, ["contact_patient", "reoffer_session"]),
        (2, ["contact_patient", "hold_journey"]),
        (3, ["contact_patient", "hold_journey", "psychiatrist_decides"]),
    ],
)
def test_edge_2_no_shows_in_a_row(in_row: int, codes: list[str]) -> None:
    assert [reason.code for reason in judge_missed(in_row, P)] == codes


@pytest.mark.parametrize(
    ("days", "modality", "in_induction", "codes"),
    [
        (13, Modality.ESKETAMINE, True, []),
        (14, Modality.ESKETAMINE, True, ["prescriber_decides_restart"]),
        (14, Modality.ESKETAMINE, False, []),
        (15, Modality.ESKETAMINE, False, ["reassess"]),
        (28, Modality.IV_KETAMINE, True, []),
        (29, Modality.IV_KETAMINE, False, ["reassess", "refresh_checks"]),
        (90, Modality.IV_KETAMINE, False, ["reassess", "refresh_checks"]),
        (
            91,
            Modality.IV_KETAMINE,
            False,
            ["reassess", "refresh_checks", "consent_and_screening_again"],
        ),
    ],
)
def test_what_a_gap_calls_for(
    days: int, modality: Modality, in_induction: bool, codes: list[str]
) -> None:
    reasons = judge_gap(
        timedelta(days=days), modality, P, in_induction=in_induction,
        planned_interval=timedelta(days=7),
    )  # fmt: skip

    assert [reason.code for reason in reasons] == codes


def test_periodic_monitoring_first_due_first() -> None:
    began = datetime(2027, 1, 4, tzinfo=UTC)
    now = began + timedelta(days=100)

    items = monitoring_due({"luts": began + timedelta(days=80)}, began, now, P)

    overdue = {item.kind for item in items if item.overdue}
    assert overdue == {"ua", "psychiatrist_review", "misuse_screen", "pdmp"}
    assert [item.due_at for item in items] == sorted(item.due_at for item in items)
    due = next(item for item in items if item.kind == "ua").due_at
    assert not any(i.overdue for i in monitoring_due({}, began, due, P) if i.kind == "ua")
    raised = monitoring_due({}, began, now, P, liver_raised=True)
    assert next(i for i in raised if i.kind == "lft").due_at == began + timedelta(days=90)


@pytest.mark.parametrize(
    ("in_year", "acute", "codes"),
    [
        (17, 7, []),
        (18, 7, ["year_review"]),
        (24, 7, ["year_alert"]),
        (3, 8, ["acute_cap"]),
    ],
)
def test_caps_on_infusions(in_year: int, acute: int, codes: list[str]) -> None:
    now = datetime(2027, 6, 1, tzinfo=UTC)
    doses = [now - timedelta(days=n) for n in (*range(in_year), 365)]

    assert [r.code for r in cap_reasons(doses, now, P, acute_sessions=acute)] == codes
    assert cap_reasons(doses, now, P, acute_sessions=acute, modality=Modality.ESKETAMINE) == ()


def test_the_next_slot_leaves_room_for_the_longest_session() -> None:
    slot = next_slot(local(2027, 1, 4, 17), min_gap=timedelta(0), clinic=NORTH)

    assert shown([slot]) == ["Tue 01-05 08:00"]


def test_dates_are_aware_utc() -> None:
    dates = plan_induction(local(2027, 1, 4, 10), NORTH, P, target=3, last_dose_at=None)

    assert all(at.tzinfo is UTC for at in dates)


def test_a_clinic_in_another_zone_plans_in_its_own() -> None:
    south = NORTH.model_copy(update={"time_zone": "America/Los_Angeles"})

    slot = next_slot(datetime(2027, 1, 4, 12, tzinfo=UTC), min_gap=timedelta(0), clinic=south)

    assert slot == datetime(2027, 1, 4, 16, tzinfo=UTC)


def test_the_bench_answers_as_the_workflow_is_answered() -> None:
    start = local(2027, 1, 4, 10)
    facts = DECISION.facts(calendar="induction", clinic=NORTH, now=start)

    replan = DECISION.decide(facts, P)

    assert replan.dates == plan_induction(start, NORTH, P, target=6, last_dose_at=None)  # type: ignore[attr-defined]


@pytest.mark.parametrize("calendar", ["induction", "spray", "taper", "maintenance"])
def test_the_bench_plans_every_calendar(calendar: str) -> None:
    facts = DECISION.facts(calendar=calendar, clinic=NORTH, now=local(2027, 1, 4, 10))

    assert DECISION.decide(facts, P).dates  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("missed", "days", "expected"),
    [
        (2, 42, []),
        (3, 42, ["induction_missed_too_many"]),
        (2, 43, ["induction_too_long"]),
        (3, 43, ["induction_missed_too_many", "induction_too_long"]),
    ],
)
def test_an_induction_of_the_spray_bears_two_missed_sessions_and_six_weeks(
    missed: int, days: int, expected: list[str]
) -> None:
    reasons = judge_spray_induction(missed, timedelta(days=days), P)
    assert [reason.code for reason in reasons] == expected
    assert all("prescriber decides" in reason.text for reason in reasons)
