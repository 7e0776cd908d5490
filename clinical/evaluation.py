"""Eligibility for treatment: age, failed trials, episode, severity, exclusions, shared care.

Clinical fact sheet, section 1. The rule decides what the facts say; an override is a person's.
"""

from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum

from clinical.exclusions import (
    BEYOND_OVERRIDE,
    DEPRESSIVE_DIAGNOSES,
    EXCLUSIONS,
    NO_EPISODE_NOW,
    PSYCHOTIC_DIAGNOSES,
)
from clinical.instruments import score_all
from clinical.parameters import Parameters
from clinical.severity import attestation_missing, dated, severity_against, severity_missing
from clinical.trials import TrialCount, count_trials
from schemas.base import Reason, Role, Value
from schemas.evaluation import Evaluation
from schemas.reevaluation import Instrument, Score

NEVER_OVERRIDDEN = frozenset(
    {"under_age", "birth_date_missing", "primary_provider_missing", "psychotic_features"}
)
"""What rests on a parameter that nobody may change; and psychosis now, absolute for infusions."""


class EligibilityOutcome(StrEnum):
    """Section 1: may be treated, may not, or not enough is known to say."""

    ELIGIBLE = "eligible"
    NOT_ELIGIBLE = "not_eligible"
    NEEDS_INFORMATION = "needs_information"


class Eligibility(Value):
    """`reasons`: everything that stands against, or is missing; `notes`: what a person should
    know though it decides nothing; `facts`: what the decision rests on. `severity_alone`: nothing
    stands against but scores that are too low, too old or absent."""

    outcome: EligibilityOutcome
    reasons: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()
    facts: dict[str, str] = {}
    severity_alone: bool = False


def judge_eligibility(
    evaluation: Evaluation, birth_date: date | None, parameters: Parameters, now: datetime
) -> Eligibility:
    """Eligible, not eligible, or which information is missing. `now` is aware; its own zone, the
    clinic's, says which day it is. Section 1."""
    trials = count_trials(evaluation.trials, parameters)
    scores, problems = score_all(dated(evaluation, now), now, parameters)
    too_low = tuple(severity_against(scores, parameters, now))
    unscored = tuple(severity_missing(scores, problems, parameters, now))
    against = (
        *_age_against(birth_date, parameters, now),
        *_trials_against(trials, parameters),
        *_episode_against(evaluation, parameters),
        *too_low,
        *_excluded(evaluation, scores, parameters),
    )
    missing = (
        *_age_missing(birth_date),
        *_trials_missing(evaluation, trials, parameters),
        *_episode_missing(evaluation),
        *unscored,
        *attestation_missing(evaluation),
        *_provider_missing(evaluation, parameters),
    )
    reasons = (*against, *missing)
    return Eligibility(
        outcome=_outcome(against, missing),
        reasons=reasons,
        notes=tuple(_notes(birth_date, trials, parameters, now)),
        facts=_facts(birth_date, trials, scores, now),
        severity_alone=bool(reasons) and len(reasons) == len(too_low) + len(unscored),
    )


def beyond_override(eligibility: Eligibility) -> tuple[Reason, ...]:
    """The reasons that no person's override lifts: a minor or an unknown age, nobody to share the
    care, and exclusions that stand for every treatment here (1.2, 1.3, 2.1, 11.45, 11.53)."""
    return tuple(
        reason
        for reason in eligibility.reasons
        if reason.code in NEVER_OVERRIDDEN
        or (reason.code == "excluded" and (reason.fact or "").casefold() in BEYOND_OVERRIDE)
    )


def overrides_alone(eligibility: Eligibility, role: Role) -> bool:
    """Whether one person in this role overrides what stands against: a psychiatrist the severity
    gate, with a reason (1.2). Everything else two people decide (11.52)."""
    return role is Role.PSYCHIATRIST and eligibility.severity_alone


def age_years(birth_date: date, on: date) -> int:
    """Completed years; somebody born on 29 February comes of age on 1 March (1.2)."""
    before_birthday = (on.month, on.day) < (birth_date.month, birth_date.day)
    return on.year - birth_date.year - before_birthday


def _outcome(against: tuple[Reason, ...], missing: tuple[Reason, ...]) -> EligibilityOutcome:
    if against:
        return EligibilityOutcome.NOT_ELIGIBLE
    return EligibilityOutcome.NEEDS_INFORMATION if missing else EligibilityOutcome.ELIGIBLE


def _age_against(birth_date: date | None, p: Parameters, now: datetime) -> Iterator[Reason]:
    least = p.integer("elig.min_age")
    if birth_date is not None and age_years(birth_date, now.date()) < least:
        yield _reason("under_age", f"Treatment is for adults of {least} and over", "1.2")


