"""The thresholds of fact sheet 4.4 while dosing, as a clinician would read them."""

import pytest

from clinical.vital_rules import latest_first
from clinical.vital_signs import (
    DECISION,
    SEVERITY,
)
from schemas.infusion import VitalsAction, VitalSigns
from tests.clinical.readings import A, P, at, bp, during


@pytest.mark.parametrize(
    ("systolic", "diastolic", "action"),
    [
        (128, 82, A.CONTINUE),
        (159, 99, A.CONTINUE),
        (160, 80, A.SLOW),
        (120, 100, A.SLOW),
        (179, 109, A.SLOW),
        (180, 90, A.CALL),
        (130, 110, A.CALL),
        (199, 119, A.CALL),
        (200, 90, A.STOP),
        (130, 120, A.STOP),
        (90, 60, A.CONTINUE),
        (89, 60, A.PAUSE),
    ],
)
def test_one_pressure_while_dosing(systolic: int, diastolic: int, action: A) -> None:
    assert during(bp(systolic, diastolic)).action is action


@pytest.mark.parametrize(
    ("first", "second", "action"),
    [
        ((180, 90), (180, 90), A.PAUSE),
        ((182, 95), (178, 110), A.PAUSE),
        ((179, 109), (181, 95), A.CALL),
        ((185, 100), (165, 95), A.SLOW),
        ((185, 100), (150, 85), A.CONTINUE),
        ((185, 100), (201, 100), A.STOP),
    ],
)
def test_a_second_high_pressure_confirms_the_pause(
    first: tuple[int, int], second: tuple[int, int], action: A
) -> None:
    assert during(bp(*second, minute=24), bp(*first, minute=20)).action is action


def test_an_oximeter_reading_between_two_pressures_does_not_hide_the_first() -> None:
    between = at(21, spo2_percent=97)

    assert during(bp(184, 100, minute=24), bp(184, 100), between).action is A.PAUSE


def test_an_unconfirmed_high_pressure_is_repeated_within_five_minutes() -> None:
    decision = during(bp(181, 100))

    assert decision.repeat_in_min == 5
    assert decision.call == ("prescriber",)


@pytest.mark.parametrize(
    ("baseline", "systolic", "action"),
    [(140, 98, A.CONTINUE), (140, 97, A.PAUSE), (200, 140, A.CONTINUE), (200, 139, A.PAUSE)],
)
def test_a_drop_of_more_than_thirty_percent_pauses(baseline: int, systolic: int, action: A) -> None:
    assert during(bp(systolic, 70), baseline=bp(baseline, 80)).action is action


@pytest.mark.parametrize(
    ("spo2", "action"), [(94, A.CONTINUE), (93, A.CALL), (90, A.CALL), (89, A.STOP)]
)
def test_oxygen_while_dosing(spo2: int, action: A) -> None:
    assert during(at(20, spo2_percent=spo2)).action is action


@pytest.mark.parametrize(
    ("moaas", "action"), [(5, A.CONTINUE), (4, A.CONTINUE), (3, A.PAUSE), (2, A.STOP), (0, A.STOP)]
)
def test_sedation_while_dosing(moaas: int, action: A) -> None:
    assert during(at(20, moaas=moaas)).action is action


@pytest.mark.parametrize(("rate", "action"), [(8, A.CONTINUE), (7, A.STOP), (0, A.STOP)])
def test_breathing_while_dosing(rate: int, action: A) -> None:
    assert during(at(20, respiratory_rate_per_min=rate)).action is action


@pytest.mark.parametrize(
    ("rate", "earlier", "action"),
    [
        (120, (), A.CONTINUE),
        (121, (), A.REPEAT),
        (121, ((16, 130),), A.REPEAT),
        (121, ((15, 130),), A.PAUSE),
        (121, ((10, 130), (17, 110)), A.REPEAT),
        (121, ((14, 130), (17, 120)), A.REPEAT),
        (45, (), A.CONTINUE),
        (44, (), A.PAUSE),
    ],
)
def test_heart_rate_while_dosing(
    rate: int, earlier: tuple[tuple[int, int], ...], action: A
) -> None:
    previous = tuple(at(minute, heart_rate_bpm=bpm) for minute, bpm in earlier)

    assert during(at(20, heart_rate_bpm=rate), *previous).action is action


