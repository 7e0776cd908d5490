"""Readiness as a list: a day on which all is well, and one thing after another that is not."""

from datetime import timedelta

import pytest

from clinical.readiness import DECISION
from schemas.base import Actor, Role
from schemas.infusion import (
    Readiness,
)
from schemas.people import Contact
from tests.clinical.treatment_day import (
    CHECK_IN,
    LOT,
    NOW,
    ORDER,
    PLAN,
    PRESCRIBER,
    PSYCHIATRIST,
    READING,
    SCHEDULED,
    P,
    codes,
    judged,
)


def test_a_day_on_which_all_is_well_is_ready() -> None:
    assert judged() == Readiness(ready=True)


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


def test_edge_36_treatment_elsewhere_is_reconciled_first() -> None:
    readiness = judged(check_in_={"changes_since_last": ("ketamine_elsewhere",)})

    assert codes(readiness) == ["treated_elsewhere"]


def test_edge_51_fever_or_other_sedation_puts_the_session_off() -> None:
    assert codes(judged(check_in_={"changes_since_last": ("fever",)})) == ["defer_today"]
    assert codes(judged(check_in_={"changes_since_last": ("other_sedation",)})) == ["defer_today"]


def test_edge_52_an_override_covers_only_what_may_be_overridden() -> None:
    change = {"identity_confirmed": False, "changes_since_last": ("fever",)}
    both = frozenset({"identity", "defer_today"})

    readiness = judged(check_in_=change, overrides=both)

    assert codes(readiness) == ["identity"]
    assert readiness.overridden == ("defer_today",)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"pregnancy_test_negative": None}, ["pregnancy_test_missing"]),
        ({"pregnancy_test_negative": True}, []),
        ({"pregnancy_test_refused": True}, ["pregnancy_test_refused"]),
        ({"pregnancy_test_refused": True, "pregnancy_alternative": "menopause"}, []),
        ({"pregnancy_alternative": "feels_unlikely"}, ["pregnancy_test_missing"]),
    ],
)
def test_edge_9_a_refused_pregnancy_test_is_stood_in_for_only_by_what_is_documented(
    facts: dict[str, object], expected: list[str]
) -> None:
    readiness = judged(plan_={"pregnancy_test_needed": True}, check_in_=facts)

    assert codes(readiness) == expected


def test_edge_8_a_reported_pregnancy_blocks_whatever_the_test_of_today_says() -> None:
    readiness = judged(
        check_in_={"pregnancy_test_negative": True, "pregnancy_alternative": "menopause"},
        pregnancy_reported=True,
    )

    (missing,) = readiness.missing
    assert (missing.code, missing.supplied_by) == ("pregnancy_reported", Role.PRESCRIBER)
    assert not missing.overridable


def test_edge_8_a_positive_test_and_a_report_of_it_are_one_reason() -> None:
    judgement = judged(check_in_={"pregnancy_test_negative": False}, pregnancy_reported=True)

    assert codes(judgement) == ["pregnancy_test_positive"]


def test_edge_8_a_positive_pregnancy_test_blocks_whatever_stands_in_for_one() -> None:
    facts = {"pregnancy_test_negative": False, "pregnancy_alternative": "menopause"}

    assert codes(judged(check_in_=facts)) == ["pregnancy_test_positive"]


@pytest.mark.parametrize(
    ("hours", "alternative", "expected"),
    [
        (24, None, []),
        (24.01, None, ["pregnancy_test_expired"]),
        (24.01, "menopause", []),
    ],
)
def test_a_negative_test_that_is_too_old_is_made_again(
    hours: float, alternative: str | None, expected: list[str]
) -> None:
    tested = {
        "pregnancy_test_negative": True,
        "pregnancy_test_at": SCHEDULED - timedelta(hours=hours),
        "pregnancy_alternative": alternative,
    }

    assert codes(judged(plan_={"pregnancy_test_needed": True}, check_in_=tested)) == expected
    assert judged(check_in_=tested).ready


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


@pytest.mark.parametrize(
    ("ordered_for", "missing"), [(70.0, []), (84.0, []), (84.1, ["weight_second_person"])]
)
def test_edge_13_an_order_for_a_weight_far_from_the_last_waits_where_none_was_read_today(
    ordered_for: float, missing: list[str]
) -> None:
    gate = judged(
        plan_={"dosing_weight_kg": 70.0},
        order_={"weight_kg": ordered_for},
        baseline_={"weight_kg": None},
    )

    assert codes(gate) == missing
