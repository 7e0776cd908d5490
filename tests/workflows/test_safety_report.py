"""Adverse events between sessions: who must be told by when, amended, signed off.

Clinical fact sheet, 8.3.
"""

from datetime import timedelta
from typing import Any

import pytest

from clinical.clinic_hours import is_business_day, local_date
from schemas.adverse_event import AdverseEvent, ReportAdverseEvent
from schemas.base import Role
from schemas.journey import Phase
from simulator.staff import Staff
from tests.workflows.conftest import NORTH, Clinical
from tests.workflows.days import given
from tests.workflows.doors import Refused
from tests.workflows.places import by, cleared, treated

HOURS = timedelta(hours=1)


async def reported(journeys: Clinical, **event: Any) -> Staff:
    staff = await journeys.refer(**treated(Phase.FOLLOW_UP))
    await staff.pending("close_review")
    await report(staff, "seen", **event)
    return staff


async def report(staff: Staff, key: str, amends: str | None = None, **event: Any) -> None:
    known = {"code": "fall", "grade": 2, "description": "fell on the stairs", **event}
    command = ReportAdverseEvent(**by(Role.NURSE, key), event=AdverseEvent(**known), amends=amends)
    await staff.give("report_adverse_event", command)


async def owed(journeys: Clinical, staff: Staff) -> dict[str, Any]:
    """Whom each report task is for."""
    opened = [f.data for f in await journeys.facts(staff) if f.kind == "TaskOpened"]
    reports = [t for t in opened if t["kind"] == "safety_report"]
    return {t["evidence"]["to"]: t for t in reports}  # type: ignore[call-overload,index]


async def test_a_mild_event_is_on_record_and_asks_nobody(journeys: Clinical) -> None:
    staff = await reported(journeys, grade=1)

    assert await owed(journeys, staff) == {}
    view = await staff.door.journey(staff.journey_id)
    assert view.adverse_events == ()
    assert (await journeys.fact(staff, "AdverseEventOpened")).data["event_id"] == "ae-1"


async def test_an_event_of_a_day_that_never_was_is_refused_and_changes_nothing(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**treated(Phase.FOLLOW_UP))
    event = AdverseEvent(code="fall", grade=2, description="fell on the stairs")
    nowhere = ReportAdverseEvent(**by(Role.NURSE, "seen"), event=event, session_id="another-day")

    with pytest.raises(Refused) as refused:
        await staff.give("report_adverse_event", nowhere)

    assert refused.value.codes == ["unknown_session"]
    assert "AdverseEventOpened" not in await journeys.kinds(staff)


async def test_a_serious_event_is_one_task_for_each_body_with_its_own_deadline(
    journeys: Clinical,
) -> None:
    staff = await reported(journeys, serious=True)

    view = await staff.wait(lambda v: bool(v.adverse_events))
    known_at = view.adverse_events[0].known_at
    due = {
        task.title.split("tell ")[1].split(",")[0]: task.due_at - known_at
        for task in view.pending_approvals
        if task.kind == "safety_report"
    }
    assert due["medical director"] <= HOURS, "told at once"
    assert due["medical director written"] == 24 * HOURS
    assert 14 * 24 * HOURS < due["fda medwatch"] < 16 * 24 * HOURS
    assert {t["evidence"]["basis"] for t in (await owed(journeys, staff)).values()} == {
        "elapsed",
        "calendar",
    }


async def test_business_days_are_counted_apart_from_calendar_days(journeys: Clinical) -> None:
    staff = await reported(journeys, code="diversion", grade=1)

    view = await staff.wait(lambda v: bool(v.adverse_events))

    division = next(t for t in view.pending_approvals if "field division" in t.title)
    assert is_business_day(local_date(division.due_at, NORTH))
    form = next(t for t in view.pending_approvals if "form 106" in t.title)
    days = local_date(form.due_at, NORTH) - local_date(view.adverse_events[0].known_at, NORTH)
    assert days.days == 45


async def test_an_amendment_keeps_what_was_reported_and_asks_for_what_is_now_owed(
    journeys: Clinical,
) -> None:
    staff = await reported(journeys, code="diversion", grade=1)
    with pytest.raises(Refused) as unknown:
        await report(staff, "other", amends="ae-9")

    await report(staff, "more", amends="ae-1", code="diversion", grade=4)

    assert unknown.value.codes == ["unknown_event"]
    amended = await journeys.fact(staff, "AdverseEventAmended")
    assert amended.data["version"] == 2
    assert amended.data["before"]["grade"] == 1  # type: ignore[call-overload,index]
    assert "medical_director" in await owed(journeys, staff), "it is serious now"


async def test_edge_49_after_a_death_nobody_writes_or_calls_and_the_review_stays(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())
    await given(staff)
    await staff.wait(lambda v: bool(v.follow_ups) and v.open_session is not None and v.unsent == 0)
    before = len(journeys.outside.sent)

    await report(staff, "died", code="death", grade=5)

    view = await staff.reach(Phase.FOLLOW_UP)
    assert view.follow_ups == ()
    assert {a.kind for a in view.pending_approvals} == {"safety_report"}
    await staff.door.until(staff.journey_id, view.now + timedelta(days=4))
    await staff.wait(lambda v: v.unsent == 0)
    assert all(n.address is None for n in journeys.outside.sent[before:]), "no word to the patient"
    for _ in (a for a in view.pending_approvals if a.kind == "safety_report"):
        await staff.approve("safety_report")
    outcome = await journeys.handle(staff).result()
    assert outcome["outcome"] == "died"


async def test_the_last_sign_off_closes_the_event_and_the_journey_waits_for_it(
    journeys: Clinical,
) -> None:
    staff = await reported(journeys, serious=True)
    view = await staff.wait(lambda v: bool(v.adverse_events))
    tasks = [a for a in view.pending_approvals if a.kind == "safety_report"]

    for _ in tasks:
        await staff.approve("safety_report")

    await staff.wait(lambda v: not v.adverse_events)
    signed = await journeys.fact(staff, "AdverseEventSignedOff")
    assert signed.data["event_id"] == "ae-1"
    await staff.approve("close_review")
    assert "JourneyClosed" in await journeys.ended(staff)
