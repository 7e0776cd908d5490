"""The rules of fact sheet 4.4, one function for each row: what one reading is a sign of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from clinical.parameters import Parameters
from schemas.base import Reason, Role
from schemas.infusion import VitalsAction, VitalSigns

EMERGENCY = "emergency_services"
PHYSICIAN = Role.PRESCRIBER.value
NURSE = Role.NURSE.value

STOP_SYMPTOMS = frozenset(
    {
        "chest_pain", "dyspnoea", "severe_headache", "visual_loss", "focal_deficit", "seizure",
        "apnoea", "anaphylaxis", "syncope", "loss_of_consciousness", "infiltration",
        "asks_to_stop", "consent_withdrawn",
    }
)  # fmt: skip
"""Any of these ends dosing at once (4.4; 11.10, 11.28, 11.43)."""

NOT_EMERGENCIES = frozenset({"infiltration", "asks_to_stop", "consent_withdrawn"})

PAUSE_SYMPTOMS = frozenset({"arrhythmia", "vomiting"})
DISTRESS = frozenset({"agitation", "panic", "psychosis", "severe_distress"})
"""Pause at once; stop if not settled within `distress.settle_within`."""

EXPECTED_SYMPTOMS = frozenset(
    {
        "dissociation", "dizziness", "nausea", "headache", "drowsiness", "anxiety", "tearful",
        "blurred_vision", "numbness", "dry_mouth", "vertigo", "dysgeusia", "paresthesia",
    }
)  # fmt: skip
"""Common and watched; they change nothing by themselves. Any other code calls the physician."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What one rule found: the action it asks for, why, whom to call, when to read again (min)."""

    action: VitalsAction
    reason: Reason
    call: tuple[str, ...] = ()
    repeat_in_min: float | None = None

    def as_action(self, action: VitalsAction) -> "Sign":
        """The same finding, asking for another action."""
        return replace(self, action=action)


Rule = Callable[[VitalSigns, VitalSigns | None, Sequence[VitalSigns], Parameters], Sign | None]


def latest_first(readings: Sequence[VitalSigns]) -> tuple[VitalSigns, ...]:
    """Readings newest first by device time; those without one keep the order they came in, and of
    two with the same time the one that came later is the newer (11.27)."""
    if any(r.taken_at is None for r in readings):
        return tuple(reversed(readings))
    return tuple(reversed(sorted(readings, key=_taken_at)))  # noqa: C413 - equals turn round too


def dosing_signs(
    reading: VitalSigns,
    baseline: VitalSigns | None,
    previous: Sequence[VitalSigns],
    parameters: Parameters,
) -> tuple[Sign, ...]:
    """Every sign a reading gives during dosing (rows "during" of 4.4)."""
    before = latest_first(previous)
    found = (rule(reading, baseline, before, parameters) for rule in DURING)
    return tuple(sign for sign in found if sign is not None)


def pressure_over(reading: VitalSigns, systolic: float, diastolic: float) -> bool:
    """Whether either pressure is strictly above its limit, in mmHg (4.4)."""
    return (reading.systolic_mmhg is not None and reading.systolic_mmhg > systolic) or (
        reading.diastolic_mmhg is not None and reading.diastolic_mmhg > diastolic
    )


def pressure_at(reading: VitalSigns, level: str, parameters: Parameters) -> bool:
    """Whether either pressure reaches a level by name: `alert`, `pause` or `stop` (4.4)."""
    return (
        reading.systolic_mmhg is not None
        and reading.systolic_mmhg >= parameters.number(f"bp.{level}_sys")
    ) or (
        reading.diastolic_mmhg is not None
        and reading.diastolic_mmhg >= parameters.number(f"bp.{level}_dia")
    )


def _high_pressure(
    reading: VitalSigns,
    _baseline: VitalSigns | None,
    before: Sequence[VitalSigns],
    parameters: Parameters,
) -> Sign | None:
    """>= 200/120 once: stop. >= 180/110: call and repeat, and pause when the next reading
    confirms it, however late it comes. >= 160/100: slow, repeat."""
    fact = pressure_text(reading)
    if pressure_at(reading, "stop", parameters):
        text = "Blood pressure at the stop level: stop for good, emergency treatment."
        return signed(VitalsAction.STOP, "pressure_stop", text, fact, (PHYSICIAN, EMERGENCY))
    if pressure_at(reading, "pause", parameters):
        last = next((r for r in before if has_pressure(r)), None)
        again = parameters.number("bp.confirm_within")
        if last is not None and pressure_at(last, "pause", parameters):
            text = "Blood pressure at the pause level, confirmed: pause, physician to the chair."
            return signed(
                VitalsAction.PAUSE, "pressure_pause", text, fact, (PHYSICIAN,), again=again
            )
        text = "Blood pressure at the pause level once: slow, call, confirm by another reading."
        return signed(
            VitalsAction.CALL, "pressure_unconfirmed", text, fact, (PHYSICIAN,), again=again
        )
    if pressure_at(reading, "alert", parameters):
        text = f"Blood pressure alert: reassure, slow to {parameters.number('iv.slow_to_pct'):g} %."
        again = parameters.number("bp.alert_repeat")
        return signed(VitalsAction.SLOW, "pressure_alert", text, fact, (NURSE,), again=again)
    return None


