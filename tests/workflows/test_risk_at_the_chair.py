"""Suicide risk told at the chair: who may tell of it, review it and lower it (fact sheet 6.4)."""

from typing import Any

import pytest

from schemas.base import Actor, Role
from schemas.infusion import SessionPhase
from simulator import papers
from simulator.papers import STAFF
from tests.workflows.bare_chair import BareChair
from tests.workflows.bare_day import TEN

PSYCHIATRIST, PRESCRIBER = STAFF[Role.PSYCHIATRIST], STAFF[Role.PRESCRIBER]
NURSE, COORDINATOR = STAFF[Role.NURSE], STAFF[Role.CARE_COORDINATOR]
HIGH, MODERATE = "suicide_risk_high", "suicide_risk_moderate"


def with_item_9(answer: int) -> Any:
    scale = papers.phq9(11, TEN)
    return scale.model_copy(update={"items": (*scale.items[:8], answer), "total": None})


def supplied(chair: BareChair, actor: Actor, **said: Any) -> list[str]:
    """What is still missing of suicide risk once this was supplied."""
    receipt = chair.give("supply_missing", actor=actor, **said)
    return [reason.code for reason in receipt.missing if reason.code.startswith("suicide_risk")]


@pytest.mark.parametrize("reviewer", [Actor(id="dr-never-here", role=Role.PSYCHIATRIST), NURSE])
@pytest.mark.parametrize("review", ["suicide_risk_reviewed_by", "medicines_reviewed_by"])
def test_a_check_in_that_names_who_reviewed_is_refused_and_changes_nothing(
    review: str, reviewer: Actor
) -> None:
    chair = BareChair()

    said = {"suicide_risk": "high", "new_medicines": ("lorazepam",), review: reviewer}
    update = chair.say("check_in", actor=NURSE, **said)

    assert update.codes == ("review_not_own",)
    assert chair.day.phase is SessionPhase.BOOKED
    assert chair.day.state.check_in is None


def test_edge_17_a_review_lapses_when_the_answer_it_was_made_on_gets_worse() -> None:
    chair = BareChair()
    chair.prepare(suicide_risk="moderate")
    assert supplied(chair, PSYCHIATRIST, suicide_risk_reviewed=True) == []
    assert chair.day.phase is SessionPhase.READY

    assert supplied(chair, NURSE, suicide_risk="high") == [HIGH]

    assert chair.day.phase is SessionPhase.PRE_CHECK
    assert HIGH in chair.refused("start_dosing", **chair.draws())
    assert supplied(chair, PSYCHIATRIST, suicide_risk_reviewed=True) == []


def test_edge_17_a_review_lapses_too_when_the_scales_item_is_what_gets_worse() -> None:
    chair = BareChair()
    chair.arrive(suicide_risk="low", mood_scale=with_item_9(2))
    assert supplied(chair, PSYCHIATRIST, suicide_risk_reviewed=True) == []

    assert supplied(chair, NURSE, mood_scale=with_item_9(3)) == [HIGH]


def test_a_review_outlasts_an_answer_that_is_no_worse() -> None:
    chair = BareChair()
    chair.arrive(suicide_risk="high")
    supplied(chair, PSYCHIATRIST, suicide_risk_reviewed=True)

    assert supplied(chair, NURSE, suicide_risk="high", mood_scale=with_item_9(2)) == []


@pytest.mark.parametrize(
    ("told", "by", "lowered"),
    [
        ("high", COORDINATOR, False),
        ("high", NURSE, False),
        ("high", PRESCRIBER, False),
        ("high", STAFF[Role.MEDICAL_DIRECTOR], False),
        ("high", PSYCHIATRIST, True),
        ("moderate", NURSE, False),
        ("moderate", PRESCRIBER, True),
        ("moderate", PSYCHIATRIST, True),
        ("low", NURSE, True),
    ],
)
def test_edge_17_a_level_once_told_is_lowered_only_by_whoever_may_decide_on_it(
    told: str, by: Actor, lowered: bool
) -> None:
    chair = BareChair()
    chair.arrive(suicide_risk=told)

    update = chair.say("supply_missing", actor=by, suicide_risk="none")

    assert (update.receipt is not None) is lowered
    check_in = chair.day.state.check_in
    assert check_in is not None
    assert check_in.suicide_risk == ("none" if lowered else told)


def test_the_scales_own_danger_is_not_answered_away_by_another_scale() -> None:
    chair = BareChair()
    chair.arrive(mood_scale=with_item_9(3))

    milder = with_item_9(0)
    assert chair.refused("supply_missing", actor=NURSE, mood_scale=milder) == ("risk_told_higher",)
    assert supplied(chair, PSYCHIATRIST, mood_scale=milder) == []


def test_that_there_is_no_danger_is_said_by_a_clinical_role_and_danger_by_whoever_hears_of_it() -> (
    None
):
    chair = BareChair()

    calm = chair.say("check_in", actor=COORDINATOR, suicide_risk="none")
    assert calm.codes == ("screener_not_clinical",)
    assert chair.arrive(actor=COORDINATOR, suicide_risk=None) == ["suicide_risk_missing"]
    assert chair.refused("supply_missing", actor=COORDINATOR, suicide_risk="low") == (
        "screener_not_clinical",
    )

    assert supplied(chair, COORDINATOR, suicide_risk="high") == [HIGH]


@pytest.mark.parametrize(
    ("told", "by", "taken"),
    [
        ("high", NURSE, False),
        ("high", PRESCRIBER, False),
        ("high", PSYCHIATRIST, True),
        ("moderate", NURSE, False),
        ("moderate", PRESCRIBER, True),
        ("moderate", PSYCHIATRIST, True),
    ],
)
def test_a_review_by_somebody_who_may_not_decide_is_refused_and_says_who_may(
    told: str, by: Actor, taken: bool
) -> None:
    chair = BareChair()
    chair.arrive(suicide_risk=told)

    update = chair.say("supply_missing", actor=by, suicide_risk_reviewed=True)

    assert (update.receipt is not None) is taken
    assert update.codes == (() if taken else ("wrong_role",))
