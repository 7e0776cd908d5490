"""Which antidepressant trials count as failed: dose, weeks, adherence, outcome.

Clinical fact sheet, section 1.1. Intolerance is not failure; augmentation is counted apart; one
base drug counts once.
"""

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from clinical.formulary import base_drug, level_is_adequate, minimum_dose_mg
from clinical.parameters import Parameters
from schemas.base import Reason, Value
from schemas.evaluation import AntidepressantTrial, TrialOutcome


class TrialVerdict(StrEnum):
    """`unverified`: the formulary does not know the drug; a person looks it up."""

    FAILED = "failed"
    AUGMENTATION = "augmentation"
    NOT_COUNTED = "not_counted"
    UNVERIFIED = "unverified"


class TrialJudgement(Value):
    """One trial, whether it counts, and why."""

    drug: str
    verdict: TrialVerdict
    reason: Reason


class TrialCount(Value):
    """`failed`: distinct base drugs that failed adequately; `possible`: those plus what a person
    may still verify."""

    failed: int
    possible: int
    augmentations: int
    judgements: tuple[TrialJudgement, ...]


def count_trials(trials: Sequence[AntidepressantTrial], parameters: Parameters) -> TrialCount:
    """Every trial judged, and how many distinct drugs failed adequately (1.1)."""
    judgements: list[TrialJudgement] = []
    failed: set[str] = set()
    unverified: set[str] = set()
    for trial in trials:
        judgement = judge_trial(trial, parameters)
        drug = base_drug(trial.drug)
        match judgement.verdict:
            case TrialVerdict.FAILED if drug in failed:
                judgement = _not_counted(trial, "same_drug", "The same base drug counts once")
            case TrialVerdict.FAILED:
                failed.add(drug)
            case TrialVerdict.UNVERIFIED:
                unverified.add(drug)
            case _:
                pass
        judgements.append(judgement)
    augmentations = sum(j.verdict is TrialVerdict.AUGMENTATION for j in judgements)
    return TrialCount(
        failed=len(failed),
        possible=len(failed | unverified),
        augmentations=augmentations,
        judgements=tuple(judgements),
    )


def judge_trial(trial: AntidepressantTrial, parameters: Parameters) -> TrialJudgement:
    """Whether one trial was adequate and failed. Doses in mg a day, durations in weeks (1.1)."""
    refusal = _outcome(trial, parameters) or _adequacy(trial, parameters)
    if refusal is not None:
        return refusal
    if trial.augmentation_of is not None:
        return _judged(trial, TrialVerdict.AUGMENTATION, "augmentation", "Counted apart")
    minimum = minimum_dose_mg(trial.drug)
    if minimum is None:
        text = "The formulary does not list this drug's lowest adequate dose"
        return _judged(trial, TrialVerdict.UNVERIFIED, "drug_not_listed", text)
    enough = level_is_adequate(trial.drug, trial.blood_level_ng_ml)
    if trial.max_dose_mg < minimum and not enough:
        text = f"{trial.max_dose_mg:g} mg a day is below the adequate {minimum:g} mg"
        return _not_counted(trial, "dose_too_low", text)
    return _judged(trial, TrialVerdict.FAILED, "failed", "Adequate and failed")


def _outcome(trial: AntidepressantTrial, p: Parameters) -> TrialJudgement | None:
    improvement = trial.improvement_percent
    most = p.number("elig.trial_nonresponse_max_improvement")
    if not trial.current_episode:
        return _not_counted(trial, "other_episode", "Not in the current episode")
    if trial.outcome is TrialOutcome.INTOLERANT:
        return _not_counted(trial, "intolerant", "Intolerance is not failure")
    if trial.outcome is TrialOutcome.RELAPSED:
        return _not_counted(trial, "responded", "The patient had responded")
    if improvement is not None and improvement >= most:
        text = f"Improved by {improvement:g} %, which is a response"
        return _not_counted(trial, "responded", text)
    return None


def _adequacy(trial: AntidepressantTrial, p: Parameters) -> TrialJudgement | None:
    weeks, adherence = p.number("elig.trial_min_weeks"), p.number("elig.trial_adherence_min")
    if trial.weeks_at_adequate_dose < weeks:
        text = f"{trial.weeks_at_adequate_dose:g} weeks at an adequate dose; {weeks:g} are needed"
        return _not_counted(trial, "too_short", text)
    if trial.adherence_percent < adherence:
        text = f"Adherence {trial.adherence_percent:g} %; {adherence:g} % is needed"
        return _not_counted(trial, "adherence", text)
    return None


def _not_counted(trial: AntidepressantTrial, code: str, text: str) -> TrialJudgement:
    return _judged(trial, TrialVerdict.NOT_COUNTED, code, text)


def _judged(
    trial: AntidepressantTrial, verdict: TrialVerdict, code: str, text: str
) -> TrialJudgement:
    return _judgement(trial.drug, verdict, code, text)


@lru_cache(maxsize=1024)
def _judgement(drug: str, verdict: TrialVerdict, code: str, text: str) -> TrialJudgement:
    reason = Reason(code=f"trial_{code}", text=text, fact=drug, source="1.1")
    return TrialJudgement(drug=drug, verdict=verdict, reason=reason)
