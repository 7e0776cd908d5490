"""When a reading is owed, when it is missing, when it is taken again (fact sheet 4.3, 4.4, 5.3)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from clinical.parameters import Parameters
from clinical.vital_signs import (
    gap_needs_review,
    judge_missing,
    judge_reading,
    next_reading_due,
)
from schemas.infusion import VitalSigns
from tests.clinical.boundaries.rows import IV, SPRAY, T0, Fires, Row, both, reached


def again(phase: Any, *, paused: bool = False, **values: Any) -> Fires:
    """Whether so many minutes later the reading is due that this one calls for."""

    def fires(value: float, p: Parameters) -> bool:
        decision = judge_reading(
            VitalSigns(taken_at=T0, **values),
            phase=phase, baseline=None, previous=(), paused=paused, parameters=p,
        )  # fmt: skip
        return decision.repeat_in_min is not None and value >= decision.repeat_in_min

    return fires


def due(phase: Any, last: timedelta | None = None) -> Callable[[Parameters], datetime]:
    at = None if last is None else T0 + last
    return lambda p: next_reading_due(phase, T0, at, IV, p)


def peak(p: Parameters) -> datetime:
    """The reading after the one at 30 minutes: the peak of the spray comes before its interval."""
    return next_reading_due("post", T0, T0 + timedelta(minutes=30), SPRAY, p)


def outage(step: float) -> Fires:
    """A gap of the usual interval and so much more."""

    def fires(value: float, p: Parameters) -> bool:
        gap = timedelta(minutes=value + step)
        return bool(gap_needs_review(T0, T0 + gap, p))

    return fires


NONE = timedelta(0)
TABLE = (
    Row("iv.vitals_infusion_interval", ">=", 0.5,
        reached("iv.vitals_infusion_interval", due("during"))),
    Row("iv.vitals_infusion_interval", ">", 0.5, outage(5)),
    Row("iv.vitals_post_interval", ">=", 0.5, reached("iv.vitals_post_interval", due("post"))),
    Row("esk.bp_post_time", ">=", 0.5, reached("esk.bp_post_time", peak)),
    Row("bp.repeat_wait", ">=", 0.5, reached("bp.repeat_wait", due("pre", NONE))),
    Row("bp.repeat_wait", ">=", 0.5, again("pre", systolic_mmhg=150, diastolic_mmhg=80)),
    Row("bp.confirm_within", ">=", 0.5, again("during", systolic_mmhg=185, diastolic_mmhg=80)),
    Row("bp.confirm_within", ">=", 0.5, again("during", paused=True, spo2_percent=98)),
    Row("bp.alert_repeat", ">=", 0.5, again("during", systolic_mmhg=165, diastolic_mmhg=80)),
    Row("bp.alert_repeat", ">=", 0.5, again("during", spo2_percent=92)),
    Row("hr.sustained", ">=", 0.5, again("during", heart_rate_bpm=140)),
    Row("distress.settle_within", ">=", 0.5, again("during", symptoms=("panic",))),
    Row("iv.vitals_missing_alert", ">=", 0.5,
        lambda v, p: judge_missing(T0, T0 + timedelta(minutes=v), 1, p).alert),
    Row("iv.vitals_missing_escalate", ">=", 0.5,
        lambda v, p: judge_missing(T0, T0 + timedelta(minutes=v), 1, p).escalate),
    Row("iv.vitals_missing_escalate", ">", 0.5, outage(10)),
    Row("iv.vitals_missing_pause", ">=", 1,
        lambda v, p: judge_missing(T0, T0 + timedelta(hours=1), int(v), p).pause),
)  # fmt: skip


@pytest.mark.parametrize(("row", "at"), both(TABLE))
def test_a_reading_is_owed_at_its_time_and_not_before(row: Row, at: float) -> None:
    assert row.answers(at) == row.expected(at)
