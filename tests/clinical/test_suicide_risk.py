"""Suicide risk: the ladders of the fact sheet, with the time in which somebody must respond."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.instruments import score
from clinical.parameters import Parameters
from clinical.self_harm_terms import mentions_self_harm
from clinical.suicide_risk import (
    LEVELS,
    RiskLevel,
    ScreenerAnswers,
    screen,
    triage_journal,
    triage_level,
    triage_scores,
    worst,
)
from schemas.base import SYSTEM
from schemas.journal import WriteJournal
from schemas.reevaluation import Assessment, Instrument, Score

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
STANDARD = Parameters.default()
FIELDS = tuple(ScreenerAnswers.model_fields)
I = Instrument  # noqa: E741


def item(instrument: Instrument, answer: int | None, total: float = 10) -> Score:
    return Score(instrument=instrument, total=total, taken_at=NOW, suicidality=answer)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


@pytest.mark.parametrize(
    ("instrument", "answer", "level", "within"),
    [
        (I.PHQ9, 0, "none", None),
        (I.PHQ9, 1, "low", hours(24)),
        (I.PHQ9, 2, "moderate", hours(4)),
        (I.PHQ9, 3, "high", hours(1)),
        (I.QIDS_SR16, 0, "none", None),
        (I.QIDS_SR16, 1, "none", None),
        (I.QIDS_SR16, 2, "moderate", hours(4)),
        (I.QIDS_SR16, 3, "high", hours(1)),
        (I.MADRS, 3, "none", None),
        (I.MADRS, 4, "moderate", hours(4)),
        (I.MADRS, 5, "high", hours(1)),
        (I.MADRS, 6, "high", hours(1)),
    ],
)
def test_a_suicide_item_sets_the_time_to_respond(
    instrument: Instrument, answer: int, level: str, within: timedelta | None
) -> None:
    decision = triage_scores([item(instrument, answer)], STANDARD)
    assert (decision.level, decision.respond_within) == (level, within)
    assert bool(decision.reasons) == (level != "none")


@pytest.mark.parametrize(
    ("total", "level", "within"),
    [(0, "none", None), (1, "low", hours(24)), (2, "moderate", hours(4)), (3, "high", hours(1))],
)
def test_a_c_ssrs_level_sets_it_too(total: float, level: str, within: timedelta | None) -> None:
    decision = triage_scores([item(I.C_SSRS, None, total)], STANDARD)
    assert (decision.level, decision.respond_within) == (level, within)


def test_the_most_dangerous_of_several_scores_counts() -> None:
    decision = triage_scores([item(I.PHQ9, 1), item(I.MADRS, 6), item(I.GAD7, None)], STANDARD)
    assert decision.level is RiskLevel.HIGH
    assert [r.code for r in decision.reasons] == ["risk_low", "risk_high"]


@pytest.mark.parametrize("answer", [1, 2, 3])
def test_any_answer_above_zero_asks_for_the_screener_at_once(answer: int) -> None:
    """Section 6.3: at item 9 of 3 as well, where the risk is only presumed to be high."""
    assert "c_ssrs_screener" in triage_scores([item(I.PHQ9, answer)], STANDARD).actions


def test_a_screener_that_shows_high_risk_is_not_asked_for_again() -> None:
    assert "c_ssrs_screener" not in screen(answers("xxxx---")).actions
    assert "c_ssrs_screener" not in triage_scores([item(I.C_SSRS, None, 3)], STANDARD).actions


def test_a_suicide_item_nobody_answered_is_unknown_and_not_zero() -> None:
    decision = triage_scores([item(I.PHQ9, None)], STANDARD)
    assert (decision.level, decision.complete) == ("none", False)
    assert decision.reasons[0].code == "suicide_item_unknown"


def test_no_scores_at_all_show_no_risk() -> None:
    assert triage_scores([], STANDARD).respond_within is None


SCREENER = [
    # wish, thoughts, method, intent, plan, behaviour ever, in 3 months -> level
    ("-------", "none"),
    ("x------", "low"),
    ("-x-----", "low"),
    ("xx-----", "low"),
    ("xxx----", "moderate"),
    ("-----x-", "moderate"),
    ("xx---x-", "moderate"),
    ("-----xx", "high"),
    ("------x", "high"),
    ("xx-x---", "high"),
    ("xxxx---", "high"),
    ("xx--x--", "high"),
    ("xxxxxxx", "high"),
]


def answers(marks: str) -> ScreenerAnswers:
    return ScreenerAnswers(**dict(zip(FIELDS, (mark == "x" for mark in marks), strict=True)))


@pytest.mark.parametrize(("marks", "level"), SCREENER)
def test_the_c_ssrs_screener_climbs_its_ladder(marks: str, level: str) -> None:
    decision = screen(answers(marks))
    assert decision.level == level
    assert decision.complete


@pytest.mark.parametrize(("marks", "level"), SCREENER)
def test_the_scored_instrument_and_the_screener_agree(marks: str, level: str) -> None:
    items = tuple(int(mark == "x") for mark in marks)
    scored = score(Assessment(instrument=I.C_SSRS, items=items), NOW)
    assert isinstance(scored, Score)
    assert triage_scores([scored], STANDARD).level == level


def test_another_yes_never_lowers_the_risk() -> None:
    for marks in product("-x", repeat=len(FIELDS)):
        before = LEVELS.index(screen(answers("".join(marks))).level)
        for place in range(len(FIELDS)):
            more = "".join((*marks[:place], "x", *marks[place + 1 :]))
            assert LEVELS.index(screen(answers(more)).level) >= before


@pytest.mark.parametrize(
    ("given_answers", "unanswered"),
    [
        ({}, ["wish_dead", "thoughts", "method", "intent", "plan_and_intent"]),
        ({"thoughts": False}, ["wish_dead"]),
        ({"wish_dead": False, "thoughts": True}, ["method", "intent", "plan_and_intent"]),
        ({"wish_dead": False, "thoughts": False}, []),
    ],
)
def test_what_was_not_answered_is_named(
    given_answers: dict[str, Any], unanswered: list[str]
) -> None:
    decision = screen(ScreenerAnswers(behaviour_ever=False, **given_answers))
    assert [r.fact for r in decision.reasons if r.code == "unanswered"] == unanswered
    assert decision.complete == (not unanswered)


@pytest.mark.parametrize(
    ("level", "action", "dose_today"),
    [
        ("x------", "review_safety_plan", "yes"),
        ("xxx----", "means_safety", "prescriber_decides"),
        ("xxxx---", "do_not_leave_alone", "psychiatrist_in_person"),
    ],
)
def test_each_level_says_what_is_done_and_who_may_still_order_a_dose(
    level: str, action: str, dose_today: str
) -> None:
    decision = screen(answers(level))
    assert action in decision.actions
    assert decision.dose_today == dose_today


def test_what_was_not_asked_leaves_the_dose_to_the_prescriber() -> None:
    """Missing is not zero: nobody may read an empty screener as a yes."""
    assert screen(ScreenerAnswers()).dose_today == "prescriber_decides"
    assert triage_scores([item(I.PHQ9, None)], STANDARD).dose_today == "prescriber_decides"
    assert triage_scores([item(I.PHQ9, 3), item(I.MADRS, None)], STANDARD).dose_today == (
        "psychiatrist_in_person"
    )


def test_the_strictest_word_on_the_dose_counts_among_several() -> None:
    nothing = triage_scores([item(I.PHQ9, 0)], STANDARD)
    assert worst((nothing, screen(ScreenerAnswers()))).dose_today == "prescriber_decides"


def entry(thoughts: int = 0, text: str = "", side_effects: str = "") -> WriteJournal:
    return WriteJournal(
        command_id="j1",
        actor=SYSTEM,
        suicidal_thoughts=thoughts,
        text=text,
        side_effects=side_effects,
    )


@pytest.mark.parametrize(
    ("journal", "level"),
    [
        (entry(), "none"),
        (entry(text="Slept well, walked the dog by the river."), "none"),
        (entry(1), "low"),
        (entry(2), "moderate"),
        (entry(3), "high"),
        (entry(text="I keep thinking about suicide"), "moderate"),
        (entry(side_effects="I want to die"), "moderate"),
        (entry(3, "I want to die"), "high"),
    ],
)
def test_any_sign_in_a_journal_pages_the_on_call_clinician(
    journal: WriteJournal, level: str
) -> None:
    decision = triage_journal(journal, STANDARD)
    assert decision.level == level
    if level == "none":
        assert decision.respond_within is None
    else:
        assert decision.respond_within == timedelta(minutes=30)
        assert decision.acknowledge_within == timedelta(minutes=15)
        assert decision.actions[:2] == ("show_crisis_numbers", "page_on_call")


def test_a_reason_never_quotes_the_journal() -> None:
    text = "I want to kill myself with my grandfather's fishing knife"
    decision = triage_journal(entry(text=text), STANDARD)
    assert "knife" not in decision.model_dump_json()


@pytest.mark.parametrize(
    "text",
    [
        "SUICIDAL again",
        "i don't want to be here anymore",
        "I don’t want to wake up",
        "they'd be better off without me",
        "I could just end it all",
        "no reason to live",
        "I have been self-harming",
        "selfharm",
        "I cut myself on purpose",
        "thinking of an overdose",
        "wish I was dead",
        "quiero morir",
        "sui\u200bcide",
        "kill\nmyself",
        "I am not going to kill myself",
    ],
)
def test_words_of_suicide_are_found_however_they_are_written(text: str) -> None:
    assert mentions_self_harm(text)


@pytest.mark.parametrize(
    "text",
    ["", "a good day", "my plants died", "I killed it at bowling", "dead tired", "I like my life"],
)
def test_ordinary_words_wake_nobody(text: str) -> None:
    assert not mentions_self_harm(text)


def test_the_worst_of_several_keeps_the_shortest_time_and_every_reason() -> None:
    journal, scores = (
        triage_journal(entry(1), STANDARD),
        triage_scores([item(I.PHQ9, 2)], STANDARD),
    )
    both = worst([journal, scores])
    assert both.level is RiskLevel.MODERATE
    assert both.respond_within == timedelta(minutes=30)
    assert both.acknowledge_within == timedelta(minutes=15)
    assert len(both.reasons) == 2
    assert worst([]).level is RiskLevel.NONE


@given(st.text(max_size=300), st.integers(0, 3))
def test_no_journal_entry_makes_the_triage_fail(text: str, thoughts: int) -> None:
    decision = triage_journal(entry(thoughts, text), STANDARD)
    assert LEVELS.index(decision.level) >= thoughts


@pytest.mark.parametrize(
    ("level", "hours"),
    [(RiskLevel.NONE, None), (RiskLevel.LOW, 24), (RiskLevel.MODERATE, 4), (RiskLevel.HIGH, 1)],
)
def test_what_was_told_at_the_chair_is_answered_as_soon_as_what_a_scale_says(
    level: RiskLevel, hours: int | None
) -> None:
    decision = triage_level(level, STANDARD)

    assert decision.level is level
    assert decision.respond_within == (timedelta(hours=hours) if hours else None)
    assert [r.fact for r in decision.reasons] == ([level.value] if hours else [])
