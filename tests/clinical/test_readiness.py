"""Readiness as a list: a day on which all is well, and one thing after another that is not."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clinical.parameters import Parameters
from clinical.readiness import DECISION, judge_readiness, session_length
from schemas.base import Actor, Role
from schemas.controlled_substance import DrugLot
from schemas.infusion import (
    CheckIn,
    OrderDose,
    Readiness,
    SessionPlan,
    SessionResult,
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


def test_a_day_on_which_all_is_well_is_ready() -> None:
    assert judged() == Readiness(ready=True)


def test_a_spray_day_on_which_all_is_well_is_ready() -> None:
    assert judged(plan=SPRAY_PLAN, order=SPRAY_ORDER).ready


@pytest.mark.parametrize(
    ("change", "code", "supplied_by"),
    [
        ({"identity_confirmed": False}, "identity", Role.NURSE),
        ({"escort": None}, "escort", Role.CARE_COORDINATOR),
        ({"escort": Contact(name="Barnaby")}, "escort", Role.CARE_COORDINATOR),
        ({"escort_confirmed": False}, "escort", Role.CARE_COORDINATOR),
        ({"intoxicated": True}, "intoxicated", Role.PRESCRIBER),
        ({"medicines_reconciled": False}, "medicines_not_reconciled", Role.NURSE),
        ({"suicide_risk": None}, "suicide_risk_missing", Role.NURSE),
        ({"suicide_risk": "moderate"}, "suicide_risk_moderate", Role.PRESCRIBER),
        ({"suicide_risk": "high"}, "suicide_risk_high", Role.PSYCHIATRIST),
        ({"last_solids_at": None}, "food_time_unknown", Role.NURSE),
        ({"last_liquids_at": None}, "liquid_time_unknown", Role.NURSE),
        ({"emergency_kit_checked": False}, "emergency_kit", Role.NURSE),
        ({"observer": None}, "observer", Role.NURSE),
        ({"monitor_checked": False}, "monitor", Role.NURSE),
        ({"pregnancy_test_negative": False}, "pregnancy_test_positive", Role.PRESCRIBER),
    ],
)
def test_what_a_check_in_can_leave_missing(
    change: dict[str, object], code: str, supplied_by: Role
) -> None:
    readiness = judged(check_in_=change)

    assert [(m.code, m.supplied_by) for m in readiness.missing] == [(code, supplied_by)]
    assert not readiness.ready


def test_edge_4_no_escort_no_dose_and_no_override() -> None:
    readiness = judged(check_in_={"escort_confirmed": False}, overrides=frozenset({"escort"}))

    assert codes(readiness) == ["escort"]


def test_edge_12_weight_change_voids_the_order() -> None:
    assert judged(baseline_={"weight_kg": 72.4}).ready
    assert codes(judged(baseline_={"weight_kg": 72.5})) == ["order_voided_by_weight"]
    lighter = {"order_": {"weight_kg": 40.0}}
    assert judged(baseline_={"weight_kg": 41.9}, **lighter).ready
    assert codes(judged(baseline_={"weight_kg": 42.0}, **lighter)) == ["order_voided_by_weight"]


@pytest.mark.parametrize(
    ("medicine", "reviewed"),
    [
        ("lorazepam", True), ("phenelzine", True), ("methylphenidate", True),
        ("theophylline", True), ("unheard_of_remedy", True), ("lithium", False),
        ("sertraline", False),
    ],
)  # fmt: skip
def test_edge_14_a_new_medicine_is_reviewed_before_ready(medicine: str, reviewed: bool) -> None:
    readiness = judged(check_in_={"new_medicines": (medicine,)})
    seen = {"new_medicines": (medicine,), "medicines_reviewed_by": PRESCRIBER}

    assert ("new_medicine_review" in codes(readiness)) is reviewed
    assert judged(check_in_=seen).ready


@pytest.mark.parametrize("change", ["new_diagnosis", "emergency_visit", "surgery"])
def test_edge_15_an_event_since_the_last_session_voids_the_clearance(change: str) -> None:
    assert codes(judged(check_in_={"changes_since_last": (change,)})) == ["clearance_voided"]


@pytest.mark.parametrize(
    ("reviewer", "ready"), [(None, False), (PRESCRIBER, False), (PSYCHIATRIST, True)]
)
def test_edge_17_high_risk_is_dosed_only_by_a_psychiatrists_order(
    reviewer: Actor | None, ready: bool
) -> None:
    change = {"suicide_risk": "high", "suicide_risk_reviewed_by": reviewer}

    readiness = judged(check_in_=change, overrides=frozenset({"suicide_risk_high"}))

    assert readiness.ready is ready


def test_edge_19_an_intoxicated_patient_is_not_dosed_whoever_overrides() -> None:
    readiness = judged(check_in_={"intoxicated": True}, overrides=frozenset({"intoxicated"}))

    assert codes(readiness) == ["intoxicated"]


@pytest.mark.parametrize(("hours", "ready"), [(23.99, False), (24, True)])
def test_alcohol_within_a_day_puts_the_dose_off(hours: float, ready: bool) -> None:
    readiness = judged(check_in_={"last_alcohol_at": SCHEDULED - timedelta(hours=hours)})

    assert readiness.ready is ready
    assert codes(readiness) == ([] if ready else ["alcohol"])


@pytest.mark.parametrize(
    ("spray", "field", "minutes", "code"),
    [
        (False, "last_solids_at", 360, "food_gap"),
        (False, "last_liquids_at", 120, "liquid_gap"),
        (True, "last_solids_at", 120, "food_gap"),
        (True, "last_liquids_at", 30, "liquid_gap"),
        (True, "last_nasal_drug_at", 60, "nasal_drug_gap"),
    ],
)
def test_edge_20_food_drink_and_nasal_medicines_keep_their_gap(
    spray: bool, field: str, minutes: int, code: str
) -> None:
    base = {"plan": SPRAY_PLAN, "order": SPRAY_ORDER} if spray else {}
    enough = SCHEDULED - timedelta(minutes=minutes)

    assert judged(check_in_={field: enough}, **base).ready
    late = judged(check_in_={field: enough + timedelta(seconds=1)}, **base)
    assert codes(late) == [code]
    assert late.missing[0].by == SCHEDULED + timedelta(seconds=1)


def test_a_gap_of_the_label_cannot_be_overridden_and_a_clinics_own_can() -> None:
    change = {"last_solids_at": SCHEDULED - timedelta(minutes=60)}
    override = frozenset({"food_gap"})

    infusion = judged(check_in_=change, overrides=override)
    spray = judged(check_in_=change, overrides=override, plan=SPRAY_PLAN, order=SPRAY_ORDER)

    assert (infusion.ready, infusion.overridden) == (True, ("food_gap",))
    assert codes(spray) == ["food_gap"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"site_certified": False}, "site_not_certified"),
        ({"clinic": NORTH.model_copy(update={"spray_certified": False})}, "site_not_certified"),
    ],
)
def test_edge_21_no_spray_at_a_site_that_is_not_certified(
    change: dict[str, object], code: str
) -> None:
    plan = SPRAY_PLAN.model_copy(update=change)
    override = frozenset({code})

    assert codes(judged(plan=plan, order=SPRAY_ORDER, overrides=override)) == [code]


def test_edge_22_no_spray_before_the_patient_is_enrolled() -> None:
    plan = SPRAY_PLAN.model_copy(update={"patient_enrolled": False})

    assert codes(judged(plan=plan, order=SPRAY_ORDER)) == ["patient_not_enrolled"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"prescriber_on_site": False}, "prescriber_on_site"),
        ({"pulse_oximeter": False}, "pulse_oximeter"),
    ],
)
def test_edge_23_the_spray_needs_its_prescriber_and_oximeter(
    change: dict[str, object], code: str
) -> None:
    assert codes(judged(plan=SPRAY_PLAN, order=SPRAY_ORDER, check_in_=change)) == [code]


@pytest.mark.parametrize("dose_mg", [28, 55.9, 57, 112])
def test_the_spray_is_given_as_the_label_has_it(dose_mg: float) -> None:
    order = SPRAY_ORDER.model_copy(update={"dose_mg": dose_mg})

    assert codes(judged(plan=SPRAY_PLAN, order=order)) == ["dose_not_on_label"]


@pytest.mark.parametrize(
    ("lot", "code"),
    [
        (DrugLot(lot="A", expires_on=date(2026, 12, 2)), "lot_expired"),
        (DrugLot(lot="A"), "lot_expiry_unknown"),
        (None, "lot_missing"),
    ],
)
def test_edge_32_no_dose_from_a_lot_expired_or_unknown(lot: DrugLot | None, code: str) -> None:
    assert codes(judged(lot=lot, starting=True)) == [code]


def test_a_lot_holds_to_the_end_of_its_last_day_at_the_clinic() -> None:
    evening = datetime(2026, 12, 4, 1, 0, tzinfo=UTC)
    lot = DrugLot(lot="A", expires_on=date(2026, 12, 3))

    assert "lot_expired" not in codes(judged(lot=lot, now=evening))


def test_edge_36_treatment_elsewhere_is_reconciled_first() -> None:
    readiness = judged(check_in_={"changes_since_last": ("ketamine_elsewhere",)})

    assert codes(readiness) == ["treated_elsewhere"]


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("consent_valid_until", "consent_not_in_force"),
        ("clearances_valid_until", "clearance_expired"),
    ],
)
def test_edge_40_what_expires_before_the_slot_is_refused_at_booking_and_at_check_in(
    field: str, code: str
) -> None:
    ends = {field: SCHEDULED - timedelta(seconds=1)}
    week_before = SCHEDULED - timedelta(days=7)

    assert codes(judged(plan_=ends, check_in=None, now=week_before)) == [code]
    assert codes(judged(plan_=ends)) == [code]
    assert judged(plan_={field: SCHEDULED}).ready
    assert codes(judged(plan_={field: None})) == [code]


def test_edge_51_fever_or_other_sedation_puts_the_session_off() -> None:
    assert codes(judged(check_in_={"changes_since_last": ("fever",)})) == ["defer_today"]
    assert codes(judged(check_in_={"changes_since_last": ("other_sedation",)})) == ["defer_today"]


def test_edge_52_an_override_covers_only_what_may_be_overridden() -> None:
    change = {"identity_confirmed": False, "changes_since_last": ("fever",)}
    both = frozenset({"identity", "defer_today"})

    readiness = judged(check_in_=change, overrides=both)

    assert codes(readiness) == ["identity"]
    assert readiness.overridden == ("defer_today",)


def test_edge_3_a_late_patient_is_rebooked_when_the_observation_no_longer_fits() -> None:
    latest = datetime(2026, 12, 3, 23, 0, tzinfo=UTC) - session_length(Modality.IV_KETAMINE, P)
    late = {"last_liquids_at": SCHEDULED - timedelta(hours=3)}

    assert session_length(Modality.IV_KETAMINE, P) == timedelta(minutes=130)
    assert judged(now=latest, check_in_=late).ready
    after = judged(now=latest + timedelta(seconds=1), check_in_=late)
    assert codes(after) == ["observation_does_not_fit"]


def test_edge_3_more_than_twenty_minutes_late_is_too_late() -> None:
    on_time = SCHEDULED + timedelta(minutes=20)

    assert judged(check_in_={"arrived_at": on_time}).ready
    late = judged(check_in_={"arrived_at": on_time + timedelta(seconds=1)})
    assert codes(late) == ["too_late"]


@pytest.mark.parametrize(
    ("plan", "last_modality", "hours", "expected"),
    [
        (PLAN, None, 48, []),
        (PLAN, None, 47.99, ["too_soon"]),
        (PLAN, Modality.ESKETAMINE, 47.99, ["too_soon"]),
        (SPRAY_PLAN, Modality.ESKETAMINE, 20, []),
        (SPRAY_PLAN, Modality.IV_KETAMINE, 23.99, ["too_soon"]),
        (SPRAY_PLAN, Modality.IV_KETAMINE, 24, ["gap_after_infusion"]),
        (SPRAY_PLAN, Modality.IV_KETAMINE, 71.99, ["gap_after_infusion"]),
        (SPRAY_PLAN, Modality.IV_KETAMINE, 72, []),
        (SPRAY_PLAN.model_copy(update={"number": 1}), None, 30, ["gap_after_infusion"]),
    ],
)
def test_hours_since_the_last_dose(
    plan: SessionPlan, last_modality: Modality | None, hours: float, expected: list[str]
) -> None:
    order = SPRAY_ORDER if plan.modality is Modality.ESKETAMINE else ORDER
    last = {"last_dose_at": SCHEDULED - timedelta(hours=hours)}

    readiness = judged(plan=plan.model_copy(update=last), order=order, last_modality=last_modality)

    assert codes(readiness) == expected


def test_no_fourth_infusion_in_seven_days() -> None:
    days = [SCHEDULED - timedelta(days=n) for n in (3, 5, 6.9)]

    assert codes(judged(recent_doses_at=days)) == ["weekly_limit"]
    assert judged(recent_doses_at=[*days[:2], SCHEDULED - timedelta(days=7)]).ready
    assert not judged(recent_doses_at=[*days[:2], SCHEDULED]).ready


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"pregnancy_test_negative": None}, ["pregnancy_test_missing"]),
        ({"pregnancy_test_negative": True}, []),
        ({"pregnancy_test_refused": True}, ["pregnancy_test_refused"]),
        ({"pregnancy_test_refused": True, "pregnancy_alternative": "menopause"}, []),
        ({"pregnancy_alternative": "feels_unlikely"}, ["pregnancy_test_missing"]),
        (
            {"pregnancy_test_negative": False, "pregnancy_alternative": "menopause"},
            ["pregnancy_test_positive"],
        ),
    ],
)
def test_edges_8_and_9_pregnancy_test_positive_refused_or_stood_in_for(
    facts: dict[str, object], expected: list[str]
) -> None:
    readiness = judged(plan_={"pregnancy_test_needed": True}, check_in_=facts)

    assert codes(readiness) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"order": None}, ["order_missing"]),
        ({"order_decision_allowed": False}, ["order_not_allowed"]),
        ({"baseline": None}, ["vitals_missing"]),
        ({"baseline_": {"spo2_percent": None}}, ["vitals_incomplete"]),
        ({"baseline_": {"systolic_mmhg": 150}}, ["pressure_repeat"]),
        ({"baseline_": {"temperature_c": 38.4}}, ["vitals_hold"]),
    ],
)
def test_order_and_reading_before_the_dose(facts: dict[str, object], expected: list[str]) -> None:
    assert codes(judged(**facts)) == expected


def test_a_pressure_too_high_twice_is_not_overridden() -> None:
    high = READING.model_copy(update={"systolic_mmhg": 165})

    readiness = judged(
        baseline=high, earlier_readings=(high,), overrides=frozenset({"pressure_block"})
    )

    assert "pressure_block" in codes(readiness)


def test_before_check_in_only_what_can_already_be_told_is_judged() -> None:
    readiness = judged(check_in=None, order=None, baseline=None, lot=None)

    assert readiness == Readiness(ready=False, ahead=True)


def test_a_closed_clinic_is_known_days_before() -> None:
    closed = NORTH.model_copy(update={"closures": (date(2026, 12, 3),)})

    readiness = judged(plan_={"clinic": closed}, check_in=None, now=NOW - timedelta(days=3))

    assert codes(readiness) == ["observation_does_not_fit"]


def test_the_bench_answers_as_the_workflow_is_answered() -> None:
    facts = DECISION.facts(
        plan=PLAN, check_in=CHECK_IN, order=ORDER, order_decision_allowed=True,
        baseline=READING, lot=LOT, now=NOW,
    )  # fmt: skip

    assert DECISION.judge(facts, P) == judged()


@pytest.mark.parametrize(
    ("change", "code", "supplied_by"),
    [
        ({"systolic_mmhg": 150}, "pressure_repeat", Role.NURSE),
        ({"heart_rate_bpm": 115}, "vitals_hold", Role.PRESCRIBER),
    ],
)
def test_a_repeat_is_the_nurses_and_a_hold_the_prescribers(
    change: dict[str, object], code: str, supplied_by: Role
) -> None:
    (missing,) = judged(baseline_=change).missing

    assert (missing.code, missing.supplied_by) == (code, supplied_by)


@pytest.mark.parametrize("weight_kg", [154, 83.9, 85])
def test_edge_13_a_weight_far_from_the_last_one_waits_for_a_second_person(
    weight_kg: float,
) -> None:
    """70 kg is 154 lb: in range as kilograms, and more than a fifth from the last weight."""
    weighed = {"weight_kg": weight_kg}
    day = judged(
        plan_={"dosing_weight_kg": 70.0}, baseline_=weighed, order_={"weight_kg": weight_kg}
    )

    assert ("weight_second_person" in codes(day)) is (weight_kg > 84)


def test_edge_13_the_last_weight_is_that_of_the_last_session_where_there_was_one() -> None:
    def weighs(weight_kg: float | None) -> SessionResult:
        return SessionResult(
            session_id="s", modality=Modality.IV_KETAMINE, number=1, phase="DISCHARGED",
            scheduled_at=SCHEDULED, ended_at=SCHEDULED, weight_kg=weight_kg,
        )  # fmt: skip

    plan = {"dosing_weight_kg": 50.0, "history": (weighs(66.0), weighs(None))}
    assert judged(plan_=plan).ready
    assert codes(judged(plan_={**plan, "history": (weighs(None),)})) == ["weight_second_person"]
    exactly = {"weight_kg": 84.0}
    assert judged(plan_={"dosing_weight_kg": 70.0}, baseline_=exactly, order_=exactly).ready


def test_edge_13_a_second_person_who_reads_the_scale_lets_the_weight_stand() -> None:
    seen = {"weight_kg": 90.0, "weight_confirmed_by": "rn-abara"}
    day = judged(
        plan_={"dosing_weight_kg": 70.0}, baseline_=seen, order_={"weight_kg": 90.0},
    )  # fmt: skip

    assert day.ready


def test_an_infusion_needs_no_oximeter_of_the_safety_programme() -> None:
    assert judged(check_in_={"pulse_oximeter": False, "prescriber_on_site": False}).ready


@pytest.mark.parametrize(("spray", "overridable"), [(False, True), (True, False)])
@pytest.mark.parametrize(
    ("field", "code"), [("last_solids_at", "food_gap"), ("last_liquids_at", "liquid_gap")]
)
def test_edge_20_the_labels_gaps_are_not_overridden_and_a_clinics_fasting_may_be(
    field: str, code: str, spray: bool, overridable: bool
) -> None:
    just_now = {field: SCHEDULED - timedelta(minutes=5)}
    day = (
        judged(plan=SPRAY_PLAN, order=SPRAY_ORDER, check_in_=just_now)
        if spray
        else judged(check_in_=just_now)
    )

    assert [(m.code, m.overridable) for m in day.missing] == [(code, overridable)]
