"""What stands between a course and its next dose: consent, caps, a long gap, the spray's own gates.

Asked by the journey before it books, and by the plan that is shown beforehand. Fact sheet 3, 5.5,
5.6 and 7.4.
"""

from datetime import datetime, timedelta
from typing import Final

from clinical.authorization import is_covered
from clinical.consent import needs_reconsent
from clinical.course import (
    MAINTENANCE,
    doses_at,
    first_spray_at,
    infusions_given,
    last_dose_at,
    spray_begun,
)
from clinical.missed_sessions import judge_gap
from clinical.monitoring import cap_reasons
from clinical.nasal_spray import judge_switch
from clinical.parameters import Parameters
from clinical.screening import judge_screening
from schemas.base import Reason, Role
from schemas.consent import ConsentStatus
from schemas.journey import JourneyState, Series
from schemas.screening import Modality, ScreeningDecision

OF_PRESCRIBER: Final = "prescriber_decides_restart"
ASKED_ABOUT_A_GAP: Final = frozenset({OF_PRESCRIBER, "reassess"})
"""What a long gap asks of a person before the next dose; checks to refresh are tasks beside it."""

LASTING: Final = frozenset({"site_not_certified", "contraindicated"})
"""What no enrolment, consent or waiting changes: another course is decided on."""


def consent_holds(
    state: JourneyState, modality: Modality, at: datetime, now: datetime, parameters: Parameters
) -> bool:
    """Whether consent to this modality will be in force at `at` (section 3)."""
    consent = state.consents.get(modality)
    return (
        consent is not None
        and consent.status is ConsentStatus.SIGNED
        and max(at, now) < consent.valid_until
        and not consent_again(state, modality, at, now, parameters)
    )


def consent_again(
    state: JourneyState, modality: Modality, at: datetime, now: datetime, parameters: Parameters
) -> tuple[Reason, ...]:
    """Why consent must be asked for again before a dose at `at` (section 3). A lapse of
    treatment counts from the last dose or from the signature after it: who signed during the
    lapse has signed."""
    consent = state.consents.get(modality)
    if consent is None:
        return ()
    dosed = doses_at(state)
    return needs_reconsent(
        consent.form,
        consent.signed_at,
        max(at, now),
        parameters,
        modality=modality,
        maintenance_since=_moved_to_maintenance(state),
        last_dose_at=max(dosed[-1], consent.signed_at) if dosed else None,
    )


def caps_reached(
    state: JourneyState, series: Series, now: datetime, parameters: Parameters
) -> tuple[Reason, ...]:
    """Caps on infusions that are reached and that nobody has let treatment go beyond since the
    last review fell due (7.2, 7.4)."""
    infusions = infusions_given(state)
    acute = series.course == "induction" and not state.notes.boosters
    reasons = cap_reasons(
        [s.dosed_at for s in infusions if s.dosed_at is not None],
        now,
        parameters,
        acute_sessions=len(infusions) if acute else 0,
        modality=series.modality,
    )
    holds = parameters.duration("maint.review_every")
    reviewed = state.notes.caps_reviewed
    return tuple(
        reason
        for reason in reasons
        if reason.code not in reviewed or now - reviewed[reason.code] >= holds
    )


def cap_roles(reason: Reason) -> tuple[Role, ...] | None:
    """Whose question a cap is; None: as the approval table says (7.4)."""
    return (Role.MEDICAL_DIRECTOR,) if reason.code == "year_alert" else None


def gap_before(
    state: JourneyState, series: Series, at: datetime, parameters: Parameters
) -> tuple[Reason, ...]:
    """What the gap from the last dose to one at `at` calls for; nothing before the first dose
    (5.5)."""
    doses = doses_at(state)
    if not doses:
        return ()
    return judge_gap(
        at - doses[-1],
        series.modality,
        parameters,
        in_induction=in_induction(state, series, parameters),
        planned_interval=_interval(series, parameters),
    )


def gap_questions(
    state: JourneyState, series: Series, at: datetime, parameters: Parameters
) -> tuple[Reason, ...]:
    """What of a long gap a person decides before the dose, once for each last dose (5.5)."""
    if state.notes.gap_decided_for in doses_at(state)[-1:]:
        return ()
    reasons = gap_before(state, series, at, parameters)
    return tuple(reason for reason in reasons if reason.code in ASKED_ABOUT_A_GAP)


def gap_roles(series: Series, reasons: tuple[Reason, ...]) -> tuple[Role, ...] | None:
    """Whose question a long gap is; None: as the approval table says (5.5)."""
    restart = series.modality is Modality.ESKETAMINE and reasons[0].code == OF_PRESCRIBER
    return (Role.PRESCRIBER,) if restart else None


def in_induction(state: JourneyState, series: Series, parameters: Parameters) -> bool:
    """Whether a course is still in its induction: of infusions, or of the spray (4.1, 5.2)."""
    if series.modality is Modality.IV_KETAMINE:
        return series.course == "induction"
    given = sum(s.counts and s.modality is Modality.ESKETAMINE for s in state.sessions)
    twice = parameters.integer("esk.induction_freq")
    return given < parameters.integer("esk.induction_weeks") * twice


def against_spray(state: JourneyState, now: datetime, parameters: Parameters) -> tuple[Reason, ...]:
    """What stands against the switch to the spray, as far as the journey knows (5.6)."""
    consent = state.consents.get(Modality.ESKETAMINE)
    return judge_switch(
        first_spray_at=first_spray_at(state, now, parameters),
        last_infusion_at=None if spray_begun(state) else last_dose_at(state),
        site_certified=state.clinic.spray_certified,
        patient_enrolled=state.enrolled_in_safety_program,
        consent_in_force=consent is not None and consent.status is ConsentStatus.SIGNED,
        screening=_screened(state, now, parameters),
        prior_trials_documented=state.evaluation is not None and bool(state.evaluation.trials),
        authorization_approved=is_covered(state.authorization),
        parameters=parameters,
    )


def lasting(state: JourneyState, reason: Reason) -> bool:
    """Whether no enrolment, consent or waiting changes what stands against the spray (5.6)."""
    unknown = reason.code == "contraindicated" and state.screening is None
    return reason.code in LASTING and not unknown


def _screened(
    state: JourneyState, now: datetime, parameters: Parameters
) -> ScreeningDecision | None:
    """The screening weighed for the spray: it was taken for infusions."""
    if state.screening is None:
        return None
    at = first_spray_at(state, now, parameters)
    return judge_screening(state.screening, Modality.ESKETAMINE, at, parameters)


def _moved_to_maintenance(state: JourneyState) -> datetime | None:
    """When the course of maintenance that the next dose belongs to was moved to."""
    in_maintenance = state.series is not None and state.series.course == MAINTENANCE
    return state.maintenance_since if in_maintenance else None


def _interval(series: Series, parameters: Parameters) -> timedelta:
    """From the planned session before the one just booked to that one; a stretch of one date is
    the last week of the spray's optimisation, or an infusion at the usual interval."""
    at = max(1, min(series.position - 1, len(series.planned) - 1))
    if at < len(series.planned):
        return series.planned[at] - series.planned[at - 1]
    if series.modality is Modality.ESKETAMINE:
        return timedelta(weeks=1)
    return parameters.duration("maint.interval_default")
