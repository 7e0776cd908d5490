"""What must hold for any facts: no exception, never laxer when stricter, worse never milder."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinical.consent import judge_consent
from clinical.contraindications import BY_CONDITION
from clinical.discharge import judge_discharge
from clinical.parameters import PARAMETERS, Parameters, Tighter
from clinical.readiness import judge_readiness
from clinical.screening import judge_screening
from clinical.vital_signs import (
    SEVERITY,
    judge_late,
    judge_missing,
    judge_reading,
    may_resume,
)
from schemas.base import Actor, Role
from schemas.consent import ConsentForm
from schemas.infusion import (
    CheckIn,
    Discharge,
    OrderDose,
    SessionPlan,
    VitalsAction,
    VitalSigns,
)
from schemas.people import Contact
from schemas.protocol import Clinic, Protocol
from schemas.screening import Modality, Screening, ScreeningOutcome
from tests.drawn import drawn

FAST = settings(
    max_examples=drawn(30),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
P = Parameters.default()
T0 = datetime(2027, 3, 13, 15, 0, tzinfo=UTC)
MOMENTS = st.integers(-4_000, 4_000).map(lambda minutes: T0 + timedelta(minutes=minutes))
CODES = st.sampled_from(
    ("chest_pain", "panic", "vomiting", "dissociation", "asks_to_stop", "unheard_of")
)
NORTH = Clinic(
    code="north",
    name="Northlight Clinic",
    time_zone="America/New_York",
    opening_hours=dict.fromkeys(range(7), ("08:00", "18:00")),
    spray_certified=True,
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


READINGS = st.builds(
    VitalSigns,
    systolic_mmhg=maybe(st.integers(40, 300)),
    diastolic_mmhg=maybe(st.integers(20, 200)),
    heart_rate_bpm=maybe(st.integers(20, 300)),
    spo2_percent=maybe(st.integers(30, 100)),
    respiratory_rate_per_min=maybe(st.integers(0, 80)),
    temperature_c=maybe(st.floats(30, 45)),
    moaas=maybe(st.integers(0, 5)),
    cadss6=maybe(st.integers(0, 24)),
    symptoms=st.lists(CODES, max_size=3).map(tuple),
    taken_at=maybe(MOMENTS),
)
ACTORS = st.builds(Actor, id=st.sampled_from(("a", "b")), role=st.sampled_from(Role))
RISKS = maybe(st.sampled_from(("none", "low", "moderate", "high")))
DISCHARGES = st.builds(
    Discharge,
    command_id=st.just("d"),
    actor=ACTORS,
    escort_present=st.booleans(),
    instructions_given=st.booleans(),
    orientation=maybe(st.integers(0, 4)),
    effects_gone=maybe(st.booleans()),
    aldrete=maybe(st.integers(0, 10)),
    gait_steady=st.booleans(),
    nausea_controlled=st.booleans(),
    suicide_risk=RISKS,
    line_removed=st.booleans(),
    waste_reconciled=st.booleans(),
    second_signature=maybe(ACTORS),
    against_advice=st.booleans(),
    disposition_by=maybe(ACTORS),
)
CHECK_INS = st.builds(
    CheckIn,
    command_id=st.just("c"),
    actor=ACTORS,
    identity_confirmed=st.booleans(),
    escort=maybe(st.just(Contact(name="Barnaby Pontefract", phone="+1-212-555-0101"))),
    escort_confirmed=st.booleans(),
    last_solids_at=maybe(MOMENTS),
    last_liquids_at=maybe(MOMENTS),
    last_nasal_drug_at=maybe(MOMENTS),
    medicines_reconciled=st.booleans(),
    new_medicines=st.lists(st.sampled_from(("lorazepam", "lithium", "x")), max_size=2).map(tuple),
    pregnancy_test_negative=maybe(st.booleans()),
    suicide_risk=RISKS,
    intoxicated=st.booleans(),
    emergency_kit_checked=st.booleans(),
    observer=maybe(st.just("rn-quill")),
    prescriber_on_site=st.booleans(),
    pulse_oximeter=st.booleans(),
    changes_since_last=st.lists(st.sampled_from(("fever", "surgery", "y")), max_size=2).map(tuple),
)
PLANS = st.builds(
    SessionPlan,
    session_id=st.just("s"),
    journey_id=st.just("j"),
    clinic=st.just(NORTH),
    protocol=st.just(Protocol(version="standard-1", parameters={})),
    modality=st.sampled_from(Modality),
    number=st.integers(1, 9),
    scheduled_at=st.just(T0),
    consent_valid_until=maybe(MOMENTS),
    clearances_valid_until=maybe(MOMENTS),
    last_dose_at=maybe(MOMENTS),
    pregnancy_test_needed=st.booleans(),
    site_certified=st.booleans(),
    patient_enrolled=st.booleans(),
)
ORDERS = maybe(
    st.builds(
        OrderDose,
        command_id=st.just("o"),
        actor=ACTORS,
        dose_mg=st.sampled_from((35.0, 56.0, 84.0, 60.0)),
        weight_kg=maybe(st.floats(35, 250)),
    )
)
PHASES = st.sampled_from(("pre", "during", "post"))

TIGHTENED = sorted(
    name
    for name, parameter in PARAMETERS.items()
    if parameter.change.value == "tighten"
    and name.split(".")[0] in {"bp", "hr", "spo2", "rr", "sed", "dis", "iv", "esk", "temp"}
    and isinstance(parameter.default, int | float)
    and not isinstance(parameter.default, bool)
)


def tightened(name: str) -> Parameters:
    """The standard values with one parameter at the strict end of its range."""
    parameter = PARAMETERS[name]
    strict = parameter.low if parameter.tighter is Tighter.LOWER else parameter.high
    assert strict is not None
    return Parameters({**P.values, name: strict})


def severity(action: VitalsAction) -> int:
    return SEVERITY.index(action)


@FAST
@given(READINGS, PHASES, maybe(READINGS), st.lists(READINGS, max_size=4), st.booleans())
def test_every_reading_is_answered(
    reading: VitalSigns,
    phase: Any,
    baseline: VitalSigns | None,
    previous: list[VitalSigns],
    paused: bool,
) -> None:
    facts: dict[str, Any] = {
        "phase": phase,
        "baseline": baseline,
        "paused": paused,
        "parameters": P,
    }
    decision = judge_reading(reading, previous=previous, **facts)
    late = judge_late(reading, readings=previous, **facts)
    may_resume(previous, P, baseline=baseline)

    assert (decision.action is VitalsAction.CONTINUE) is not bool(decision.reasons)
    assert severity(late.action) <= severity(VitalsAction.STOP)


@FAST
@given(
    READINGS,
    PHASES,
    maybe(READINGS),
    st.lists(READINGS, max_size=3),
    st.sampled_from(
        (
            ("systolic_mmhg", 1, 90, 300),
            ("diastolic_mmhg", 1, 20, 200),
            ("heart_rate_bpm", 1, 50, 300),
            ("heart_rate_bpm", -1, 20, 110),
            ("spo2_percent", -1, 30, 100),
            ("moaas", -1, 0, 5),
            ("respiratory_rate_per_min", -1, 0, 24),
            ("respiratory_rate_per_min", 1, 10, 80),
            ("systolic_mmhg", -1, 40, 110),
            ("temperature_c", 1, 30, 45),
        )
    ),
    st.data(),
)
def test_a_worse_value_is_never_answered_more_mildly(  # noqa: PLR0917  hypothesis fills them
    reading: VitalSigns,
    phase: Any,
    baseline: VitalSigns | None,
    previous: list[VitalSigns],
    axis: tuple[str, int, int, int],
    data: st.DataObject,
) -> None:
    name, direction, low, high = axis
    pair = sorted(data.draw(st.tuples(st.integers(low, high), st.integers(low, high))))
    better, worse = pair if direction > 0 else reversed(pair)
    own_drop = {} if name != "systolic_mmhg" else {"baseline": None}
    facts: dict[str, Any] = {
        "phase": phase, "baseline": baseline, "previous": previous, "paused": False,
        "parameters": P, **own_drop,
    }  # fmt: skip

    mild = judge_reading(reading.model_copy(update={name: better}), **facts)
    grave = judge_reading(reading.model_copy(update={name: worse}), **facts)

    assert severity(grave.action) >= severity(mild.action)


@pytest.mark.parametrize("name", TIGHTENED)
@settings(FAST, max_examples=15)
@given(
    reading=READINGS,
    phase=PHASES,
    baseline=maybe(READINGS),
    previous=st.lists(READINGS, max_size=3),
)
def test_a_stricter_clinic_never_answers_a_reading_more_mildly(
    name: str,
    reading: VitalSigns,
    phase: Any,
    baseline: VitalSigns | None,
    previous: list[VitalSigns],
) -> None:
    facts: dict[str, Any] = {
        "phase": phase, "baseline": baseline, "previous": previous, "paused": False,
    }  # fmt: skip

    standard = judge_reading(reading, parameters=P, **facts)
    strict = judge_reading(reading, parameters=tightened(name), **facts)

    assert severity(strict.action) >= severity(standard.action)


@pytest.mark.parametrize("name", TIGHTENED)
@settings(FAST, max_examples=15)
@given(
    command=DISCHARGES,
    readings=st.lists(READINGS, max_size=4),
    baseline=maybe(READINGS),
    modality=st.sampled_from(Modality),
    now=MOMENTS,
)
def test_a_stricter_clinic_never_discharges_who_would_have_stayed(  # noqa: PLR0917  hypothesis fills them
    name: str,
    command: Discharge,
    readings: list[VitalSigns],
    baseline: VitalSigns | None,
    modality: Modality,
    now: datetime,
) -> None:
    facts: dict[str, Any] = {
        "modality": modality, "dosing_ended_at": T0, "readings": readings,
        "baseline": baseline, "now": now,
    }  # fmt: skip

    standard = judge_discharge(command, parameters=P, **facts)
    strict = judge_discharge(command, parameters=tightened(name), **facts)

    met = {c.code for c in standard.criteria if c.met}
    assert {c.code for c in strict.criteria if c.met} <= met
    assert standard.allowed or not strict.allowed


@pytest.mark.parametrize("name", TIGHTENED)
@settings(FAST, max_examples=15)
@given(
    plan=PLANS,
    check_in=maybe(CHECK_INS),
    order=ORDERS,
    baseline=maybe(READINGS),
    now=MOMENTS,
    allowed=st.booleans(),
)
def test_a_stricter_clinic_is_never_ready_sooner(  # noqa: PLR0917  hypothesis fills them
    name: str,
    plan: SessionPlan,
    check_in: CheckIn | None,
    order: OrderDose | None,
    baseline: VitalSigns | None,
    now: datetime,
    allowed: bool,
) -> None:
    standard = judge_readiness(plan, check_in, order, allowed, baseline, None, now, P)
    strict = judge_readiness(plan, check_in, order, allowed, baseline, None, now, tightened(name))

    assert standard.ready or not strict.ready
    assert standard.ready is (check_in is not None and not standard.missing)


@FAST
@given(PLANS, CHECK_INS, ORDERS, maybe(READINGS), MOMENTS)
def test_overriding_everything_never_lifts_what_may_not_be_overridden(
    plan: SessionPlan,
    check_in: CheckIn,
    order: OrderDose | None,
    baseline: VitalSigns | None,
    now: datetime,
) -> None:
    plain = judge_readiness(plan, check_in, order, True, baseline, None, now, P)
    every = frozenset(missing.code for missing in plain.missing)

    forced = judge_readiness(plan, check_in, order, True, baseline, None, now, P, every)

    assert forced.missing == tuple(m for m in plain.missing if not m.overridable)


CONDITIONS = st.lists(st.sampled_from((*sorted(BY_CONDITION), "unheard_of")), max_size=6)
SCREENINGS = st.builds(
    Screening,
    conditions=CONDITIONS.map(tuple),
    weight_kg=maybe(st.floats(35, 250)),
    systolic_mmhg=maybe(st.integers(50, 300)),
    diastolic_mmhg=maybe(st.integers(20, 200)),
    age_years=maybe(st.integers(0, 130)),
    can_become_pregnant=st.booleans(),
)
RANK = [ScreeningOutcome.CLEARED, ScreeningOutcome.NEEDS_DECISION, ScreeningOutcome.BLOCKED]


@FAST
@given(
    SCREENINGS,
    st.sampled_from(Modality),
    st.sampled_from((*sorted(BY_CONDITION), "unheard_of")),
    MOMENTS,
)
def test_another_contraindication_never_helps(
    screening: Screening, modality: Modality, another: str, dosing_at: datetime
) -> None:
    more = screening.model_copy(update={"conditions": (*screening.conditions, another)})

    before = judge_screening(screening, modality, dosing_at, P)
    after = judge_screening(more, modality, dosing_at, P)

    assert RANK.index(after.outcome) >= RANK.index(before.outcome)


@FAST
@given(
    st.builds(
        ConsentForm,
        modality=st.sampled_from(Modality),
        document_version=st.just("v1"),
        signer=st.just("Wilhelmina Pontefract"),
        signed_at=maybe(MOMENTS),
        teach_back=st.booleans(),
    ),
    MOMENTS,
    st.sampled_from(Modality),
    maybe(MOMENTS),
)
def test_consent_is_in_force_or_says_why_not(
    form: ConsentForm, signed_at: datetime, modality: Modality, dosing_at: datetime | None
) -> None:
    decision = judge_consent(form, signed_at, modality, dosing_at, P)

    assert decision.in_force is not bool(decision.reasons)


@FAST
@given(MOMENTS, MOMENTS, st.integers(0, 9))
def test_a_missing_reading_that_pauses_also_alerts(
    due_at: datetime, now: datetime, in_row: int
) -> None:
    decision = judge_missing(due_at, now, in_row, P)

    assert decision.alert or not (decision.pause or decision.escalate)
