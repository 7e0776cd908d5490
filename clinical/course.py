"""A course as it stands: the doses so far, the dates it plans, when the next one may be.

What a journey books and what `journey plan` shows beforehand are both told from here. Fact sheet
5.2, 7.3 and 7.4.
"""

from datetime import datetime, timedelta
from typing import Final

from clinical.clinic_hours import open_on
from clinical.consent import dosing_from
from clinical.parameters import Parameters
from clinical.schedule import next_slot, plan_maintenance, plan_spray, plan_taper
from clinical.session_dates import plan_chain
from clinical.slots import clock_of
from schemas.consent import ConsentStatus
from schemas.course import CourseNotes
from schemas.infusion import SessionResult
from schemas.journey import JourneyState, Series
from schemas.protocol import Clinic
from schemas.reevaluation import Course
from schemas.screening import Modality

TAPER: Final = "taper"
MAINTENANCE: Final = "maintenance"
SPRAY: Final = "spray"


def doses_at(state: JourneyState) -> list[datetime]:
    """When doses were given, by any modality, the last one last (4.1)."""
    return [s.dosed_at for s in state.sessions if s.dosed_at is not None]


def first_dose_at(state: JourneyState) -> datetime | None:
    """When the patient was first dosed, here or where they came from, by any modality (6.2)."""
    return min((s.dosed_at for s in state.sessions if s.dosed_at), default=None)


def last_dose_at(state: JourneyState) -> datetime | None:
    """When the patient was last dosed, by any modality (4.1)."""
    return next((s.dosed_at for s in reversed(state.sessions) if s.dosed_at), None)


def infusions_given(state: JourneyState) -> list[SessionResult]:
    """The infusions that count, oldest first (4.1)."""
    return [s for s in state.sessions if s.counts and s.modality is Modality.IV_KETAMINE]


def sprays_given(state: JourneyState) -> int:
    """How many spray sessions count (5.2)."""
    return sum(1 for s in state.sessions if s.counts and s.modality is Modality.ESKETAMINE)


def finished(series: Series) -> bool:
    """Whether a course has what it planned; an open-ended one, when its dates are used up (4.1,
    7.4)."""
    used_up = series.open_ended and series.position >= len(series.planned)
    return series.done >= series.target or used_up


def window_ends_at(state: JourneyState, series: Series, parameters: Parameters) -> datetime | None:
    """The last moment that still belongs to an infusion series; None before its first dose, and
    where nothing ends it (4.1, 11.1)."""
    doses = [at for at in doses_at(state) if series.began_at is None or at >= series.began_at]
    if series.course != "induction" or not doses:
        return None
    return doses[0] + parameters.duration("iv.series_window_max")


def consent_holds_from(
    state: JourneyState, modality: Modality, now: datetime, parameters: Parameters
) -> datetime:
    """From when a dose may rest on the consent that is held: nothing is planned for the half hour
    after it was signed. `now` once that has passed, and where none is held (3)."""
    consent = state.consents.get(modality)
    if consent is None or consent.status is not ConsentStatus.SIGNED:
        return now
    return max(now, dosing_from(consent.signed_at, parameters))


def upcoming(
    state: JourneyState, series: Series, now: datetime, parameters: Parameters
) -> tuple[int, datetime]:
    """(position in the plan, moment) of the next session, as things stand now. A planned day on
    which the clinic turned out to be closed is the next open one (11.44)."""
    earliest_at = max(
        consent_holds_from(state, series.modality, now, parameters),
        _free_from(state, series.modality, now, parameters),
    )
    position = series.position
    while position < len(series.planned) and series.planned[position] < earliest_at:
        position += 1
    if position < len(series.planned):
        return position, _open_day(series.planned[position], state.clinic)
    return position, next_slot(earliest_at, min_gap=timedelta(0), clinic=state.clinic)


def notes_after(state: JourneyState, course: Course, now: datetime) -> CourseNotes:
    """What a decision about the course leaves for the next one (7.3, 7.4)."""
    notes, relapse = state.notes, state.relapse_found
    changes: dict[str, object] = {
        "boosters": relapse and course is Course.EXTEND,
        "monitoring": {**notes.monitoring, "psychiatrist_review": now},
        "findings": None,
        "switch_refused": (),
    }
    if relapse and course in (Course.EXTEND, Course.TAPER):
        changes["step_backs"] = notes.step_backs + 1
    elif course not in (Course.TAPER, Course.EXTEND):
        changes["taper_from_step"] = 0
    return notes.model_copy(update=changes)


