"""Calendars, missed sessions, gaps and monitoring on both sides of each number (5.5, 7.4, 11.1)."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from clinical.appointments import later_starts, patients_per_nurse
from clinical.missed_sessions import judge_gap, judge_missed, judge_spray_induction
from clinical.monitoring import cap_reasons, monitoring_due
from clinical.parameters import Parameters
from clinical.schedule import (
    plan_induction,
    plan_maintenance,
    plan_spray,
    plan_taper,
    replan_missed,
)
from schemas.screening import Modality
from tests.clinical.boundaries.rows import (
    IV,
    NORTH,
    SPRAY,
    T0,
    Fires,
    Row,
    both,
    codes,
    length,
    texts,
)

MONDAY = T0 - timedelta(days=2)


def induction(p: Parameters, start: datetime = MONDAY, **more: Any) -> tuple[datetime, ...]:
    facts = {"target": 8, "last_dose_at": None, **more}
    return plan_induction(start, NORTH, p, **facts)


def in_week(dates: tuple[datetime, ...], week: int) -> int:
    """How many sessions lie in that week of treatment, from 0."""
    days = [(day.date() - dates[0].date()).days // 7 for day in dates]
    return days.count(week)


def sprays(p: Parameters) -> tuple[datetime, ...]:
    return plan_spray(MONDAY, NORTH, p, weeks=14)


def spread(value: float, p: Parameters) -> bool:
    """Two sprays so many days apart, once they are given at their widest."""
    dates = sprays(p)
    return (dates[-1].date() - dates[-2].date()).days <= value


def kept_open(value: float, p: Parameters) -> bool:
    """An infusion so many days after the first still belongs to the series."""
    start = T0 + timedelta(days=value)
    return bool(induction(p, start, target=1, began_at=T0))


def later_than_usual(value: float, p: Parameters) -> bool:
    """A series whose last infusion falls so many days after its first."""
    plan = replan_missed(
        T0, NORTH, p, now=T0 + timedelta(days=value), remaining=1, last_dose_at=None, began_at=T0
    )
    return plan.fits and "series_past_window" in codes(plan.reasons)


def too_close(value: float, p: Parameters) -> bool:
    """A next infusion so many hours after the last; the wish is to go on at once."""
    (day,) = induction(p, T0 + timedelta(hours=1), target=1, last_dose_at=T0)
    return day <= T0 + timedelta(hours=value)


def first(p: Parameters, **more: Any) -> int:
    """Days from the last dose to the next of maintenance."""
    (day,) = plan_maintenance(T0, NORTH, p, **more)
    return (day.date() - T0.date()).days


def switched(value: float, p: Parameters) -> bool:
    """A spray so many hours after an infusion; the wish is to go on the same day."""
    first_spray = plan_spray(MONDAY, NORTH, p, weeks=1, last_dose_at=MONDAY)[0]
    return first_spray <= MONDAY + timedelta(hours=value)


def gapped(name: str, code: str, modality: Modality = IV, *, induction: bool = False) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        month = timedelta(days=300)
        found = judge_gap(
            length(name, value), modality, p, in_induction=induction, planned_interval=month
        )
        return code in codes(found)

    return fires


def intervals(value: float, p: Parameters) -> bool:
    week = timedelta(days=7)
    found = judge_gap(value * week, IV, p, in_induction=False, planned_interval=week)
    return "reassess" in codes(found)


def monitored(kind: str, name: str, **more: Any) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        items = monitoring_due({}, T0 - length(name, value), T0, p, **more)
        return next(item.overdue for item in items if item.kind == kind)

    return fires


def capped(code: str) -> Fires:
    return lambda value, p: code in codes(cap_reasons((T0,) * int(value), T0, p))


def looked(p: Parameters) -> tuple[datetime, ...]:
    """Where another hour than ten o'clock on Wednesday is looked for."""
    return later_starts(T0, NORTH, IV, p)


def found_after(value: float, p: Parameters) -> bool:
    """The first other hour is no later than so many minutes after the wanted one."""
    return looked(p)[0] <= T0 + timedelta(minutes=value)


def looked_at(value: float, p: Parameters) -> bool:
    """A day so many days on is still looked through; the clinic of this test is open daily."""
    every_day = NORTH.model_copy(update={"opening_hours": dict.fromkeys(range(7), HOURS)})
    days = {at.date() for at in later_starts(T0, every_day, IV, p)}
    return (T0 + timedelta(days=value)).date() in days


HOURS = ("08:00", "18:00")

