"""The reevaluation: what the decision table proposes and which of its rows fired.

Clinical fact sheet, section 7. A psychiatrist decides; nothing here is ever applied by itself.
"""

from collections.abc import Sequence
from datetime import datetime

from clinical.parameters import Parameters
from clinical.reevaluation_picture import look
from clinical.reevaluation_table import ROWS
from clinical.response import ResponseLevel, fell_by, newest
from clinical.scales import SYMPTOM_SCALES
from schemas.base import Reason, Value
from schemas.reevaluation import Instrument, Proposal, ReevaluationFacts, Score


class RelapseDecision(Value):
    """`confirmations`: assessments in a row, far enough apart, that show a relapse."""

    relapsed: bool
    confirmations: int = 0
    instrument: Instrument | None = None
    reasons: tuple[Reason, ...] = ()


class EarlyReview(Value):
    """`due`: enough infusions given; `review`: a psychiatrist looks now; `titrate`: the dose may
    rise; `finish`: nothing stands against finishing the series."""

    due: bool
    level: ResponseLevel
    review: bool
    titrate: bool
    finish: bool
    percent_change: float | None = None
    reasons: tuple[Reason, ...] = ()


def propose(facts: ReevaluationFacts, parameters: Parameters) -> Proposal:
    """The proposal of the first row of `ROWS` that fits; the last row always does. Section 7.3."""
    picture = look(facts, parameters)
    row = next(row for row in ROWS if row.fits(picture))
    options = tuple(course for course in row.options if picture.offers(course, row))
    course = row.course if row.course in options else None
    reason = Reason(code=row.code, text=row.text, fact=f"row {row.number}", source=row.source)
    return Proposal(
        row=row.number,
        course=course,
        options=options,
        reasons=(reason, *picture.response.reasons, *stop_rules(facts, parameters)),
        percent_change=picture.response.percent_change,
        instrument=picture.response.instrument,
        trial_weeks=parameters.number("maint.trial_weeks") if row.trial else None,
    )


def extension_infusions(given: int, parameters: Parameters) -> int:
    """How many more infusions an extension holds after so many given: one or two, and never more
    than the acute series may have (7.2, 7.3 rows 2 and 3)."""
    left = parameters.integer("stop.max_acute") - given
    return max(0, min(parameters.integer("reeval.extend_sessions"), left))


def final_review_due_at(last_infusion_at: datetime, parameters: Parameters) -> datetime:
    """When the psychiatrist's reevaluation after the series is owed: within 7 days (7.1)."""
    return last_infusion_at + parameters.duration("reeval.final_due")


def stop_rules(facts: ReevaluationFacts, parameters: Parameters) -> tuple[Reason, ...]:
    """Every stop rule of section 7.2 that these facts meet: S1 to S4."""
    picture = look(facts, parameters)
    rules = (
        (picture.stopped_by_nonresponse, "S1", "Too little improvement after enough infusions"),
        (picture.cannot_space_out, "S2", "From month 2, doses cannot be spaced to one in 7 days"),
        (picture.stopped_by_safety, "S3", "Safety events or stop thresholds reached again"),
        (picture.urgent, "S4", "Worse than at baseline, or a new high risk of suicide"),
    )
    return tuple(Reason(code=code, text=text, source="7.2") for met, code, text in rules if met)


def early_review(facts: ReevaluationFacts, parameters: Parameters) -> EarlyReview:
    """The look after the third infusion. Section 7.1: without any improvement after three, few
    gain later; with some, most of the gain is still to come."""
    picture = look(facts, parameters)
    due = facts.infusions_given >= parameters.integer("reeval.early_session")
    flat = picture.level in (ResponseLevel.NON_RESPONSE, ResponseLevel.UNDEFINED)
    stops = stop_rules(facts, parameters)
    return EarlyReview(
        due=due,
        level=picture.level,
        review=due and (flat or bool(stops)),
        titrate=due and flat and facts.titration_left,
        finish=not stops,
        percent_change=picture.response.percent_change,
        reasons=(*picture.response.reasons, *stops),
    )


def judge_relapse(
    baseline: Sequence[Score],
    scores: Sequence[Score],
    parameters: Parameters,
    *,
    hospitalised_or_attempt: bool = False,
) -> RelapseDecision:
    """Whether response is lost: enough assessments in a row, far enough apart, or an event such
    as admission for depression or a suicide attempt. Section 7.4. Judged within one instrument;
    where no baseline exists, by the relapse score alone."""
    if hospitalised_or_attempt:
        text = "Admitted for depression, or a suicide attempt"
        return RelapseDecision(
            relapsed=True, reasons=(Reason(code="relapse_event", text=text, source="7.4"),)
        )
    needed = parameters.integer("relapse.confirmations")
    best = RelapseDecision(relapsed=False)
    for instrument in SYMPTOM_SCALES:
        count = _confirmations(newest(baseline, instrument), instrument, scores, parameters)
        if count > best.confirmations:
            text = f"{count} of {needed} assessments in a row show lost response"
            best = RelapseDecision(
                relapsed=count >= needed,
                confirmations=count,
                instrument=instrument,
                reasons=(Reason(code="response_lost", text=text, fact=str(count), source="7.4"),),
            )
    return best


def _confirmations(
    baseline: Score | None, instrument: Instrument, scores: Sequence[Score], p: Parameters
) -> int:
    """Relapsed assessments up to the newest, unbroken, each at least the gap after the last."""
    gap = p.duration("relapse.confirm_gap")
    mine = sorted((s for s in scores if s.instrument is instrument), key=lambda s: s.taken_at)
    count, previous = 0, None
    for score in reversed(mine):
        if not _lost(baseline, score, p):
            break
        if previous is None or previous - score.taken_at >= gap:
            count, previous = count + 1, score.taken_at
    return count


def _lost(baseline: Score | None, score: Score, p: Parameters) -> bool:
    held = baseline is not None and fell_by(baseline, score, p.number("instr.response"))
    return not held and _high(score, p)


def _high(score: Score, p: Parameters) -> bool:
    match score.instrument:
        case Instrument.PHQ9:
            return score.total >= p.number("relapse.phq9")
        case Instrument.QIDS_SR16:
            return score.total > p.number("relapse.qids")
        case Instrument.MADRS:
            return score.total >= p.number("relapse.madrs")
        case _:
            return False
