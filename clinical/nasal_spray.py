"""The nasal spray's own rules: switching to it, devices and doses, its forms (fact sheet 5)."""

from datetime import datetime, time, timedelta

from clinical.clinic_hours import after_calendar_days, at_local, local_date
from clinical.parameters import Parameters
from schemas.base import Reason, Role
from schemas.infusion import Missing, SessionPlan
from schemas.protocol import Clinic
from schemas.schedule import CalendarDays
from schemas.screening import Modality, ScreeningDecision, ScreeningOutcome

A_WEEK = timedelta(weeks=1)


def prescriber_needed(modality: Modality, parameters: Parameters) -> bool:
    """Whether a prescriber has to be on site for the dose and the whole observation (5.3,
    11.23)."""
    return modality is Modality.ESKETAMINE and parameters.flag("esk.prescriber_onsite")


def judge_switch(
    *,
    first_spray_at: datetime,
    last_infusion_at: datetime | None,
    site_certified: bool,
    patient_enrolled: bool,
    consent_in_force: bool,
    screening: ScreeningDecision | None,
    prior_trials_documented: bool,
    authorization_approved: bool | None,
    parameters: Parameters,
    prescriber_accepts_short_gap: bool = False,
) -> tuple[Reason, ...]:
    """Why a patient may not switch from infusions to the spray at that moment (5.6); nothing means
    nothing stands against it. People still decide. Never within 24 h of an infusion; within 72 h
    only when the prescriber accepts it. `authorization_approved` None: nobody has said."""
    blocked = screening is None or screening.outcome is ScreeningOutcome.BLOCKED
    rows = (
        (site_certified, "site_not_certified", "The site is certified for the spray."),
        (patient_enrolled, "patient_not_enrolled", "The patient is enrolled in the programme."),
        (consent_in_force, "consent_missing", "Consent for the spray is in force."),
        (not blocked, "contraindicated", "Contraindications are checked against the label."),
        (prior_trials_documented, "trials_not_documented", "Earlier trials are documented."),
        (authorization_approved, "not_authorized", "The insurer has approved, or patient pays."),
    )
    reasons = [
        _reason(code, text, "not known" if met is None else "no")
        for met, code, text in rows
        if not met
    ]
    if last_infusion_at is None:
        return tuple(reasons)
    gap = first_spray_at - last_infusion_at
    fact = f"{gap / timedelta(hours=1):.0f} h after the last infusion"
    if gap < parameters.duration("esk.gap_after_iv_hard"):
        reasons.append(_reason("too_soon", "Never both within 24 h.", fact))
    elif gap < parameters.duration("esk.gap_after_iv_target") and not prescriber_accepts_short_gap:
        text = "Closer than the target: the prescriber decides."
        reasons.append(_reason("gap_below_target", text, fact))
    return tuple(reasons)


def judge_spray_dose(
    dose_mg: float, session_number: int, parameters: Parameters
) -> tuple[Reason, ...]:
    """Why a dose is not the label's: day 1 is 56 mg, later 56 or 84 mg, in whole devices (5.2)."""
    fact = f"{dose_mg:g} mg"
    if dose_mg not in parameters.numbers("esk.dose_allowed"):
        return (_reason("dose_not_on_label", "The label gives 56 or 84 mg.", fact),)
    if session_number <= 1 and dose_mg != parameters.number("esk.dose_start"):
        return (_reason("first_dose", "The first dose is 56 mg.", fact),)
    return ()


def missing_authorization(plan: SessionPlan, dosing_at: datetime) -> list[Missing]:
    """Whoever pays must have said so for this day (11.38, 11.39)."""
    if not plan.authorization_needed:
        return []
    until = plan.authorized_until
    if until is not None and local_date(dosing_at, plan.clinic) <= until:
        return []
    text = "The insurer's authorisation for this day, or the patient's agreement to pay."
    return [Missing(code="not_authorized", text=text, supplied_by=Role.CARE_COORDINATOR)]


def missing_spacing(
    plan: SessionPlan, dosing_at: datetime, parameters: Parameters
) -> list[Missing]:
    """One session a day and, by the label, two a week, in calendar days at the clinic: a lost spray
    is never made up for (5.2, 5.3). Infusions before a switch are not counted."""
    if plan.modality is not Modality.ESKETAMINE:
        return []
    today = local_date(dosing_at, plan.clinic)
    given = [
        local_date(past.dosed_at, plan.clinic)
        for past in plan.history
        if past.dosed_at is not None and past.modality is Modality.ESKETAMINE
    ]
    missing = []
    if today in given:
        text = "The spray was given today: never twice in a day."
        missing.append(_spaced("spray_given_today", text))
    in_week = sum(1 for day in given if today - A_WEEK < day <= today)
    if in_week >= parameters.integer("esk.induction_freq"):
        text = "As many spray sessions as the label gives in a week."
        missing.append(_spaced("spray_weekly_limit", text))
    return missing


def devices_for(dose_mg: float, parameters: Parameters) -> int:
    """How many devices make a dose: 56 mg is 2, 84 mg is 3; whole devices only, rounded down
    (5.2)."""
    return int(dose_mg // parameters.number("esk.device"))


def delivered_mg(devices_used: int, parameters: Parameters) -> float:
    """What was given, by devices used. A lost spray is never made up for (5.3)."""
    return max(devices_used, 0) * parameters.number("esk.device")


def next_device_at(last_device_at: datetime, parameters: Parameters) -> datetime:
    """When the next device may be used: 5 min of rest between devices (5.2)."""
    return last_device_at + parameters.duration("esk.device_gap")


def monitoring_form_times(
    session_at: datetime, clinic: Clinic, parameters: Parameters
) -> tuple[tuple[datetime, ...], datetime]:
    """(reminders, escalation) of the monitoring form owed after every session: reminders on days
    2, 4 and 6; on day 7 at 18:00 the representative is told (5.4, 11.24). Calendar days."""
    reminders = tuple(
        after_calendar_days(session_at, CalendarDays(count=int(days)), clinic)
        for days in parameters.numbers("rems.pmf_reminders")
    )
    due_on = local_date(session_at, clinic) + parameters.duration("rems.pmf_due")
    escalate_at = time(parameters.integer("rems.pmf_escalate_hour"))
    return reminders, at_local(due_on, escalate_at, clinic)


def _spaced(code: str, text: str) -> Missing:
    return Missing(code=code, text=text, supplied_by=Role.CARE_COORDINATOR)


def _reason(code: str, text: str, fact: str | None) -> Reason:
    return Reason(code=code, text=text, fact=fact, source="5")
