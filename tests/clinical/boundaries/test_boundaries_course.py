"""The reevaluation, its stop rules and relapse on both sides of each number (fact sheet 7)."""

from datetime import timedelta
from typing import Any

import pytest

from clinical.monitoring import cap_reasons
from clinical.parameters import Parameters
from clinical.reevaluation import (
    early_review,
    extension_infusions,
    final_review_due_at,
    judge_relapse,
    propose,
    stop_rules,
)
from schemas.reevaluation import Course, Instrument, ReevaluationFacts, Score
from tests.clinical.boundaries.rows import (
    T0,
    Fires,
    Row,
    both,
    codes,
    filled,
    reached,
    score,
)


def facts(to: float = 100, **more: Any) -> ReevaluationFacts:
    """A reevaluation whose MADRS went from 100 to `to`."""
    return ReevaluationFacts(
        baseline=(score(Instrument.MADRS, 100),), latest=(score(Instrument.MADRS, to),), **more
    )


def proposed(code: str, **more: Any) -> Fires:
    """Whether that row of the decision table fires."""
    return lambda value, p: code in codes(propose(facts(**filled(more, value)), p).reasons)


def stops(code: str, **more: Any) -> Fires:
    return lambda value, p: code in codes(stop_rules(facts(**filled(more, value)), p))


def lost(instrument: Instrument) -> Fires:
    """Two assessments ten days apart that show this score, without a baseline."""

    def fires(value: float, p: Parameters) -> bool:
        found = [
            Score(instrument=instrument, total=value, taken_at=T0 + timedelta(days=days))
            for days in (0, 10)
        ]
        return judge_relapse((), found, p).relapsed

    return fires


def held(value: float, p: Parameters) -> bool:
    """A fall of so many percent is no relapse, however high the score still is."""
    baseline = (score(Instrument.MADRS, 100),)
    found = [
        Score(instrument=Instrument.MADRS, total=100 - value, taken_at=T0 + timedelta(days=days))
        for days in (0, 10)
    ]
    return not judge_relapse(baseline, found, p).relapsed


def confirmed(value: float, p: Parameters) -> bool:
    """So many high scores, ten days apart."""
    found = [
        Score(instrument=Instrument.PHQ9, total=25, taken_at=T0 + timedelta(days=10 * n))
        for n in range(int(value))
    ]
    return judge_relapse((), found, p).relapsed


def apart(value: float, p: Parameters) -> bool:
    later = Score(instrument=Instrument.PHQ9, total=25, taken_at=T0 + timedelta(days=value))
    return judge_relapse((), (score(Instrument.PHQ9, 25), later), p).relapsed


def still_falls(value: float, p: Parameters) -> bool:
    """A response whose score fell by so much since the one before."""
    before = (score(Instrument.MADRS, 45 + value),)
    given = facts(45, previous=before, infusions_given=6)
    return "response_improving" in codes(propose(given, p).reasons)


def may_grow(value: float, p: Parameters) -> bool:
    """A partial response with titration left is offered more infusions after so many."""
    given = facts(70, infusions_given=int(value), titration_left=True)
    return Course.EXTEND in propose(given, p).options


def trial(value: float, p: Parameters) -> bool:
    return propose(facts(70), p).trial_weeks == value


LEVEL = {"to": lambda v: 100 - v}
TABLE = (
    Row("reeval.early_session", ">=", 1,
        lambda v, p: early_review(facts(infusions_given=int(v)), p).due),
    Row("reeval.final_due", ">=", 1,
        reached("reeval.final_due", lambda p: final_review_due_at(T0, p))),
    Row("reeval.missing_hold", ">=", 1, proposed("data_missing", assessments_missing=int)),
    Row("reeval.trend_min", ">=", 1, still_falls),
    Row("reeval.maintenance_spacing", ">=", 1, proposed(
        "maintenance_long", to=20, course=Course.MAINTENANCE, maintenance_days=int)),
    Row("reeval.extend_sessions", "<=", 1, lambda v, p: v <= extension_infusions(4, p)),
    Row("stop.max_acute", "==", 1, lambda v, p: v == 7 + extension_infusions(7, p)),
    Row("stop.max_acute", "<", 1, may_grow),
    Row("stop.max_acute", ">=", 1,
        lambda v, p: "acute_cap" in codes(cap_reasons((), T0, p, acute_sessions=int(v)))),
    Row("iv.series_len", "<", 1, proposed("remission_unfinished", to=2, infusions_given=int)),
    Row("instr.response", ">=", 1, proposed("response", infusions_given=8, **LEVEL)),
    Row("instr.partial_min", ">=", 1, proposed("partial", infusions_given=2, **LEVEL)),
    Row("instr.worsening_pct", ">=", 1, stops("S4", to=lambda v: 100 + v)),
    Row("stop.nonresponse_after", ">=", 1, stops("S1", infusions_given=int)),
    Row("stop.nonresponse_absolute", ">=", 1,
        stops("S1", infusions_given=int, titration_left=True)),
    Row("stop.nonresponse_pct", "<", 1, stops("S1", infusions_given=6, **LEVEL)),
    Row("stop.safety_sessions", ">=", 1, stops("S3", stop_sessions=int)),
    Row("stop.safety_sessions", ">=", 1, proposed("safety_event", stop_sessions=int)),
    Row("maint.month2_from", ">=", 1,
        stops("S2", cannot_space_out=True, days_since_first_dose=int)),
    Row("maint.month2_from", ">=", 1, proposed(
        "cannot_space_out", cannot_space_out=True, days_since_first_dose=int)),
    Row("maint.trial_weeks", "==", 1, trial),
    Row("taper.step_backs_max", "<", 1, proposed("relapse", relapsed=True, step_backs=int)),
    Row("relapse.phq9", ">=", 1, lost(Instrument.PHQ9)),
    Row("relapse.qids", ">", 1, lost(Instrument.QIDS_SR16)),
    Row("relapse.madrs", ">=", 1, lost(Instrument.MADRS)),
    Row("instr.response", ">=", 1, held),
    Row("relapse.confirmations", ">=", 1, confirmed),
    Row("relapse.confirm_gap", ">=", 1, apart),
)  # fmt: skip


@pytest.mark.parametrize(("row", "at"), both(TABLE))
def test_the_course_is_judged_on_both_sides_of_each_number(row: Row, at: float) -> None:
    assert row.answers(at) == row.expected(at)
