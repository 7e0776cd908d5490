"""Who may be treated at all, on both sides of every number (fact sheet 1.1, 1.2)."""

from datetime import date, timedelta
from typing import Any

import pytest

from clinical.evaluation import judge_eligibility
from clinical.parameters import Parameters
from schemas.evaluation import Evaluation
from tests.clinical.boundaries.rows import T0, Fires, Row, both, codes, filled

BORN = date(1981, 6, 14)


def eligible(code: str, **facts: Any) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        answer = judge_eligibility(Evaluation(**filled(facts, value)), BORN, p, T0)
        return code in codes(answer.reasons)

    return fires


def aged(code: str) -> Fires:
    """Somebody whose birthday is today."""

    def fires(value: float, p: Parameters) -> bool:
        born = T0.date().replace(year=T0.year - int(value))
        answer = judge_eligibility(Evaluation(), born, p, T0)
        return code in codes((*answer.reasons, *answer.notes))

    return fires


def scored(instrument: str, days: float = 0) -> Any:
    """One scale with this total, so many days old."""
    taken_at = T0 - timedelta(days=days)
    return lambda total: ({"instrument": instrument, "total": total, "taken_at": taken_at},)


def trials(many: float = 2, **more: Any) -> tuple[dict[str, Any], ...]:
    drugs = ("sertraline", "fluoxetine", "mirtazapine", "bupropion", "venlafaxine")
    good = {"max_dose_mg": 400, "weeks_at_adequate_dose": 20, "adherence_percent": 100}
    return tuple({"drug": drug, **good, **more} for drug in drugs[: int(many)])


TABLE = (
    Row("elig.min_age", "<", 1, aged("under_age")),
    Row("elig.max_age_soft", ">", 1, aged("older_than_trials")),
    Row("elig.phq9_min", "<", 1, eligible("severity_too_low", assessments=scored("phq9"))),
    Row("elig.madrs_min", "<", 1, eligible("severity_too_low", assessments=scored("madrs"))),
    Row("elig.qids_min", "<", 1, eligible("severity_too_low", assessments=scored("qids_sr16"))),
    Row("elig.severity_max_age", ">", 1, eligible(
        "severity_missing", assessments=lambda v: scored("phq9", v)(20))),
    Row("elig.episode_min", "<", 1, eligible("episode_too_short", episode_weeks=lambda v: v)),
    Row("elig.failed_trials_min", "<", 1, eligible("too_few_failed_trials", trials=trials)),
    Row("elig.trial_min_weeks", "<", 0.5, eligible(
        "trial_too_short", trials=lambda v: trials(weeks_at_adequate_dose=v))),
    Row("elig.trial_adherence_min", "<", 1, eligible(
        "trial_adherence", trials=lambda v: trials(adherence_percent=v))),
    Row("elig.trial_nonresponse_max_improvement", ">=", 1, eligible(
        "trial_responded", trials=lambda v: trials(improvement_percent=v))),
    Row("elig.ymrs_max", ">", 1, eligible("mania_screen", ymrs=int)),
    Row("elig.ymrs_max", ">", 1, eligible("mania_screen", assessments=scored("ymrs"))),
    Row("elig.moca_min", "<", 1, eligible("cognition_screen", moca=int)),
    Row("elig.moca_min", "<", 1, eligible("cognition_screen", assessments=scored("moca"))),
)  # fmt: skip


@pytest.mark.parametrize(("row", "at"), both(TABLE))
def test_eligibility_is_judged_on_both_sides_of_each_number(row: Row, at: float) -> None:
    assert row.answers(at) == row.expected(at)
