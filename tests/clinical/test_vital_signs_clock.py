"""When readings are owed, late, missing or repeated, and when a pause may end."""

from datetime import timedelta

import pytest

from clinical.vital_signs import (
    gap_needs_review,
    is_duplicate,
    judge_late,
    judge_missing,
    judge_reading,
    may_resume,
    next_reading_due,
)
from schemas.infusion import VitalSigns
from schemas.screening import Modality
from tests.clinical.readings import T0, A, P, at, bp, during


def test_a_confirming_reading_that_comes_late_still_confirms() -> None:
    assert during(bp(184, 100, minute=32), bp(184, 100, minute=20)).action is A.PAUSE


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
    assert [
        reason.code for reason in may_resume((bp(190, 100, 5), reading), P, baseline=None)
    ] == codes


@pytest.mark.parametrize(("minute", "resumes"), [(19, False), (20, True), (21, True)])
def test_a_reading_from_before_the_pause_does_not_resume(minute: int, resumes: bool) -> None:
    paused_at = T0 + timedelta(minutes=20)

    assert (
        may_resume((bp(130, 80, minute),), P, baseline=None, paused_at=paused_at) == ()
    ) is resumes


def test_without_any_reading_nothing_resumes() -> None:
    assert [reason.code for reason in may_resume((), P, baseline=None)] == ["no_reading"]


OWN = bp(150, 90, -5)


@pytest.mark.parametrize(("systolic", "codes"), [(105, []), (104, ["pressure_low"])])
def test_a_pause_for_a_drop_does_not_end_at_a_pressure_as_far_below_the_patients_own(
    systolic: int, codes: list[str]
) -> None:
    read = (bp(100, 60, 10), bp(systolic, 60, 15))

    assert [reason.code for reason in may_resume(read, P, baseline=OWN)] == codes


@pytest.mark.parametrize(
    ("paused_on", "code", "settled"),
    [
        ({"moaas": 3}, "sedation_pause", {"moaas": 4}),
        ({"spo2_percent": 89}, "oxygen_stop", {"spo2_percent": 96}),
        ({"heart_rate_bpm": 42}, "heart_rate_low", {"heart_rate_bpm": 60}),
        ({"respiratory_rate_per_min": 7}, "breathing_stop", {"respiratory_rate_per_min": 12}),
    ],
)
def test_a_pause_ends_only_when_the_sign_it_came_from_was_measured_again(
    paused_on: dict[str, object], code: str, settled: dict[str, object]
) -> None:
    def resumes(*readings: VitalSigns) -> list[str]:
        return [reason.code for reason in may_resume(readings, P, baseline=None)]

    assert resumes(at(10, **paused_on), bp(130, 80, 15)) == [code]
    assert resumes(at(10, **paused_on), at(14, **settled), bp(130, 80, 15)) == []


def test_a_monitor_does_not_say_that_distress_has_settled_and_a_person_does() -> None:
    told = at(10, symptoms=("panic",), moaas=5)
    monitored = bp(130, 80, 15).model_copy(update={"device": "monitor-4"})

    assert [r.code for r in may_resume((told, monitored), P, baseline=None)] == [
        "distress_unsettled"
    ]
    assert may_resume((told, bp(130, 80, 15)), P, baseline=None) == ()
    assert may_resume((monitored,), P, baseline=None) == ()


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
