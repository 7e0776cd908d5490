"""The medical screening judged for one modality: contraindications, interactions, work-up.

Fact sheet 2. Every finding names its condition, weight, fact and source; people decide on it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType

from clinical.contraindications import BY_CONDITION, DATED, Contraindication
from clinical.decision_kind import DecisionKind
from clinical.interactions import judge_interactions
from clinical.parameters import Parameters
from clinical.work_up import (
    advised_missing,
    is_bad,
    judge_work_up,
    standing_results,
    unknown_results,
)
from schemas.base import Instant, Reason, Value
from schemas.screening import (
    DatedCondition,
    Finding,
    Modality,
    Screening,
    ScreeningDecision,
    ScreeningOutcome,
    Weight,
    WorkUp,
)


def judge_screening(
    screening: Screening,
    modality: Modality,
    dosing_at: datetime,
    parameters: Parameters,
    *,
    running: bool = False,
) -> ScreeningDecision:
    """Cleared, needs a physician's decision, or blocked, with every finding.

    Blocked by any absolute contraindication. A relative one, a condition that the matrix does not
    know, or a required result that is absent or will have expired at `dosing_at` needs a decision.
    `valid_until`: the first expiry among the required results (2.1, 2.2, 2.3). `running`: the
    course goes on, and is judged by the windows that hold then.
    """
    findings = (
        *_conditions(screening, modality, dosing_at, parameters),
        *_measured(screening, modality, parameters),
        *_results(screening.work_up, modality, dosing_at, parameters),
        *judge_interactions(screening.medicines, modality, parameters, dosing_on=dosing_at.date()),
        *_advised(screening, modality, dosing_at, parameters),
    )
    findings = _heaviest_once(findings)
    missing, valid_until = judge_work_up(screening, dosing_at, parameters, running=running)
    weights = {finding.weight for finding in findings}
    if Weight.ABSOLUTE in weights:
        outcome = ScreeningOutcome.BLOCKED
    elif Weight.RELATIVE in weights or missing:
        outcome = ScreeningOutcome.NEEDS_DECISION
    else:
        outcome = ScreeningOutcome.CLEARED
    return ScreeningDecision(
        outcome=outcome, findings=findings, missing=missing, valid_until=valid_until
    )


def _conditions(
    screening: Screening, modality: Modality, dosing_at: datetime, parameters: Parameters
) -> Iterator[Finding]:
    dated = {d.condition for d in screening.dated_conditions}
    for condition in dict.fromkeys(screening.conditions):
        if condition in DATED and condition in dated:
            continue
        row = BY_CONDITION.get(condition)
        if row is None:
            text = "A condition that the matrix does not know: a physician decides."
            reason = Reason(code="condition_unknown", text=text, fact=condition, source="2.1")
            yield _finding(condition, modality, Weight.RELATIVE, reason)
        elif condition in DATED:
            yield from _row(row, modality, "when is not known", Weight.ABSOLUTE)
        else:
            yield from _row(row, modality)
    for event in screening.dated_conditions:
        yield from _dated(event, modality, dosing_at.date(), parameters)


def _dated(
    event: DatedCondition, modality: Modality, dosing_on: date, parameters: Parameters
) -> Iterator[Finding]:
    """A heart attack or stroke blocks for 180 days; after that a physician decides."""
    row = BY_CONDITION.get(event.condition)
    if row is None:
        reason = Reason(
            code="condition_unknown", text="Not in the matrix: a physician decides.",
            fact=event.condition, source="2.1",
        )  # fmt: skip
        yield _finding(event.condition, modality, Weight.RELATIVE, reason)
        return
    days = (dosing_on - event.happened_on).days
    recent = event.condition in DATED and days < parameters.number("screen.mi_stroke_exclusion")
    fact = f"{event.happened_on.isoformat()}, {days} days before dosing"
    yield from _row(row, modality, fact, Weight.ABSOLUTE if recent else None)


def _measured(
    screening: Screening, modality: Modality, parameters: Parameters
) -> Iterator[Finding]:
    """Findings from numbers: age, weight, blood pressure."""
    age = screening.age_years
    if age is not None and age < parameters.number("elig.min_age"):
        yield from _named("age_under_18", modality, f"{age} years")
    if age is not None and age > parameters.number("elig.max_age_soft"):
        yield from _named("age_over_soft_limit", modality, f"{age} years")
    kg = screening.weight_kg
    low, high = (parameters.number(f"screen.weight_review_{end}") for end in ("low", "high"))
    if kg is not None and not low <= kg <= high:
        yield from _named("weight_outside_range", modality, f"{kg:g} kg")
    systolic, diastolic = screening.systolic_mmhg, screening.diastolic_mmhg
    pressure = f"{systolic}/{diastolic} mmHg"
    for level, condition in (("block", "uncontrolled_hypertension"), ("review", "hypertension")):
        over = systolic is not None and systolic > parameters.number(f"bp.pre_sys_{level}")
        over |= diastolic is not None and diastolic > parameters.number(f"bp.pre_dia_{level}")
        if over:
            yield from _named(condition, modality, pressure)


def _results(
    work_up: Iterable[WorkUp], modality: Modality, dosing_at: datetime, parameters: Parameters
) -> Iterator[Finding]:
    """Findings from the result of each kind that counts, and from what nobody can read."""
    for kind, result in standing_results(work_up, dosing_at, parameters).items():
        condition = CONDITION_OF.get(kind) if is_bad(result, parameters) else None
        if condition is not None:
            value = "" if result.value is None else f" {result.value:g}"
            yield from _named(condition, modality, f"{kind} {result.result}{value}")
    for result in unknown_results(work_up, dosing_at):
        condition = f"{result.kind[:80]}_result_unknown"
        text = "A result in a word that is not known: a physician reads it."
        fact = f"{result.kind} {result.result}"
        reason = Reason(code=condition, text=text, fact=fact, source="2.3")
        yield _finding(condition, modality, Weight.RELATIVE, reason)


CONDITION_OF: Mapping[str, str] = MappingProxyType(
    {
        "hcg": "pregnancy",
        "uds": "positive_drug_screen",
        "ua": "cystitis",
        "luts": "cystitis",
        "lft": "liver_tests_raised",
        "ecg": "ecg_abnormal",
        "pdmp": "unexplained_prescription",
    }
)
"""What an abnormal result of each kind amounts to in the matrix."""


def _advised(
    screening: Screening, modality: Modality, dosing_at: datetime, parameters: Parameters
) -> Iterator[Finding]:
    for reason in advised_missing(screening, dosing_at, parameters):
        yield _note(reason.code, reason.text, reason.fact, reason.source, modality)


@lru_cache(maxsize=4096)
def _note(
    code: str, text: str, fact: str | None, source: str | None, modality: Modality
) -> Finding:
    reason = Reason(code=code, text=text, fact=fact, source=source)
    return _finding(code, modality, Weight.NOTE, reason)


def _heaviest_once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding for each condition, the heaviest; heaviest first."""
    kept: dict[str, Finding] = {}
    for finding in findings:
        held = kept.get(finding.condition)
        if held is None or _order(finding) < _order(held):
            kept[finding.condition] = finding
    return tuple(sorted(kept.values(), key=_order))


