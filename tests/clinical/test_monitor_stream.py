"""Of a stream of readings the session hears what matters, in order, and no alarm every second."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.monitor_stream import (
    Told,
    is_quiet,
    judge_monitored,
    measures_all_that_is_due,
    told_now,
    worth_telling,
)
from clinical.parameters import Parameters
from clinical.vital_signs import judge_reading
from schemas.infusion import SessionPhase, VitalsAction, VitalSigns
from schemas.monitor import Because

P = Parameters.default()
T0 = datetime(2026, 12, 3, 15, 0, tzinfo=UTC)


def reading(second: float = 0, **values: Any) -> VitalSigns:
    return VitalSigns(taken_at=T0 + timedelta(seconds=second), **values)


def told_of(stream: list[VitalSigns]) -> list[tuple[int, str]]:
    """(second, why) of every reading of a stream that is told while dosing."""
    told: Told | None = None
    found = []
    for number, one in enumerate(stream):
        decision = judge_monitored(
            one,
            phase=SessionPhase.DOSING,
            baseline=None,
            readings=stream[:number],
            parameters=P,
        )
        because = worth_telling(one, decision, told, None)
        if because is not None:
            told = told_now(one, decision, told, P)
            assert one.taken_at is not None
            found.append((int((one.taken_at - T0).total_seconds()), because.value))
    return found


def test_a_calm_hour_tells_nothing() -> None:
    assert told_of([reading(s, spo2_percent=97, heart_rate_bpm=72) for s in range(900)]) == []


def test_a_lasting_alarm_is_told_again_when_its_rule_asks_for_another_reading() -> None:
    low = [reading(s, spo2_percent=92) for s in range(601)]

    assert told_of(low) == [(0, "breach"), (300, "breach"), (600, "breach")]


def test_what_is_graver_is_told_at_once() -> None:
    falling = [reading(s, spo2_percent=96 - s) for s in range(10)]
    gasping = [reading(10 + s, spo2_percent=86) for s in range(30)]

    seconds = [second for second, _ in told_of([*falling, *gasping])]

    # 93: low; 89: at the stop level; still there more than 30 s after it was last above.
    assert seconds == [3, 7, 37]


def test_the_end_of_an_alarm_is_told_too() -> None:
    stream = [reading(0, spo2_percent=92), *(reading(s, spo2_percent=98) for s in range(1, 400))]

    assert told_of(stream) == [(0, "breach"), (300, "recovery")]


def test_a_value_on_the_edge_does_not_flood_the_session() -> None:
    flapping = [reading(s, spo2_percent=93 + s % 2) for s in range(900)]

    assert len(told_of(flapping)) <= 6


def test_a_second_kind_of_alarm_is_news() -> None:
    stream = [
        reading(0, spo2_percent=92),
        reading(1, spo2_percent=92, systolic_mmhg=165, diastolic_mmhg=88),
    ]

    assert [second for second, _ in told_of(stream)] == [0, 1]


@pytest.mark.parametrize(
    ("values", "all_"),
    [
        ({"systolic_mmhg": 120, "diastolic_mmhg": 70, "heart_rate_bpm": 60}, True),
        ({"systolic_mmhg": 120, "diastolic_mmhg": 70}, False),
        ({"spo2_percent": 98, "heart_rate_bpm": 60}, False),
    ],
)
def test_only_pressure_and_rate_together_stand_for_a_reading_that_is_due(
    values: dict[str, int], all_: bool
) -> None:
    calm = reading(0, **values)
    quiet = judge_monitored(
        calm, phase=SessionPhase.DOSING, baseline=None, readings=(), parameters=P
    )

    assert measures_all_that_is_due(calm) is all_
    assert (worth_telling(calm, quiet, None, T0) is Because.SCHEDULED) is all_
    assert worth_telling(calm, quiet, None, T0 + timedelta(seconds=1)) is None


@pytest.mark.parametrize(("values", "all_"), [({"spo2_percent": 98}, True), ({}, False)])
def test_after_the_dose_a_reading_that_is_due_carries_oxygen_too(
    values: dict[str, int], all_: bool
) -> None:
    calm = reading(0, systolic_mmhg=120, diastolic_mmhg=70, heart_rate_bpm=60, **values)
    quiet = judge_monitored(
        calm, phase=SessionPhase.POST_OBS, baseline=None, readings=(), parameters=P
    )

    assert measures_all_that_is_due(calm, observing=True) is all_
    told = worth_telling(calm, quiet, None, T0, observing=True)
    assert (told is Because.SCHEDULED) is all_


def test_edge_27_a_late_reading_takes_nothing_back_that_a_newer_one_said() -> None:
    told = Told(VitalsAction.CALL, frozenset({"oxygen_alert"}), T0, timedelta(minutes=5))
    late = reading(-60, spo2_percent=98)
    quiet = judge_monitored(
        late, phase=SessionPhase.DOSING, baseline=None, readings=(), parameters=P
    )

    assert worth_telling(late, quiet, told, None) is None
    assert told_now(late, quiet, told, P) is told


NUMBERS = st.fixed_dictionaries(
    {
        "spo2_percent": st.none() | st.integers(80, 100),
        "heart_rate_bpm": st.none() | st.integers(35, 140),
        "systolic_mmhg": st.none() | st.integers(70, 210),
        "diastolic_mmhg": st.none() | st.integers(40, 125),
    }
)


@settings(deadline=None)
@given(now=NUMBERS, before=st.lists(NUMBERS, max_size=5))
def test_a_reading_that_is_quiet_by_itself_is_quiet_after_any_others(
    now: dict[str, int | None], before: list[dict[str, int | None]]
) -> None:
    """What lets the many be judged quickly."""
    earlier = [reading(-10 * (n + 1), **values) for n, values in enumerate(before)]
    one = reading(0, **now)

    for phase in (SessionPhase.DOSING, SessionPhase.POST_OBS):
        quick = judge_monitored(one, phase=phase, baseline=None, readings=earlier, parameters=P)
        whole = judge_reading(
            one,
            phase="during" if phase is SessionPhase.DOSING else "post",
            baseline=None,
            previous=earlier,
            paused=False,
            parameters=P,
        )
        assert is_quiet(quick) == is_quiet(whole)
        if not is_quiet(whole):
            assert quick.action is whole.action