def _low_pressure(
    reading: VitalSigns,
    baseline: VitalSigns | None,
    _before: Sequence[VitalSigns],
    parameters: Parameters,
) -> Sign | None:
    if reading.systolic_mmhg is None:
        return None
    own = baseline.systolic_mmhg if baseline else None
    kept = 100 - parameters.number("bp.drop_pct")
    dropped = own is not None and reading.systolic_mmhg * 100 < own * kept
    if reading.systolic_mmhg < parameters.number("bp.hypo_sys") or dropped:
        text = "Blood pressure low: pause, fluids, physician."
        return signed(
            VitalsAction.PAUSE, "pressure_low", text, pressure_text(reading), (PHYSICIAN,)
        )
    return None


def _heart_rate(
    reading: VitalSigns,
    _baseline: VitalSigns | None,
    before: Sequence[VitalSigns],
    parameters: Parameters,
) -> Sign | None:
    rate = reading.heart_rate_bpm
    if rate is None:
        return None
    fact = f"{rate} bpm"
    if rate < parameters.number("hr.low"):
        text = "Heart rate low: pause, ECG, physician."
        return signed(VitalsAction.PAUSE, "heart_rate_low", text, fact, (PHYSICIAN,))
    if rate <= parameters.number("hr.pause_high"):
        return None
    again = parameters.number("hr.sustained")
    if _fast_for(reading, before, parameters) >= parameters.duration("hr.sustained"):
        text = "Heart rate high and sustained: pause, ECG, physician."
        return signed(
            VitalsAction.PAUSE, "heart_rate_sustained", text, fact, (PHYSICIAN,), again=again
        )
    text = "Heart rate high: read again."
    return signed(VitalsAction.REPEAT, "heart_rate_high", text, fact, (NURSE,), again=again)


def _fast_for(
    reading: VitalSigns, before: Sequence[VitalSigns], parameters: Parameters
) -> timedelta:
    """How long the rate has stayed above the limit; readings without a time count as sustained."""
    began = reading.taken_at
    for earlier in before:
        if earlier.heart_rate_bpm is None:
            continue
        if earlier.heart_rate_bpm <= parameters.number("hr.pause_high"):
            break
        if earlier.taken_at is None or reading.taken_at is None:
            return timedelta.max
        began = earlier.taken_at
    return reading.taken_at - began if reading.taken_at and began else timedelta(0)


def _oxygen(
    reading: VitalSigns,
    _baseline: VitalSigns | None,
    before: Sequence[VitalSigns],
    parameters: Parameters,
) -> Sign | None:
    """< 90 %: stop, unless it was better within the last 30 s. < 94 %: reposition, oxygen."""
    if reading.spo2_percent is None:
        return None
    fact = f"SpO2 {reading.spo2_percent} %"
    if reading.spo2_percent < parameters.number("spo2.stop"):
        allowed = parameters.duration("spo2.stop_sustained")
        if _low_at_most(reading, before, parameters) > allowed:
            text = "Oxygen saturation at the stop level: stop, airway, oxygen."
            return signed(VitalsAction.STOP, "oxygen_stop", text, fact, (PHYSICIAN, EMERGENCY))
        again = allowed / timedelta(minutes=1)
        text = "Oxygen saturation falls to the stop level: pause, oxygen, read again at once."
        return signed(VitalsAction.PAUSE, "oxygen_falling", text, fact, (PHYSICIAN,), again=again)
    if reading.spo2_percent < parameters.number("spo2.alert"):
        text = "Oxygen saturation low: reposition, oxygen."
        again = parameters.number("bp.alert_repeat")
        return signed(VitalsAction.CALL, "oxygen_alert", text, fact, (NURSE,), again=again)
    return None


def _low_at_most(
    reading: VitalSigns, before: Sequence[VitalSigns], parameters: Parameters
) -> timedelta:
    """The longest that oxygen can have been at the stop level: since it was last measured above
    it. Never measured above it, or at an unknown time: longer than any limit."""
    stop = parameters.number("spo2.stop")
    above = (r for r in before if r.spo2_percent is not None and r.spo2_percent >= stop)
    last = next(above, None)
    if last is None or last.taken_at is None or reading.taken_at is None:
        return timedelta.max
    return reading.taken_at - last.taken_at


