"""A known pregnancy: no further dose of either medicine, wherever the patient stands (11.8)."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.adverse_event import AdverseEvent, ReportAdverseEvent
from schemas.base import Role
from schemas.journey import CloseJourney, Hold, HoldJourney, Phase, ResumeJourney
from simulator.staff import Staff
from tests.workflows.conftest import Clinical
from tests.workflows.days import asked, close_day
from tests.workflows.places import by, cleared, now, treated

PLACES: dict[str, dict[str, Any]] = {
    "REFERRAL": {},
    "PSYCH_EVAL": {"phase": Phase.PSYCH_EVAL},
    "MED_SCREEN": {"phase": Phase.MED_SCREEN},
    "CONSENT": cleared(Phase.CONSENT, consents={}),
    "SCHEDULED": cleared(Phase.SCHEDULED, cleared=False),
    "DISCONTINUE_REFER": treated(Phase.DISCONTINUE_REFER),
    "FOLLOW_UP": treated(Phase.FOLLOW_UP),
}
WORDS = "pregnancy: repeat the test, refer to obstetrics"


async def tell(staff: Staff, key: str = "hcg", code: str = "pregnancy") -> None:
    event = AdverseEvent(code=code, grade=1, description="serum hCG positive")
    await staff.give("report_adverse_event", ReportAdverseEvent(**by(Role.NURSE, key), event=event))


async def ask_back(staff: Staff, key: str) -> None:
    command = ResumeJourney(**by(Role.CARE_COORDINATOR, key), reason="came back")
    await staff.give("resume", command)


async def held_for_misses(journeys: Clinical, days: int = 360) -> Staff:
    """Ottoline stayed away twice, and a nurse looks after her hold in so many days."""
    hold = HoldJourney(
        **by(Role.CARE_COORDINATOR, "hold"),
        reason_code="missed_sessions",
        reason="stayed away twice",
        owner=Role.NURSE,
        review_on=(now() + timedelta(days=days)).date(),
    )
    staff = await journeys.refer(**cleared())
    await staff.wait(lambda v: v.open_session is not None)
    await staff.give("hold", hold)
    await staff.reach(Phase.ON_HOLD)
    await staff.wait(lambda v: v.open_session is None)
    return staff


def owners_told(journeys: Clinical) -> list[Role | None]:
    return [n.to_role for n in journeys.outside.sent if n.template == "hold_entered"]


def reason_of(hold: Hold | None) -> tuple[str, Role, Phase]:
    assert hold is not None
    return hold.reason_code, hold.owner, hold.back_to


async def test_edge_8_a_pregnancy_becomes_the_reason_of_a_hold_that_stood_for_another(
    journeys: Clinical,
) -> None:
    staff = await held_for_misses(journeys)
    before = (await staff.wait(lambda v: v.unsent == 0)).hold
    told = owners_told(journeys)

    await tell(staff)

    view = await staff.wait(lambda v: v.hold is not None and v.hold.reason == WORDS)
    assert reason_of(view.hold) == ("safety_event", Role.PRESCRIBER, Phase.INFUSION_SERIES)
    assert view.phase is Phase.ON_HOLD
    assert before is not None
    assert view.hold is not None
    assert view.hold.review_at < before.review_at, "not looked at later than a new hold would be"
    review = [a for a in view.pending_approvals if a.kind == "hold_review"]
    assert [a.roles for a in review] == [(Role.PRESCRIBER,)]
    changed = await journeys.fact(staff, "HoldChanged")
    assert (changed.data["reason_code"], changed.data["before"]) == (
        "safety_event",
        "missed_sessions",
    )
    await staff.wait(lambda v: v.unsent == 0)
    assert owners_told(journeys)[len(told) :] == [Role.PRESCRIBER]


async def test_edge_8_an_earlier_review_stays_and_the_next_is_as_soon_as_for_any_pregnancy(
    journeys: Clinical,
) -> None:
    staff = await held_for_misses(journeys, days=2)
    before = (await staff.door.journey(staff.journey_id)).hold
    assert before is not None

    await tell(staff)

    view = await staff.wait(lambda v: v.hold is not None and v.hold.reason == WORDS)
    assert view.hold is not None
    assert view.hold.review_at == before.review_at
    await staff.door.until(staff.journey_id, before.review_at)
    await staff.approve("hold_review", "stay")
    again = await staff.wait(lambda v: v.hold is not None and v.hold.review_at > v.now)
    assert again.hold is not None
    assert again.hold.review_at - again.hold.since == timedelta(days=7)


async def test_edge_8_leave_asked_before_a_pregnancy_was_known_is_asked_again_and_says_so(
    journeys: Clinical,
) -> None:
    staff = await held_for_misses(journeys)
    await ask_back(staff, "back")
    first = await staff.pending("resume_from_hold")

    await tell(staff)

    await staff.wait(lambda v: v.hold is not None and v.hold.reason == WORDS)
    again = await asked(journeys, staff, "resume_from_hold")
    assert again.task_id != first.approval_id
    assert again.requested_by.role is Role.CARE_COORDINATOR
    assert again.evidence == {
        "reason": "came back",
        "on_hold_for": WORDS,
        "asked_anew": "leave was asked for before this was known",
    }
    await staff.approve("resume_from_hold")
    assert (await staff.reach(Phase.INFUSION_SERIES)).hold is None


async def test_edge_8_a_second_report_of_a_pregnancy_asks_for_leave_anew(
    journeys: Clinical,
) -> None:
    staff = await held_for_misses(journeys)
    await tell(staff)
    await ask_back(staff, "back")
    first = await staff.pending("resume_from_hold")

    await tell(staff, "again", code="pregnancy_exposure")

    view = await staff.wait(
        lambda v: all(a.approval_id != first.approval_id for a in v.pending_approvals)
    )
    assert (await staff.pending("resume_from_hold")).requested_by == first.requested_by
    assert reason_of(view.hold)[0] == "safety_event"
    kinds = [fact.kind for fact in await journeys.facts(staff)]
    assert kinds.count("HoldChanged") == 1, "the hold itself is what it was"


@pytest.mark.parametrize("place", PLACES)
async def test_edge_8_a_pregnancy_holds_the_journey_wherever_it_stands(
    journeys: Clinical, place: str
) -> None:
    staff = await journeys.refer(**PLACES[place])
    await staff.wait(lambda v: v.next_action_at is not None)

    await tell(staff)

    held = await staff.reach(Phase.ON_HOLD)
    assert reason_of(held.hold) == ("safety_event", Role.PRESCRIBER, Phase[place])


async def test_edge_8_a_pregnancy_found_at_the_chair_holds_the_journey_when_the_day_closes(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())
    found = {"code": "pregnancy", "grade": 1, "description": "urine hCG positive"}

    await close_day(journeys, staff, phase="ABORTED", outcome="none", adverse_events=[found])

    held = await staff.reach(Phase.ON_HOLD)
    assert reason_of(held.hold) == ("safety_event", Role.PRESCRIBER, Phase.INFUSION_SERIES)
    assert held.open_session is None


async def test_a_journey_that_is_being_closed_is_not_held_for_a_pregnancy(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**treated(Phase.FOLLOW_UP, follow_ups=[]))
    await tell(staff, "fall", code="diversion")
    await staff.pending("safety_report")
    close = CloseJourney(**by(Role.CARE_COORDINATOR, "close"), reason="moves away")
    await staff.give("close_journey", close)

    await tell(staff)

    view = await staff.wait(lambda v: len(v.adverse_events) == 2)
    assert (view.phase, view.hold) == (Phase.FOLLOW_UP, None)
