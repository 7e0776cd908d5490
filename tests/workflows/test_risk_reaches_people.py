"""A suicide answer at the chair reaches people at once, once, and not only when the day closes.

Fact sheet 6.3, 6.4, 7.2, 9; edge cases 16 and 17.
"""

from datetime import timedelta
from typing import Any

import pytest

from schemas.adverse_event import AdverseEvent, ReportAdverseEvent
from schemas.base import Actor, Role
from schemas.health_record import Milestone
from schemas.infusion import SessionPhase, SupplyMissing
from schemas.journal import WriteJournal
from schemas.journey import HoldJourney, JourneyView, Phase
from schemas.risk_alert import RiskTold
from simulator import papers
from simulator.bedside import Bedside
from simulator.papers import PROVIDER, STAFF
from simulator.staff import Staff
from tests.workflows.bare_chair import BareChair
from tests.workflows.conftest import Clinical
from tests.workflows.days import asked, close_day
from tests.workflows.places import by, cleared, now, treated
from tests.workflows.test_risk_at_the_chair import NURSE, PRESCRIBER, PSYCHIATRIST, with_item_9

MIN = timedelta(minutes=1)


def sent(chair: BareChair) -> list[tuple[str, Actor | None]]:
    """What the journey was told, in order: the level, and who assessed it."""
    told = []
    for to, name, content in chair.day.worker.signalled:
        assert (to, name) == ("journey-ottoline", "suicide_risk_told")
        assert isinstance(content, RiskTold)
        told.append((content.level, content.reviewed_by))
    return told


# -- at the chair ---------------------------------------------------------------------------------


def test_item_9_alone_is_told_at_once_and_asks_for_screener_and_psychiatrist() -> None:
    chair = BareChair()

    missing = chair.arrive(suicide_risk=None, mood_scale=with_item_9(3))

    assert missing == ["suicide_risk_missing", "suicide_risk_high"]
    assert chair.waits()["suicide_risk_high"] is Role.PSYCHIATRIST
    assert chair.waits()["suicide_risk_missing"] is Role.NURSE
    assert sent(chair) == [("high", None)]


def test_an_answer_is_told_once_and_again_only_when_it_gets_worse() -> None:
    chair = BareChair()
    chair.arrive(suicide_risk=None, mood_scale=with_item_9(2))
    assert sent(chair) == [("moderate", None)]

    chair.give("supply_missing", actor=NURSE, suicide_risk="moderate")
    chair.give("supply_missing", actor=NURSE, suicide_risk="high")
    chair.give("supply_missing", actor=NURSE, suicide_risk="high", escort_confirmed=True)

    assert sent(chair) == [("moderate", None), ("high", None)]
    assert chair.kinds().count("SuicideRiskTold") == 2


@pytest.mark.parametrize("level", ["none", "low"])
def test_what_is_no_danger_pages_nobody(level: str) -> None:
    chair = BareChair()

    chair.arrive(suicide_risk=level)

    assert sent(chair) == []


def test_who_has_assessed_the_patient_in_person_is_told_as_well() -> None:
    chair = BareChair()
    chair.arrive(suicide_risk="high")

    chair.give("supply_missing", actor=PSYCHIATRIST, suicide_risk_reviewed=True)
    chair.give("supply_missing", actor=PSYCHIATRIST, suicide_risk="moderate")

    assert sent(chair) == [("high", None), ("high", PSYCHIATRIST), ("moderate", PSYCHIATRIST)]


def test_where_no_journey_hears_of_it_people_are_told_from_the_chair() -> None:
    chair = BareChair()
    chair.day.worker.nobody_there = True

    chair.arrive(suicide_risk="high")

    chair.give("supply_missing", actor=PSYCHIATRIST, suicide_risk_reviewed=True)

    assert chair.told("safety_alert") == [Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR]


def test_a_discharge_form_before_there_was_a_dose_tells_of_nothing() -> None:
    chair = BareChair()
    chair.arrive()

    assert chair.going_home(suicide_risk="high").codes == ("not_in_observation",)
    assert sent(chair) == []


def observed(**arrived: Any) -> BareChair:
    chair = BareChair()
    chair.arrive(**arrived)
    if arrived:
        chair.give("supply_missing", actor=PSYCHIATRIST, suicide_risk_reviewed=True)
    chair.read(weight_kg=papers.WEIGHT_KG)
    chair.order()
    chair.start()
    chair.end()
    chair.recover(60)
    return chair