def series_of(course: str, state: JourneyState, now: datetime, parameters: Parameters) -> Series:
    """A taper, a stretch of maintenance or of the spray, as it is planned now (5.2, 7.4)."""
    planners = {TAPER: taper_series, MAINTENANCE: maintenance_series, SPRAY: spray_series}
    return planners[course](state, now, parameters)


def maintenance_series(state: JourneyState, now: datetime, parameters: Parameters) -> Series:
    """Infusions at the maintenance interval until the next face-to-face review is due (7.4)."""
    apart = parameters.integer("maint.interval_default")
    planned = plan_maintenance(
        last_dose_at(state) or now,
        state.clinic,
        parameters,
        sessions=max(1, parameters.integer("maint.review_every") // apart),
        not_before=now,
    )
    return Series(
        course=MAINTENANCE,
        modality=Modality.IV_KETAMINE,
        planned=planned,
        open_ended=True,
        target=len(planned) + 1,
        began_at=now,
    )


def taper_series(state: JourneyState, now: datetime, parameters: Parameters) -> Series:
    """Infusions spaced out step by step, from the step that a relapse has left (7.4)."""
    planned = plan_taper(
        last_dose_at(state) or now,
        state.clinic,
        parameters,
        from_step=state.notes.taper_from_step,
        not_before=now,
    )
    return Series(
        course=TAPER,
        modality=Modality.IV_KETAMINE,
        planned=planned,
        target=len(planned),
        began_at=now,
    )


def spray_series(state: JourneyState, now: datetime, parameters: Parameters) -> Series:
    """The label's calendar, a stretch at a time: induction; then weekly until the weeks of
    optimisation have been given; then at the maintenance interval, a review's time ahead (5.2)."""
    weeks = parameters.integer("esk.induction_weeks")
    if not spray_begun(state):
        start = max(
            first_spray_at(state, now, parameters),
            consent_holds_from(state, Modality.ESKETAMINE, now, parameters),
        )
        planned = plan_spray(start, state.clinic, parameters, weeks=weeks)
    else:
        planned = _later_sprays(state, now, parameters)
    planned = tuple(at for at in planned if at > now)
    return Series(
        course=SPRAY,
        modality=Modality.ESKETAMINE,
        planned=planned,
        target=len(planned),
        began_at=now,
    )


def spray_begun(state: JourneyState) -> bool:
    """Whether a spray session has counted already (5.2)."""
    return sprays_given(state) > 0


def first_spray_at(state: JourneyState, now: datetime, parameters: Parameters) -> datetime:
    """When the next spray may be given: at the target gap after the last infusion (5.6)."""
    last = last_dose_at(state)
    if last is None or spray_begun(state):
        return now
    return max(now, last + parameters.duration("esk.gap_after_iv_target"))


def _later_sprays(
    state: JourneyState, now: datetime, parameters: Parameters
) -> tuple[datetime, ...]:
    weekly = parameters.integer("esk.opt_weeks")
    twice = parameters.integer("esk.induction_weeks") * parameters.integer("esk.induction_freq")
    left = min(weekly, twice + weekly - sprays_given(state))
    apart = parameters.integer("esk.maint_interval")
    until_review = max(1, parameters.integer("maint.review_every") // apart)
    return plan_chain(
        last_dose_at(state) or now,
        state.clinic,
        parameters,
        [7] * left if left > 0 else [apart] * until_review,
        now,
        modality=Modality.ESKETAMINE,
    )


def _open_day(planned: datetime, clinic: Clinic) -> datetime:
    if open_on(planned, clinic):
        return planned
    clock = clock_of(planned, clinic)
    return next_slot(planned, min_gap=timedelta(0), clinic=clinic, preferred=clock)


def _free_from(
    state: JourneyState, modality: Modality, now: datetime, parameters: Parameters
) -> datetime:
    """When the next dose of this modality may be given at the earliest after the last one."""
    last = next((s for s in reversed(state.sessions) if s.dosed_at is not None), None)
    if last is None or last.dosed_at is None:
        return now
    gap = "iv.min_interval"
    if modality is Modality.ESKETAMINE and last.modality is Modality.IV_KETAMINE:
        gap = "esk.gap_after_iv_target"
    return last.dosed_at + parameters.duration(gap)
