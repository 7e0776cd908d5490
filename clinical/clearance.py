"""The medical clearance over years: until when it holds, and what voids it.

Fact sheet 2.3 and 5.5; edge cases 15, 19, 36 and 40.
"""

from datetime import datetime
from typing import Final

from clinical.journey import DOSING_PHASES
from clinical.parameters import Parameters
from clinical.readiness_today import CLEARANCE_VOIDED, TREATED_ELSEWHERE
from clinical.work_up import READ, work_up_until
from schemas.base import Code, Reason, Role
from schemas.infusion import CheckIn, Missing, SessionPlan
from schemas.journey import JourneyState, Phase
from schemas.screening import Modality

INTOXICATED: Final = "intoxicated"
"""Intoxicated, or a positive drug screen, on a treatment day (11.19)."""

UNDECIDED: Final = "finding_undecided"
"""A physician has not decided yet on what another screening found."""

CONTRAINDICATED: Final = "contraindicated"
DECLINED: Final = "finding_declined"
REFUSED: Final = frozenset({CONTRAINDICATED, DECLINED})
"""Another screening, or the physician on it, spoke against treatment."""

ASKED_OF_THE_SCREENER: Final = frozenset({"clearance_expired", "clearance_not_renewed", UNDECIDED})
"""What a day lacks that another screening alone supplies: a task of its own asks for it."""

DOSES_TO_COME: Final = DOSING_PHASES | {Phase.SCHEDULED, Phase.REEVALUATION}
"""Phases after the first screening in which doses may still come; a hold counts as where it leads
back to."""


def may_be_dosed(state: JourneyState) -> bool:
    """Whether doses may still come, so that the clearance is worth keeping up (2.3)."""
    leads_to = state.hold.back_to if state.hold and state.phase is Phase.ON_HOLD else state.phase
    return leads_to in DOSES_TO_COME and state.close_outcome is None


def modality_of(state: JourneyState) -> Modality:
    """What the course under way gives: what a screening is weighed for (2.1)."""
    leads_to = state.hold.back_to if state.hold else state.phase
    if Phase.SWITCH_ESKETAMINE in (state.phase, leads_to):
        return Modality.ESKETAMINE
    return state.series.modality if state.series else Modality.IV_KETAMINE


def lapses_at(state: JourneyState, parameters: Parameters) -> datetime | None:
    """Until when the course goes on without being a start again: 90 days after the last dose here;
    None before a first one. A dose somewhere else is no course of ours (5.5, 11.37)."""
    here = [s.dosed_at for s in state.sessions if s.dosed_at is not None and not s.source]
    return here[-1] + parameters.duration("consent.reconsent_gap") if here else None


def is_running(state: JourneyState, dosing_at: datetime, parameters: Parameters) -> bool:
    """Whether a dose at `dosing_at` would go on with a course, not start one (5.5)."""
    lapses = lapses_at(state, parameters)
    return lapses is not None and dosing_at <= lapses


def cleared_until(
    state: JourneyState, dosing_at: datetime, parameters: Parameters
) -> datetime | None:
    """Until when the results of the screening clear for doses, as far as they will be known at
    `dosing_at`: by the windows of a course that goes on, and once it has lapsed by those of a
    start. None where a result was never there (2.3, 5.5)."""
    if state.screening is None:
        return None
    starting = work_up_until(state.screening, dosing_at, parameters, running=False)
    lapses = lapses_at(state, parameters)
    if lapses is None:
        return starting
    running = work_up_until(state.screening, dosing_at, parameters, running=True)
    if starting is None or running is None or running <= lapses:
        return running
    return max(lapses, starting)


def voided_by(check_in: CheckIn | None) -> tuple[Code, ...]:
    """What was told at a check-in that voids the clearance beyond its day (11.15, 11.19, 11.36)."""
    if check_in is None:
        return ()
    told = frozenset(check_in.changes_since_last) & (CLEARANCE_VOIDED | TREATED_ELSEWHERE)
    return tuple(sorted(told | ({INTOXICATED} if check_in.intoxicated else frozenset())))


def missing_clearance(plan: SessionPlan, dosing_at: datetime) -> list[Missing]:
    """The clearance is measured to the dosing time, not to the booking; what has voided it on an
    earlier day stands until another screening (2.3, 11.15, 11.40)."""
    missing = []
    until = plan.clearances_valid_until
    if until is None or until < dosing_at:
        text = "Every required result must still be valid at the time of dosing."
        missing.append(_needs("clearance_expired", text, Role.MEDICAL_SCREENER, plan.scheduled_at))
    voided = [code for code in plan.clearance_voided if code != UNDECIDED]
    if voided:
        told = ", ".join(voided)
        text = f"Told on an earlier day, it voids the medical clearance: screen again ({told})."
        missing.append(
            _needs("clearance_not_renewed", text, Role.MEDICAL_SCREENER, plan.scheduled_at)
        )
    if UNDECIDED in plan.clearance_voided:
        text = "What the screening found waits for a physician's decision."
        missing.append(_needs(UNDECIDED, text, Role.PRESCRIBER, plan.scheduled_at))
    return missing


def examined_at(state: JourneyState, dosing_at: datetime) -> datetime | None:
    """When the patient was last examined for a clearance that stands; None while it does not
    (2.3)."""
    if state.screening is None or state.clearance_voided:
        return None
    examined = [
        result.taken_at
        for result in state.screening.work_up
        if result.kind == "history_physical"
        and result.result in READ
        and result.taken_at <= dosing_at
    ]
    return max(examined, default=None)


def clearance_refused(state: JourneyState) -> tuple[Reason, ...]:
    """Why a hold is not left: another screening, or the physician on it, spoke against treatment,
    and none since has cleared (2.1)."""
    if not REFUSED & set(state.clearance_voided):
        return ()
    text = "Not medically cleared: another screening comes first."
    return (Reason(code="clearance_voided", text=text, source="2.1"),)


def _needs(code: str, text: str, supplied_by: Role, by: datetime) -> Missing:
    return Missing(code=code, text=text, supplied_by=supplied_by, by=by)
