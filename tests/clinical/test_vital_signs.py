"""Vital signs as tables: each row a reading, what came before it, and what people should do."""

from datetime import UTC, datetime, timedelta

import pytest

from clinical.parameters import Parameters
from clinical.vital_rules import DISTRESS, STOP_SYMPTOMS, latest_first
from clinical.vital_signs import (
    DECISION,
    SEVERITY,
    gap_needs_review,
    is_duplicate,
    judge_late,
    judge_missing,
    judge_reading,
    may_resume,
    next_reading_due,
)
from schemas.infusion import ReadingDecision, VitalsAction, VitalSigns
from schemas.screening import Modality

P = Parameters.default()
T0 = datetime(2027, 3, 4, 15, 0, tzinfo=UTC)
A = VitalsAction


def at(minute: float, **values: object) -> VitalSigns:
    return VitalSigns.model_validate({"taken_at": T0 + timedelta(minutes=minute), **values})


def bp(systolic: int, diastolic: int, minute: float = 20) -> VitalSigns:
    return at(minute, systolic_mmhg=systolic, diastolic_mmhg=diastolic)


def during(
    reading: VitalSigns, *previous: VitalSigns, baseline: VitalSigns | None = None
) -> ReadingDecision:
    return judge_reading(
        reading,
        phase="during",
        baseline=baseline,
        previous=previous,
        paused=False,
        parameters=P,
    )


def pre(reading: VitalSigns, *previous: VitalSigns) -> ReadingDecision:
    return judge_reading(
        reading, phase="pre", baseline=None, previous=previous, paused=False, parameters=P
    )


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


def test_a_confirming_reading_that_comes_late_still_confirms() -> None:
    assert during(bp(184, 100, minute=32), bp(184, 100, minute=20)).action is A.PAUSE


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


@pytest.mark.parametrize("paused", [True, False])
def test_what_is_paused_is_not_slowed_and_nothing_else_is_softened(paused: bool) -> None:
    def judged(reading: VitalSigns, *previous: VitalSigns) -> A:
        return judge_reading(
            reading, phase="during", baseline=None, previous=previous, paused=paused, parameters=P
        ).action

    assert judged(bp(165, 80)) is (A.REPEAT if paused else A.SLOW)
    assert judged(bp(185, 80)) is A.CALL
    assert judged(bp(185, 80), bp(186, 80, 15)) is A.PAUSE
    assert judged(bp(205, 80)) is A.STOP


def test_edge_27_a_late_reading_is_confirmed_by_what_came_before_it_not_after() -> None:
    facts = {"phase": "during", "baseline": None, "paused": False, "parameters": P}
    high = at(15, systolic_mmhg=185)
    before, after = bp(186, 80, 10), at(20, spo2_percent=98)

    confirmed = judge_late(high, readings=(before, after), **facts)  # type: ignore[arg-type]
    alone = judge_late(high, readings=(bp(186, 80, 20),), **facts)  # type: ignore[arg-type]

    assert confirmed.action is A.PAUSE
    assert "pressure_pause" not in {reason.code for reason in alone.reasons}


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


def test_a_quiet_reading_does_not_resume_a_paused_infusion() -> None:
    decision = judge_reading(
        bp(130, 80), phase="during", baseline=None, previous=(), paused=True, parameters=P
    )

    assert decision.action is A.REPEAT
    assert [reason.code for reason in decision.reasons] == ["paused"]


@pytest.mark.parametrize(
    ("reading", "codes"),
    [
        (bp(159, 99), []),
        (bp(160, 99), ["pressure_still_high"]),
        (bp(159, 100), ["pressure_still_high"]),
        (at(20, systolic_mmhg=130, diastolic_mmhg=80, moaas=3), ["sedation_pause"]),
        (at(20, systolic_mmhg=130, diastolic_mmhg=80, spo2_percent=93), ["oxygen_alert"]),
        (at(20, spo2_percent=98), ["no_reading"]),
    ],
)
def test_what_stands_against_resuming(reading: VitalSigns, codes: list[str]) -> None:
    assert [reason.code for reason in may_resume((bp(190, 100, 5), reading), P)] == codes


