"""Readings of the vital signs, and how they are judged before and while dosing."""

from datetime import UTC, datetime, timedelta

from clinical.parameters import Parameters
from clinical.vital_signs import (
    judge_reading,
)
from schemas.infusion import ReadingDecision, VitalsAction, VitalSigns

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