HEAVIEST_FIRST = {
    w: place for place, w in enumerate((Weight.ABSOLUTE, Weight.RELATIVE, Weight.NOTE))
}


def _order(finding: Finding) -> int:
    return HEAVIEST_FIRST[finding.weight]


def _named(condition: str, modality: Modality, fact: str) -> Iterator[Finding]:
    yield from _row(BY_CONDITION[condition], modality, fact)


def _row(
    row: Contraindication, modality: Modality, fact: str | None = None, weight: Weight | None = None
) -> Iterator[Finding]:
    applies = row.weight(modality)
    if applies is not None:
        yield _of_the_matrix(row.condition, modality, fact or row.condition, weight or applies)


@lru_cache(maxsize=4096)
def _of_the_matrix(condition: str, modality: Modality, fact: str, weight: Weight) -> Finding:
    row = BY_CONDITION[condition]
    reason = Reason(code=condition, text=row.text, fact=fact, source=row.source)
    return _finding(condition, modality, weight, reason)


def _finding(condition: str, modality: Modality, weight: Weight, reason: Reason) -> Finding:
    return Finding(condition=condition, modality=modality, weight=weight, reason=reason)


class ScreeningFacts(Value):
    """A screening, the treatment it is for, and the planned dosing time that every result's
    validity is measured to. `now` is not needed: a screening is judged for its dosing time.
    `running`: the course goes on, dosed here within the last 90 days."""

    screening: Screening
    modality: Modality
    dosing_at: Instant
    running: bool = False


def _decide(facts: ScreeningFacts, parameters: Parameters) -> ScreeningDecision:
    return judge_screening(
        facts.screening, facts.modality, facts.dosing_at, parameters, running=facts.running
    )


DECISION = DecisionKind(
    name="screening",
    facts=ScreeningFacts,
    decide=_decide,
    summary="Contraindications, interactions and work-up for one treatment at one dosing time.",
)
