"""Reports, stock, records and the clinic itself on both sides of every number (1.4, 8, 11.33)."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from clinical.adverse_event import confirm_by, report_deadlines
from clinical.clinic import clinic_alerts
from clinical.controlled_substance import balance, judge_inventory, judge_waste
from clinical.parameters import Parameters
from clinical.retention import RecordKind, judge_deletion
from schemas.adverse_event import AdverseEvent
from schemas.base import Actor, Role
from schemas.controlled_substance import StockEntry, Waste
from schemas.protocol import Credential, EmergencyItem, StaffMember
from tests.clinical.boundaries.rows import (
    IV,
    NORTH,
    NURSE,
    SPRAY,
    T0,
    Fires,
    Row,
    both,
    codes,
)

TODAY = T0.date()
FELL = AdverseEvent(code="fall", grade=4, description="fell")
STOLEN = AdverseEvent(code="theft", grade=1, description="a vial is gone")
PUMP = AdverseEvent(code="pump_failure", grade=4, description="the pump ran on")


def told(event: AdverseEvent, to: str, days: Any, modality: Any = IV) -> Fires:
    """Whether so much later is late enough for the report to be due."""

    def fires(value: float, p: Parameters) -> bool:
        found = report_deadlines(event, modality, T0, NORTH, p)
        local = next(d.by for d in found if d.to == to)
        return local.date() <= days(value).date()

    return fires


def told_within(event: AdverseEvent, to: str, modality: Any) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        found = report_deadlines(event, modality, T0, NORTH, p)
        return next(d.by for d in found if d.to == to) <= T0 + timedelta(hours=value)

    return fires


def confirmed(value: float, p: Parameters) -> bool:
    """Whoever is told at once: overdue after so many minutes."""
    at_once = report_deadlines(FELL, IV, T0, NORTH, p)[0]
    return confirm_by(at_once, T0, p) <= T0 + timedelta(minutes=value)


def calendar(days: float) -> datetime:
    return T0 + timedelta(days=days)


def business(days: float) -> datetime:
    """No holiday lies in these weeks: only weekends do not count."""
    day, left = T0, int(days)
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return day


def drilled(value: float, p: Parameters) -> bool:
    drill = EmergencyItem(
        item="drill",
        checked_on=TODAY - timedelta(days=value),
        valid_until=TODAY + timedelta(days=900),
    )
    clinic = NORTH.model_copy(update={"emergency_protocol": (drill,)})
    return "drill_due" in codes(clinic_alerts(clinic, TODAY, p))


def expiring(place: int) -> Fires:
    """A licence that ends in so many days is announced by this step of the list."""

    def fires(value: float, p: Parameters) -> bool:
        licence = Credential(kind="licence", expires_on=TODAY + timedelta(days=value))
        nurse = StaffMember(id="rn-quill", name="Rosalind Quill", role=Role.NURSE,
                            credentials=(licence,))  # fmt: skip
        clinic = NORTH.model_copy(update={"staff": (nurse,)})
        step = p.numbers("cred.alert_days")[place]
        said = [r.text for r in clinic_alerts(clinic, TODAY, p) if r.code == "expires_soon"]
        steps = sorted(p.numbers("cred.alert_days"))
        return any(f"within {s:g} days" in text for s in steps if s <= step for text in said)

    return fires


def varied(value: float, p: Parameters) -> bool:
    waste = Waste(wasted_mg=10, witness=Actor(id="rn-abara", role=Role.NURSE))
    return "waste_variance" in codes(judge_waste(50 + value, 40, waste, NURSE, p))


def counted(value: float, p: Parameters) -> bool:
    opening = StockEntry(lot="KET-2231", movement="opening", amount_mg=100, at=T0, actor=NURSE)
    return not balance("KET-2231", (opening,), 100 + value, p).closes


def inventoried(value: float, p: Parameters) -> bool:
    """A count so many months ago."""
    months = TODAY.year * 12 + TODAY.month - 1 - int(value)
    last = date(months // 12, months % 12 + 1, TODAY.day)
    return "inventory_due" in codes(judge_inventory(last, TODAY, p))


def kept(kind: RecordKind) -> Fires:
    """A record whose last entry is so many years old must still be kept."""

    def fires(value: float, p: Parameters) -> bool:
        last = TODAY.replace(year=TODAY.year - int(value))
        return "must_be_kept" in codes(judge_deletion(kind, last, TODAY, p))

    return fires


TABLE = (
    Row("ae.serious_internal", ">=", 1, told_within(FELL, "medical_director_written", IV)),
    Row("ae.at_once", ">=", 1, confirmed),
    Row("rems.sae_internal", ">=", 1, told_within(FELL, "safety_programme", SPRAY)),
    Row("rems.pmf_due", ">=", 1, told(FELL, "monitoring_form", calendar, SPRAY)),
    Row("ae.medwatch", ">=", 1, told(FELL, "fda_medwatch", calendar)),
    Row("ae.device_report", ">=", 1, told(PUMP, "device_manufacturer", business)),
    Row("cs.loss_notify", ">=", 1, told(STOLEN, "dea_field_division", business)),
    Row("cs.loss_notify", ">=", 1, told(STOLEN, "state_board", business)),
    Row("cs.form106", ">=", 1, told(STOLEN, "dea_form_106", calendar)),
    Row("cs.reconcile_tolerance", ">", 0.1, varied),
    Row("cs.reconcile_tolerance", ">", 0.1, counted),
    Row("cs.inventory", ">=", 1, inventoried),
    Row("cs.retention", "<", 1, kept(RecordKind.CONTROLLED_SUBSTANCE)),
    Row("records.medical", "<", 1, kept(RecordKind.MEDICAL)),
    Row("records.audit", "<", 1, kept(RecordKind.AUDIT)),
    Row("drill.interval", ">", 1, drilled),
    *(Row("cred.alert_days", "<=", 1, expiring(n), n) for n in range(4)),
)  # fmt: skip


@pytest.mark.parametrize(("row", "at"), both(TABLE))
def test_a_report_or_record_is_due_at_its_number_and_not_before(row: Row, at: float) -> None:
    assert row.answers(at) == row.expected(at)
