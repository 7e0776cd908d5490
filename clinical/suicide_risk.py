"""Suicide risk: from an answer, a screener or a journal entry to who must respond by when.

Clinical fact sheet, sections 6.3 and 6.4. It only triages; a person assesses and decides.
"""

from collections.abc import Iterable, Sequence

from clinical.instruments import cssrs_level
from clinical.parameters import Parameters
from clinical.risk_levels import (
    ACTIONS,
    ITEM_LADDER,
    LEVELS,
    DoseToday,
    RiskDecision,
    RiskLevel,
    ScreenerAnswers,
)
from clinical.self_harm_terms import mentions_self_harm
from schemas.base import Reason
from schemas.journal import WriteJournal
from schemas.reevaluation import Instrument, Score

__all__ = [
    "LEVELS", "DoseToday", "RiskDecision", "RiskLevel", "ScreenerAnswers", "screen",
    "triage_answer", "triage_journal", "triage_level", "triage_scores", "unscored", "worst",
]  # fmt: skip

SCREENER = "c_ssrs_screener"
"""Asked for by any answer above zero, a presumed high risk too (6.3)."""

_SLA = ("instr.item9_eq1_sla", "instr.item9_eq2_sla", "instr.item9_eq3_sla")
_DOSE = (
    DoseToday.YES,
    DoseToday.YES,
    DoseToday.PRESCRIBER_DECIDES,
    DoseToday.PSYCHIATRIST_IN_PERSON,
)


def triage_scores(scores: Sequence[Score], parameters: Parameters) -> RiskDecision:
    """The risk that newly taken scores show: item 9 of the PHQ-9, item 12 of the QIDS, item 10 of
    the MADRS, a C-SSRS level. A suicide item nobody answered is unknown, not zero (6.3)."""
    rungs = [_rung(score, parameters) for score in scores]
    reasons = [_score_reason(s, r) for s, r in zip(scores, rungs, strict=True) if r]
    unknown = [s for s in scores if s.instrument in ITEM_LADDER and s.suicidality is None]
    reasons += [
        Reason(
            code="suicide_item_unknown",
            text=f"Only the total of {s.instrument.value} is known; ask the suicide item",
            source="6.3",
        )
        for s in unknown
    ]
    decision = _decide(max(rungs, default=0), reasons, parameters, complete=not unknown)
    asked = any(s.instrument in ITEM_LADDER and rung for s, rung in zip(scores, rungs, strict=True))
    if not asked or SCREENER in decision.actions:
        return decision
    return decision.model_copy(update={"actions": (*decision.actions, SCREENER)})


def triage_answer(answer: int, parameters: Parameters) -> RiskDecision:
    """The risk that an answer on the telephone shows, 0 to 3 as item 9 of the PHQ-9 (6.3)."""
    rung = max(0, min(answer, len(LEVELS) - 1))
    text = f"Suicidal thoughts rated {rung} of 3 at a contact"
    reason = Reason(code=f"risk_{LEVELS[rung].value}", text=text, fact=str(rung), source="6.3")
    return _decide(rung, (reason,) if rung else (), parameters)


def triage_level(level: RiskLevel, parameters: Parameters) -> RiskDecision:
    """The risk that was told at the chair: the screener's level, or what a scale's item presumes
    until somebody has assessed it (6.3, 6.4)."""
    text = f"{level.value} suicide risk told at the chair"
    reason = Reason(code=f"risk_{level.value}", text=text, fact=level.value, source="6.4")
    rung = LEVELS.index(level)
    return _decide(rung, (reason,) if rung else (), parameters)


def triage_journal(entry: WriteJournal, parameters: Parameters) -> RiskDecision:
    """The risk that a journal entry shows. Any sign pages the on-call clinician; crisis numbers
    are shown at once. No reason quotes what the patient wrote (6.3)."""
    rung = min(entry.suicidal_thoughts, len(LEVELS) - 1)
    reasons = []
    if rung:
        text = f"Suicidal thoughts rated {rung} of 3 in the journal"
        reasons.append(Reason(code="journal_slider", text=text, fact=str(rung), source="6.3"))
    if mentions_self_harm(f"{entry.text}\n{entry.side_effects}"):
        text = "The journal uses words of suicide or self-harm; a person reads it"
        reasons.append(Reason(code="journal_words", text=text, source="6.3"))
        rung = max(rung, LEVELS.index(RiskLevel.MODERATE))
    decision = _decide(rung, reasons, parameters)
    if decision.respond_within is None:
        return decision
    return decision.model_copy(
        update={
            "respond_within": min(decision.respond_within, parameters.duration("risk.contact")),
            "acknowledge_within": parameters.duration("risk.oncall_ack"),
            "actions": ("show_crisis_numbers", "page_on_call", *decision.actions),
        }
    )


