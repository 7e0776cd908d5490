"""Whether the depression is at least moderately severe, on a scale taken recently enough.

Clinical fact sheet, section 1.2.
"""

from collections.abc import Iterator
from datetime import datetime, time

from clinical.parameters import Parameters
from clinical.response import newest
from schemas.base import Reason
from schemas.evaluation import Evaluation
from schemas.reevaluation import Assessment, Instrument, Score

SEVERITY_GATES: tuple[tuple[Instrument, str], ...] = (
    (Instrument.PHQ9, "elig.phq9_min"),
    (Instrument.MADRS, "elig.madrs_min"),
    (Instrument.QIDS_SR16, "elig.qids_min"),
)
"""Any one of these at or above its parameter shows at least moderate severity, by its newest
score: 1.2 asks how severe the episode is, not how severe it was."""


def severity_against(scores: tuple[Score, ...], p: Parameters, now: datetime) -> Iterator[Reason]:
    """Recent scores that exist, and none of them at or above its gate (1.2)."""
    recent = _recent(scores, p, now)
    if recent and not any(_severe_enough(score, p) for score in recent):
        totals = ", ".join(f"{s.instrument.value} {s.total:g}" for s in recent)
        text = "No scale shows at least moderate severity"
        yield Reason(code="severity_too_low", text=text, fact=totals, source="1.2")


def severity_missing(
    scores: tuple[Score, ...],
    problems: tuple[Reason, ...],
    p: Parameters,
    now: datetime,
) -> Iterator[Reason]:
    """No recent score to judge by (1.2)."""
    if not _recent(scores, p, now):
        days = p.duration("elig.severity_max_age").days
        text = f"No PHQ-9, MADRS or QIDS of the last {days} days could be scored"
        yield Reason(code="severity_missing", text=text, source="1.2")
        yield from problems


def attestation_missing(evaluation: Evaluation) -> Iterator[Reason]:
    """The evaluator's own word for the severity, which no score stands in for (1.2)."""
    if not evaluation.moderate_severe_attested:
        text = "The evaluator has not attested a moderate to severe episode"
        yield Reason(code="attestation_missing", text=text, source="1.2")


def _recent(scores: tuple[Score, ...], p: Parameters, now: datetime) -> tuple[Score, ...]:
    """The newest score of each gating scale, where it is recent: whoever has got better since an
    older one is as ill as they are now."""
    oldest = now - p.duration("elig.severity_max_age")
    found = (newest(scores, instrument) for instrument, _ in SEVERITY_GATES)
    return tuple(s for s in found if s is not None and s.taken_at >= oldest)


def _severe_enough(score: Score, p: Parameters) -> bool:
    return any(
        score.instrument is instrument and score.total >= p.number(name)
        for instrument, name in SEVERITY_GATES
    )


def dated(evaluation: Evaluation, now: datetime) -> tuple[Assessment, ...]:
    """Assessments without a time of their own were taken on the day of the evaluation (1.2)."""
    day = evaluation.evaluated_on
    if day is None:
        return evaluation.assessments
    taken_at = datetime.combine(day, time(), tzinfo=now.tzinfo)
    return tuple(
        a if a.taken_at else a.model_copy(update={"taken_at": taken_at})
        for a in evaluation.assessments
    )