def _breathing(
    reading: VitalSigns,
    _baseline: VitalSigns | None,
    _before: Sequence[VitalSigns],
    parameters: Parameters,
) -> Sign | None:
    rate = reading.respiratory_rate_per_min
    if rate is None or rate >= parameters.number("rr.stop"):
        return None
    text = "Breathing too slow: stop, airway."
    call = (PHYSICIAN, EMERGENCY)
    return signed(VitalsAction.STOP, "breathing_stop", text, f"{rate} a minute", call)


def _sedation(
    reading: VitalSigns,
    _baseline: VitalSigns | None,
    _before: Sequence[VitalSigns],
    parameters: Parameters,
) -> Sign | None:
    if reading.moaas is None:
        return None
    fact = f"MOAA/S {reading.moaas}"
    if reading.moaas <= parameters.number("sed.moaas_stop"):
        text = "Deep sedation: stop, airway, physician."
        return signed(VitalsAction.STOP, "sedation_stop", text, fact, (PHYSICIAN,))
    if reading.moaas <= parameters.number("sed.moaas_pause"):
        text = "Sedation: pause, stimulate."
        again = parameters.number("bp.confirm_within")
        return signed(VitalsAction.PAUSE, "sedation_pause", text, fact, (PHYSICIAN,), again=again)
    return None


def symptoms_told(
    reading: VitalSigns,
    _baseline: VitalSigns | None,
    before: Sequence[VitalSigns],
    parameters: Parameters,
) -> Sign | None:
    """What the patient tells or shows: stop, pause, or a physician who looks (4.4, last rows)."""
    told = frozenset(reading.symptoms)
    if stopping := sorted(told & STOP_SYMPTOMS):
        emergency = () if told & STOP_SYMPTOMS <= NOT_EMERGENCIES else (EMERGENCY,)
        fact = ", ".join(stopping)
        text = "A symptom that ends dosing: stop and treat."
        return signed(VitalsAction.STOP, "symptom_stop", text, fact, (PHYSICIAN, *emergency))
    distress = sorted(told & DISTRESS)
    if distress and _unsettled_since(reading, before, parameters):
        text = "Distress has not settled: stop."
        return signed(
            VitalsAction.STOP, "distress_unsettled", text, ", ".join(distress), (PHYSICIAN,)
        )
    if pausing := sorted(told & PAUSE_SYMPTOMS | told & DISTRESS):
        text = "A symptom that pauses dosing: pause, physician."
        again = parameters.number("distress.settle_within")
        fact = ", ".join(pausing)
        return signed(VitalsAction.PAUSE, "symptom_pause", text, fact, (PHYSICIAN,), again=again)
    if unknown := sorted(told - EXPECTED_SYMPTOMS):
        text = "A symptom without a rule: the physician looks."
        return signed(VitalsAction.CALL, "symptom_unknown", text, ", ".join(unknown), (PHYSICIAN,))
    return None


def _unsettled_since(
    reading: VitalSigns, before: Sequence[VitalSigns], parameters: Parameters
) -> bool:
    began: datetime | None = None
    for earlier in before:
        if not DISTRESS & frozenset(earlier.symptoms):
            break
        began = earlier.taken_at or began
    if began is None or reading.taken_at is None:
        return False
    return reading.taken_at - began >= parameters.duration("distress.settle_within")


DURING: tuple[Rule, ...] = (
    _high_pressure, _low_pressure, _heart_rate, _oxygen, _breathing, _sedation, symptoms_told,
)  # fmt: skip


def signed(
    action: VitalsAction,
    code: str,
    text: str,
    fact: str,
    call: tuple[str, ...] = (),
    *,
    again: float | None = None,
) -> Sign:
    """A sign of section 4.4; `again`: minutes until the next reading."""
    return Sign(action, Reason(code=code, text=text, fact=fact, source="4.4"), call, again)


def has_pressure(reading: VitalSigns) -> bool:
    """Whether at least one of the two pressures was measured (4.4)."""
    return reading.systolic_mmhg is not None or reading.diastolic_mmhg is not None


def pressure_text(reading: VitalSigns) -> str:
    """Both pressures in mmHg; `?` for the one that was not measured (4.4)."""
    systolic = "?" if reading.systolic_mmhg is None else str(reading.systolic_mmhg)
    diastolic = "?" if reading.diastolic_mmhg is None else str(reading.diastolic_mmhg)
    return f"{systolic}/{diastolic} mmHg"


def _taken_at(reading: VitalSigns) -> float:
    return reading.taken_at.timestamp() if reading.taken_at else 0.0
