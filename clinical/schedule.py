"""Calendars of treatment: induction, spray, taper, maintenance. Dates only; people book.

Dates are thought of at the clinic, in its zone, inside its opening hours; results are aware UTC.
Hours between doses are elapsed hours, so a clock change can never bring two doses closer.
Sources: fact sheet 4.1, 5.2, 7.4, 11.44.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from typing import Annotated, assert_never

from pydantic import Field

from clinical.clinic_hours import local_date
from clinical.decision_kind import DecisionKind
from clinical.missed_sessions import judge_gap, judge_missed
from clinical.monitoring import cap_reasons, monitoring_due
from clinical.parameters import Parameters
from clinical.readiness import session_length
from clinical.session_dates import (
    infusion_days,
    infusion_spacing,
    plan_at_offsets,
    plan_chain,
    spray_days,
)
from clinical.slots import Spacing, slot_from
from schemas.base import Instant, Reason, Value
from schemas.protocol import Clinic
from schemas.schedule import Replan
from schemas.screening import Modality

__all__ = [
    "cap_reasons", "judge_gap", "judge_missed", "monitoring_due", "next_slot", "plan_induction",
    "plan_maintenance", "plan_spray", "plan_taper", "replan_missed",
]  # fmt: skip


def plan_induction(
    first_not_before: datetime,
    clinic: Clinic,
    parameters: Parameters,
    *,
    target: int,
    last_dose_at: datetime | None,
    began_at: datetime | None = None,
    previous_doses_at: Sequence[datetime] = (),
) -> tuple[datetime, ...]:
    """Up to `target` infusions: two a week (or as the clinic set), at least 48 h apart, at most
    three in any seven days, all within 28 days of the first. Fewer when the window closes first:
    then the series goes to reevaluation with what it has. `began_at`: the series' first infusion
    (4.1).
    """
    done = sorted({*previous_doses_at, *((last_dose_at,) if last_dose_at else ())})
    spacing = infusion_spacing(parameters)
    dates = plan_at_offsets(
        first_not_before,
        clinic,
        islice(infusion_days(parameters), max(target, 0)),
        spacing,
        done=done,
        length=session_length(Modality.IV_KETAMINE, parameters),
    )
    if not dates:
        return ()
    closes = (began_at or dates[0]) + parameters.duration("iv.series_window_max")
    return tuple(day for day in dates if day <= closes)


def plan_spray(
    start: datetime,
    clinic: Clinic,
    parameters: Parameters,
    *,
    weeks: int,
    last_dose_at: datetime | None = None,
) -> tuple[datetime, ...]:
    """The label's calendar for so many weeks (5.2): twice weekly in weeks 1-4, weekly in weeks
    5-8, then every 2 weeks or weekly as the protocol says. `last_dose_at`: the last infusion."""
    gap = parameters.duration("esk.gap_after_iv_target")
    begin = max(start, last_dose_at + gap) if last_dose_at else start
    spacing = Spacing(
        parameters.duration("iv.min_interval"),
        parameters.integer("esk.induction_freq"),
        by_hours=False,
    )
    return plan_at_offsets(
        begin,
        clinic,
        spray_days(parameters, weeks),
        spacing,
        length=session_length(Modality.ESKETAMINE, parameters),
    )


def plan_maintenance(
    last_dose_at: datetime,
    clinic: Clinic,
    parameters: Parameters,
    *,
    sessions: int = 1,
    interval_days: int | None = None,
    not_before: datetime | None = None,
) -> tuple[datetime, ...]:
    """Infusions every `interval_days` (protocol default 21; held to the protocol's 7 to 42), after
    the last dose (7.4). A session that a closure moves moves the ones after it."""
    wished = interval_days or parameters.integer("maint.interval_default")
    floor = max(
        parameters.integer("maint.interval_min"),
        parameters.integer("maint.min_interval_from_month2"),
    )
    days = max(floor, min(wished, parameters.integer("maint.interval_max")))
    return plan_chain(last_dose_at, clinic, parameters, [days] * max(sessions, 0), not_before)


def plan_taper(
    last_dose_at: datetime,
    clinic: Clinic,
    parameters: Parameters,
    *,
    from_step: int = 0,
    done_in_step: int = 0,
    not_before: datetime | None = None,
) -> tuple[datetime, ...]:
    """The taper's remaining infusions: 4 a week apart, 4 two weeks apart, 3 four weeks apart
    (7.4, `taper.steps`). `from_step` counts from 0; a step back after relapse begins earlier."""
    steps = parameters.steps("taper.steps")[max(from_step, 0) :]
    days = [apart for apart, sessions in steps for _ in range(sessions)]
    return plan_chain(last_dose_at, clinic, parameters, days[max(done_in_step, 0) :], not_before)


def next_slot(
    after: datetime,
    *,
    min_gap: timedelta,
    clinic: Clinic,
    length: timedelta | None = None,
    preferred: time | None = None,
) -> datetime:
    """The first open moment at least `min_gap` of elapsed time after `after` (aware UTC) at which
    a session of `length` (else the longest of the standard protocol) ends before closing. A clinic
    without an open day within a year gets the bare `after + min_gap`: a person must look (4.1,
    11.44)."""
    earliest = after + min_gap
    fits = session_length(Modality.ESKETAMINE, Parameters.default()) if length is None else length
    found = slot_from(earliest, clinic, length=fits, preferred=preferred)
    return found if found is not None else earliest


def replan_missed(
    missed_at: datetime,
    clinic: Clinic,
    parameters: Parameters,
    *,
    now: datetime,
    remaining: int,
    last_dose_at: datetime | None,
    began_at: datetime | None,
) -> Replan:
    """New dates for an infusion series after a missed session (11.1): the count stays, spacing
    and the 28-day window hold. Where the rest no longer fits: reevaluation with partial data."""
    dates = plan_induction(
        now,
        clinic,
        parameters,
        target=remaining,
        last_dose_at=last_dose_at,
        began_at=began_at,
    )
    if len(dates) >= remaining:
        reasons = _past_window(dates, began_at, parameters)
        return Replan(dates=dates, fits=True, reasons=reasons)
    day = local_date(missed_at, clinic).isoformat()
    reason = Reason(
        code="series_does_not_fit",
        text="The rest of the series no longer fits its window: reevaluate with partial data.",
        fact=f"missed {day}; {len(dates)} of {remaining} fit",
        source="11.1",
    )
    return Replan(dates=dates, fits=False, reasons=(reason,))


def _past_window(
    dates: Sequence[datetime], began_at: datetime | None, parameters: Parameters
) -> tuple[Reason, ...]:
    """Six infusions within 21 days is what was studied (4.1); up to 28 they still are one."""
    usual = parameters.duration("iv.series_window")
    if not dates or dates[-1] - (began_at or dates[0]) <= usual:
        return ()
    text = f"The series takes longer than the usual {usual.days} days."
    days = f"{(dates[-1] - (began_at or dates[0])).days} days"
    return (Reason(code="series_past_window", text=text, fact=days, source="4.1"),)


class CalendarKind(StrEnum):
    """The calendars that can be planned."""

    INDUCTION = "induction"
    SPRAY = "spray"
    TAPER = "taper"
    MAINTENANCE = "maintenance"


class ScheduleFacts(Value):
    """A calendar to plan. `now`: nothing is planned before it. `sessions`: how many infusions, None
    for as many as a series has; `weeks`: for the spray, None for its induction; `interval_days`:
    for maintenance. Dates are judged at the clinic."""

    calendar: CalendarKind
    clinic: Clinic
    now: Instant
    sessions: Annotated[int, Field(ge=0, le=60)] | None = None
    weeks: Annotated[int, Field(ge=0, le=104)] | None = None
    interval_days: Annotated[int, Field(ge=1, le=365)] | None = None
    last_dose_at: Instant | None = None
    began_at: Instant | None = None


def _decide(facts: ScheduleFacts, parameters: Parameters) -> Replan:
    clinic, now, sessions, weeks = facts.clinic, facts.now, facts.sessions, facts.weeks
    if sessions is None:
        sessions = parameters.integer("iv.series_len")
    if weeks is None:
        weeks = parameters.integer("esk.induction_weeks")
    match facts.calendar:
        case CalendarKind.INDUCTION:
            return replan_missed(
                now,
                clinic,
                parameters,
                now=now,
                remaining=sessions,
                last_dose_at=facts.last_dose_at,
                began_at=facts.began_at,
            )
        case CalendarKind.SPRAY:
            dates = plan_spray(
                now, clinic, parameters, weeks=weeks, last_dose_at=facts.last_dose_at
            )
        case CalendarKind.TAPER:
            dates = plan_taper(facts.last_dose_at or now, clinic, parameters, not_before=now)
        case CalendarKind.MAINTENANCE:
            dates = plan_maintenance(
                facts.last_dose_at or now,
                clinic,
                parameters,
                sessions=sessions,
                interval_days=facts.interval_days,
                not_before=now,
            )
        case _:
            assert_never(facts.calendar)
    return Replan(dates=dates, fits=True)


DECISION = DecisionKind(
    name="schedule",
    facts=ScheduleFacts,
    decide=_decide,
    summary="The dates of an induction, a spray course, a taper or maintenance.",
)
