"""A treatment day on which all is well, and the same day with something changed."""

from datetime import UTC, date, datetime, timedelta

from clinical.parameters import Parameters
from clinical.readiness import judge_readiness
from schemas.base import Actor, Role
from schemas.controlled_substance import DrugLot
from schemas.infusion import (
    CheckIn,
    OrderDose,
    Readiness,
    SessionPlan,
    VitalSigns,
)
from schemas.people import Contact
from schemas.protocol import Clinic, Protocol
from schemas.screening import Modality

P = Parameters.default()


SCHEDULED = datetime(2026, 12, 3, 15, 0, tzinfo=UTC)


NOW = SCHEDULED - timedelta(minutes=10)


NURSE = Actor(id="rn-quill", role=Role.NURSE)


PRESCRIBER = Actor(id="dr-brandt", role=Role.PRESCRIBER)


PSYCHIATRIST = Actor(id="dr-lee", role=Role.PSYCHIATRIST)


NORTH = Clinic(
    code="north",
    name="Northlight Clinic",
    time_zone="America/New_York",
    opening_hours=dict.fromkeys(range(5), ("08:00", "18:00")),
    spray_certified=True,
)


PLAN = SessionPlan(
    session_id="journey-x-infusion-2",
    journey_id="journey-x",
    clinic=NORTH,
    protocol=Protocol(version="standard-1", parameters={}),
    modality=Modality.IV_KETAMINE,
    number=2,
    scheduled_at=SCHEDULED,
    consent_valid_until=SCHEDULED + timedelta(days=300),
    clearances_valid_until=SCHEDULED + timedelta(days=20),
    last_dose_at=SCHEDULED - timedelta(days=3),
    pdmp_queried_at=SCHEDULED - timedelta(hours=20),
)


CHECK_IN = CheckIn(
    command_id="c1",
    actor=NURSE,
    escort=Contact(name="Barnaby Pontefract", phone="+1-212-555-0101"),
    escort_confirmed=True,
    last_solids_at=SCHEDULED - timedelta(hours=7),
    last_liquids_at=SCHEDULED - timedelta(hours=3),
    medicines_reconciled=True,
    suicide_risk="low",
    emergency_kit_checked=True,
    observer="rn-quill",
    prescriber_on_site=True,
    pulse_oximeter=True,
)


ORDER = OrderDose(command_id="c2", actor=PRESCRIBER, dose_mg=35, weight_kg=70, duration_min=40)


READING = VitalSigns(
    systolic_mmhg=128,
    diastolic_mmhg=82,
    heart_rate_bpm=72,
    spo2_percent=98,
    respiratory_rate_per_min=14,
    temperature_c=36.7,
    moaas=5,
    weight_kg=70,
    taken_at=NOW,
)


LOT = DrugLot(lot="KET-2231", expires_on=date(2027, 6, 30))


SPRAY_PLAN = PLAN.model_copy(
    update={"modality": Modality.ESKETAMINE, "site_certified": True, "patient_enrolled": True}
)


SPRAY_ORDER = ORDER.model_copy(update={"dose_mg": 56.0, "weight_kg": None})


def judged(**changes: object) -> Readiness:
    """The good infusion day with these facts changed; `check_in_`, `plan_`... change fields."""
    facts: dict[str, object] = {
        "plan": PLAN,
        "check_in": CHECK_IN,
        "order": ORDER,
        "order_decision_allowed": True,
        "baseline": READING,
        "lot": LOT,
        "now": NOW,
        "parameters": P,
    }
    for name, value in changes.items():
        if name.endswith("_"):
            facts[name[:-1]] = facts[name[:-1]].model_copy(update=value)  # type: ignore[attr-defined]
        else:
            facts[name] = value
    return judge_readiness(**facts)  # type: ignore[arg-type]


def codes(readiness: Readiness) -> list[str]:
    return [missing.code for missing in readiness.missing]
