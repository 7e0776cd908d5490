"""Suicide risk on a treatment day: told, reviewed, lowered (6.3, 6.4, edge case 17)."""

import pytest

from clinical.risk_levels import LEVELS, RiskLevel
from clinical.risk_today import (
    DANGER,
    DECIDES,
    is_news,
    judge_arrival,
    judge_change,
    judge_review,
    judge_screener,
    lapses,
    missing_risk,
    risk_told,
    worst_level,
)
from schemas.base import Actor, Reason, Role
from schemas.infusion import CheckIn
from schemas.reevaluation import Assessment, Instrument
from tests.clinical.treatment_day import CHECK_IN, NOW, NURSE, P

PSYCHIATRIST = Actor(id="dr-lee", role=Role.PSYCHIATRIST)
PRESCRIBER = Actor(id="dr-brandt", role=Role.PRESCRIBER)
COORDINATOR = Actor(id="cc-moreau", role=Role.CARE_COORDINATOR)
DIRECTOR = Actor(id="dr-okafor", role=Role.MEDICAL_DIRECTOR)


def told(screened: str | None, item_9: int | None = None) -> CheckIn:
    scale = None
    if item_9 is not None:
        scale = Assessment(instrument=Instrument.PHQ9, items=(1,) * 8 + (item_9,), taken_at=NOW)
    return CHECK_IN.model_copy(update={"suicide_risk": screened, "mood_scale": scale})


def codes(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.code for reason in reasons]


@pytest.mark.parametrize(
    ("screened", "item_9", "level", "waits_for"),
    [
        (None, None, RiskLevel.NONE, ["suicide_risk_missing"]),
        (None, 1, RiskLevel.LOW, ["suicide_risk_missing"]),
        (None, 2, RiskLevel.MODERATE, ["suicide_risk_missing", "suicide_risk_moderate"]),
        (None, 3, RiskLevel.HIGH, ["suicide_risk_missing", "suicide_risk_high"]),
        ("none", 3, RiskLevel.HIGH, ["suicide_risk_high"]),
        ("moderate", 0, RiskLevel.MODERATE, ["suicide_risk_moderate"]),
        ("low", 1, RiskLevel.LOW, []),
    ],
)
def test_item_9_alone_is_a_presumed_danger_until_somebody_has_assessed_it(
    screened: str | None, item_9: int | None, level: RiskLevel, waits_for: list[str]
) -> None:
    check_in = told(screened, item_9)

    assert risk_told(check_in, NOW, P) is level
    by_scale = risk_told(told(None, item_9), NOW, P)
    assert [m.code for m in missing_risk(check_in, by_scale)] == waits_for


def test_before_anybody_is_here_nothing_was_told() -> None:
    assert risk_told(None, NOW, P) is RiskLevel.NONE


@pytest.mark.parametrize(
    ("level", "who"),
    [(RiskLevel.HIGH, Role.PSYCHIATRIST), (RiskLevel.MODERATE, Role.PRESCRIBER)],
)
def test_each_danger_waits_on_who_decides_on_it(level: RiskLevel, who: Role) -> None:
    (missing,) = missing_risk(told(level.value), RiskLevel.NONE)

    assert missing.supplied_by is who
    assert not missing.overridable


@pytest.mark.parametrize("level", sorted(DANGER))
@pytest.mark.parametrize("reviewer", list(Role))
def test_a_review_stands_for_a_danger_only_from_whoever_decides_on_it(
    level: RiskLevel, reviewer: Role
) -> None:
    actor = Actor(id="somebody", role=reviewer)
    reviewed = told(level.value).model_copy(update={"suicide_risk_reviewed_by": actor})

    stands = reviewer in DECIDES[level]
    assert (missing_risk(reviewed, RiskLevel.NONE) == []) is stands
    assert (judge_review(level, actor) == ()) is stands


def test_a_refused_review_says_who_may() -> None:
    (high,) = judge_review(RiskLevel.HIGH, PRESCRIBER)
    (low,) = judge_review(RiskLevel.LOW, NURSE)

    assert (high.code, high.text) == (
        "wrong_role",
        "high suicide risk is reviewed by: psychiatrist",
    )
    assert low.text == "low suicide risk is reviewed by: prescriber or psychiatrist"
    assert high.fact == "high"


