"""Dosing: worked values, caps and signatures, titration, weight, and what was delivered."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clinical.dosing import (
    DoseDecision,
    DoseFacts,
    delivery_reason,
    judge_delivery,
    judge_order,
    standard_dose_mg,
    weight_voids_order,
)
from clinical.parameters import Parameters
from clinical.titration import PriorDose, prior_dose
from schemas.infusion import DoseOutcome, SessionPhase, SessionResult

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
STANDARD = Parameters.default()


def calm(dose_mg: float = 35, weight_kg: float | None = 70, **more: Any) -> PriorDose:
    readings = {"peak_systolic_mmhg": 150, "peak_diastolic_mmhg": 92, "lowest_moaas": 5}
    return PriorDose(dose_mg=dose_mg, weight_kg=weight_kg, **{**readings, **more})


def order(dose_mg: float, weight_kg: float | None = 70, **more: Any) -> DoseDecision:
    return judge_order(DoseFacts(dose_mg=dose_mg, weight_kg=weight_kg, **more), STANDARD)


def third(dose_mg: float, *, last: PriorDose | None = None, **more: Any) -> DoseDecision:
    facts = {"improvement_percent": 10, "session_number": 3, **more}
    return order(dose_mg, prior=(calm(), last or calm()), **facts)


def codes(decision: DoseDecision) -> set[str]:
    return {reason.code for reason in decision.reasons}


@pytest.mark.parametrize(
    ("weight_kg", "dose_mg"),
    [(70, 35.0), (100, 50.0), (120, 60.0), (71, 35.5), (70.9, 35.0), (71.5, 35.5), (83.3, 41.5)],
)
def test_the_standard_dose_is_half_a_milligram_a_kilogram_rounded_down(
    weight_kg: float, dose_mg: float
) -> None:
    assert standard_dose_mg(weight_kg, STANDARD) == dose_mg


@pytest.mark.parametrize(
    ("weight_kg", "dose_mg", "allowed", "second"),
    [(70, 35, True, False), (100, 50, True, False), (120, 60, False, True)],
)
def test_the_worked_orders_of_the_fact_sheet(
    weight_kg: float, dose_mg: float, allowed: bool, second: bool
) -> None:
    decision = order(dose_mg, weight_kg)
    assert (decision.allowed, decision.needs_second_prescriber) == (allowed, second)
    assert decision.dose_mg_per_kg == 0.5
    assert not decision.refused


def test_a_second_prescriber_may_sign_a_first_infusion_over_the_cap() -> None:
    assert order(60, 120, co_signed=True).allowed
    assert order(50.5, 101).needs_second_prescriber
    assert not order(50, 101).needs_second_prescriber


def test_later_infusions_at_the_same_dose_need_no_second_signature() -> None:
    assert order(60, 120, session_number=2, prior=(calm(60, 120),)).allowed


@pytest.mark.parametrize(
    ("dose_mg", "weight_kg", "code"),
    [(100.5, 150, "over_cap"), (71, 70, "over_cap_per_kg"), (100.5, 200, "over_cap")],
)
def test_nobody_signs_past_the_hard_caps(
    dose_mg: float, weight_kg: float, code: str | None
) -> None:
    decision = order(dose_mg, weight_kg, co_signed=True)
    assert decision.refused
    assert not decision.allowed
    assert code in codes(decision)


def test_the_hard_caps_themselves_may_be_reached() -> None:
    at_cap = third(70, last=calm(60), improvement_percent=0, co_signed=True)
    assert not {"over_cap", "over_cap_per_kg"} & codes(at_cap)
    assert at_cap.allowed


def test_a_heavy_patient_may_have_the_most_that_is_ever_given() -> None:
    assert order(100, 200, session_number=2, prior=(calm(100, 200),)).allowed
    assert order(100.5, 201, session_number=2, prior=(calm(100, 201),)).refused


def test_a_series_that_only_began_with_an_aborted_infusion_has_had_no_first_one() -> None:
    aborted = calm(60, 120, counted=False)
    assert order(60, 120, session_number=2, prior=(aborted,)).needs_second_prescriber
    assert order(60, 120, session_number=1, prior=(calm(60, 120),)).needs_second_prescriber


def test_one_rounding_step_is_neither_a_rise_nor_a_fall() -> None:
    assert third(35.5, improvement_percent=None).allowed
    assert not third(36, improvement_percent=None).allowed
    troubled = calm(vomited=True)
    assert codes(third(34.5, last=troubled)) == {"titrate_down"}
    assert third(34, last=troubled).allowed


def test_a_last_dose_without_a_weight_is_taken_for_the_weight_of_today() -> None:
    assert third(35, last=calm(weight_kg=None), improvement_percent=None).allowed
    assert not third(42.5, last=calm(weight_kg=None)).allowed


def test_a_dose_above_the_consented_maximum_asks_for_consent_first() -> None:
    assert "over_consent" in codes(order(35, consented_max_mg=34.5, co_signed=True))
    assert order(35, consented_max_mg=35).allowed
    spray: dict[str, Any] = {"modality": "esketamine", "session_number": 2, "weight_kg": None}
    assert order(84, consented_max_mg=84, **spray).allowed
    assert codes(order(84, consented_max_mg=56, **spray)) == {"over_consent"}


@pytest.mark.parametrize(
    ("dose_mg", "allowed", "second", "refused"),
    [
        (42.0, True, False, False),  # + 0.1 mg/kg
        (42.5, False, True, False),
        (52.5, False, True, False),  # + 0.25 mg/kg
        (53.0, False, True, True),
    ],
)
def test_a_dose_rises_in_small_steps(
    dose_mg: float, allowed: bool, second: bool, refused: bool
) -> None:
    decision = third(dose_mg)
    assert (decision.allowed, decision.needs_second_prescriber, decision.refused) == (
        allowed,
        second,
        refused,
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"improvement_percent": 24.9}, None),
        ({"improvement_percent": 25}, "already_improving"),
        ({"improvement_percent": None}, "improvement_unknown"),
        ({"last": calm(peak_systolic_mmhg=179)}, None),
        ({"last": calm(peak_systolic_mmhg=180)}, "last_pressure"),
        ({"last": calm(peak_diastolic_mmhg=109)}, None),
        ({"last": calm(peak_diastolic_mmhg=110)}, "last_pressure"),
        ({"last": calm(lowest_moaas=4)}, None),
        ({"last": calm(lowest_moaas=3)}, "last_sedation"),
        ({"last": calm(severe_distress=True)}, "last_distress"),
        ({"last": calm(stop_event=True)}, "last_distress"),
        ({"last": calm(lowest_moaas=None)}, "last_session_unknown"),
        ({"last": calm(peak_systolic_mmhg=None)}, "last_session_unknown"),
        ({"last": calm(counted=False)}, "titration_too_early"),
    ],
)
def test_a_dose_rises_only_after_calm_sessions_that_helped_too_little(
    change: dict[str, Any], code: str | None
) -> None:
    decision = third(42, **change)
    assert codes(decision) == ({code} if code else set())
    assert decision.allowed == (code is None)


def test_a_first_dose_above_the_standard_one_is_a_rise_that_comes_too_early() -> None:
    assert "titration_too_early" in codes(order(42))
    assert order(30).allowed


@pytest.mark.parametrize(
    "trouble",
    [
        {"severe_distress": True},
        {"stop_event": True},
        {"vomited": True},
        {"lowest_moaas": 3},
    ],
)
def test_after_a_bad_session_the_dose_falls_or_runs_longer(trouble: dict[str, Any]) -> None:
    last = calm(**trouble)
    assert codes(third(35, last=last)) == {"titrate_down"}
    assert third(28, last=last).allowed
    assert third(35, last=last, duration_min=60).allowed
    assert not third(35, last=last, duration_min=59).allowed
    assert third(35, last=last, co_signed=True).allowed


def test_a_session_broken_off_early_counts_as_the_last_one_when_the_dose_is_to_rise() -> None:
    broken_off = calm(counted=False, stop_event=True, peak_systolic_mmhg=210)
    decision = order(
        42, prior=(calm(), calm(), broken_off), improvement_percent=10, session_number=4
    )
    assert codes(decision) >= {"last_pressure", "last_distress"}
    assert decision.refused


@pytest.mark.parametrize("minutes", [40, 60])
def test_a_dose_does_not_rise_after_vomiting_on_one_signature(minutes: int) -> None:
    raised = third(42, last=calm(vomited=True), duration_min=minutes)
    assert codes(raised) == {"titrate_down"}
    assert not raised.allowed
    assert third(42, last=calm(vomited=True), duration_min=minutes, co_signed=True).allowed


LASTS = st.builds(
    calm,
    peak_systolic_mmhg=st.none() | st.integers(90, 220),
    peak_diastolic_mmhg=st.none() | st.integers(50, 130),
    lowest_moaas=st.none() | st.integers(0, 5),
    stop_event=st.booleans(),
    severe_distress=st.booleans(),
    vomited=st.booleans(),
    counted=st.booleans(),
)


@given(
    st.floats(1, 140),
    st.floats(0, 60),
    st.fixed_dictionaries(
        {
            "prior": st.lists(LASTS, max_size=4).map(tuple),
            "improvement_percent": st.none() | st.floats(-50, 100),
            "co_signed": st.booleans(),
            "session_number": st.integers(1, 5),
            "duration_min": st.sampled_from((40, 59, 60, 100)),
        }
    ),
)
def test_a_higher_dose_is_never_easier_to_order_than_a_lower_one(
    dose_mg: float, more_mg: float, facts: dict[str, Any]
) -> None:
    if order(dose_mg + more_mg, **facts).allowed:
        assert order(dose_mg, **facts).allowed


@pytest.mark.parametrize(
    ("ordered_for", "today", "void"),
    [
        (100, 102.4, False),
        (100, 102.5, True),  # 2.5 kg
        (100, 97.5, True),
        (100, 97.6, False),
        (40, 41.9, False),
        (40, 42, True),  # 5 percent
        (40, 38, True),
    ],
)
def test_a_changed_weight_voids_an_order(ordered_for: float, today: float, void: bool) -> None:
    assert weight_voids_order(ordered_for, today, STANDARD) is void
    decision = order(20, today, order_weight_kg=ordered_for, co_signed=True)
    assert ("weight_changed" in codes(decision)) is void


def test_an_order_needs_a_weight_of_today() -> None:
    assert codes(order(35, None)) == {"weight_missing"}


@pytest.mark.parametrize(
    ("minutes", "allowed"), [(39, False), (40, True), (100, True), (101, False)]
)
def test_an_infusion_runs_for_forty_to_a_hundred_minutes(minutes: int, allowed: bool) -> None:
    assert order(35, duration_min=minutes).allowed is allowed


@pytest.mark.parametrize(
    ("weight_kg", "noted"), [(39.9, True), (40, False), (130, False), (130.1, True)]
)
def test_at_the_ends_of_the_scale_a_physician_sets_the_basis_of_the_dose(
    weight_kg: float, noted: bool
) -> None:
    assert bool(order(10, weight_kg).notes) is noted


@pytest.mark.parametrize(("weight_kg", "noted"), [(119.9, False), (120, True), (130, True)])
def test_at_a_high_bmi_the_prescriber_is_told_what_weight_the_dose_rests_on(
    weight_kg: float, noted: bool
) -> None:
    notes = {note.code for note in order(30, weight_kg, height_cm=200).notes}
    assert ("weight_basis" in notes) is noted
    assert order(30, weight_kg).notes == ()


@pytest.mark.parametrize(
    ("session", "dose_mg", "code"),
    [
        (1, 56, None),
        (1, 84, "spray_first_dose"),
        (2, 56, None),
        (2, 84, None),
        (2, 28, "spray_dose"),
        (9, 112, "spray_dose"),
    ],
)
def test_the_spray_is_dosed_as_its_label_says(
    session: int, dose_mg: float, code: str | None
) -> None:
    decision = order(dose_mg, None, modality="esketamine", session_number=session, co_signed=True)
    assert codes(decision) == ({code} if code else set())
    assert decision.allowed == (code is None)


@pytest.mark.parametrize(
    ("ordered", "delivered", "outcome"),
    [
        (40, 40, "completed"),
        (40, 30, "completed"),
        (40, 29.9, "partial"),
        (40, 10, "partial"),
        (40, 9.9, "aborted"),
        (40, 0, "aborted"),
        (0, 0, "none"),
    ],
)
def test_what_was_delivered_says_whether_a_session_counts(
    ordered: float, delivered: float, outcome: str
) -> None:
    assert judge_delivery(ordered, delivered, STANDARD) is DoseOutcome(outcome)
    reason = delivery_reason(ordered, delivered, STANDARD)
    assert (reason.code, reason.source) == (f"dose_{outcome}", "4.1")
    assert reason.fact is not None
    assert reason.fact.startswith(f"{delivered:g} of {ordered:g} mg")


def test_a_session_that_is_over_becomes_a_prior_dose() -> None:
    result = SessionResult(
        session_id="journey-x-infusion-1",
        modality="iv_ketamine",
        number=1,
        phase=SessionPhase.DISCHARGED,
        outcome=DoseOutcome.COMPLETED,
        ordered_mg=35,
        weight_kg=70,
        scheduled_at=NOW,
        ended_at=NOW,
        stop_events=1,
    )
    prior = prior_dose(result)
    assert prior is not None
    assert (prior.dose_mg, prior.weight_kg, prior.counted, prior.stop_event) == (35, 70, True, True)
    assert prior_dose(result.model_copy(update={"ordered_mg": None})) is None
    undisturbed = prior_dose(result.model_copy(update={"stop_events": 0}))
    assert undisturbed is not None
    assert undisturbed.stop_event is False


@pytest.mark.parametrize(
    "wrong",
    [{"dose_mg": 35_000}, {"weight_kg": 25}, {"weight_kg": 300}, {"dose_mg": 0}, {"dose_mcg": 1}],
)
def test_a_dose_in_micrograms_or_a_weight_in_stones_is_refused_at_the_door(
    wrong: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError):
        DoseFacts(**{"dose_mg": 35, "weight_kg": 70, **wrong})


@given(st.floats(35, 250), st.floats(0.5, 500))
def test_no_order_exceeds_the_caps_whoever_signs(weight_kg: float, dose_mg: float) -> None:
    decision = order(dose_mg, weight_kg, co_signed=True)
    if decision.allowed:
        assert dose_mg <= 100
        assert dose_mg / weight_kg <= 1.0


@given(st.floats(35, 250), st.floats(35, 250))
def test_a_heavier_patient_never_has_a_smaller_standard_dose(one: float, other: float) -> None:
    lighter, heavier = sorted((one, other))
    assert standard_dose_mg(lighter, STANDARD) <= standard_dose_mg(heavier, STANDARD)
    assert standard_dose_mg(heavier, STANDARD) <= heavier * 0.5 + 1e-6
