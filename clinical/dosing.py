"""Whether a prescriber's order may be given: caps, second signature, titration, weight.

Clinical fact sheet, sections 4.1 and 5.2. Doses in mg, weights in kg of actual body weight.
"""

from collections.abc import Iterator
from math import floor
from typing import Annotated

from pydantic import Field

from clinical.parameters import Parameters
from clinical.titration import PriorDose, Titration, judge_titration, last_counted
from schemas.base import Reason, Value
from schemas.infusion import DoseOutcome
from schemas.screening import Modality

Kilograms = Annotated[float, Field(ge=35, le=250, description="actual body weight in kg")]
Milligrams = Annotated[float, Field(gt=0, le=500, description="dose in mg")]


class DoseFacts(Value):
    """One order for today and what it follows. `prior`: earlier sessions, oldest first."""

    modality: Modality = Modality.IV_KETAMINE
    dose_mg: Milligrams
    weight_kg: Kilograms | None = Field(None, description="weight measured today, in kg")
    order_weight_kg: Kilograms | None = Field(None, description="weight the order is for, in kg")
    height_cm: Annotated[float, Field(ge=90, le=250, description="height in cm")] | None = None
    weight_age_days: Annotated[
        float, Field(ge=0, le=40_000, description="days since the weight was measured")
    ] = 0
    duration_min: Annotated[float, Field(ge=1, le=240, description="minutes")] | None = None
    session_number: Annotated[int, Field(ge=1, description="number within the series, from 1")] = 1
    co_signed: bool = Field(False, description="a second prescriber has signed this order")
    consented_max_mg: Milligrams | None = Field(None, description="highest dose consented, in mg")
    improvement_percent: (
        Annotated[
            float, Field(ge=-1_000, le=100, description="fall of the score since baseline, percent")
        ]
        | None
    ) = None
    prior: Annotated[tuple[PriorDose, ...], Field(max_length=200)] = ()


class DoseDecision(Value):
    """`reasons`: all that refuses the order or asks for a second signature; `notes`: what the
    prescriber should know. `refused`: refused whoever signs."""

    allowed: bool
    refused: bool
    needs_second_prescriber: bool
    dose_mg: float
    dose_mg_per_kg: float | None
    standard_dose_mg: float | None = None
    reasons: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()


def judge_order(facts: DoseFacts, parameters: Parameters) -> DoseDecision:
    """Whether this order may be given today, and whether a second prescriber must sign it (4.1,
    5.2)."""
    refusals, seconds = _judged(facts, parameters)
    weight = facts.weight_kg
    infusion = facts.modality is Modality.IV_KETAMINE
    return DoseDecision(
        allowed=not refusals and (facts.co_signed or not seconds),
        refused=bool(refusals),
        needs_second_prescriber=bool(seconds),
        dose_mg=facts.dose_mg,
        dose_mg_per_kg=round(facts.dose_mg / weight, 4) if weight and infusion else None,
        standard_dose_mg=standard_dose_mg(weight, parameters) if weight and infusion else None,
        reasons=(*refusals, *seconds),
        notes=tuple(_notes(facts, parameters)) if infusion else (),
    )


def standard_dose_mg(weight_kg: float, parameters: Parameters) -> float:
    """The standard dose in mg for a weight in kg, rounded down: 70 kg -> 35.0, 100 kg -> 50.0."""
    step = parameters.number("iv.dose_rounding")
    exact = weight_kg * parameters.number("iv.dose")
    return round(floor(round(exact / step, 6)) * step, 3)


def weight_voids_order(order_weight_kg: float, weight_kg: float, parameters: Parameters) -> bool:
    """Whether the weight has changed so much that the order must be written and signed anew
    (4.1)."""
    change = round(abs(weight_kg - order_weight_kg), 6)
    by_percent = change * 100 >= parameters.number("iv.weight_recompute_pct") * order_weight_kg
    return by_percent or change >= parameters.number("iv.weight_recompute_kg")


def judge_delivery(ordered_mg: float, delivered_mg: float, parameters: Parameters) -> DoseOutcome:
    """Completed, partial or aborted, by the share of the ordered amount that was delivered
    (4.1)."""
    if ordered_mg <= 0:
        return DoseOutcome.NONE
    if delivered_mg >= parameters.number("iv.completed_fraction") * ordered_mg:
        return DoseOutcome.COMPLETED
    if delivered_mg >= parameters.number("iv.partial_fraction") * ordered_mg:
        return DoseOutcome.PARTIAL
    return DoseOutcome.ABORTED


def delivery_reason(ordered_mg: float, delivered_mg: float, parameters: Parameters) -> Reason:
    """Why a dose is completed, partial, aborted or none, in mg and percent of the order (4.1)."""
    outcome = judge_delivery(ordered_mg, delivered_mg, parameters)
    share = f" ({100 * delivered_mg / ordered_mg:.0f} %)" if ordered_mg > 0 else ""
    words = {
        DoseOutcome.NONE: "Nothing was ordered.",
        DoseOutcome.COMPLETED: "Enough was given to count as the whole dose.",
        DoseOutcome.PARTIAL: "A part of the dose was given; the session counts.",
        DoseOutcome.ABORTED: "Too little was given for the session to count.",
    }
    fact = f"{delivered_mg:g} of {ordered_mg:g} mg{share}"
    return _reason(f"dose_{outcome.value}", words[outcome], fact)