def test_a_danger_on_a_discharge_that_is_refused_is_heard_all_the_same_and_once() -> None:
    chair = observed()

    assert chair.going_home(suicide_risk="high").codes == ("suicide_risk",)
    assert chair.going_home(suicide_risk="high").codes == ("suicide_risk",)

    assert sent(chair) == [("high", None)]
    assert chair.day.phase is SessionPhase.DISCHARGE_REVIEW


def test_a_danger_told_at_discharge_is_not_answered_away_by_a_milder_form() -> None:
    chair = observed()
    chair.going_home(suicide_risk="high")

    assert chair.going_home(suicide_risk="none").codes == ("suicide_risk",)

    placed = chair.going_home(suicide_risk="none", disposition_by=PSYCHIATRIST)
    assert placed.receipt is not None
    assert chair.day.state.result().suicide_risk == "high"


def test_a_moderate_risk_at_discharge_is_told_and_keeps_nobody_here() -> None:
    chair = observed()

    assert chair.going_home(suicide_risk="moderate").receipt is not None

    assert sent(chair) == [("moderate", None)]


def test_a_high_risk_at_discharge_is_told_although_it_was_high_before_the_dose() -> None:
    chair = observed(suicide_risk="high")

    chair.going_home(suicide_risk="high", disposition_by=PSYCHIATRIST)

    assert sent(chair)[-1] == ("high", None)
    assert chair.day.phase is SessionPhase.DISCHARGED
    assert len(chair.day.state.result().risks) == 3


def test_whoever_may_not_discharge_raises_no_alarm_by_trying() -> None:
    chair = observed()

    coordinator = STAFF[Role.CARE_COORDINATOR]
    assert chair.going_home(suicide_risk="high", actor=coordinator).codes == ("wrong_role",)
    chair.day.settle()

    assert sent(chair) == []


@pytest.mark.parametrize(
    ("arrived", "level"),
    [
        ({"suicide_risk": "low"}, "low"),
        ({"suicide_risk": None}, None),
        ({"suicide_risk": None, "mood_scale": with_item_9(1)}, "low"),
        ({"suicide_risk": "moderate"}, "moderate"),
    ],
)
def test_the_days_result_carries_the_worst_level_that_was_told(
    arrived: dict[str, Any], level: str | None
) -> None:
    chair = BareChair()

    chair.arrive(**arrived)

    assert chair.day.state.result().suicide_risk == level


# -- from the chair to the ladder -----------------------------------------------------------------


async def at_the_chair(whole: Clinical, **said: Any) -> tuple[Staff, Bedside]:
    """The patient has come, and this was said at check-in."""
    staff = await whole.refer(**cleared())
    day = await staff.booked()
    await staff.arrange(day.session_id)
    await staff.door.until(day.session_id, day.scheduled_at)
    bedside = Bedside(staff, day)
    check_in = bedside._check_in().model_copy(update=said)
    await staff.give("check_in", check_in, to=day.session_id)
    return staff, bedside


async def raised(journeys: Clinical, staff: Staff) -> list[str]:
    """The levels that were raised, in order, as they are on record."""
    await journeys.flush(staff)
    found = [f for f in await journeys.facts(staff) if f.kind == "SuicideRiskRaised"]
    return [str(fact.data["level"]) for fact in found]


async def test_edge_17_a_high_screener_at_check_in_climbs_the_journeys_ladder_at_once(
    whole: Clinical,
) -> None:
    staff, bedside = await at_the_chair(whole, suicide_risk="high")

    review = await asked(whole, staff, "suicide_risk_review")
    assert review.evidence["level"] == "high"
    assert review.session_id == bedside.session_id
    view = await staff.door.journey(staff.journey_id)
    assert view.open_session == bedside.session_id, "not only when the day closes"
    (alert,) = view.risk_alerts
    assert (alert.level, alert.high) == ("high", True)
    assert [n.to_role for n in whole.outside.sent if n.template == "safety_alert"] == [
        Role.PSYCHIATRIST
    ]
    (letter,) = await whole.filed(staff)
    assert (letter.milestone, letter.to) == (Milestone.SUICIDE_RISK_HIGH, PROVIDER)

    await staff.door.until(staff.journey_id, alert.raised_at + 15 * MIN)
    await staff.wait(lambda v: v.risk_alerts[0].director_paged)


