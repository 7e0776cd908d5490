"""After-care: the call the day after, driving, the journal's gaps, letters (fact sheet 9)."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum

from clinical.clinic_hours import after_business_days, at_local, local_date
from clinical.parameters import Parameters
from schemas.aftercare import RecordContact
from schemas.base import Reason
from schemas.health_record import Milestone
from schemas.protocol import Clinic
from schemas.schedule import BusinessDays
from schemas.screening import Modality

SAME_DAY_LETTERS = frozenset({Milestone.SUICIDE_RISK_HIGH, Milestone.SERIOUS_EVENT})
"""Of these the primary provider hears the same day (9); a death is a serious event."""


class JournalStep(StrEnum):
    """What a silent journal calls for."""

    NOTHING = "nothing"
    NUDGE = "nudge"
    NURSE_CALL = "nurse_call"


def follow_up_window(discharged_at: datetime, parameters: Parameters) -> tuple[datetime, datetime]:
    """(from, by) of the call the day after: 20 to 30 elapsed hours after discharge, whatever the
    clocks do that night (9, 11.44)."""
    return (
        discharged_at + parameters.duration("after.followup_from"),
        discharged_at + parameters.duration("after.followup_by"),
    )


def judge_follow_up(
    attempts: int, discharged_at: datetime, now: datetime, parameters: Parameters, *, at_risk: bool
) -> tuple[Reason, ...]:
    """What an unanswered follow-up calls for: another attempt, a clinician, a decision about a
    welfare check for somebody with prior risk (9). Codes say which."""
    elapsed = now - discharged_at
    if elapsed < parameters.duration("after.followup_from"):
        return ()
    fact = f"{attempts} attempts, {elapsed / timedelta(hours=1):.0f} h after discharge"
    tried = attempts >= parameters.integer("after.followup_attempts")
    overdue = elapsed >= parameters.duration("after.attempts_until")
    reasons = []
    if not tried:
        reasons.append(_reason("attempt_contact", "Try to reach the patient.", fact))
    if tried or overdue:
        reasons.append(_reason("clinician_takes_over", "A clinician takes over.", fact))
    if at_risk and elapsed >= parameters.duration("after.welfare_check"):
        text = "A clinician decides on a welfare check."
        reasons.append(_reason("welfare_check_decision", text, fact))
    return tuple(reasons)


def judge_evening(
    discharged_at: datetime, now: datetime, parameters: Parameters, *, answered: bool = False
) -> tuple[Reason, ...]:
    """What the evening after a discharge calls for while the patient has not answered (9): after
    2 h ask whether they are home safe; after 6 h call the patient, then the escort."""
    elapsed = now - discharged_at
    fact = f"{elapsed / timedelta(hours=1):.0f} h after discharge"
    if answered or elapsed < parameters.duration("after.contact_from"):
        return ()
    if elapsed < parameters.duration("after.contact_by"):
        return (_reason("ask_home_safe", "Ask whether the patient is home safe.", fact),)
    text = "No answer: call the patient, then the escort; a clinician decides on a welfare check."
    return (_reason("call_patient_and_escort", text, fact),)


def judge_unanswered_alert(
    raised_at: datetime, now: datetime, parameters: Parameters
) -> tuple[Reason, ...]:
    """Who is told next while nobody has acknowledged an alert about a patient at risk (9): the
    on-call clinician has 15 min, the medical director 30 min more. Only a person's word stops it.
    """
    waited = now - raised_at
    fact = f"{waited / timedelta(minutes=1):.0f} min without a word"
    on_call = parameters.duration("risk.oncall_ack")
    reasons = []
    if waited >= on_call:
        reasons.append(_reason("tell_medical_director", "Tell the medical director.", fact))
    if waited >= on_call + parameters.duration("after.director_ack"):
        text = "Emergency services, or a welfare check."
        reasons.append(_reason("emergency_services", text, fact))
    return tuple(reasons)


def judge_no_contact(
    raised_at: datetime, now: datetime, parameters: Parameters, *, high: bool
) -> tuple[Reason, ...]:
    """After an hour without contact on a high signal a clinician decides on a welfare check,
    whoever has acknowledged the alert (11.16)."""
    waited = now - raised_at
    if not high or waited < parameters.duration("risk.no_contact"):
        return ()
    fact = f"{waited / timedelta(minutes=1):.0f} min without contact"
    text = "No contact on a high signal: decide on a welfare check."
    return (Reason(code="welfare_check_decision", text=text, fact=fact, source="11.16"),)


def judge_symptoms(contact: RecordContact) -> tuple[Reason, ...]:
    """What was told at a contact that a clinician should hear of in person (9)."""
    rows = (
        (contact.dissociation, "dissociation_lasts", "Still dissociated."),
        (contact.blood_pressure_symptoms, "pressure_symptoms", "Symptoms of high pressure."),
        (contact.urinary_symptoms, "urinary_symptoms", "Urinary symptoms."),
        (contact.has_driven, "has_driven", "Has driven since the dose: was it too early?"),
    )
    return tuple(_reason(code, text, "told at a contact") for told, code, text in rows if told)


def first_dose_call_at(discharged_at: datetime, parameters: Parameters) -> datetime:
    """The extra call after a first dose: 72 h after discharge (9)."""
    return discharged_at + parameters.duration("after.first_dose_call")


def driving_not_before(
    dosed_at: datetime, modality: Modality, clinic: Clinic, parameters: Parameters
) -> datetime:
    """Earliest moment to drive, always also after a night's sleep: 24 h after an infusion; after
    the spray not before the next day at the clinic (9, 5.3)."""
    next_day = local_date(dosed_at, clinic) + timedelta(days=1)
    morning = at_local(next_day, time(0), clinic)
    if modality is Modality.ESKETAMINE:
        return morning
    return max(morning, dosed_at + parameters.duration("drive.iv_hours"))


def judge_journal_gap(
    last_entry_on: date | None, began_on: date, today: date, parameters: Parameters
) -> JournalStep:
    """A nudge after 3 days without an entry; a nurse calls when as many more stay silent (9)."""
    silent_days = (today - (last_entry_on or began_on)).days
    nudge_days = parameters.integer("after.journal_gap_nudge")
    if silent_days >= parameters.integer("after.journal_nurse_gaps") * nudge_days:
        return JournalStep.NURSE_CALL
    return JournalStep.NUDGE if silent_days >= nudge_days else JournalStep.NOTHING


def journal_gap_reasons(
    last_entry_on: date | None, began_on: date, today: date, parameters: Parameters
) -> tuple[Reason, ...]:
    """Why a silent journal calls for a nudge or a nurse; nothing while it does not (9)."""
    fact = f"{(today - (last_entry_on or began_on)).days} days without an entry"
    match judge_journal_gap(last_entry_on, began_on, today, parameters):
        case JournalStep.NOTHING:
            return ()
        case JournalStep.NUDGE:
            return (_reason("journal_nudge", "Remind the patient of the journal.", fact),)
        case JournalStep.NURSE_CALL:
            return (_reason("journal_nurse_call", "Still no entry: a nurse calls.", fact),)


def letter_due(
    milestone: Milestone, at: datetime, clinic: Clinic, parameters: Parameters
) -> datetime:
    """When the primary provider's letter is owed: within 2 business days, the same day after high
    risk or a serious event (section 9)."""
    if milestone in SAME_DAY_LETTERS:
        return at_local(local_date(at, clinic), time(23, 59), clinic)
    within = BusinessDays(count=parameters.integer("after.letter"))
    return after_business_days(at, within, clinic)


def _reason(code: str, text: str, fact: str) -> Reason:
    return Reason(code=code, text=text, fact=fact, source="9")
