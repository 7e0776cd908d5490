"""What the patient tells or shows, and readings before and after the dose."""

import pytest

from clinical.vital_rules import DISTRESS, STOP_SYMPTOMS
from clinical.vital_signs import (
    judge_reading,
)
from schemas.infusion import VitalSigns
from tests.clinical.readings import A, P, at, bp, during, pre


@pytest.mark.parametrize("symptom", sorted(STOP_SYMPTOMS))
def test_edge_43_a_grave_symptom_stops_dosing(symptom: str) -> None:
    assert during(at(20, symptoms=(symptom,))).action is A.STOP


@pytest.mark.parametrize("symptom", ["chest_pain", "seizure", "focal_deficit", "anaphylaxis"])
def test_a_grave_symptom_calls_the_emergency_services(symptom: str) -> None:
    assert "emergency_services" in during(at(20, symptoms=(symptom,))).call


def test_edge_10_a_patient_who_asks_to_stop_is_heard_without_an_ambulance() -> None:
    decision = during(at(20, symptoms=("asks_to_stop",)))

    assert decision.action is A.STOP
    assert decision.call == ("prescriber",)


def test_edge_28_infiltration_stops_the_infusion() -> None:
    assert during(at(20, symptoms=("infiltration",))).action is A.STOP


def test_stopping_for_the_patient_and_the_line_together_needs_no_ambulance() -> None:
    decision = during(at(20, symptoms=("asks_to_stop", "consent_withdrawn", "infiltration")))

    assert (decision.action, decision.call) == (A.STOP, ("prescriber",))


@pytest.mark.parametrize("symptom", sorted(DISTRESS))
def test_distress_pauses_and_then_stops_when_it_does_not_settle(symptom: str) -> None:
    first = at(10, symptoms=(symptom,))

    assert during(first).action is A.PAUSE
    assert during(at(14, symptoms=(symptom,)), first).action is A.PAUSE
    assert during(at(15, symptoms=(symptom,)), first).action is A.STOP


def test_expected_dissociation_changes_nothing() -> None:
    assert during(at(20, symptoms=("dissociation", "dizziness"))).action is A.CONTINUE


def test_a_symptom_without_a_rule_is_looked_at() -> None:
    assert during(at(20, symptoms=("strange_taste_of_bells",))).action is A.CALL


@pytest.mark.parametrize(
    ("values", "action"),
    [
        ({"systolic_mmhg": 140, "diastolic_mmhg": 90}, A.CONTINUE),
        ({"systolic_mmhg": 141, "diastolic_mmhg": 80}, A.REPEAT),
        ({"systolic_mmhg": 120, "diastolic_mmhg": 91}, A.REPEAT),
        ({"systolic_mmhg": 89, "diastolic_mmhg": 60}, A.CALL),
        ({"heart_rate_bpm": 50}, A.CONTINUE),
        ({"heart_rate_bpm": 49}, A.CALL),
        ({"heart_rate_bpm": 110}, A.CONTINUE),
        ({"heart_rate_bpm": 111}, A.CALL),
        ({"spo2_percent": 94}, A.CONTINUE),
        ({"spo2_percent": 93}, A.CALL),
        ({"respiratory_rate_per_min": 10}, A.CONTINUE),
        ({"respiratory_rate_per_min": 9}, A.CALL),
        ({"respiratory_rate_per_min": 24}, A.CONTINUE),
        ({"respiratory_rate_per_min": 25}, A.CALL),
        ({"temperature_c": 38.0}, A.CONTINUE),
        ({"temperature_c": 38.1}, A.CALL),
        ({"moaas": 4}, A.CALL),
        ({"symptoms": ("vomiting",)}, A.CALL),
    ],
)
def test_a_reading_before_the_dose(values: dict[str, object], action: A) -> None:
    assert pre(at(0, **values)).action is action


@pytest.mark.parametrize(
    ("pressures", "action"),
    [
        ([(150, 85)], A.REPEAT),
        ([(150, 85), (148, 85)], A.REPEAT),
        ([(150, 85), (148, 85), (146, 84)], A.CALL),
        ([(150, 85), (138, 85), (146, 84)], A.REPEAT),
        ([(150, 85), (138, 84)], A.CONTINUE),
        ([(161, 90)], A.REPEAT),
        ([(161, 90), (161, 90)], A.STOP),
        ([(161, 90), (150, 101)], A.STOP),
        ([(161, 90), (160, 100)], A.REPEAT),
    ],
)
def test_edge_6_pressure_before_the_dose_rests_repeats_then_a_physician(
    pressures: list[tuple[int, int]], action: A
) -> None:
    readings = [bp(*p, minute=10 * n) for n, p in enumerate(pressures)]

    assert pre(readings[-1], *readings[:-1]).action is action


@pytest.mark.parametrize(
    ("reading", "action"),
    [
        (bp(165, 95), A.REPEAT),
        (bp(185, 95), A.CALL),
        (bp(205, 95), A.CALL),
        (at(20, moaas=3), A.CALL),
        (at(20, spo2_percent=88), A.CALL),
        (at(20, systolic_mmhg=120, diastolic_mmhg=80), A.CONTINUE),
    ],
)
def test_after_dosing_there_is_nothing_to_stop_and_people_are_called(
    reading: VitalSigns, action: A
) -> None:
    decision = judge_reading(
        reading, phase="post", baseline=None, previous=(), paused=False, parameters=P
    )

    assert decision.action is action


def test_edge_42_deep_sedation_in_recovery_calls_the_physician() -> None:
    decision = judge_reading(
        at(90, moaas=2), phase="post", baseline=None, previous=(), paused=False, parameters=P
    )

    assert "prescriber" in decision.call
