"""The spray's monitoring form: assembled from a session's facts, versioned, judged for lateness.

Clinical fact sheet, 5.4 and edge case 24.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from clinical.baseline_reading import baseline_reading, measured_last
from clinical.clinic_hours import local_date
from clinical.parameters import Parameters
from schemas.base import Reason
from schemas.infusion import SessionResult, VitalSigns
from schemas.people import Person
from schemas.protocol import Clinic
from schemas.safety_program import MonitoringForm, Pressure, SprayFacts

ASKED = (
    "devices", "lot", "first_device_at", "ready_to_leave_at", "acceptable_before",
    "acceptable_at_end", "sedation", "dissociation", "respiratory_depression", "supervised_by",
)  # fmt: skip
"""What the form asks of the session and a person adds where nobody recorded it."""

PRESSURES = 3


def spray_facts(
    before: Sequence[VitalSigns],
    after: Sequence[VitalSigns],
    first_device_at: datetime,
    left_at: datetime,
    parameters: Parameters,
    *,
    devices: int | None = None,
    lot: str | None = None,
    concomitant: Sequence[str] = (),
    supervised_by: str | None = None,
) -> SprayFacts:
    """What one spray session's own readings answer on the form (5.4). `before` and `after` the
    first device, in the order taken; mmHg, percent, breaths a minute. What was not measured stays
    unanswered."""
    baseline = baseline_reading(before)
    scores = [r.cadss6 for r in after if r.cadss6 is not None]
    rested = (baseline.cadss6 if baseline else None) or 0
    calm = rested + parameters.number("dis.cadss6_delta")
    alert = parameters.number("dis.moaas")
    moaas = [r.moaas for r in after if r.moaas is not None]
    return SprayFacts(
        devices=devices,
        lot=lot,
        first_device_at=first_device_at,
        ready_to_leave_at=left_at,
        left_at=left_at,
        acceptable_before=_acceptable(baseline, parameters),
        acceptable_at_end=_acceptable(after[-1] if after else None, parameters),
        pressures=_pressures(before, after, first_device_at, parameters),
        sedation=any(score < alert for score in moaas) if moaas else None,
        dissociation=any(score > calm for score in scores) if scores else None,
        respiratory_depression=_short_of_breath(after, parameters),
        concomitant=tuple(concomitant),
        supervised_by=supervised_by,
    )


def _acceptable(reading: VitalSigns | None, parameters: Parameters) -> bool | None:
    """Whether the pressure was one that the label does not question (5.3)."""
    if reading is None or reading.systolic_mmhg is None or reading.diastolic_mmhg is None:
        return None
    return reading.systolic_mmhg <= parameters.number(
        "bp.pre_sys_review"
    ) and reading.diastolic_mmhg <= parameters.number("bp.pre_dia_review")


def _pressures(
    before: Sequence[VitalSigns],
    after: Sequence[VitalSigns],
    first_device_at: datetime,
    parameters: Parameters,
) -> tuple[Pressure, ...]:
    """The last before, nearest to 40 minutes after the first device, and the last."""
    peak = first_device_at + parameters.duration("esk.bp_post_time")
    measured = [r for r in after if r.systolic_mmhg and r.taken_at]
    near = min(measured, key=lambda r: abs(_taken(r) - peak), default=None)
    baseline = measured_last(before[::-1], "systolic_mmhg")
    chosen = (baseline, near, measured[-1] if len(measured) > 1 else None)
    return tuple(
        Pressure(
            systolic_mmhg=r.systolic_mmhg, diastolic_mmhg=r.diastolic_mmhg, taken_at=r.taken_at
        )
        for r in chosen
        if r is not None and r.systolic_mmhg is not None and r.diastolic_mmhg is not None
    )


def _short_of_breath(after: Sequence[VitalSigns], parameters: Parameters) -> bool | None:
    rates = [r.respiratory_rate_per_min for r in after if r.respiratory_rate_per_min is not None]
    oxygen = [r.spo2_percent for r in after if r.spo2_percent is not None]
    if not rates and not oxygen:
        return None
    slow = any(rate < parameters.number("rr.stop") for rate in rates)
    return slow or any(spo2 < parameters.number("spo2.stop") for spo2 in oxygen)


def _taken(reading: VitalSigns) -> datetime:
    assert reading.taken_at is not None, "only readings with a time are asked"
    return reading.taken_at


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
