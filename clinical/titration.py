"""When an infusion's dose may rise, and when it must fall or run longer.

Clinical fact sheet, section 4.1. Up: enough infusions, too little improvement, and a calm last
session. Down: after severe distress, a stop, deep sedation or vomiting.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field

from clinical.parameters import Parameters
from schemas.base import Reason, Value
from schemas.infusion import SessionResult


class PriorDose(Value):
    """An earlier session of the series. None: not recorded, which never counts as calm."""

    dose_mg: Annotated[float, Field(gt=0, le=500, description="ordered dose in mg")]
    weight_kg: Annotated[float, Field(ge=35, le=250, description="weight that day, kg")] | None = (
        None
    )
    counted: bool = Field(True, description="at least partly delivered")
    stop_event: bool = Field(False, description="dosing was stopped for a reading or symptom")
    peak_systolic_mmhg: int | None = Field(None, description="highest systolic pressure, mmHg")
    peak_diastolic_mmhg: int | None = Field(None, description="highest diastolic pressure, mmHg")
    lowest_moaas: Annotated[int, Field(ge=0, le=5)] | None = None
    severe_distress: bool = False
    vomited: bool = False


class Titration(Value):
    """`refusals`: refused whoever signs; `seconds`: needs a second prescriber."""

    refusals: tuple[Reason, ...] = ()
    seconds: tuple[Reason, ...] = ()


def prior_dose(result: SessionResult) -> PriorDose | None:
    """An earlier session as the journey remembers it, None when nothing was ordered (4.1)."""
    if not result.ordered_mg:
        return None
    return PriorDose.model_construct(
        dose_mg=result.ordered_mg,
        weight_kg=result.weight_kg,
        counted=result.counts,
        stop_event=result.stop_events > 0,
        peak_systolic_mmhg=result.peak_systolic_mmhg,
        peak_diastolic_mmhg=result.peak_diastolic_mmhg,
        lowest_moaas=result.lowest_moaas,
        severe_distress=result.severe_distress,
        vomited=result.vomited,
    )


def last_counted(prior: Sequence[PriorDose]) -> PriorDose | None:
    """The latest session that counts (4.1)."""
    return next((dose for dose in reversed(prior) if dose.counted), None)


def judge_titration(
    dose_mg: float,
    weight_kg: float,
    parameters: Parameters,
    *,
    prior: Sequence[PriorDose],
    standard_mg: float,
    improvement_percent: float | None = None,
    duration_min: float | None = None,
) -> Titration:
    """The step from the last dose to this one, in mg per kg of the weight on each day (4.1)."""
    step = _step(dose_mg, weight_kg, last_counted(prior), standard_mg)
    slack = parameters.number("iv.dose_rounding") / weight_kg
    if round(step - slack, 6) > 0:
        refusals = tuple(_up(step, prior, improvement_percent, parameters))
        fall = () if refusals else _must_fall(prior, parameters)
        return Titration(refusals=refusals, seconds=(*_big_step(step, parameters), *fall))
    longer = (duration_min or 0) >= parameters.number("iv.titrate_down_duration")
    if round(step + slack, 6) >= 0 and not longer:
        return Titration(seconds=tuple(_must_fall(prior, parameters)))
    return Titration()


def _step(dose_mg: float, weight_kg: float, last: PriorDose | None, standard_mg: float) -> float:
    """mg/kg above the last dose; above the standard dose when there is no last one."""
    if last is None:
        return round((dose_mg - standard_mg) / weight_kg, 6)
    return round(dose_mg / weight_kg - last.dose_mg / (last.weight_kg or weight_kg), 6)


def _up(
    step: float, prior: Sequence[PriorDose], improvement: float | None, p: Parameters
) -> Iterator[Reason]:
    largest = p.number("iv.titration_step_max")
    if step > largest:
        text = f"A dose rises by at most {largest:g} mg/kg"
        yield _reason("step_too_large", text, f"{step:.2f} mg/kg")
    needed = p.integer("iv.titration_after")
    given = sum(dose.counted for dose in prior)
    if given < needed:
        text = f"A dose rises only after {needed} infusions"
        yield _reason("titration_too_early", text, str(given))
    most = p.number("iv.titration_below_pct")
    if improvement is None:
        yield _reason("improvement_unknown", "A dose rises only on a recent score")
    elif improvement >= most:
        text = f"The dose works: improved by {improvement:g} %, below {most:g} % it may rise"
        yield _reason("already_improving", text, f"{improvement:g} %")
    # The very last session, even when too little of it was given to count.
    yield from _not_calm(prior[-1] if prior else None, p)


def _not_calm(last: PriorDose | None, p: Parameters) -> Iterator[Reason]:
    if last is None:
        return
    unknown = None in (last.peak_systolic_mmhg, last.peak_diastolic_mmhg, last.lowest_moaas)
    if unknown:
        text = "The last session's highest pressure and deepest sedation are not recorded"
        yield _reason("last_session_unknown", text)
    systolic, diastolic = last.peak_systolic_mmhg or 0, last.peak_diastolic_mmhg or 0
    if systolic >= p.number("bp.pause_sys") or diastolic >= p.number("bp.pause_dia"):
        text = "The last session's blood pressure reached the pause threshold"
        yield _reason("last_pressure", text, f"{systolic}/{diastolic}")
    if last.lowest_moaas is not None and last.lowest_moaas < p.integer("iv.titration_moaas_min"):
        text = "The patient was too sedated in the last session"
        yield _reason("last_sedation", text, str(last.lowest_moaas))
    if last.severe_distress or last.stop_event:
        text = "The last session was severely distressing or was stopped"
        yield _reason("last_distress", text)


def _big_step(step: float, p: Parameters) -> Iterator[Reason]:
    usual = p.number("iv.titration_step")
    if step > usual:
        text = f"A step above {usual:g} mg/kg needs a second prescriber's signature"
        yield _reason("large_step", text, f"{step:.2f} mg/kg")


def _must_fall(prior: Sequence[PriorDose], p: Parameters) -> Iterator[Reason]:
    last = prior[-1] if prior else None
    if last is None:
        return
    sedated = last.lowest_moaas is not None and (
        last.lowest_moaas <= p.integer("iv.titrate_down_moaas")
    )
    if last.stop_event or last.severe_distress or last.vomited or sedated:
        text = (
            "After the last session the dose falls or runs longer; "
            "as much again or more needs a second prescriber's signature"
        )
        yield _reason("titrate_down", text)


def _reason(code: str, text: str, fact: str | None = None) -> Reason:
    return Reason(code=code, text=text, fact=fact, source="4.1")
