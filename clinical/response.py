"""How a score compares with its baseline: remission, response, partial, none, or worse.

Clinical fact sheet, section 6.2. Never across instruments; undefined, not zero, when the baseline
is zero. The baseline is the last valid score before the first dose and never rolls.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from clinical.parameters import Parameters
from clinical.scales import SYMPTOM_SCALES
from schemas.base import Reason, Value
from schemas.reevaluation import Instrument, Score


class ResponseLevel(StrEnum):
    """Best first. `undefined`: there is nothing to compare."""

    REMISSION = "remission"
    RESPONSE = "response"
    PARTIAL = "partial"
    NON_RESPONSE = "non_response"
    WORSENING = "worsening"
    UNDEFINED = "undefined"


class Response(Value):
    """`percent_change` from the baseline: -50 is half of it, +20 a fifth more."""

    level: ResponseLevel
    instrument: Instrument | None = None
    baseline: float | None = None
    latest: float | None = None
    percent_change: float | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def responded(self) -> bool:
        """Response or better."""
        return self.level in (ResponseLevel.REMISSION, ResponseLevel.RESPONSE)


def response(baseline: Score, latest: Score, parameters: Parameters | None = None) -> Response:
    """The course from a baseline to the latest score of the same symptom scale (6.2)."""
    p = parameters or Parameters.default()
    if baseline.instrument is not latest.instrument:
        return _undefined("instruments_differ", "Two instruments make no percent change")
    if not _is_symptom_scale(baseline.instrument):
        return _undefined("not_a_symptom_scale", "Response is defined for symptom scales only")
    if baseline.total <= 0:
        return _undefined("baseline_zero", "The baseline is zero; percent change is undefined")
    level = _level(baseline, latest, p)
    change = 100 * (latest.total - baseline.total) / baseline.total
    text = f"{latest.instrument.value} {baseline.total:g} -> {latest.total:g} ({change:+.0f} %)"
    return Response(
        level=level,
        instrument=latest.instrument,
        baseline=baseline.total,
        latest=latest.total,
        percent_change=round(change, 1),
        reasons=(Reason(code=level.value, text=text, fact=f"{latest.total:g}", source="6.2"),),
    )


def best_comparison(
    baseline: Sequence[Score], latest: Sequence[Score], parameters: Parameters | None = None
) -> Response:
    """The comparison of the preferred instrument that has both a baseline and a latest score
    (6.2)."""
    for instrument in SYMPTOM_SCALES:
        before = newest(baseline, instrument)
        after = newest(latest, instrument)
        if before is not None and after is not None and before.total > 0:
            return response(before, after, parameters)
    return _undefined("nothing_to_compare", "No instrument has both a baseline and a later score")


def before_treatment(scores: Sequence[Score], first_dose_at: datetime | None) -> tuple[Score, ...]:
    """The baseline: of each scale the last score before the first dose; the last there is while
    nothing has been given (6.2)."""
    before = [s for s in scores if first_dose_at is None or s.taken_at < first_dose_at]
    last = (
        newest(before, instrument) for instrument in dict.fromkeys(s.instrument for s in before)
    )
    return tuple(score for score in last if score is not None)


def under_treatment(scores: Sequence[Score], first_dose_at: datetime | None) -> tuple[Score, ...]:
    """The scores that can say what treatment did: those taken since the first dose; all of them
    where none was given. A scale that was not taken again is not compared with itself (6.2)."""
    return tuple(s for s in scores if first_dose_at is None or s.taken_at >= first_dose_at)


def newest(scores: Sequence[Score], instrument: Instrument) -> Score | None:
    """The latest score of one instrument; of two with the same time, the one that came later
    (6.2)."""
    found = [score for score in reversed(scores) if score.instrument is instrument]
    return max(found, key=lambda score: score.taken_at) if found else None


def in_remission(score: Score, parameters: Parameters) -> bool:
    """Whether a total counts as remission on its own scale (6.1)."""
    match score.instrument:
        case Instrument.PHQ9:
            return score.total < parameters.number("instr.remission_phq9")
        case Instrument.QIDS_SR16:
            return score.total <= parameters.number("instr.remission_qids")
        case Instrument.MADRS:
            return score.total <= parameters.number("instr.remission_madrs")
        case _:
            return False


def fell_by(baseline: Score, latest: Score, percent: float) -> bool:
    """Whether the total fell by at least `percent` of the baseline (exact at the boundary)
    (6.2)."""
    return (baseline.total - latest.total) * 100 >= percent * baseline.total


def _level(baseline: Score, latest: Score, p: Parameters) -> ResponseLevel:
    if worsened(baseline, latest, p):
        return ResponseLevel.WORSENING
    if in_remission(latest, p):
        return ResponseLevel.REMISSION
    if fell_by(baseline, latest, p.number("instr.response")):
        return ResponseLevel.RESPONSE
    if fell_by(baseline, latest, p.number("instr.partial_min")):
        return ResponseLevel.PARTIAL
    return ResponseLevel.NON_RESPONSE


def worsened(baseline: Score, latest: Score, p: Parameters) -> bool:
    """A rise of at least a fifth, or of 5 points on the PHQ-9 (6.2)."""
    rise = latest.total - baseline.total
    points = p.number("instr.worsening_phq9")
    by_points = latest.instrument is Instrument.PHQ9 and rise >= points
    return by_points or rise * 100 >= p.number("instr.worsening_pct") * baseline.total


def _is_symptom_scale(instrument: Instrument) -> bool:
    return instrument in SYMPTOM_SCALES or instrument is Instrument.GAD7


def _undefined(code: str, text: str) -> Response:
    reason = Reason(code=code, text=text, source="6.2")
    return Response(level=ResponseLevel.UNDEFINED, reasons=(reason,))