async def test_edge_17_a_psychiatrist_at_the_chair_answers_the_ladder(whole: Clinical) -> None:
    staff, bedside = await at_the_chair(whole, suicide_risk=None, mood_scale=_item_9(3))
    await staff.wait(lambda v: bool(v.risk_alerts))

    said = SupplyMissing(
        **by(Role.PSYCHIATRIST, "seen"), suicide_risk="high", suicide_risk_reviewed=True
    )
    await staff.give("supply_missing", said, to=bedside.session_id)

    view = await staff.wait(lambda v: v.risk_alerts[0].acknowledged_at is not None)
    (alert,) = view.risk_alerts
    assert alert.acknowledged_by == PSYCHIATRIST
    assert alert.contacted_at is not None, "nobody need go and look"
    assert await raised(whole, staff) == ["high"], "the screener says what the scale said"
    assert await staff.pending("suicide_risk_review"), "still to write"


async def test_what_was_told_at_the_chair_is_not_raised_again_when_the_day_closes(
    whole: Clinical,
) -> None:
    staff, _ = await at_the_chair(whole, suicide_risk="moderate", mood_scale=_item_9(2))
    await staff.pending("suicide_risk_review")

    await staff.give(
        "hold",
        HoldJourney(
            **by(Role.CARE_COORDINATOR, "hold"),
            reason="goes home today",
            review_on=(now() + timedelta(days=360)).date(),
        ),
    )
    view = await staff.wait(lambda v: len(v.sessions) == 1)

    assert view.sessions[0].suicide_risk == "moderate"
    assert view.sessions[0].risks == (), "carried once"
    assert await raised(whole, staff) == ["moderate"]


def _item_9(answer: int) -> Any:
    return with_item_9(answer).model_copy(update={"taken_at": None})


# -- as the journey hears it ----------------------------------------------------------------------


def word(view: JourneyView, number: int = 1, **changes: Any) -> dict[str, Any]:
    assert view.open_session is not None
    told = RiskTold(session_id=view.open_session, number=number, level="high", told_at=now())
    return told.model_copy(update=changes).model_dump(mode="json")


async def booked(journeys: Clinical) -> tuple[Staff, JourneyView]:
    staff = await journeys.refer(**cleared())
    return staff, await staff.wait(lambda v: v.open_session is not None)


async def say(journeys: Clinical, staff: Staff, content: dict[str, Any]) -> None:
    await journeys.handle(staff).signal("suicide_risk_told", content)


async def test_a_word_of_danger_that_comes_twice_is_raised_once(journeys: Clinical) -> None:
    staff, view = await booked(journeys)

    await say(journeys, staff, word(view))
    await say(journeys, staff, word(view))
    await staff.wait(lambda v: bool(v.risk_alerts))
    await close_day(journeys, staff, risks=[word(view)], suicide_risk="high")

    assert await raised(journeys, staff) == ["high"]
    assert len(await journeys.filed(staff)) == 1


async def test_two_answers_of_one_day_have_each_a_page_of_their_own(journeys: Clinical) -> None:
    staff, view = await booked(journeys)

    await say(journeys, staff, word(view, level="moderate"))
    await say(journeys, staff, word(view, number=2))

    await staff.wait(lambda v: bool(v.risk_alerts))
    assert await raised(journeys, staff) == ["moderate", "high"]
    await staff.wait(lambda v: v.unsent == 0)
    assert sum(n.template == "safety_alert" for n in journeys.outside.sent) == 2


async def test_a_word_that_was_lost_is_made_up_for_when_the_day_closes(
    journeys: Clinical,
) -> None:
    staff, view = await booked(journeys)

    closed = await close_day(journeys, staff, risks=[word(view)], suicide_risk="high")

    assert await staff.pending("suicide_risk_review")
    assert await raised(journeys, staff) == ["high"]
    assert closed.follow_ups[0].at_risk


@pytest.mark.parametrize("level", ["low", "high"])
async def test_after_a_day_on_which_risk_was_told_the_follow_up_is_of_somebody_at_risk(
    journeys: Clinical, level: str
) -> None:
    staff, _ = await booked(journeys)

    closed = await close_day(journeys, staff, suicide_risk=level)

    assert closed.follow_ups[0].at_risk


