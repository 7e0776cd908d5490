"""The spray's monitoring form: assembled from a session's facts, versioned, judged for lateness.

Clinical fact sheet, 5.4 and edge case 24.
"""

import hashlib
from datetime import datetime, timedelta

from clinical.clinic_hours import local_date
from clinical.parameters import Parameters
from schemas.base import Reason
from schemas.infusion import SessionResult
from schemas.people import Person
from schemas.protocol import Clinic
from schemas.safety_program import MonitoringForm, SprayFacts

ASKED = (
    "devices", "lot", "first_device_at", "ready_to_leave_at", "acceptable_before",
    "acceptable_at_end", "sedation", "dissociation", "respiratory_depression", "supervised_by",
)  # fmt: skip
"""What the form asks of the session and a person adds where nobody recorded it."""

PRESSURES = 3


def assemble_form(
    result: SessionResult,
    treated_at: datetime,
    clinic: Clinic,
    patient: Person | None,
    reference: str,
    *,
    first_treatment: bool,
) -> MonitoringForm:
    """The form of one dosed session (5.4). `reference`: the patient's opaque id here. Nothing is
    made up: what nobody recorded is named in `not_recorded`."""
    facts = result.spray or SprayFacts()
    missing = [name for name in ASKED if getattr(facts, name) is None]
    if len(facts.pressures) < PRESSURES:
        missing.append("pressures")
    if patient is None:
        missing.append("patient")
    began = facts.first_device_at or treated_at
    return MonitoringForm(
        session_id=result.session_id,
        patient_reference=reference,
        birth_date=patient.birth_date if patient else None,
        sex=patient.sex if patient else MonitoringForm.model_fields["sex"].default,
        site=clinic.code,
        first_treatment=first_treatment,
        treated_at=treated_at,
        dose_mg=result.delivered_mg,
        facts=facts,
        total_minutes=_minutes(began, facts.left_at or result.ended_at),
        ready_to_leave_minutes=_minutes(began, facts.ready_to_leave_at),
        serious_events=tuple(event.code for event in result.adverse_events if event.serious),
        not_recorded=tuple(missing),
    )


def amend_form(form: MonitoringForm, serious_event: str) -> MonitoringForm:
    """The form with one more serious event, as a revision of its own (5.4)."""
    return form.model_copy(
        update={
            "revision": form.revision + 1,
            "serious_events": (*form.serious_events, serious_event),
        }
    )


def form_digest(form: MonitoringForm) -> str:
    """The content's hash, by which a receipt is tied to what was sent (5.4)."""
    return hashlib.sha256(form.model_dump_json().encode()).hexdigest()


def judge_lateness(
    treated_at: datetime, submitted_at: datetime, clinic: Clinic, parameters: Parameters
) -> tuple[Reason, ...]:
    """A form sent after its seventh calendar day is still sent, and is a deviation (11.24)."""
    last_day = local_date(treated_at, clinic) + parameters.duration("rems.pmf_due")
    sent_on = local_date(submitted_at, clinic)
    if sent_on <= last_day:
        return ()
    text = "The monitoring form was sent after its last day."
    fact = f"{(sent_on - last_day).days} days late"
    return (Reason(code="monitoring_form_late", text=text, fact=fact, source="11.24"),)


def _minutes(began: datetime, ended: datetime | None) -> int | None:
    return None if ended is None else round((ended - began) / timedelta(minutes=1))