def _age_missing(birth_date: date | None) -> Iterator[Reason]:
    if birth_date is None:
        yield _reason("birth_date_missing", "The date of birth is not known", "1.2")


def _trials_against(trials: TrialCount, p: Parameters) -> Iterator[Reason]:
    needed = p.integer("elig.failed_trials_min")
    if trials.judgements and trials.possible < needed:
        text = f"{trials.failed} adequate failed trials in this episode; {needed} are needed"
        yield _reason("too_few_failed_trials", text, "1.1", str(trials.failed))
        for judgement in trials.judgements:
            if judgement.reason.code != "trial_failed":
                yield judgement.reason


def _trials_missing(evaluation: Evaluation, trials: TrialCount, p: Parameters) -> Iterator[Reason]:
    needed = p.integer("elig.failed_trials_min")
    if not evaluation.trials:
        yield _reason("trials_missing", "No antidepressant trial is recorded", "1.1")
    elif trials.failed < needed <= trials.possible:
        text = "A person must verify trials of drugs that the formulary does not list"
        yield _reason("trials_unverified", text, "1.1", str(trials.failed))


def _episode_against(evaluation: Evaluation, p: Parameters) -> Iterator[Reason]:
    least, weeks = p.number("elig.episode_min"), evaluation.episode_weeks
    diagnosis = evaluation.diagnosis.casefold()
    if not diagnosis.startswith(DEPRESSIVE_DIAGNOSES) or diagnosis.startswith(NO_EPISODE_NOW):
        text = "The diagnosis is not a major depressive episode now"
        yield _reason("diagnosis", text, "1.2", evaluation.diagnosis)
    if evaluation.psychotic_features or diagnosis.startswith(PSYCHOTIC_DIAGNOSES):
        yield _reason("psychotic_features", "The episode has psychotic features", "1.2")
    if weeks is not None and weeks < least:
        text = f"The episode has lasted {weeks:g} weeks; {least:g} are needed"
        yield _reason("episode_too_short", text, "1.2", f"{weeks:g}")


def _episode_missing(evaluation: Evaluation) -> Iterator[Reason]:
    if evaluation.episode_weeks is None:
        yield _reason("episode_missing", "How long the episode has lasted is not known", "1.2")


def _excluded(evaluation: Evaluation, scores: tuple[Score, ...], p: Parameters) -> Iterator[Reason]:
    for code in evaluation.exclusions:
        text = EXCLUSIONS.get(code.casefold(), "The evaluator names a reason against treatment")
        yield _reason("excluded", text, "1.2, 2.1", code)
    mania = [float(s.total) for s in scores if s.instrument is Instrument.YMRS]
    mania += [] if evaluation.ymrs is None else [float(evaluation.ymrs)]
    if any(total > p.number("elig.ymrs_max") for total in mania):
        yield _reason("mania_screen", "The YMRS suggests mania", "1.2", f"{max(mania):g}")
    cognition = [float(s.total) for s in scores if s.instrument is Instrument.MOCA]
    cognition += [] if evaluation.moca is None else [float(evaluation.moca)]
    if any(total < p.number("elig.moca_min") for total in cognition):
        text = "The MoCA suggests impaired cognition"
        yield _reason("cognition_screen", text, "1.2", f"{min(cognition):g}")


def _provider_missing(evaluation: Evaluation, p: Parameters) -> Iterator[Reason]:
    if p.flag("elig.pmhp_required") and evaluation.primary_provider is None:
        text = "No primary mental-health provider is named to share the care"
        yield _reason("primary_provider_missing", text, "1.3")


def _notes(
    birth_date: date | None, trials: TrialCount, p: Parameters, now: datetime
) -> Iterator[Reason]:
    if birth_date is not None and age_years(birth_date, now.date()) > p.integer(
        "elig.max_age_soft"
    ):
        text = "Older than the patients most trials enrolled"
        yield _reason("older_than_trials", text, "1.2", str(age_years(birth_date, now.date())))
    yield from (judgement.reason for judgement in trials.judgements)


def _facts(
    birth_date: date | None, trials: TrialCount, scores: tuple[Score, ...], now: datetime
) -> dict[str, str]:
    facts = {
        "failed_trials": str(trials.failed),
        "augmentations": str(trials.augmentations),
    }
    if birth_date is not None:
        facts["age_years"] = str(age_years(birth_date, now.date()))
    by_time = sorted(scores, key=lambda score: score.taken_at)
    facts |= {score.instrument.value: f"{score.total:g}" for score in by_time}
    return facts


def _reason(code: str, text: str, source: str, fact: str | None = None) -> Reason:
    return Reason(code=code, text=text, fact=fact, source=source)
