"""What an insurer's authorisation allows of the nasal spray, and when its end is told of.

Clinical fact sheet, 5.6 and edge cases 38 and 39: no dose on an unapproved claim unless the patient
has signed to pay.
"""

from datetime import date, datetime, time, timedelta

from clinical.alert_steps import step_reached
from clinical.clinic_hours import at_local
from clinical.parameters import Parameters
from schemas.authorization import Authorization, RecordAuthorization
from schemas.base import Reason
from schemas.protocol import Clinic
from schemas.screening import Modality


def judge_recorded(command: RecordAuthorization, today: date) -> tuple[Reason, ...]:
    """Why this answer cannot be taken; empty when it can. An approval has a last day, and one that
    is already over covers nothing (11.38, 11.39)."""
    if not command.approved:
        return ()
    if command.valid_until is None:
        text = "An approval has a last day."
        return (Reason(code="valid_until_missing", text=text, fact="valid_until"),)
    if command.valid_until < today:
        text = "This authorisation has already ended."
        return (Reason(code="authorization_past", text=text, fact=command.valid_until.isoformat()),)
    return ()


def covered_until(authorization: Authorization | None) -> date | None:
    """The last day on which the spray is paid for by the insurer; None: on no day (11.39)."""
    return authorization.valid_until if authorization and authorization.approved else None


def needs_authorization(authorization: Authorization | None, modality: Modality) -> bool:
    """Whether a day of this medicine rests on an insurer's word: the spray, unless the patient has
    signed to pay (5.6)."""
    pays = authorization is not None and authorization.patient_pays
    return modality is Modality.ESKETAMINE and not pays


def is_covered(authorization: Authorization | None) -> bool | None:
    """Whether somebody has agreed to pay; None: nobody has said (5.6)."""
    if authorization is None:
        return None
    return authorization.approved or authorization.patient_pays


def against_dose(
    authorization: Authorization | None, on: date, parameters: Parameters
) -> tuple[Reason, ...]:
    """Why no spray may be given on a day at the clinic (11.38, 11.39); empty when it may."""
    if authorization is not None and authorization.patient_pays:
        return ()
    until = covered_until(authorization)
    if until is None:
        text = "The insurer has not approved, and the patient has not agreed to pay."
        code = "not_authorized" if authorization is None else "authorization_denied"
        return (Reason(code=code, text=text, source="11.38"),)
    return tuple(
        reason
        for reason in judge_authorization(until, on, parameters)
        if reason.code == "authorization_ended"
    )


def judge_authorization(
    valid_until: date, today: date, parameters: Parameters, *, patient_pays: bool = False
) -> tuple[Reason, ...]:
    """What an insurer's authorisation calls for (11.39): an alert 45, 30 and 14 days before its
    last day; after it no spray, unless the patient has agreed to pay."""
    days_left = (valid_until - today).days
    if days_left < 0:
        text = "The authorisation has ended: extend it, or the patient agrees to pay."
        ended = Reason(
            code="authorization_ended", text=text, fact=valid_until.isoformat(), source="11.39"
        )
        return () if patient_pays else (ended,)
    step = step_reached(days_left, parameters.numbers("pa.alert_days"))
    if step is None:
        return ()
    text = f"The authorisation ends within {step:g} days: ask for an extension."
    return (
        Reason(code="authorization_ends_soon", text=text, fact=f"{step:g} days", source="11.39"),
    )


def next_alert(
    valid_until: date, alerted: float | None, clinic: Clinic, parameters: Parameters
) -> tuple[float, datetime] | None:
    """The next step (days before the last day) whose alert is still to come, and when that is;
    None after the last: as that day of the clinic begins. `alerted`: the step told last (11.39).
    Aware UTC."""
    steps = sorted(parameters.numbers("pa.alert_days"), reverse=True)
    left = [step for step in steps if alerted is None or step < alerted]
    if not left:
        return None
    return left[0], at_local(valid_until - timedelta(days=left[0]), time.min, clinic)
