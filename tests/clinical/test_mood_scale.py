"""The mood scale of a treatment day: today's, before the dose, complete (11.41)."""

from datetime import timedelta

import pytest

from clinical.mood_scale import missing_mood_scale, risk_by_scale
from clinical.risk_levels import RiskLevel
from schemas.infusion import CheckIn
from schemas.reevaluation import Assessment, Instrument
from simulator import papers
from tests.clinical.treatment_day import CHECK_IN, NOW, PLAN, P, codes, judged

NEEDED = PLAN.model_copy(update={"mood_scale_needed": True})
TODAY = papers.phq9(12, NOW - timedelta(minutes=20))


def answered(scale: Assessment | None) -> CheckIn:
    return CHECK_IN.model_copy(update={"mood_scale": scale})


def with_item_9(answer: int | None) -> Assessment:
    return TODAY.model_copy(update={"items": (*TODAY.items[:8], answer), "total": None})


@pytest.mark.parametrize(
    ("scale", "missing"),
    [
        (TODAY, []),
        (TODAY.model_copy(update={"taken_at": None}), []),
        (None, ["mood_scale_missing"]),
        (TODAY.model_copy(update={"taken_at": NOW - timedelta(days=1)}), ["mood_scale_not_today"]),
        (
            TODAY.model_copy(update={"taken_at": NOW + timedelta(minutes=1)}),
            ["mood_scale_not_today"],
        ),
        (
            Assessment(instrument=Instrument.GAD7, items=(1,) * 7, taken_at=NOW),
            ["mood_scale_instrument"],
        ),
        (with_item_9(None), ["mood_scale_incomplete"]),
        (TODAY.model_copy(update={"items": (1, 1), "total": None}), ["mood_scale_incomplete"]),
    ],
)
def test_edge_41_the_scale_is_answered_before_the_dose_and_never_back_dated(
    scale: Assessment | None, missing: list[str]
) -> None:
    found = missing_mood_scale(NEEDED, answered(scale), NOW, P)

    assert [item.code for item in found] == missing


def test_a_protocol_that_asks_for_no_scale_waits_for_none() -> None:
    assert missing_mood_scale(PLAN, answered(None), NOW, P) == []


@pytest.mark.parametrize(
    ("answer", "level", "waits_for"),
    [
        (0, RiskLevel.NONE, []),
        (1, RiskLevel.LOW, []),
        (2, RiskLevel.MODERATE, ["suicide_risk_moderate"]),
        (3, RiskLevel.HIGH, ["suicide_risk_high"]),
    ],
)
def test_what_the_scale_says_of_suicide_counts_where_it_is_worse_than_the_screener(
    answer: int, level: RiskLevel, waits_for: list[str]
) -> None:
    scale = with_item_9(answer)

    assert risk_by_scale(scale, NOW, P) is level
    gate = judged(plan=NEEDED, check_in=answered(scale))
    assert codes(gate) == waits_for


def test_a_mild_answer_on_the_scale_never_softens_the_screener() -> None:
    high = answered(TODAY).model_copy(update={"suicide_risk": "high"})

    assert "suicide_risk_high" in codes(judged(plan=NEEDED, check_in=high))


@pytest.mark.parametrize(
    ("scale", "level"),
    [
        (Assessment(instrument=Instrument.PHQ9, items=(None,) * 8 + (3,)), RiskLevel.HIGH),
        (Assessment(instrument=Instrument.PHQ9, items=(9,) * 8 + (2,)), RiskLevel.MODERATE),
        (with_item_9(3).model_copy(update={"taken_at": NOW + timedelta(days=2)}), RiskLevel.HIGH),
        (Assessment(instrument=Instrument.PHQ9, items=(None,) * 9), RiskLevel.NONE),
        (Assessment(instrument=Instrument.PHQ9, items=(3, 3)), RiskLevel.NONE),
        (Assessment(instrument=Instrument.PHQ9, items=(1,) * 8 + (-1,)), RiskLevel.NONE),
        (Assessment(instrument=Instrument.GAD7, items=(3,)), RiskLevel.NONE),
        (Assessment(instrument=Instrument.QIDS_SR16, items=(None,) * 11 + (3,)), RiskLevel.HIGH),
        (None, RiskLevel.NONE),
    ],
)
def test_the_answer_about_suicide_counts_also_on_a_scale_that_has_no_score(
    scale: Assessment | None, level: RiskLevel
) -> None:
    assert risk_by_scale(scale, NOW, P) is level