def test_a_check_in_names_no_reviewer_but_its_own_sender() -> None:
    named = told("high").model_copy(update={"suicide_risk_reviewed_by": PSYCHIATRIST})
    medicines = CHECK_IN.model_copy(update={"medicines_reviewed_by": PRESCRIBER})
    own = {"actor": PSYCHIATRIST, "suicide_risk_reviewed_by": PSYCHIATRIST}

    (reason,) = judge_arrival(named)
    assert reason.code == "review_not_own"
    assert "psychiatrist sends supply_missing with suicide_risk_reviewed" in reason.text
    assert [r.fact for r in judge_arrival(medicines)] == ["medicines_reviewed"]
    assert judge_arrival(told("high").model_copy(update=own)) == ()
    herself = {"suicide_risk_reviewed_by": NURSE}
    assert codes(judge_arrival(CHECK_IN.model_copy(update=herself))) == ["review_not_own"]
    assert judge_arrival(CHECK_IN) == ()


@pytest.mark.parametrize("level", [None, *LEVELS])
def test_a_coordinator_tells_of_danger_and_never_that_there_is_none(level: str | None) -> None:
    refused = level in ("none", "low")

    assert codes(judge_screener(level, COORDINATOR)) == (
        ["screener_not_clinical"] if refused else []
    )
    assert judge_screener(level, NURSE) == ()
    arrived = told(level).model_copy(update={"actor": COORDINATOR})
    assert bool(judge_arrival(arrived)) is refused


@pytest.mark.parametrize(
    ("before", "after", "teller", "refused"),
    [
        (told("high"), told("moderate"), PRESCRIBER, ["high"]),
        (told("high"), told("none"), DIRECTOR, ["high"]),
        (told("high"), told("none"), PSYCHIATRIST, []),
        (told("moderate"), told("low"), NURSE, ["moderate"]),
        (told("moderate"), told("low"), PRESCRIBER, []),
        (told("moderate"), told("high"), NURSE, []),
        (told("low"), told("none"), NURSE, []),
        (told(None), told("none"), NURSE, []),
        (told("low", 3), told("low", 0), NURSE, ["high"]),
        (told("low", 3), told("low"), NURSE, ["high"]),
        (told("high", 3), told("none", 3), NURSE, ["high"]),
        (told("high", 2), told("none", 0), NURSE, ["high", "moderate"]),
        (told("high", 2), told("none", 0), PRESCRIBER, ["high"]),
        (told("low", 2), told("high", 2), NURSE, []),
    ],
)
def test_neither_answer_is_lowered_by_somebody_who_may_not_decide_on_it(
    before: CheckIn, after: CheckIn, teller: Actor, refused: list[str]
) -> None:
    reasons = judge_change(before, after, teller, NOW, P)

    assert [reason.fact for reason in reasons] == refused
    assert set(codes(reasons)) <= {"risk_told_higher"}


@pytest.mark.parametrize("before", LEVELS)
@pytest.mark.parametrize("after", LEVELS)
def test_a_review_lapses_exactly_when_what_it_was_made_on_gets_worse(
    before: RiskLevel, after: RiskLevel
) -> None:
    assert lapses(before, after) is (LEVELS.index(after) > LEVELS.index(before))


@pytest.mark.parametrize(
    ("level", "heard", "observed", "news"),
    [
        (None, "none", "none", False),
        ("low", "none", "none", False),
        ("moderate", "none", "none", True),
        ("moderate", "moderate", "none", False),
        ("moderate", "high", "none", False),
        ("moderate", "none", "moderate", False),
        ("high", "none", "none", True),
        ("high", "high", "none", True),
        ("high", "moderate", "moderate", True),
        ("high", "high", "high", False),
    ],
)
def test_a_danger_at_discharge_is_news_unless_people_were_told_of_it(
    level: str | None, heard: str, observed: str, news: bool
) -> None:
    assert is_news(level, RiskLevel(heard), RiskLevel(observed)) is news


def test_of_several_levels_the_worst_counts_and_of_none_nothing_is_known() -> None:
    assert worst_level(("low", None, "high", "moderate")) is RiskLevel.HIGH
    assert worst_level((None, None)) is None
