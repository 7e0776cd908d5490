"""The discharge criteria that rest on readings since dosing ended (fact sheet 4.6, 2 to 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from types import MappingProxyType

from clinical.parameters import Parameters
from clinical.vital_rules import latest_first
from schemas.infusion import Criterion, VitalSigns

PRESSURE = ("systolic_mmhg", "diastolic_mmhg")

PEAK_AND_LAST = 2
"""Pressures after the spray: at its peak, and before leaving; with the baseline three (5.3)."""


def reading_criteria(
    readings: Sequence[VitalSigns],
    baseline: VitalSigns | None,
    now: datetime,
    parameters: Parameters,
    *,
    effects_gone: bool | None = None,
) -> tuple[Criterion, ...]:
    """Pressure, heart rate, oxygen, breathing, sedation, dissociation, and a reading recent enough
    to rest on. What was not measured, or not within the interval of readings and its grace, is not
    met: of CADSS-6 too, which is "before discharge" (4.3) when it belongs to the last round at the
    chair [D]. `effects_gone`: what the patient says; None where nobody asked, which is not "gone"
    (4.6)."""
    known = latest_first([r for r in readings if r.taken_at is None or r.taken_at <= now])
    last = _Last(known, now, _rested_on(parameters))
    return (
        _recent(known, now, parameters),
        _pressure(last, baseline, parameters),
        _heart_rate(last, baseline, parameters),
        _oxygen(last, baseline, parameters),
        _breathing(last, parameters),
        _sedation(last, parameters),
        _dissociation(last, baseline, parameters, effects_gone=effects_gone),
    )


def peak_criterion(
    readings: Sequence[VitalSigns],
    last_device_at: datetime,
    now: datetime,
    parameters: Parameters,
) -> Criterion:
    """After the spray a pressure at its peak, about 40 min after the last device, and another one
    before leaving (5.3). A reading may be as early as it may be late; one that nobody took at the
    peak is caught up as soon as it is noticed, since no later one could ever be it [D]."""
    peak = last_device_at + parameters.duration("esk.bp_post_time")
    about = peak - parameters.duration("iv.vitals_missing_escalate")
    taken = {
        r.taken_at
        for r in readings
        if _has_both(r) and r.taken_at is not None and about <= r.taken_at <= now
    }
    minutes = [f"{(at - last_device_at) / timedelta(minutes=1):.0f}" for at in sorted(taken)]
    shown = minutes if len(minutes) < PEAK_AND_LAST else [minutes[0], minutes[-1]]
    after = (peak - last_device_at) / timedelta(minutes=1)
    return Criterion(
        code="peak_pressure",
        met=len(taken) >= PEAK_AND_LAST,
        text=f"Blood pressure about {after:.0f} min after the last device and again since.",
        value=f"measured after {', '.join(shown)} min" if shown else "not measured",
    )


@dataclass(frozen=True, slots=True)
class _Last:
    """Readings, newest first, and how old a value may be: a patient who was awake an hour ago may
    be asleep, however often a monitor has counted the pulse since."""

    known: Sequence[VitalSigns]
    now: datetime
    allowed: timedelta

    def measured(self, *names: str) -> VitalSigns | None:
        """The newest reading with these values, if it is fresh."""
        newest = self._newest(names)
        return newest if newest is not None and self.is_fresh(newest.taken_at) else None

    def is_fresh(self, at: datetime | None) -> bool:
        return at is None or self.now - at <= self.allowed

    def absent(self, *names: str) -> str:
        """Why there is no value to rest on."""
        newest = self._newest(names)
        if newest is None or newest.taken_at is None:
            return "not measured"
        return f"last measured {(self.now - newest.taken_at) / timedelta(minutes=1):.0f} min ago"

    def _newest(self, names: Sequence[str]) -> VitalSigns | None:
        measured = (r for r in self.known if all(getattr(r, n) is not None for n in names))
        return next(measured, None)


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


def _pressure(last: _Last, baseline: VitalSigns | None, parameters: Parameters) -> Criterion:
    """At most 140/90, or within 20 % of the own baseline and falling on consecutive readings;
    and not low, unless near the own baseline. The fact sheet names no lower limit: the one at
    which dosing pauses is taken [D]."""
    fresh = last.measured(*PRESSURE) is not None
    measured = [
        (r.systolic_mmhg, r.diastolic_mmhg)
        for r in last.known
        if r.systolic_mmhg is not None and r.diastolic_mmhg is not None
    ]
    near = fresh and _near(measured[0], baseline, parameters)
    met = fresh and (
        (_normal(measured[0], parameters) and (near or not _low(measured[0], parameters)))
        or (near and _falling(measured, parameters))
    )
    return Criterion(
        code="blood_pressure",
        met=met,
        text="Blood pressure normal, or near the own baseline and falling.",
        value=f"{measured[0][0]}/{measured[0][1]} mmHg" if fresh else last.absent(*PRESSURE),
    )


def _has_both(reading: VitalSigns) -> bool:
    return all(getattr(reading, name) is not None for name in PRESSURE)


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


def _heart_rate(last: _Last, baseline: VitalSigns | None, parameters: Parameters) -> Criterion:
    reading = last.measured("heart_rate_bpm")
    rate = reading.heart_rate_bpm if reading else None
    usual = baseline.heart_rate_bpm if baseline else None
    allowed = parameters.number("dis.hr_pct")
    near = rate is not None and usual is not None and _within(rate, usual, allowed)
    return Criterion(
        code="heart_rate",
        met=rate is not None
        and (near or parameters.number("hr.low") <= rate < parameters.number("dis.hr_max")),
        text="Heart rate within limits or near the own baseline.",
        value=last.absent("heart_rate_bpm") if rate is None else f"{rate} bpm",
    )


def _oxygen(last: _Last, baseline: VitalSigns | None, parameters: Parameters) -> Criterion:
    """Enough oxygen on every reading of at least 15 min, the newest of them fresh and none so long
    after the one before that nothing was known in between."""
    usual = baseline.spo2_percent if baseline else None
    needed = parameters.number("dis.spo2_min")
    floor = needed if usual is None else min(needed, max(usual, parameters.number("spo2.stop")))
    newest = last.measured("spo2_percent")
    held = parameters.duration("dis.spo2_held")
    return Criterion(
        code="oxygen",
        met=newest is not None and _held_for(last, floor) >= held,
        text=f"SpO2 at least {floor:g} % for {held / timedelta(minutes=1):.0f} min.",
        value=f"{newest.spo2_percent} %" if newest else last.absent("spo2_percent"),
    )


def _held_for(last: _Last, floor: float) -> timedelta:
    """From the first to the newest of the readings in a row with enough oxygen."""
    newest: datetime | None = None
    since: datetime | None = None
    for reading in last.known:
        at = reading.taken_at
        if reading.spo2_percent is None:
            continue
        gap = since is not None and at is not None and since - at > last.allowed
        if reading.spo2_percent < floor or at is None or gap:
            break
        newest, since = newest or at, at
    return newest - since if newest and since else timedelta(0)


def _breathing(last: _Last, parameters: Parameters) -> Criterion:
    reading = last.measured("respiratory_rate_per_min")
    rate = reading.respiratory_rate_per_min if reading else None
    low, high = parameters.number("dis.rr_low"), parameters.number("dis.rr_high")
    return Criterion(
        code="breathing",
        met=rate is not None and low <= rate <= high,
        text=f"Breathing {low:g} to {high:g} a minute.",
        value=last.absent("respiratory_rate_per_min") if rate is None else f"{rate} a minute",
    )


def _sedation(last: _Last, parameters: Parameters) -> Criterion:
    reading = last.measured("moaas")
    score = reading.moaas if reading else None
    needed = parameters.number("dis.moaas")
    return Criterion(
        code="sedation",
        met=score is not None and score >= needed,
        text=f"Awake: MOAA/S {needed:g}.",
        value=last.absent("moaas") if score is None else f"MOAA/S {score}",
    )


def _dissociation(
    last: _Last,
    baseline: VitalSigns | None,
    parameters: Parameters,
    *,
    effects_gone: bool | None,
) -> Criterion:
    """Back to the own baseline, and the patient says so; without a baseline, judged against none
    at all."""
    reading = last.measured("cadss6")
    score = reading.cadss6 if reading else None
    usual = baseline.cadss6 if baseline and baseline.cadss6 is not None else 0
    limit = usual + parameters.number("dis.cadss6_delta")
    value = last.absent("cadss6") if score is None else f"CADSS-6 {score}"
    return Criterion(
        code="dissociation",
        met=score is not None and score <= limit and effects_gone is True,
        text=f"Dissociation gone: CADSS-6 at most {limit:g}, and the patient says so.",
        value=f"{value}{FELT[effects_gone]}",
    )


FELT: Mapping[bool | None, str] = MappingProxyType(
    {True: "", False: ", effects still felt", None: ", the patient not asked"}
)
