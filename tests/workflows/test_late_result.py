"""An abnormal result that comes after dosing has begun (11.48)."""

from datetime import timedelta
from typing import Any

import pytest

from clinical.clinic_hours import local_date
from schemas.base import Role
from schemas.infusion import SessionPhase
from schemas.journey import CloseJourney, JourneyView, Phase
from schemas.late_result import RecordResult, ResultKind
from simulator.staff import Staff
from tests.workflows.conftest import NORTH, Clinical
from tests.workflows.days import asked, given
from tests.workflows.doors import Refused
from tests.workflows.places import by, cleared, now, treated
from tests.workflows.treatment_day import book

FOUND = "alanine aminotransferase four times the upper limit"


async def arrives(staff: Staff, key: str = "liver", **changes: Any) -> None:
    said = {
        "kind": ResultKind.LIVER,
        "taken_on": local_date(now(), NORTH) - timedelta(days=3),
        "abnormal": True,
        "finding": FOUND,
        **changes,
    }
    await staff.give("record_result", RecordResult(**by(Role.MEDICAL_SCREENER, key), **said))


async def test_edge_48_a_late_abnormal_result_pages_the_prescriber_and_holds_the_next_dose(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**cleared())
    await given(staff)
    await staff.wait(lambda v: v.open_session is not None)

    await arrives(staff)

    task = await asked(skipping, staff, "result_review")
    assert task.evidence["finding"] == FOUND
    assert task.slots == (Role.PRESCRIBER,)
    await staff.wait(lambda v: any("to be assessed" in e.title for e in v.pending_entries))
    told = [n for n in skipping.outside.sent if n.template == "safety_alert"]
    assert [n.to_role for n in told] == [Role.PRESCRIBER]
    assert all(FOUND not in str(n) for n in told), "no finding leaves the record"

    await staff.approve("result_review")

    await staff.wait(lambda v: all("to be assessed" not in e.title for e in v.pending_entries))


async def test_edge_48_no_day_is_booked_while_an_abnormal_result_waits(skipping: Clinical) -> None:
    staff = await skipping.refer(**cleared(Phase.SCHEDULED))
    await arrives(staff)
    await staff.pending("result_review")
    await staff.approve("series_start")
    await staff.reach(Phase.INFUSION_SERIES)
    assert (await staff.door.journey(staff.journey_id)).open_session is None

    await staff.decline("result_review")

    view = await staff.reach(Phase.REEVALUATION)
    assert view.open_session is None


async def test_a_normal_result_is_kept_and_asks_nobody(skipping: Clinical) -> None:
    staff = await skipping.refer(**cleared())
    await staff.wait(lambda v: v.open_session is not None)

    await arrives(staff, abnormal=False, finding="normal")

    view = await staff.door.journey(staff.journey_id)
    assert all(a.kind != "result_review" for a in view.pending_approvals)
    assert (await skipping.fact(staff, "ResultArrived")).data["abnormal"] is False


async def test_a_sample_that_is_yet_to_be_taken_has_no_result(skipping: Clinical) -> None:
    staff = await skipping.refer(**cleared())

    with pytest.raises(Refused) as refused:
        await arrives(staff, taken_on=local_date(now(), NORTH) + timedelta(days=2))

    assert refused.value.codes == ["result_ahead"]


async def test_edge_48_a_day_at_the_chair_is_not_ready_while_a_result_is_unassessed(
    clinical: Clinical,
) -> None:
    day = await book(clinical, result_unassessed=True)

    receipt = await day.prepare()

    assert "result_unassessed" in {reason.code for reason in receipt.missing}
    assert (await day.view()).phase is SessionPhase.PRE_CHECK


async def test_edge_48_a_no_to_a_late_result_calls_the_booked_day_off(skipping: Clinical) -> None:
    staff = await skipping.refer(**cleared())
    day = (await staff.wait(lambda v: v.open_session is not None)).open_session
    await arrives(staff)

    await staff.decline("result_review")

    view = await staff.reach(Phase.REEVALUATION)
    assert [(s.session_id, s.dosed_at) for s in view.sessions] == [(day, None)]


async def test_edge_48_two_results_of_one_kind_are_two_questions_in_whatever_order_they_come(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**cleared(Phase.SCHEDULED))
    today = local_date(now(), NORTH)
    await arrives(staff, "potassium", kind=ResultKind.BLOOD, taken_on=today)
    earlier = {"kind": ResultKind.BLOOD, "taken_on": today - timedelta(days=4)}
    await arrives(staff, "thyroid", **earlier)
    await staff.wait(lambda v: len(reviews(v)) == 2)

    await staff.approve("result_review")
    await staff.approve("series_start")
    await staff.reach(Phase.INFUSION_SERIES)

    view = await staff.door.journey(staff.journey_id)
    assert (len(reviews(view)), view.open_session) == (1, None)


async def test_edge_48_a_journey_does_not_close_over_a_result_that_nobody_has_assessed(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**treated(Phase.MAINTENANCE, follow_ups=[]))
    await arrives(staff)
    await staff.pending("result_review")
    close = CloseJourney(**by(Role.CARE_COORDINATOR, "close"), reason="moves away")
    await staff.give("close_journey", close)
    view = await staff.reach(Phase.FOLLOW_UP)
    assert len(reviews(view)) == 1

    await staff.approve("result_review")

    assert (await journeys.ended(staff))[-1] == "JourneyClosed"


def reviews(view: JourneyView) -> list[str]:
    return [a.approval_id for a in view.pending_approvals if a.kind == "result_review"]
