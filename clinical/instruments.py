"""Rating scales: answers checked and scored, and the change since a baseline.

Clinical fact sheet, section 6. A scale's own numbers are in `scales`.
"""

from collections.abc import Iterable
from datetime import datetime

from clinical.parameters import Parameters
from clinical.response import Response, ResponseLevel, response
from clinical.scales import (
    CADSS6_OF_CADSS,
    CSSRS_SKIPPED_WITHOUT_THOUGHTS,
    QIDS_DOMAINS,
    QIDS_EITHER,
    SCALES,
    Scale,
    band_of,
)
from schemas.base import Reason
from schemas.reevaluation import Assessment, Instrument, Score

__all__ = [
    "Response", "ResponseLevel", "band_of", "cadss6_of_cadss", "response", "score", "score_all",
]  # fmt: skip

Answers = tuple[int | None, ...]


def score(
    assessment: Assessment, now: datetime, parameters: Parameters | None = None
) -> Score | tuple[Reason, ...]:
    """The score of one assessment, or why there is none. Section 6.2.

    PHQ-9 is prorated for up to two blanks, never for item 9. QIDS counts its nine domains. Every
    other scale needs each answer. `now` stands in for a missing time.
    """
    p = parameters or Parameters.default()
    scale = SCALES[assessment.instrument]
    taken_at = assessment.taken_at or now
    problems = list(_misdated(taken_at, now, p))
    answers = assessment.items
    total = assessment.total
    if answers:
        wrong = _wrong_answers(assessment.instrument, scale, answers)
        wrong = wrong or _unanswered(assessment.instrument, scale, answers, p)
        problems += wrong
        if not wrong:
            total = _total(assessment.instrument, scale, answers)
            problems += _disagrees(assessment.total, total)
    else:
        problems += _wrong_total(scale, total)
    if problems or total is None:
        return tuple(problems)
    return Score(
        instrument=assessment.instrument,
        total=total,
        taken_at=min(taken_at, now),
        suicidality=_suicide_answer(scale, answers),
    )


def score_all(
    assessments: Iterable[Assessment], now: datetime, parameters: Parameters | None = None
) -> tuple[tuple[Score, ...], tuple[Reason, ...]]:
    """Every assessment scored: the scores, and the problems of those without one (6.2)."""
    scores: list[Score] = []
    problems: list[Reason] = []
    for assessment in assessments:
        result = score(assessment, now, parameters)
        if isinstance(result, Score):
            scores.append(result)
        else:
            problems += result
    return tuple(scores), tuple(problems)


def cadss6_of_cadss(answers: tuple[int, ...]) -> int:
    """The CADSS-6 (0-24) within a full CADSS of 23 answers (6.1)."""
    if len(answers) != len(SCALES[Instrument.CADSS].highest):
        raise ValueError("a CADSS has 23 answers")
    return sum(answers[number - 1] for number in CADSS6_OF_CADSS)


def _misdated(taken_at: datetime, now: datetime, p: Parameters) -> Iterable[Reason]:
    if taken_at > now + p.duration("instr.clock_skew"):
        yield Reason(code="taken_in_the_future", text="The assessment is dated after today")


def _wrong_answers(instrument: Instrument, scale: Scale, answers: Answers) -> list[Reason]:
    count = len(scale.highest)
    if instrument is Instrument.C_SSRS and len(answers) == count - 1:
        answers = (*answers, answers[-1])
    if not count <= len(answers) <= count + scale.unscored:
        text = f"{instrument.value} has {count} answers, {len(answers)} were given"
        return [Reason(code="wrong_number_of_answers", text=text)]
    return [
        Reason(
            code="answer_out_of_range",
            text=f"Answer {place} of {instrument.value} lies between 0 and {highest}",
            fact=str(place),
        )
        for place, (answer, highest) in enumerate(zip(answers, scale.highest, strict=False), 1)
        if answer is not None and not 0 <= answer <= highest
    ]


def _unanswered(
    instrument: Instrument, scale: Scale, answers: Answers, p: Parameters
) -> list[Reason]:
    blank = {place for place, _ in enumerate(scale.highest) if _at(answers, place) is None}
    match instrument:
        case Instrument.PHQ9:
            return _phq9_blanks(scale, blank, p.integer("instr.prorate_missing"))
        case Instrument.QIDS_SR16:
            for one, other in QIDS_EITHER:
                if not {one, other} <= blank:
                    blank -= {one, other}
        case Instrument.C_SSRS:
            if _at(answers, 1) == 0:
                blank -= set(CSSRS_SKIPPED_WITHOUT_THOUGHTS)
        case _:
            pass
    return [_blank(place, instrument) for place in sorted(blank)]


def _phq9_blanks(scale: Scale, blank: set[int], allowed: int) -> list[Reason]:
    if scale.suicide_item in blank:
        text = "Item 9 of the PHQ-9 is blank; it is never imputed"
        return [Reason(code="item9_missing", text=text, fact="9")]
    if len(blank) > allowed:
        return [_blank(place, Instrument.PHQ9) for place in sorted(blank)]
    return []


def _blank(place: int, instrument: Instrument) -> Reason:
    text = f"Answer {place + 1} of {instrument.value} is blank"
    return Reason(code="answer_missing", text=text, fact=str(place + 1))


def _at(answers: Answers, place: int) -> int | None:
    """One answer; the six-question C-SSRS asks behaviour once, which then counts as recent."""
    return answers[place] if place < len(answers) else answers[-1]


def _total(instrument: Instrument, scale: Scale, answers: Answers) -> float:
    given = answers[: len(scale.highest)]
    answered = [answer for answer in given if answer is not None]
    match instrument:
        case Instrument.PHQ9:
            return _half_up(sum(answered) * len(given), len(answered))
        case Instrument.QIDS_SR16:
            return sum(max(given[i] or 0 for i in domain) for domain in QIDS_DOMAINS)
        case Instrument.C_SSRS:
            return cssrs_level(tuple(_at(answers, i) == 1 for i in range(len(scale.highest))))
        case _:
            return sum(answered)


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def cssrs_level(yes: tuple[bool, ...]) -> int:
    """The screener's ladder, 0 none to 3 high. `yes`: questions 1 to 5, behaviour ever, behaviour
    in the past 3 months. Section 6.4: [V:R45]; the high rungs, Columbia triage card [K]."""
    wish, thoughts, method, intent, plan, ever, recent = yes
    if intent or plan or recent:
        return 3
    if method or ever:
        return 2
    return 1 if wish or thoughts else 0


def _disagrees(stated: float | None, total: float) -> Iterable[Reason]:
    if stated is not None and stated != total:
        text = f"The stated total {stated:g} is not what the answers make: {total:g}"
        yield Reason(code="total_disagrees", text=text, fact=f"{stated:g}")


def _wrong_total(scale: Scale, total: float | None) -> Iterable[Reason]:
    if total is None:
        yield Reason(code="no_answers", text="Neither answers nor a total were given")
    elif total > scale.total_max or not total.is_integer():
        text = f"A total is a whole number up to {scale.total_max}"
        yield Reason(code="total_out_of_range", text=text, fact=f"{total:g}")


def _suicide_answer(scale: Scale, answers: Answers) -> int | None:
    if scale.suicide_item is None or not answers:
        return None
    return answers[scale.suicide_item]