TABLE = (
    Row("staff.recovery_per_nurse", "<=", 1, lambda v, p: v <= patients_per_nurse(p)),
    Row("booking.step", ">=", 1, found_after),
    Row("booking.search_days", "<=", 1, looked_at),
    Row("iv.freq_per_week", "<=", 1, lambda v, p: v <= in_week(induction(p), 0)),
    Row("iv.series_window", ">", 1, later_than_usual),
    Row("iv.series_window_max", "<=", 1, kept_open),
    Row("iv.min_interval", ">=", 1, too_close),
    Row("esk.induction_freq", "<=", 1, lambda v, p: v <= in_week(sprays(p), 0)),
    Row("esk.induction_weeks", "<=", 1, lambda v, p: in_week(sprays(p), int(v) - 1) > 1),
    Row("esk.opt_weeks", "<=", 1, lambda v, p: in_week(sprays(p), 3 + int(v)) == 1),
    Row("esk.maint_interval", ">=", 1, spread),
    Row("esk.gap_after_iv_target", ">=", 1, switched),
    Row("maint.interval_default", ">=", 1, lambda v, p: v >= first(p)),
    Row("maint.interval_min", ">=", 1, lambda v, p: v >= first(p, interval_days=1)),
    Row("maint.interval_max", ">=", 1, lambda v, p: v >= first(p, interval_days=300)),
    Row("maint.min_interval_from_month2", ">=", 1,
        lambda v, p: v >= first(p, interval_days=1)),
    Row("gap.induction_restart", ">=", 1, gapped(
        "gap.induction_restart", "prescriber_decides_restart", SPRAY, induction=True)),
    Row("gap.induction_missed_max", ">", 1,
        lambda v, p: bool(judge_spray_induction(int(v), timedelta(), p))),
    Row("gap.induction_window_max", ">", 0.5, lambda v, p: bool(
        judge_spray_induction(0, length("gap.induction_window_max", v), p))),
    Row("gap.refresh_after", ">", 1, gapped("gap.refresh_after", "refresh_checks")),
    Row("consent.reconsent_gap", ">", 1,
        gapped("consent.reconsent_gap", "consent_and_screening_again")),
    Row("gap.reassess_intervals", ">", 0.5, intervals),
    Row("noshow.contact", "==", 0.5, lambda v, p: f"within {v:g} h" in texts(judge_missed(2, p))),
    Row("noshow.reoffer_within", "==", 1,
        lambda v, p: f"session within {v:g} h" in texts(judge_missed(1, p))),
    Row("noshow.hold_after", ">=", 1, lambda v, p: "hold_journey" in codes(
        judge_missed(int(v), p))),
    Row("noshow.max_consecutive", ">=", 1, lambda v, p: "psychiatrist_decides" in codes(
        judge_missed(int(v), p))),
    Row("maint.hard_alert_12mo", ">=", 1, capped("year_alert")),
    Row("maint.soft_cap_12mo", ">=", 1, capped("year_review")),
    Row("mon.luts", ">", 1, monitored("luts", "mon.luts")),
    Row("mon.cognition", ">", 1, monitored("cognition", "mon.cognition")),
    Row("mon.lft", ">", 1, monitored("lft", "mon.lft")),
    Row("screen.lft_valid", ">", 1, monitored("lft", "screen.lft_valid", liver_raised=True)),
    Row("screen.ua_valid", ">", 1, monitored("ua", "screen.ua_valid")),
    Row("maint.review_every", ">", 1, monitored("psychiatrist_review", "maint.review_every")),
    Row("maint.review_every", ">", 1, monitored("misuse_screen", "maint.review_every")),
    Row("pdmp.repeat", ">", 1, monitored("pdmp", "pdmp.repeat")),
    Row("consent.valid", ">", 1, monitored("consent", "consent.valid")),
)  # fmt: skip


@pytest.mark.parametrize(("row", "at"), both(TABLE))
def test_a_calendar_keeps_to_each_number_on_both_sides(row: Row, at: float) -> None:
    assert row.answers(at) == row.expected(at)


@pytest.mark.parametrize(
    ("steps", "days"),
    [
        (("7x4", "14x4", "28x3"), [7] * 4 + [14] * 4 + [28] * 3),
        (("7x3", "14x4", "28x3"), [7] * 3 + [14] * 4 + [28] * 3),
        (("8x1", "14x5", "27x2"), [8] + [14] * 5 + [27] * 2),
    ],
)
def test_a_taper_keeps_to_each_of_its_steps(steps: tuple[str, ...], days: list[int]) -> None:
    p = Parameters({**Parameters.default().values, "taper.steps": steps})
    dates = [T0, *plan_taper(T0, NORTH, p)]
    gaps = [(b.date() - a.date()).days for a, b in pairwise(dates)]
    assert gaps == days
