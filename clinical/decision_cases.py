"""The facts that `journey decide` takes for the kinds decided on evaluations, scores and orders."""

from datetime import date
from typing import Annotated

from pydantic import Field

from clinical.decision_kind import DecisionKind
from clinical.dosing import DoseDecision, DoseFacts, judge_order
from clinical.evaluation import Eligibility, judge_eligibility
from clinical.instruments import band_of, score_all
from clinical.parameters import Parameters
from clinical.reevaluation import propose
from clinical.response import Response, best_comparison
from clinical.suicide_risk import (
    RiskDecision,
    ScreenerAnswers,
    screen,
    triage_journal,
    triage_scores,
    unscored,
    worst,
)
from schemas.base import SYSTEM, Instant, Reason, ShortText, Value
from schemas.evaluation import Evaluation
from schemas.journal import WriteJournal
from schemas.reevaluation import Assessment, Proposal, ReevaluationFacts, Score

Now = Annotated[Instant, Field(description="the moment of the decision, with its zone (ISO 8601)")]
Assessments = Annotated[
    tuple[Assessment, ...],
    Field(max_length=20, description="instruments as answered, items in order"),
]


class EligibilityFacts(Value):
    """A psychiatric evaluation and the patient's date of birth."""

    now: Now
    birth_date: date | None = Field(None, description="date of birth, YYYY-MM-DD")
    evaluation: Evaluation


class InstrumentFacts(Value):
    """Instruments as answered now, and at the baseline."""

    now: Now
    assessments: Assessments
    baseline: Assessments = ()


class ScoredInstrument(Value):
    """A score with its severity band."""

    score: Score
    band: str | None = None


class InstrumentDecision(Value):
    """The scores, what could not be scored and why, and the change since the baseline."""

    scores: tuple[ScoredInstrument, ...]
    problems: tuple[Reason, ...]
    response: Response


class JournalWords(Value):
    """What a journal entry says of suicide."""

    suicidal_thoughts: Annotated[int, Field(ge=0, le=3, description="0-3 as PHQ-9 item 9")] = 0
    text: ShortText = ""


class SuicideRiskFacts(Value):
    """Any of: instruments as answered, the C-SSRS screener, a journal entry."""

    now: Now
    assessments: Assessments = ()
    screener: ScreenerAnswers | None = None
    journal: JournalWords | None = None


def decide_eligibility(facts: EligibilityFacts, parameters: Parameters) -> Eligibility:
    """Section 1."""
    return judge_eligibility(facts.evaluation, facts.birth_date, parameters, facts.now)


def decide_instrument(facts: InstrumentFacts, parameters: Parameters) -> InstrumentDecision:
    """Sections 6.1 and 6.2."""
    scores, problems = score_all(facts.assessments, facts.now, parameters)
    baseline, wrong = score_all(facts.baseline, facts.now, parameters)
    return InstrumentDecision(
        scores=tuple(
            ScoredInstrument(score=score, band=band_of(score.instrument, score.total))
            for score in scores
        ),
        problems=(*problems, *wrong),
        response=best_comparison(baseline, scores, parameters),
    )


def decide_suicide_risk(facts: SuicideRiskFacts, parameters: Parameters) -> RiskDecision:
    """Sections 6.3 and 6.4; an assessment that cannot be scored leaves the answer incomplete."""
    scores, problems = score_all(facts.assessments, facts.now, parameters)
    parts = [triage_scores(scores, parameters)]
    if facts.screener is not None:
        parts.append(screen(facts.screener, parameters))
    if facts.journal is not None:
        parts.append(triage_journal(_entry(facts.journal), parameters))
    if problems:
        parts.append(unscored(problems, parameters))
    return worst(parts)


def _entry(words: JournalWords) -> WriteJournal:
    return WriteJournal(
        command_id="decide",
        actor=SYSTEM,
        suicidal_thoughts=words.suicidal_thoughts,
        text=words.text,
    )


def decide_dose(facts: DoseFacts, parameters: Parameters) -> DoseDecision:
    """Sections 4.1 and 5.2."""
    return judge_order(facts, parameters)


def decide_reevaluation(facts: ReevaluationFacts, parameters: Parameters) -> Proposal:
    """Section 7.3."""
    return propose(facts, parameters)


ELIGIBILITY = DecisionKind(
    "eligibility", EligibilityFacts, decide_eligibility, "May this person be treated at all?"
)
INSTRUMENT = DecisionKind(
    "instrument", InstrumentFacts, decide_instrument, "What do these answers score, and mean?"
)
SUICIDE_RISK = DecisionKind(
    "suicide-risk", SuicideRiskFacts, decide_suicide_risk, "Who must respond, and by when?"
)
DOSE = DecisionKind("dose", DoseFacts, decide_dose, "May this order be given today?")
REEVALUATION = DecisionKind(
    "reevaluation", ReevaluationFacts, decide_reevaluation, "Which way on does the table propose?"
)
