"""Discharge as a list of criteria: who may go, and one criterion after another unmet."""

from datetime import timedelta

import pytest

from clinical.discharge import (
    DECISION,
    KEPT_AGAINST_ADVICE,
    long_review_at,
)
from schemas.base import SYSTEM, Actor, Role
from schemas.infusion import Discharge, VitalSigns
from schemas.screening import Modality
from tests.clinical.recovery import (
    BASELINE,
    COMMAND,
    ENDED,
    NOW,
    NURSE,
    OTHER_NURSE,
    PSYCHIATRIST,
    READINGS,
    P,
    judged,
    last,
    reading,
    unmet,
)


def test_who_meets_every_criterion_may_go() -> None:
    decision = judged()

    assert decision.allowed
    assert unmet(decision) == []
    assert decision.incident is None


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"escort_present": False}, "escort"),
        ({"instructions_given": False}, "instructions"),
        ({"orientation": 3}, "orientation"),
        ({"orientation": None}, "orientation"),
        ({"aldrete": 8}, "aldrete"),
        ({"aldrete": None}, "aldrete"),
        ({"gait_steady": False}, "gait"),
        ({"nausea_controlled": False}, "nausea"),
        ({"suicide_risk": None}, "suicide_risk"),
        ({"suicide_risk": "high"}, "suicide_risk"),
        ({"line_removed": False}, "line_removed"),
        ({"waste_reconciled": False}, "waste"),
        ({"actor": SYSTEM}, "signature"),
        ({"actor": Actor(id="wp", role=Role.PATIENT)}, "signature"),
        ({"actor": Actor(id="cc", role=Role.CARE_COORDINATOR)}, "signature"),
    ],
)
def test_one_criterion_unmet_keeps_the_patient(command: dict[str, object], code: str) -> None:
    decision = judged(command=command)

    assert unmet(decision) == [code]
    assert not decision.allowed
    assert [reason.code for reason in decision.reasons] == [code]


def test_a_discharge_that_does_not_say_how_oriented_the_patient_is_does_not_say_fully() -> None:
    said = COMMAND.model_dump(exclude={"orientation", "effects_gone"})

    decision = judged(command=dict(Discharge.model_validate(said)))

    assert unmet(decision) == ["dissociation", "orientation"]
    assert [c.value for c in decision.criteria if c.code == "orientation"] == ["not said"]


@pytest.mark.parametrize("days", [1, 30])
def test_a_timer_never_discharges(days: int) -> None:
    now = ENDED + timedelta(days=days)

    decision = judged((reading(1),), command={"actor": SYSTEM}, now=now)

    assert not decision.allowed
    assert "signature" in unmet(decision)


def test_edge_5_a_patient_whose_escort_fails_to_come_is_never_released_alone() -> None:
    assert not judged(command={"escort_present": False}, now=ENDED + timedelta(hours=9)).allowed


@pytest.mark.parametrize("values", [{"moaas": 3}, {"moaas": 0}, {"cadss6": 12}])
def test_edge_42_asleep_or_dissociated_stays(values: dict[str, object]) -> None:
    assert not judged(last(**values)).allowed


@pytest.mark.parametrize(
    "second", [None, NURSE, Actor(id="cc", role=Role.CARE_COORDINATOR)], ids=str
)
def test_two_clinicians_sign_whoever_they_are(second: Actor | None) -> None:
    alone = {"second_signature": second}

    assert unmet(judged(command=alone)) == ["second_signature"]
    both = {"signature", "second_signature"}
    assert set(unmet(judged(command=alone, prescriber_available=False))) == both
    physician = {**alone, "actor": PSYCHIATRIST}
    assert unmet(judged(command=physician, prescriber_available=False)) == (
        [] if second == NURSE else ["second_signature"]
    )
    assert judged(command={"second_signature": OTHER_NURSE}, prescriber_available=False).allowed


def test_a_transfer_to_hospital_never_waits_for_a_second_signature() -> None:
    going = {"second_signature": None, "transferred_to": "Saint Brannock's, cardiology"}

    assert judged(command=going).allowed