def test_one_pressure_of_the_two_confirms_as_well() -> None:
    decision = during(at(20, systolic_mmhg=185), at(17, systolic_mmhg=185))

    assert decision.action is A.PAUSE
    assert [reason.fact for reason in decision.reasons] == ["185/? mmHg"]
    assert during(at(20, diastolic_mmhg=112)).reasons[0].fact == "?/112 mmHg"


@pytest.mark.parametrize(("now_known", "then_known"), [(True, False), (False, True)])
def test_a_fast_rate_without_its_time_counts_as_sustained(
    now_known: bool, then_known: bool
) -> None:
    now = VitalSigns(heart_rate_bpm=130, taken_at=at(20).taken_at if now_known else None)
    then = VitalSigns(heart_rate_bpm=130, taken_at=at(19).taken_at if then_known else None)

    assert during(now, then).action is A.PAUSE


def test_readings_with_a_time_are_ordered_by_it_and_others_by_their_coming() -> None:
    early, late = at(10, heart_rate_bpm=80), at(15, heart_rate_bpm=90)
    untimed = VitalSigns(heart_rate_bpm=85)

    assert latest_first((late, early)) == (late, early)
    assert latest_first((early, late)) == (late, early)
    assert latest_first((late, untimed, early)) == (early, untimed, late)


def test_of_two_readings_of_one_moment_the_later_told_is_the_newer() -> None:
    awake, asleep = at(10, moaas=5), at(10, moaas=2)

    assert latest_first((awake, asleep)) == (asleep, awake)
    assert latest_first((asleep, awake)) == (awake, asleep)


def test_every_answer_says_why() -> None:
    decision = during(at(20, systolic_mmhg=205, diastolic_mmhg=121, spo2_percent=88, moaas=1))

    assert {reason.code for reason in decision.reasons} >= {
        "pressure_stop",
        "oxygen_stop",
        "sedation_stop",
    }
    assert all(reason.source and reason.text for reason in decision.reasons)


def test_the_bench_answers_as_the_workflow_is_answered() -> None:
    facts = DECISION.facts(reading=bp(184, 100), phase="during", previous=(bp(184, 100, 16),))

    assert DECISION.judge(facts, P) == during(bp(184, 100), bp(184, 100, 16))


def test_severity_knows_every_action() -> None:
    assert set(SEVERITY) == set(VitalsAction)


@pytest.mark.parametrize(
    ("earlier", "action"),
    [
        (at(19.5, spo2_percent=90), A.PAUSE),
        (at(19.5, spo2_percent=97), A.PAUSE),
        (at(19.4, spo2_percent=97), A.STOP),
        (at(19.8, spo2_percent=89), A.STOP),
        (at(19.8, heart_rate_bpm=80), A.STOP),
        (VitalSigns(spo2_percent=97), A.STOP),
    ],
)
def test_oxygen_at_the_stop_level_stops_unless_it_was_better_half_a_minute_ago(
    earlier: VitalSigns, action: A
) -> None:
    decision = during(at(20, spo2_percent=89), earlier)

    assert decision.action is action
    assert (decision.repeat_in_min == 0.5) is (action is A.PAUSE)


def test_a_low_reading_between_does_not_hide_how_long_oxygen_has_been_low() -> None:
    better, low = at(19.6, spo2_percent=97), at(19.9, spo2_percent=89)

    assert during(at(20, spo2_percent=89), better, low).action is A.PAUSE
    assert during(at(20.2, spo2_percent=89), better, low).action is A.STOP