def screen(answers: ScreenerAnswers, parameters: Parameters | None = None) -> RiskDecision:
    """The C-SSRS screener's risk. What was not answered is named and leaves it incomplete (6.4)."""
    p = parameters or Parameters.default()
    given = (
        answers.wish_dead, answers.thoughts, answers.method, answers.intent,
        answers.plan_and_intent, answers.behaviour_ever, answers.behaviour_3_months,
    )  # fmt: skip
    rung = cssrs_level(tuple(answer is True for answer in given))
    reasons = list(_screener_reasons(answers))
    unanswered = tuple(_unanswered(answers))
    reasons += [
        Reason(code="unanswered", text=f"The screener's {name} was not answered", fact=name)
        for name in unanswered
    ]
    return _decide(rung, reasons, p, complete=not unanswered)


def unscored(problems: Sequence[Reason], parameters: Parameters) -> RiskDecision:
    """What an assessment that cannot be scored says of the risk: nothing, and so not that there is
    none (6.3)."""
    return _decide(0, problems, parameters, complete=False)


def worst(decisions: Iterable[RiskDecision]) -> RiskDecision:
    """Several decisions as one: the highest level, the shortest time, the strictest word on the
    dose, every reason (6.3, 6.4)."""
    every = tuple(decisions)
    if not every:
        return RiskDecision(level=RiskLevel.NONE)
    top = max(every, key=lambda d: LEVELS.index(d.level))
    times = [d.respond_within for d in every if d.respond_within is not None]
    pages = [d.acknowledge_within for d in every if d.acknowledge_within is not None]
    return top.model_copy(
        update={
            "respond_within": min(times, default=None),
            "acknowledge_within": min(pages, default=None),
            "actions": tuple(dict.fromkeys(a for d in (top, *every) for a in d.actions)),
            "dose_today": max((d.dose_today for d in every), key=tuple(DoseToday).index),
            "complete": all(d.complete for d in every),
            "reasons": tuple(reason for d in every for reason in d.reasons),
        }
    )


def _rung(score: Score, p: Parameters) -> int:
    if score.instrument is Instrument.C_SSRS:
        return max(0, min(int(score.total), len(LEVELS) - 1))
    ladder = ITEM_LADDER.get(score.instrument)
    answer = score.suicidality
    if ladder is None or answer is None or answer < _asked_from(score.instrument, p):
        return 0
    return ladder[min(answer, len(ladder) - 1)]


def _asked_from(instrument: Instrument, p: Parameters) -> int:
    """The lowest answer that starts the path: 1 on the PHQ-9, later on the others."""
    match instrument:
        case Instrument.QIDS_SR16:
            return p.integer("risk.qids_item12")
        case Instrument.MADRS:
            return p.integer("risk.madrs_item10")
        case _:
            return 1


def _score_reason(score: Score, rung: int) -> Reason:
    value = score.total if score.suicidality is None else score.suicidality
    text = f"{score.instrument.value}: suicide item or level {value:g}"
    return Reason(code=f"risk_{LEVELS[rung].value}", text=text, fact=f"{value:g}", source="6.3")


def _decide(
    rung: int, reasons: Sequence[Reason], p: Parameters, *, complete: bool = True
) -> RiskDecision:
    level = LEVELS[rung]
    dose = _DOSE[rung]
    if not complete and dose is DoseToday.YES:
        dose = DoseToday.PRESCRIBER_DECIDES
    return RiskDecision(
        level=level,
        respond_within=p.duration(_SLA[rung - 1]) if rung else None,
        actions=ACTIONS[level],
        dose_today=dose,
        complete=complete,
        reasons=tuple(reasons),
    )


def _screener_reasons(answers: ScreenerAnswers) -> Iterable[Reason]:
    for name in ScreenerAnswers.model_fields:
        if getattr(answers, name):
            text = f"The screener's {name} was answered yes"
            yield Reason(code=name, text=text, fact="yes", source="6.4")


def _unanswered(answers: ScreenerAnswers) -> Iterable[str]:
    if answers.wish_dead is None:
        yield "wish_dead"
    if answers.thoughts is None:
        yield "thoughts"
    if answers.thoughts is not False:
        for name in ("method", "intent", "plan_and_intent"):
            if getattr(answers, name) is None:
                yield name
    if answers.behaviour_ever is None:
        yield "behaviour_ever"
    if answers.behaviour_3_months is None and answers.behaviour_ever is not False:
        yield "behaviour_3_months"
