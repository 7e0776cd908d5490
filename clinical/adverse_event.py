"""Adverse events: how serious, and who must be told by when (fact sheet 8.1, 8.3).

Calendar days and business days are different types; nothing converts one into the other.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from clinical.clinic_hours import after_business_days, after_calendar_days
from clinical.parameters import Parameters
from schemas.adverse_event import AdverseEvent, DayBasis, Deadline
from schemas.base import Reason
from schemas.protocol import Clinic
from schemas.schedule import BusinessDays, CalendarDays
from schemas.screening import Modality

LIFE_THREATENING = 4
"""Grades 4 and 5 are serious whatever the reporter ticked."""

SUICIDAL = frozenset({"suicide_attempt", "suicide", "death"})
PREGNANCY = frozenset({"pregnancy_exposure", "pregnancy"})
DEVICE = frozenset({"device_malfunction", "pump_failure"})
DIVERSION = frozenset({"theft", "diversion", "significant_loss"})


def is_serious(event: AdverseEvent) -> bool:
    """Serious by any criterion: death, life-threatening, hospitalisation, disability, anomaly,
    important medical event (21 CFR 312, 314)."""
    return event.serious or event.grade >= LIFE_THREATENING or event.code in SUICIDAL


def report_deadlines(
    event: AdverseEvent,
    modality: Modality,
    now: datetime,
    clinic: Clinic,
    parameters: Parameters,
    *,
    compounded: bool = False,
    holidays: Iterable[date] = (),
) -> tuple[Deadline, ...]:
    """Everybody who must be told, first deadline first. `now`: when the clinic learnt of it;
    `compounded`: the drug came from a compounding pharmacy; `holidays`: of the state, besides the
    federal ones. Basis `elapsed` counts hours, the others days of their own kind (8.3)."""
    found = [
        *_inside(event, modality, now, parameters),
        *_outside(event, modality, now, clinic, parameters, compounded=compounded),
        *_device(event, now, clinic, parameters, holidays),
        *_diversion(event, now, clinic, parameters, holidays),
    ]
    return tuple(sorted(found, key=_by))


def confirm_by(deadline: Deadline, now: datetime, parameters: Parameters) -> datetime:
    """When a report is overdue: at its deadline; who must be told at once, within minutes of the
    question (8.3)."""
    return max(deadline.by, now + parameters.duration("ae.at_once"))


def _inside(
    event: AdverseEvent, modality: Modality, now: datetime, parameters: Parameters
) -> Iterator[Deadline]:
    if is_serious(event):
        yield _elapsed("medical_director", now, "Told at once.", event)
        written = now + parameters.duration("ae.serious_internal")
        yield _elapsed("medical_director_written", written, "In writing.", event)
    if event.code in SUICIDAL:
        yield _elapsed("primary_provider", now, "Told at once.", event)
        text = "At once where the insurer or the state requires it."
        yield _deadline("insurer_and_state", now, DayBasis.ELAPSED, text, event, required=False)
    if event.code in PREGNANCY:
        yield _elapsed("primary_care", now, "Told at once.", event)
        yield _elapsed("obstetrics", now, "Told at once.", event)
        yield _elapsed("pregnancy_registry", now, "Registry offered at once.", event)
    if is_serious(event) and modality is Modality.ESKETAMINE:
        by = now + parameters.duration("rems.sae_internal")
        yield _elapsed("safety_programme", by, "Internal limit; hard limit 7 days.", event)


def _outside(
    event: AdverseEvent,
    modality: Modality,
    now: datetime,
    clinic: Clinic,
    parameters: Parameters,
    *,
    compounded: bool,
) -> Iterator[Deadline]:
    if not is_serious(event):
        return
    if modality is Modality.ESKETAMINE:
        days = CalendarDays(count=parameters.integer("rems.pmf_due"))
        by = after_calendar_days(now, days, clinic)
        yield _deadline("monitoring_form", by, DayBasis.CALENDAR, "Monitoring form.", event)
    medwatch = CalendarDays(count=parameters.integer("ae.medwatch"))
    by = after_calendar_days(now, medwatch, clinic)
    text = "MedWatch, FDA 3500: voluntary for clinicians."
    yield _deadline("fda_medwatch", by, DayBasis.CALENDAR, text, event, required=False)
    if compounded:
        text = "The compounding pharmacy."
        yield _deadline("compounding_pharmacy", by, DayBasis.CALENDAR, text, event)


def _device(
    event: AdverseEvent,
    now: datetime,
    clinic: Clinic,
    parameters: Parameters,
    holidays: Iterable[date],
) -> Iterator[Deadline]:
    """A malfunction with serious harm: ten work days (a physician's office is exempt)."""
    if event.code in DEVICE and is_serious(event):
        within = BusinessDays(count=parameters.integer("ae.device_report"))
        by = after_business_days(now, within, clinic, holidays)
        yield _deadline("device_manufacturer", by, DayBasis.BUSINESS, "21 CFR 803.", event)


def _diversion(
    event: AdverseEvent,
    now: datetime,
    clinic: Clinic,
    parameters: Parameters,
    holidays: Iterable[date],
) -> Iterator[Deadline]:
    """Theft or significant loss: field division in one business day, Form 106 in 45 days."""
    if event.code not in DIVERSION:
        return
    notify = BusinessDays(count=parameters.integer("cs.loss_notify"))
    by = after_business_days(now, notify, clinic, holidays)
    for to in ("dea_field_division", "state_board"):
        yield _deadline(to, by, DayBasis.BUSINESS, "Theft or significant loss.", event)
    form = after_calendar_days(now, CalendarDays(count=parameters.integer("cs.form106")), clinic)
    yield _deadline("dea_form_106", form, DayBasis.CALENDAR, "Form 106.", event)


def _elapsed(to: str, by: datetime, text: str, event: AdverseEvent) -> Deadline:
    return _deadline(to, by, DayBasis.ELAPSED, text, event)


def _deadline(
    to: str,
    by: datetime,
    basis: DayBasis,
    text: str,
    event: AdverseEvent,
    *,
    required: bool = True,
) -> Deadline:
    reason = Reason(code=f"report_{to}", text=text, fact=event.code, source="8.3")
    return Deadline(to=to, by=by, basis=basis, required=required, reason=reason)


def _by(deadline: Deadline) -> datetime:
    return deadline.by
