"""The discharge criteria that rest on readings since dosing ended (fact sheet 4.6, 2 to 4)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from clinical.parameters import Parameters
from clinical.vital_rules import latest_first
from schemas.infusion import Criterion, VitalSigns


def reading_criteria(
    readings: Sequence[VitalSigns],
    baseline: VitalSigns | None,
    now: datetime,
    parameters: Parameters,
    *,
    effects_gone: bool | None = None,
) -> tuple[Criterion, ...]:
    """Pressure, heart rate, oxygen, breathing, sedation, dissociation, and a reading recent enough
    to rest on. What was not measured is not met. `effects_gone`: what the patient says; None where
    nobody asked, and the scale speaks alone (4.6)."""
    known = latest_first([r for r in readings if r.taken_at is None or r.taken_at <= now])
    return (
        _recent(known, now, parameters),
        _pressure(known, baseline, parameters),
        _heart_rate(known, baseline, parameters),
        _oxygen(known, baseline, now, parameters),
        _breathing(known, parameters),
        _sedation(_fresh(known, now, parameters), parameters),
        _dissociation(known, baseline, parameters, effects_gone=effects_gone),
    )


def _fresh(known: Sequence[VitalSigns], now: datetime, parameters: Parameters) -> list[VitalSigns]:
    """Readings that are recent enough to rest on: a patient who was awake an hour ago may be
    asleep, however often a monitor has counted the pulse since."""
    allowed = _rested_on(parameters)
    return [r for r in known if r.taken_at is None or now - r.taken_at <= allowed]


def _rested_on(parameters: Parameters) -> timedelta:
    return parameters.duration("iv.vitals_post_interval") + parameters.duration(
        "iv.vitals_missing_escalate"
    )


def _recent(known: Sequence[VitalSigns], now: datetime, parameters: Parameters) -> Criterion:
    allowed = _rested_on(parameters)
    at = known[0].taken_at if known else None
    age = None if at is None else now - at
    return Criterion(
        code="recent_reading",
        met=age is not None and age <= allowed,
        text=f"The last reading is at most {allowed / timedelta(minutes=1):.0f} min old.",
        value="none" if age is None else f"{age / timedelta(minutes=1):.0f} min",
    )


def _pressure(
    known: Sequence[VitalSigns], baseline: VitalSigns | None, parameters: Parameters
) -> Criterion:
    """At most 140/90, or within 20 % of the own baseline and falling on consecutive readings;
    and not low, unless near the own baseline. The fact sheet names no lower limit: the one at
    which dosing pauses is taken [D]."""
    measured = [
        (r.systolic_mmhg, r.diastolic_mmhg)
        for r in known
        if r.systolic_mmhg is not None and r.diastolic_mmhg is not None
    ]
    near = bool(measured) and _near(measured[0], baseline, parameters)
    met = bool(measured) and (
        (_normal(measured[0], parameters) and (near or not _low(measured[0], parameters)))
        or (near and _falling(measured, parameters))
    )
    return Criterion(
        code="blood_pressure",
        met=met,
        text="Blood pressure normal, or near the own baseline and falling.",
        value=f"{measured[0][0]}/{measured[0][1]} mmHg" if measured else "not measured",
    )


def _normal(pressure: tuple[int, int], parameters: Parameters) -> bool:
    return pressure[0] <= parameters.number("bp.pre_sys_review") and pressure[
        1
    ] <= parameters.number("bp.pre_dia_review")


def _low(pressure: tuple[int, int], parameters: Parameters) -> bool:
    return pressure[0] < parameters.number("bp.hypo_sys")


def _near(pressure: tuple[int, int], baseline: VitalSigns | None, parameters: Parameters) -> bool:
    if baseline is None or baseline.systolic_mmhg is None or baseline.diastolic_mmhg is None:
        return False
    allowed = parameters.number("dis.discharge_bp_pct")
    own = (baseline.systolic_mmhg, baseline.diastolic_mmhg)
    pairs = zip(pressure, own, strict=True)
    return all(_within(value, usual, allowed) for value, usual in pairs)


def _within(value: float, usual: float, percent: float) -> bool:
    return abs(value - usual) * 100 <= percent * usual


def _falling(measured: Sequence[tuple[int, int]], parameters: Parameters) -> bool:
    needed = max(parameters.integer("dis.bp_readings"), 2)
    last = measured[:needed]
    steps = pairwise(last)
    fell = all(new[0] < old[0] and new[1] <= old[1] for new, old in steps)
    return len(last) == needed and fell


def _heart_rate(
    known: Sequence[VitalSigns], baseline: VitalSigns | None, parameters: Parameters
) -> Criterion:
    rate = next((r.heart_rate_bpm for r in known if r.heart_rate_bpm is not None), None)
    usual = baseline.heart_rate_bpm if baseline else None
    allowed = parameters.number("dis.hr_pct")
    near = rate is not None and usual is not None and _within(rate, usual, allowed)
    return Criterion(
        code="heart_rate",
        met=rate is not None
        and (near or parameters.number("hr.low") <= rate < parameters.number("dis.hr_max")),
        text="Heart rate within limits or near the own baseline.",
        value="not measured" if rate is None else f"{rate} bpm",
    )


def _oxygen(
    known: Sequence[VitalSigns],
    baseline: VitalSigns | None,
    now: datetime,
    parameters: Parameters,
) -> Criterion:
    """Enough oxygen on every reading of at least the last 15 min."""
    usual = baseline.spo2_percent if baseline else None
    needed = parameters.number("dis.spo2_min")
    floor = needed if usual is None else min(needed, max(usual, parameters.number("spo2.stop")))
    since: datetime | None = None
    last: int | None = None
    for reading in known:
        if reading.spo2_percent is None:
            continue
        last = reading.spo2_percent if last is None else last
        if reading.spo2_percent < floor or reading.taken_at is None:
            break
        since = reading.taken_at
    held = parameters.duration("dis.spo2_held")
    return Criterion(
        code="oxygen",
        met=since is not None and now - since >= held,
        text=f"SpO2 at least {floor:g} % for {held / timedelta(minutes=1):.0f} min.",
        value="not measured" if last is None else f"{last} %",
    )


def _breathing(known: Sequence[VitalSigns], parameters: Parameters) -> Criterion:
    found = (r.respiratory_rate_per_min for r in known if r.respiratory_rate_per_min is not None)
    rate = next(found, None)
    low, high = parameters.number("dis.rr_low"), parameters.number("dis.rr_high")
    return Criterion(
        code="breathing",
        met=rate is not None and low <= rate <= high,
        text=f"Breathing {low:g} to {high:g} a minute.",
        value="not measured" if rate is None else f"{rate} a minute",
    )


def _sedation(known: Sequence[VitalSigns], parameters: Parameters) -> Criterion:
    score = next((r.moaas for r in known if r.moaas is not None), None)
    needed = parameters.number("dis.moaas")
    return Criterion(
        code="sedation",
        met=score is not None and score >= needed,
        text=f"Awake: MOAA/S {needed:g}.",
        value="not measured" if score is None else f"MOAA/S {score}",
    )


def _dissociation(
    known: Sequence[VitalSigns],
    baseline: VitalSigns | None,
    parameters: Parameters,
    *,
    effects_gone: bool | None,
) -> Criterion:
    """Back to the own baseline, and the patient does not say otherwise; without a baseline, judged
    against none at all."""
    score = next((r.cadss6 for r in known if r.cadss6 is not None), None)
    usual = baseline.cadss6 if baseline and baseline.cadss6 is not None else 0
    limit = usual + parameters.number("dis.cadss6_delta")
    felt = effects_gone is False
    value = "not measured" if score is None else f"CADSS-6 {score}"
    return Criterion(
        code="dissociation",
        met=score is not None and score <= limit and not felt,
        text=f"Dissociation gone: CADSS-6 at most {limit:g}, and the patient says so.",
        value=f"{value}, effects still felt" if felt else value,
    )