@pytest.mark.parametrize(("minute", "resumes"), [(19, False), (20, True), (21, True)])
def test_a_reading_from_before_the_pause_does_not_resume(minute: int, resumes: bool) -> None:
    paused_at = T0 + timedelta(minutes=20)

    assert (may_resume((bp(130, 80, minute),), P, paused_at=paused_at) == ()) is resumes


def test_without_any_reading_nothing_resumes() -> None:
    assert [reason.code for reason in may_resume((), P)] == ["no_reading"]


@pytest.mark.parametrize(
    ("phase", "last_minute", "modality", "due_minute"),
    [
        ("pre", None, Modality.IV_KETAMINE, 0),
        ("pre", 0, Modality.IV_KETAMINE, 10),
        ("during", None, Modality.IV_KETAMINE, 10),
        ("during", 10, Modality.IV_KETAMINE, 20),
        ("during", -5, Modality.IV_KETAMINE, 10),
        ("post", None, Modality.IV_KETAMINE, 15),
        ("post", 30, Modality.IV_KETAMINE, 45),
        ("post", 30, Modality.ESKETAMINE, 40),
        ("post", 40, Modality.ESKETAMINE, 55),
        ("post", 25, Modality.ESKETAMINE, 40),
    ],
)
def test_when_the_next_reading_is_owed(
    phase: str, last_minute: int | None, modality: Modality, due_minute: int
) -> None:
    last = None if last_minute is None else T0 + timedelta(minutes=last_minute)

    due = next_reading_due(phase, T0, last, modality, P)  # type: ignore[arg-type]

    assert due == T0 + timedelta(minutes=due_minute)


@pytest.mark.parametrize(
    ("late_s", "in_row", "expected"),
    [
        (119, 1, (False, False, False)),
        (120, 1, (True, False, False)),
        (299, 1, (True, False, False)),
        (300, 1, (True, True, False)),
        (120, 2, (True, False, True)),
        (119, 2, (False, False, False)),
    ],
)
def test_a_missing_reading_alerts_then_escalates_then_pauses(
    late_s: int, in_row: int, expected: tuple[bool, bool, bool]
) -> None:
    decision = judge_missing(T0, T0 + timedelta(seconds=late_s), in_row, P)

    assert (decision.alert, decision.escalate, decision.pause) == expected


def test_edge_27_a_device_that_repeats_itself_is_heard_once() -> None:
    reading = bp(150, 90)

    assert is_duplicate(bp(150, 90), (bp(140, 80, 10), reading))
    assert not is_duplicate(bp(150, 91), (reading,))
    assert not is_duplicate(VitalSigns(systolic_mmhg=150), (VitalSigns(systolic_mmhg=150),))


def test_edge_27_a_late_reading_alerts_but_does_not_pause_again() -> None:
    readings = (bp(182, 95, 10), bp(130, 80, 30))

    decision = judge_late(
        bp(184, 95, 14), phase="during", baseline=None, readings=readings, paused=False,
        parameters=P,
    )  # fmt: skip

    assert decision.action is A.CALL
    assert "late_reading" in [reason.code for reason in decision.reasons]


def test_a_reading_of_the_same_moment_is_not_late() -> None:
    decision = judge_late(
        bp(205, 100, 14),
        phase="during",
        baseline=None,
        readings=(bp(150, 90, 14),),
        paused=False,
        parameters=P,
    )

    assert decision.action is A.STOP


def test_edge_46_a_late_reading_of_what_nobody_has_measured_since_counts_in_full() -> None:
    readings = (at(30, spo2_percent=98),)

    decision = judge_late(
        bp(205, 100, 14), phase="during", baseline=None, readings=readings, paused=False,
        parameters=P,
    )  # fmt: skip

    assert decision.action is A.STOP


def test_edge_25_a_gap_in_the_readings_is_reviewed_after_an_outage() -> None:
    assert gap_needs_review(T0, T0 + timedelta(minutes=15), P) == ()
    assert gap_needs_review(T0, T0 + timedelta(minutes=15, seconds=1), P)


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