async def test_a_word_of_danger_survives_a_new_run_and_a_hold(journeys: Clinical) -> None:
    staff, view = await booked(journeys)
    hold = HoldJourney(
        **by(Role.CARE_COORDINATOR, "hold"),
        reason="a journey to her sister",
        review_on=(now() + timedelta(days=360)).date(),
    )
    await staff.give("hold", hold)
    await staff.reach(Phase.ON_HOLD)
    await say(journeys, staff, word(view))
    await journeys.handle(staff).signal("refresh")
    await staff.wait(lambda v: v.runs == 2)
    await say(journeys, staff, word(view))
    await say(journeys, staff, word(view, number=2, reviewed_by=PSYCHIATRIST))

    after = await staff.wait(
        lambda v: bool(v.risk_alerts) and v.risk_alerts[0].acknowledged_at is not None
    )

    assert after.phase is Phase.ON_HOLD
    assert await raised(journeys, staff) == ["high"]


async def test_a_word_that_cannot_be_read_wedges_nothing_and_is_seen(journeys: Clinical) -> None:
    staff, view = await booked(journeys)

    await say(journeys, staff, word(view) | {"level": "very"})
    await say(journeys, staff, {})
    await say(journeys, staff, word(view))

    after = await staff.wait(lambda v: bool(v.risk_alerts))
    assert after.dead_letter_count == 2


async def test_a_prescriber_at_the_chair_does_not_answer_for_a_high_risk(
    journeys: Clinical,
) -> None:
    staff, view = await booked(journeys)
    await say(journeys, staff, word(view))

    await say(journeys, staff, word(view, number=2, reviewed_by=PRESCRIBER))
    await say(journeys, staff, word(view, number=3, level="moderate"))

    await staff.wait(lambda v: len(v.pending_approvals) >= 1)
    assert await raised(journeys, staff) == ["high", "moderate"]
    (alert, *_) = (await staff.door.journey(staff.journey_id)).risk_alerts
    assert alert.acknowledged_at is None


async def test_who_saw_the_patient_at_the_chair_does_not_answer_for_what_came_after(
    journeys: Clinical,
) -> None:
    staff, view = await booked(journeys)
    entry = WriteJournal(**by(Role.PATIENT, "night"), mood=0, suicidal_thoughts=3)
    await staff.give("write_journal", entry)
    raised_at = (await staff.wait(lambda v: bool(v.risk_alerts))).risk_alerts[0].raised_at

    early = word(view, reviewed_by=PSYCHIATRIST, told_at=raised_at - MIN)
    await say(journeys, staff, early)
    late = word(view, number=2, reviewed_by=PSYCHIATRIST, told_at=raised_at + MIN)
    assert (await raised(journeys, staff)) == ["high"]
    assert (await staff.door.journey(staff.journey_id)).risk_alerts[0].acknowledged_at is None
    await say(journeys, staff, late)
    await say(journeys, staff, late | {"number": 3})

    await staff.wait(lambda v: v.risk_alerts[0].acknowledged_at is not None)
    await journeys.fact(staff, "RiskAcknowledged")


async def test_a_new_high_risk_speaks_against_every_course_in_the_reevaluation(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**treated(Phase.REEVALUATION))
    await staff.score(7)
    await staff.pending("reevaluation_decision")
    told = RiskTold(
        session_id=f"{staff.journey_id}-infusion-6",
        number=1,
        level="high",
        told_at=now(),
    )

    await say(journeys, staff, told.model_dump(mode="json"))

    await staff.wait(lambda v: bool(v.risk_alerts))
    decision = await asked(journeys, staff, "reevaluation_decision")
    assert decision.evidence["row"] == "13"


async def test_of_a_serious_event_the_provider_hears_the_same_day(journeys: Clinical) -> None:
    staff = await journeys.refer(**treated(Phase.FOLLOW_UP))
    event = AdverseEvent(code="syncope", grade=3, serious=True, description="admitted overnight")
    report = ReportAdverseEvent(**by(Role.NURSE, "ae"), event=event)

    await staff.give("report_adverse_event", report)

    (letter,) = await journeys.filed(staff)
    assert letter.milestone is Milestone.SERIOUS_EVENT
