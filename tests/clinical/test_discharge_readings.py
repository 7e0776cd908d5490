"""The criteria of discharge that rest on readings and on time."""

from datetime import timedelta

import pytest

from clinical.discharge import (
    review_opens_at,
)
from schemas.infusion import DischargeDecision, VitalSigns
from schemas.screening import Modality
from tests.clinical.recovery import BASELINE, ENDED, READINGS, P, judged, last, reading, unmet


def values(decision: DischargeDecision) -> dict[str, str | None]:
    return {criterion.code: criterion.value for criterion in decision.criteria}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"systolic_mmhg": 140, "diastolic_mmhg": 90}, []),
        ({"systolic_mmhg": 141}, ["blood_pressure"]),
        ({"diastolic_mmhg": 91}, ["blood_pressure"]),
        ({"systolic_mmhg": None}, ["blood_pressure"]),
        ({"systolic_mmhg": 90}, []),
        ({"systolic_mmhg": 89}, ["blood_pressure"]),
        ({"heart_rate_bpm": 45}, []),
        ({"heart_rate_bpm": 44}, ["heart_rate"]),
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


def test_who_is_always_low_goes_home_near_their_own_low_values() -> None:
    own = BASELINE.model_copy(
        update={"systolic_mmhg": 92, "diastolic_mmhg": 58, "heart_rate_bpm": 46}
    )
    low = last(systolic_mmhg=86, diastolic_mmhg=56, heart_rate_bpm=42)
    assert unmet(judged(low, baseline=own)) == []
    assert unmet(judged(low, baseline=None)) == ["blood_pressure", "heart_rate"]


@pytest.mark.parametrize(("said", "expected"), [(None, []), (True, []), (False, ["dissociation"])])
def test_a_patient_who_still_feels_the_drug_does_not_go(
    said: bool | None, expected: list[str]
) -> None:
    assert unmet(judged(command={"effects_gone": said})) == expected


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
    late = judged((reading(30), reading(60.5)))
    assert unmet(late) == ["recent_reading", "sedation"]


def test_an_old_reading_is_not_rested_on() -> None:
    now = ENDED + timedelta(minutes=58 + 20)

    assert unmet(judged(now=now)) == []
    assert unmet(judged(now=now + timedelta(seconds=1))) == ["recent_reading", "sedation"]


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


def test_awake_an_hour_ago_is_not_awake_now_however_often_the_pulse_was_counted() -> None:
    pulse_only = [
        VitalSigns(spo2_percent=98, heart_rate_bpm=72, taken_at=ENDED + timedelta(minutes=minute))
        for minute in (45, 58)
    ]

    decision = judged((reading(30), *pulse_only))

    assert "sedation" in unmet(decision)


def test_a_patient_seen_asleep_in_the_same_minute_as_awake_stays() -> None:
    awake, asleep = reading(58), reading(58, moaas=2)

    assert unmet(judged((*READINGS, awake, asleep))) == ["sedation"]
