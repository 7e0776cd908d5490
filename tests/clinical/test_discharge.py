"""Discharge as a list of criteria: a patient who may go, and one criterion after another unmet."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from clinical.discharge import (
    DECISION,
    KEPT_AGAINST_ADVICE,
    judge_discharge,
    long_review_at,
    review_opens_at,
)
from clinical.parameters import Parameters
from schemas.base import SYSTEM, Actor, Role
from schemas.infusion import Discharge, DischargeDecision, VitalSigns
from schemas.screening import Modality

P = Parameters.default()
ENDED = datetime(2026, 12, 3, 15, 40, tzinfo=UTC)
NOW = ENDED + timedelta(minutes=60)
NURSE = Actor(id="rn-quill", role=Role.NURSE)
OTHER_NURSE = Actor(id="rn-abara", role=Role.NURSE)
PSYCHIATRIST = Actor(id="dr-lee", role=Role.PSYCHIATRIST)
COMMAND = Discharge(
    command_id="d1",
    actor=NURSE,
    escort_present=True,
    instructions_given=True,
    aldrete=10,
    gait_steady=True,
    nausea_controlled=True,
    suicide_risk="low",
    line_removed=True,
    waste_reconciled=True,
)
BASELINE = VitalSigns(
    systolic_mmhg=128, diastolic_mmhg=82, heart_rate_bpm=72, spo2_percent=98, cadss6=1
)


def reading(minute: float, **values: object) -> VitalSigns:
    good = {
        "systolic_mmhg": 132,
        "diastolic_mmhg": 84,
        "heart_rate_bpm": 76,
        "spo2_percent": 97,
        "respiratory_rate_per_min": 14,
        "moaas": 5,
        "cadss6": 1,
        "taken_at": ENDED + timedelta(minutes=minute),
    }
    return VitalSigns.model_validate({**good, **values})


READINGS = (reading(15), reading(30), reading(45), reading(58))


def judged(
    readings: tuple[VitalSigns, ...] = READINGS,
    *,
    command: Mapping[str, object] | None = None,
    now: datetime = NOW,
    modality: Modality = Modality.IV_KETAMINE,
    baseline: VitalSigns | None = BASELINE,
    prescriber_available: bool = True,
    sedative_given_at: datetime | None = None,
) -> DischargeDecision:
    return judge_discharge(
        COMMAND.model_copy(update=command or {}),
        modality=modality,
        dosing_ended_at=ENDED,
        last_device_at=None,
        readings=readings,
        baseline=baseline,
        now=now,
        parameters=P,
        prescriber_available=prescriber_available,
        sedative_given_at=sedative_given_at,
    )


def unmet(decision: DischargeDecision) -> list[str]:
    return [criterion.code for criterion in decision.criteria if not criterion.met]


def last(**values: object) -> tuple[VitalSigns, ...]:
    """The good course with the last reading changed."""
    return (*READINGS[:-1], reading(58, **values))


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


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"systolic_mmhg": 140, "diastolic_mmhg": 90}, []),
        ({"systolic_mmhg": 141}, ["blood_pressure"]),
        ({"diastolic_mmhg": 91}, ["blood_pressure"]),
        ({"systolic_mmhg": None}, ["blood_pressure"]),
        ({"heart_rate_bpm": 99}, []),
        ({"heart_rate_bpm": 100}, ["heart_rate"]),
        ({"spo2_percent": 94}, []),
        ({"spo2_percent": 93}, ["oxygen"]),
        ({"respiratory_rate_per_min": 10}, []),
        ({"respiratory_rate_per_min": 9}, ["breathing"]),
        ({"respiratory_rate_per_min": 24}, []),
        ({"respiratory_rate_per_min": 25}, ["breathing"]),
        ({"moaas": 4}, ["sedation"]),
        ({"cadss6": 3}, []),
        ({"cadss6": 4}, ["dissociation"]),
    ],
)
def test_the_last_reading_on_both_sides_of_each_limit(
    values: dict[str, object], expected: list[str]
) -> None:
    if values == {"systolic_mmhg": None}:
        readings = tuple(r.model_copy(update=values) for r in READINGS)
    else:
        readings = last(**values)

    assert unmet(judged(readings)) == expected


@pytest.mark.parametrize(
    ("earlier", "latest", "met"),
    [
        ((152, 92), (150, 90), True),
        ((152, 92), (150, 92), True),
        ((150, 92), (150, 90), False),
        ((152, 90), (150, 91), False),
        ((158, 92), (154, 91), False),
        ((153, 92), (153, 91), False),
    ],
)
def test_a_high_pressure_is_accepted_only_near_the_own_baseline_and_falling(
    earlier: tuple[int, int], latest: tuple[int, int], met: bool
) -> None:
    readings = tuple(
        reading(minute, systolic_mmhg=s, diastolic_mmhg=d)
        for minute, (s, d) in ((45, earlier), (58, latest))
    )

    assert ("blood_pressure" not in unmet(judged((reading(30), *readings)))) is met


def test_oxygen_must_have_held_for_fifteen_minutes() -> None:
    dipped = (reading(15), reading(30, spo2_percent=91), reading(45), reading(58))
    just_back = (reading(30), reading(44, spo2_percent=91), reading(46), reading(58))

    assert unmet(judged(dipped)) == []
    assert unmet(judged(just_back)) == ["oxygen"]


def test_somebody_whose_own_oxygen_is_lower_is_judged_by_it() -> None:
    low = BASELINE.model_copy(update={"spo2_percent": 92})

    assert unmet(judged(last(spo2_percent=92), baseline=low)) == []
    assert unmet(judged(last(spo2_percent=91), baseline=low)) == ["oxygen"]


def test_a_fast_heart_is_accepted_when_it_is_the_patients_own() -> None:
    fast = BASELINE.model_copy(update={"heart_rate_bpm": 90})

    assert unmet(judged(last(heart_rate_bpm=108), baseline=fast)) == []
    assert unmet(judged(last(heart_rate_bpm=109), baseline=fast)) == ["heart_rate"]


def test_what_was_not_measured_is_not_met() -> None:
    assert set(unmet(judged(()))) == {
        "recent_reading",
        "blood_pressure",
        "heart_rate",
        "oxygen",
        "breathing",
        "sedation",
        "dissociation",
    }


def test_a_reading_of_this_moment_counts_and_one_from_the_future_does_not() -> None:
    assert unmet(judged((reading(30), reading(60)))) == []
    assert unmet(judged((reading(30), reading(60.5)))) == ["recent_reading"]


def test_an_old_reading_is_not_rested_on() -> None:
    now = ENDED + timedelta(minutes=58 + 20)

    assert unmet(judged(now=now)) == []
    assert unmet(judged(now=now + timedelta(seconds=1))) == ["recent_reading"]


@pytest.mark.parametrize(
    ("modality", "minutes"), [(Modality.IV_KETAMINE, 60), (Modality.ESKETAMINE, 120)]
)
def test_the_observation_is_never_shorter_than_its_minimum(
    modality: Modality, minutes: int
) -> None:
    opens = ENDED + timedelta(minutes=minutes)
    readings = (reading(minutes - 20), reading(minutes - 2))

    assert review_opens_at(modality, ENDED, P) == opens
    early = judged(readings, modality=modality, now=opens - timedelta(seconds=1))
    assert unmet(early) == ["observation_time"]
    assert judged(readings, modality=modality, now=opens).allowed


def test_the_spray_counts_from_its_last_device() -> None:
    last_device = ENDED + timedelta(minutes=10)

    opens = review_opens_at(Modality.ESKETAMINE, ENDED, P, last_device_at=last_device)

    assert opens == last_device + timedelta(minutes=120)


def test_a_rescue_sedative_prolongs_the_observation() -> None:
    given = ENDED + timedelta(minutes=20)

    assert unmet(judged(sedative_given_at=given)) == ["observation_time"]
    opens = review_opens_at(Modality.IV_KETAMINE, ENDED, P, sedative_given_at=given)
    assert opens == given + timedelta(minutes=60)


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


def test_a_nurse_alone_needs_a_prescriber_at_hand_or_a_second_signature() -> None:
    assert unmet(judged(prescriber_available=False)) == ["signature"]
    own = {"second_signature": NURSE}
    assert unmet(judged(command=own, prescriber_available=False)) == ["signature"]
    second = {"second_signature": OTHER_NURSE}
    assert judged(command=second, prescriber_available=False).allowed
    assert judged(command={"actor": PSYCHIATRIST}, prescriber_available=False).allowed


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
        "line_removed": False, "waste_reconciled": False,
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


def values(decision: DischargeDecision) -> dict[str, str | None]:
    return {criterion.code: criterion.value for criterion in decision.criteria}


def test_each_criterion_shows_the_value_it_was_judged_on() -> None:
    shown = values(judged())
    nothing = values(judged((), command={"aldrete": None, "suicide_risk": None}))

    told = {
        "heart_rate": ("76 bpm", "not measured"),
        "oxygen": ("97 %", "not measured"),
        "breathing": ("14 a minute", "not measured"),
        "sedation": ("MOAA/S 5", "not measured"),
        "dissociation": ("CADSS-6 1", "not measured"),
        "aldrete": ("10", "not scored"),
        "suicide_risk": ("low", "not assessed"),
    }
    assert {code: (shown[code], nothing[code]) for code in told} == told


def test_the_newest_oxygen_is_shown_although_an_older_one_decides() -> None:
    dipped = (reading(15), reading(50, spo2_percent=91), reading(58, spo2_percent=97))

    assert values(judged(dipped))["oxygen"] == "97 %"
    assert unmet(judged(dipped)) == ["oxygen"]