@pytest.mark.parametrize(
    ("second", "codes"),
    [
        (OTHER_NURSE, ["prescriber_on_site"]),
        (PSYCHIATRIST, ["prescriber_on_site"]),
        (Actor(id="dr-brandt", role=Role.PRESCRIBER), []),
        (Actor(id="dr-okafor", role=Role.MEDICAL_DIRECTOR), []),
    ],
    ids=str,
)
def test_edge_23_after_the_spray_a_prescriber_is_on_site_to_the_end(
    second: Actor, codes: list[str]
) -> None:
    late = tuple(reading(minute) for minute in (40, 60, 80, 100, 115))
    day = {"modality": Modality.ESKETAMINE, "now": ENDED + timedelta(minutes=120)}
    leaving = {"second_signature": second}

    assert unmet(judged(late, command=leaving, prescriber_available=False, **day)) == codes  # type: ignore[arg-type]
    assert judged(late, command=leaving, **day).allowed  # type: ignore[arg-type]
    assert judged(command=leaving, prescriber_available=False).allowed, "an infusion needs none"


def test_edge_23_no_ambulance_waits_for_a_prescriber() -> None:
    going = {"second_signature": None, "transferred_to": "Saint Brannock's, cardiology"}

    assert judged(command=going, prescriber_available=False).allowed


def test_high_risk_goes_only_where_a_psychiatrist_decided() -> None:
    disposed = {"suicide_risk": "high", "disposition_by": PSYCHIATRIST}
    by_nurse = {"suicide_risk": "high", "disposition_by": NURSE}

    assert judged(command=disposed).allowed
    assert not judged(command=by_nurse).allowed


def test_edge_11_leaving_against_advice_is_an_incident_and_needs_a_clear_head() -> None:
    leaving = {"against_advice": True, "escort_present": False}
    early = ENDED + timedelta(minutes=50)
    readings = (reading(20), reading(40))

    decision = judged(readings, command=leaving, now=early)

    assert (decision.allowed, decision.incident) == (True, "left_before_observation_ended")
    later = judged(command=leaving)
    assert (later.allowed, later.incident) == (True, "left_against_advice")
    assert not judged(last(moaas=4), command=leaving).allowed
    assert not judged(command={**leaving, "orientation": 3}).allowed
    assert not judged(command={**leaving, "suicide_risk": None}).allowed
    assert not judged(command={**leaving, "actor": SYSTEM}).allowed


def test_against_advice_the_least_that_is_needed_is_enough() -> None:
    least = {
        "against_advice": True, "escort_present": False, "instructions_given": False,
        "aldrete": None, "gait_steady": False, "nausea_controlled": False,
        "line_removed": False, "waste_reconciled": False, "second_signature": None,
    }  # fmt: skip
    decision = judged((VitalSigns(moaas=5),), command=least, now=ENDED)

    assert {c.code for c in decision.criteria if c.met} == KEPT_AGAINST_ADVICE
    assert decision.allowed


def test_a_modified_aldrete_of_nine_is_enough() -> None:
    assert judged(command={"aldrete": 9}).allowed


def test_a_transfer_needs_a_clinician_and_nothing_else() -> None:
    transfer = {"transferred_to": "St. Brendan's emergency department"}

    decision = judged((), command=transfer)

    assert (decision.allowed, decision.incident) == (True, "transferred")
    assert not judged((), command={**transfer, "actor": SYSTEM}).allowed


def test_the_spray_has_no_line_to_remove() -> None:
    later = ENDED + timedelta(minutes=120)
    readings = (reading(100), reading(118))

    decision = judged(
        readings, modality=Modality.ESKETAMINE, command={"line_removed": False}, now=later
    )

    assert decision.allowed


@pytest.mark.parametrize(
    ("modality", "minutes"), [(Modality.IV_KETAMINE, 120), (Modality.ESKETAMINE, 240)]
)
def test_a_physician_assesses_who_takes_long(modality: Modality, minutes: int) -> None:
    assert long_review_at(modality, ENDED, P) == ENDED + timedelta(minutes=minutes)


def test_the_bench_answers_as_the_workflow_is_answered() -> None:
    facts = DECISION.facts(
        command=COMMAND, modality=Modality.IV_KETAMINE, dosing_ended_at=ENDED,
        readings=READINGS, baseline=BASELINE, now=NOW,
    )  # fmt: skip

    assert DECISION.judge(facts, P) == judged()
