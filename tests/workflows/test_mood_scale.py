"""The mood scale of a treatment day, from the chair to the journey's scores (11.41)."""

from datetime import timedelta

import pytest

from schemas.base import Role
from schemas.infusion import SessionPhase
from schemas.reevaluation import Assessment
from simulator import papers
from tests.workflows.conftest import Clinical
from tests.workflows.places import cleared
from tests.workflows.treatment_day import book

MISSING = "mood_scale_missing"


def with_item_9(scale: Assessment, answer: int) -> Assessment:
    return scale.model_copy(update={"items": (*scale.items[:8], answer)})


async def test_edge_41_a_day_waits_for_todays_scale_and_takes_none_of_yesterday(
    clinical: Clinical,
) -> None:
    day = await book(clinical, mood_scale_needed=True)
    receipt = await day.prepare()
    assert [reason.code for reason in receipt.missing] == [MISSING]
    now = (await day.view()).now

    old = await day.give("supply_missing", mood_scale=papers.phq9(11, now - timedelta(days=1)))
    assert [reason.code for reason in old.missing] == ["mood_scale_not_today"]
    await day.give("supply_missing", mood_scale=papers.phq9(11, now))

    assert (await day.view()).phase is SessionPhase.READY


async def test_edge_41_the_scale_of_a_day_is_one_of_the_journeys_scores(whole: Clinical) -> None:
    staff = await whole.refer(**cleared())

    await staff.treat()

    view = await staff.wait(lambda v: len(v.sessions) == 1)
    (taken,) = view.sessions[0].scores
    assert view.scores[-1] == taken
    recorded = await whole.fact(staff, "ScoresRecorded")
    assert recorded.data["session_id"] == view.sessions[0].session_id


async def test_edge_41_what_a_scale_at_the_chair_says_of_suicide_reaches_the_journeys_ladder(
    whole: Clinical, monkeypatch: pytest.MonkeyPatch
) -> None:
    mild = papers.phq9
    monkeypatch.setattr(papers, "phq9", lambda total, at: with_item_9(mild(total, at), 1))
    staff = await whole.refer(**cleared())

    await staff.treat()

    asked = await staff.pending("suicide_risk_review")
    assert asked.roles == (Role.PSYCHIATRIST,)
