"""A patient who has recovered well and may go, and the same with something changed."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from clinical.discharge import (
    judge_discharge,
)
from clinical.parameters import Parameters
from schemas.base import Actor, Role
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
    orientation=4,
    effects_gone=True,
    aldrete=10,
    gait_steady=True,
    nausea_controlled=True,
    suicide_risk="low",
    line_removed=True,
    waste_reconciled=True,
    second_signature=Actor(id="rn-fellowes", role=Role.NURSE),
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
