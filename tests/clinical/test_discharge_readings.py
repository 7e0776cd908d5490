"""The criteria of discharge that rest on readings and on time."""

from datetime import timedelta

import pytest

from clinical.discharge import (
    review_opens_at,
)
from schemas.infusion import DischargeDecision, VitalSigns
from schemas.screening import Modality
from tests.clinical.recovery import BASELINE, ENDED, READINGS, P, judged, last, reading, unmet

MEASURED = (
    "blood_pressure", "heart_rate", "oxygen", "breathing", "sedation", "dissociation"
)  # fmt: skip


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


@pytest.mark.parametrize(
    ("said", "expected"), [(None, ["dissociation"]), (True, []), (False, ["dissociation"])]
)
def test_a_patient_goes_who_says_that_the_effects_are_gone_and_not_one_whom_nobody_asked(
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
    dipped = (reading(15), reading(30, spo2_percent=91), reading(43), reading(58))
    just_back = (reading(30), reading(44, spo2_percent=91), reading(46), reading(58))

    assert unmet(judged(dipped)) == []
    assert unmet(judged(just_back)) == ["oxygen"]


@pytest.mark.parametrize("minutes", [(41,), (41, 43), (46, 60), (20, 58)])
def test_oxygen_is_held_on_readings_and_not_on_one_that_grew_old(minutes: tuple[int, ...]) -> None:
    """One alone, two so early that nothing is known since, two too close, one with a long gap."""
    assert "oxygen" in unmet(judged(tuple(reading(minute) for minute in minutes)))


def test_every_measured_criterion_rests_on_a_value_that_is_fresh() -> None:
    now = ENDED + timedelta(minutes=117)
    awake = tuple(
        VitalSigns(moaas=5, taken_at=ENDED + timedelta(minutes=minute))
        for minute in range(15, 118, 15)
    )

    decision = judged((reading(0), *awake, VitalSigns(moaas=5, taken_at=now)), now=now)

    measured = ["blood_pressure", "heart_rate", "oxygen", "breathing", "dissociation"]
    assert unmet(decision) == measured
    assert values(decision)["blood_pressure"] == "last measured 117 min ago"
    assert values(decision)["dissociation"] == "last measured 117 min ago"


@pytest.mark.parametrize(
    "name", ["systolic_mmhg", "heart_rate_bpm", "spo2_percent", "respiratory_rate_per_min",
             "moaas", "cadss6"]
)  # fmt: skip
def test_a_value_is_fresh_for_twenty_minutes(name: str) -> None:
    def since(minute: float) -> list[str]:
        """The value was measured until then, the others until now."""
        known = [reading(m) for m in (0, 15, 30, minute)]
        later = [reading(m, **{name: None}) for m in (minute + 5, 60)]
        return unmet(judged((*known, *later)))

    assert since(40) == []
    assert len(since(40 - 1 / 60)) == 1


def test_a_pressure_that_falls_from_an_older_one_is_fresh_itself() -> None:
    high = {"systolic_mmhg": 152, "diastolic_mmhg": 92}
    falling = (reading(30, **high), reading(41, systolic_mmhg=150, diastolic_mmhg=90))
    pulse = reading(58, systolic_mmhg=None)

    assert "blood_pressure" not in unmet(judged((*falling, pulse)))
    assert "blood_pressure" in unmet(judged((*falling, pulse), now=ENDED + timedelta(minutes=62)))


AFTER_THE_SPRAY = tuple(reading(minute) for minute in range(85, 121, 15))


@pytest.mark.parametrize(
    ("at", "met"), [((15, 30), False), ((15, 34.9), False), ((35,), True), ((40,), True)]
)
def test_after_the_spray_the_pressure_is_measured_at_its_peak_and_once_more_before_leaving(
    at: tuple[float, ...], met: bool
) -> None:
    one = (*(reading(minute) for minute in at), *AFTER_THE_SPRAY[-1:])
    without = [r.model_copy(update={"diastolic_mmhg": None}) for r in AFTER_THE_SPRAY[:-1]]
    now = ENDED + timedelta(minutes=121)

    decision = judged((*one[:-1], *without, one[-1]), modality=Modality.ESKETAMINE, now=now)

    assert (unmet(decision) == []) is met
    assert met or unmet(decision) == ["peak_pressure"]


def test_a_pressure_missed_at_the_peak_is_caught_up_and_not_the_last_one_itself() -> None:
    now = ENDED + timedelta(minutes=121)
    facts = {"modality": Modality.ESKETAMINE, "now": now}
    pulse = [r.model_copy(update={"systolic_mmhg": None}) for r in AFTER_THE_SPRAY]

    late = judged((*pulse[:-1], AFTER_THE_SPRAY[-1]), **facts)  # type: ignore[arg-type]

    assert unmet(late) == ["peak_pressure"]
    assert unmet(judged((*pulse[:-2], *AFTER_THE_SPRAY[-2:]), **facts)) == []  # type: ignore[arg-type]


def test_after_an_infusion_nobody_asks_for_the_sprays_peak() -> None:
    assert "peak_pressure" not in values(judged())


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
    assert unmet(judged((reading(45), reading(60)))) == []
    late = judged((reading(39), reading(60.5)))
    assert unmet(late) == ["recent_reading", *MEASURED]


def test_an_old_reading_is_not_rested_on() -> None:
    now = ENDED + timedelta(minutes=58 + 20)

    assert unmet(judged(now=now)) == []
    assert unmet(judged(now=now + timedelta(seconds=1))) == ["recent_reading", *MEASURED]


@pytest.mark.parametrize(
    ("modality", "minutes"), [(Modality.IV_KETAMINE, 60), (Modality.ESKETAMINE, 120)]
)
def test_the_observation_is_never_shorter_than_its_minimum(
    modality: Modality, minutes: int
) -> None:
    opens = ENDED + timedelta(minutes=minutes)
    readings = (*READINGS[:3], reading(minutes - 20), reading(minutes - 2))

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