def _judged(facts: DoseFacts, p: Parameters) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """What refuses the order, and what asks for a second signature."""
    if facts.modality is Modality.ESKETAMINE:
        return tuple(_spray(facts, p)), ()
    step = _titration(facts, p)
    return (*_infusion(facts, p), *step.refusals), (*_over_first_cap(facts, p), *step.seconds)


def _titration(facts: DoseFacts, p: Parameters) -> Titration:
    if facts.weight_kg is None:
        return Titration()
    return judge_titration(
        facts.dose_mg,
        facts.weight_kg,
        p,
        prior=facts.prior,
        standard_mg=standard_dose_mg(facts.weight_kg, p),
        improvement_percent=facts.improvement_percent,
        duration_min=facts.duration_min,
    )


def _infusion(facts: DoseFacts, p: Parameters) -> Iterator[Reason]:
    yield from _weight(facts, p)
    yield from _caps(facts, p)
    yield from _duration(facts, p)


def _weight(facts: DoseFacts, p: Parameters) -> Iterator[Reason]:
    weight, ordered_for = facts.weight_kg, facts.order_weight_kg
    if weight is None:
        yield _reason("weight_missing", "An order is for a weight measured today")
    elif ordered_for is not None and weight_voids_order(ordered_for, weight, p):
        text = f"The order is for {ordered_for:g} kg; write it anew for {weight:g} kg"
        yield _reason("weight_changed", text, f"{weight:g} kg")
    valid = p.number("screen.weight_valid")
    if facts.weight_age_days > valid:
        text = f"The weight is older than {valid:g} days; weigh the patient again"
        yield _reason("weight_outdated", text, f"{facts.weight_age_days:g} days", "2.3")


def _caps(facts: DoseFacts, p: Parameters) -> Iterator[Reason]:
    dose, weight = facts.dose_mg, facts.weight_kg
    cap_mg, cap_per_kg = p.number("iv.dose_cap_mg"), p.number("iv.dose_cap_mgkg")
    if dose > cap_mg:
        yield _reason("over_cap", f"No infusion exceeds {cap_mg:g} mg", f"{dose:g} mg")
    if weight is not None and round(dose - cap_per_kg * weight, 6) > 0:
        text = f"No infusion exceeds {cap_per_kg:g} mg/kg"
        yield _reason("over_cap_per_kg", text, f"{dose / weight:.2f} mg/kg")
    if facts.consented_max_mg is not None and dose > facts.consented_max_mg:
        text = f"The patient has consented to at most {facts.consented_max_mg:g} mg"
        yield _reason("over_consent", text, f"{dose:g} mg")


def _duration(facts: DoseFacts, p: Parameters) -> Iterator[Reason]:
    shortest, longest = p.number("iv.duration_min"), p.number("iv.duration_max")
    if facts.duration_min is not None and not shortest <= facts.duration_min <= longest:
        text = f"An infusion runs for {shortest:g} to {longest:g} minutes"
        yield _reason("duration", text, f"{facts.duration_min:g} min")


def _over_first_cap(facts: DoseFacts, p: Parameters) -> Iterator[Reason]:
    cap = p.number("iv.dose_cap_first")
    first = facts.session_number == 1 or last_counted(facts.prior) is None
    if first and facts.dose_mg > cap:
        text = f"A first infusion above {cap:g} mg needs a second prescriber's signature"
        yield _reason("over_first_cap", text, f"{facts.dose_mg:g} mg")


def _notes(facts: DoseFacts, p: Parameters) -> Iterator[Reason]:
    low, high = p.number("screen.weight_review_low"), p.number("screen.weight_review_high")
    if facts.weight_kg is not None and not low <= facts.weight_kg <= high:
        text = "At this weight a physician sets the basis of the dose"
        yield _reason("weight_review", text, f"{facts.weight_kg:g} kg")

    if facts.weight_kg is not None and facts.height_cm is not None:
        metres = facts.height_cm / 100
        bmi = round(facts.weight_kg / metres**2, 6)
        if bmi >= p.number("iv.weight_basis_bmi"):
            text = "Reckoned on actual weight; at this BMI the clinic may choose another basis"
            yield _reason("weight_basis", text, f"BMI {bmi:.1f}")


def _spray(facts: DoseFacts, p: Parameters) -> Iterator[Reason]:
    start, allowed = p.number("esk.dose_start"), p.numbers("esk.dose_allowed")
    first = facts.session_number == 1
    if facts.dose_mg not in allowed:
        doses = " or ".join(f"{dose:g}" for dose in allowed)
        text = f"The spray is given as {doses} mg"
        yield _reason("spray_dose", text, f"{facts.dose_mg:g} mg", "5.2")
    elif first and facts.dose_mg != start:
        text = f"The first spray session is {start:g} mg"
        yield _reason("spray_first_dose", text, f"{facts.dose_mg:g} mg", "5.2")
    if facts.consented_max_mg is not None and facts.dose_mg > facts.consented_max_mg:
        text = f"The patient has consented to at most {facts.consented_max_mg:g} mg"
        yield _reason("over_consent", text, f"{facts.dose_mg:g} mg", "5.2")


def _reason(code: str, text: str, fact: str | None = None, source: str = "4.1") -> Reason:
    return Reason(code=code, text=text, fact=fact, source=source)
