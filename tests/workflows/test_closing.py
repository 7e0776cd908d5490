"""A journey that is being closed closes once nothing is owed to anybody, and nobody is unheard.

Fact sheet 9, 11.10, 11.16; docs/decisions, 27.
"""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from schemas.approval import ApprovalKind, Choice, DecideApproval, PendingApproval
from schemas.base import Command, Role
from schemas.journal import WriteJournal
from schemas.journey import CloseJourney, JourneyView, Phase
from schemas.late_result import RecordResult, ResultKind
from simulator.papers import STAFF
from simulator.staff import Staff
from tests.workflows.conftest import STOOD_IN, Clinical, serving
from tests.workflows.days import close_day
from tests.workflows.outside import Outside
from tests.workflows.places import by, cleared, treated
from tests.workflows.test_aftercare import a_clinician_calls, after_a_dose, called, later

DANGER = WriteJournal(**by(Role.PATIENT, "night"), mood=1, suicidal_thoughts=3)


async def close(staff: Staff) -> None:
    moves = {"outcome": "patient_left", "reason": "moves to another town"}
    await staff.give("close_journey", CloseJourney(**by(Role.CARE_COORDINATOR, "close"), **moves))
    await staff.reach(Phase.FOLLOW_UP)


async def stays_open(staff: Staff) -> JourneyView:
    """Nothing is under way any more, and the journey has not closed."""
    view = await staff.wait(lambda v: v.unrecorded == 0)
    assert view.phase is Phase.FOLLOW_UP
    return view


async def test_symptoms_told_while_the_journey_closes_are_called_about_before_it_does(
    journeys: Clinical,
) -> None:
    staff, owed = await after_a_dose(journeys)
    await close(staff)
    await later(staff, owed, 24)

    await called(staff, "made", suicidal_thoughts=0, urinary_symptoms=True)

    await staff.wait(a_clinician_calls)
    assert a_clinician_calls(await stays_open(staff))


async def test_the_call_of_the_third_day_after_a_first_dose_is_made_before_the_journey_closes(
    journeys: Clinical,
) -> None:
    staff, owed = await after_a_dose(journeys)
    await close(staff)
    await later(staff, owed, 24)

    await called(staff, "made", suicidal_thoughts=0)
    view = await staff.wait(lambda v: not v.follow_ups)

    assert [asked.kind for asked in view.pending_approvals] == ["patient_contact"]
    await later(staff, owed, 73)
    await called(staff, "third-day", occasion="first_dose", suicidal_thoughts=0)
    assert (await journeys.ended(staff))[-1] == "JourneyClosed"


@pytest.mark.parametrize("kind", [ApprovalKind.SUBSTANCE_VARIANCE, ApprovalKind.GAP_REVIEW])
async def test_what_does_not_add_up_about_a_dose_is_settled_before_the_journey_closes(
    journeys: Clinical, kind: ApprovalKind
) -> None:
    staff = await journeys.refer(**cleared())
    drawn_and_not_given = {"phase": "ABORTED", "outcome": "none", "owed": [kind.value]}
    await close_day(journeys, staff, **drawn_and_not_given)
    await close(staff)

    view = await stays_open(staff)

    assert [asked.kind for asked in view.pending_approvals] == [kind]


async def last_answer_awaited(clinical: Clinical) -> tuple[Staff, PendingApproval]:
    """A journey that closes once one abnormal result is assessed."""
    staff = await clinical.refer(**treated(Phase.FOLLOW_UP))
    await staff.pending("close_review")
    taken_on = ((await clinical.door.journey(staff.journey_id)).now - timedelta(days=2)).date()
    result = RecordResult(
        **by(Role.MEDICAL_SCREENER, "result"),
        kind=ResultKind.LIVER,
        taken_on=taken_on,
        abnormal=True,
        finding="four times the upper limit",
    )
    await staff.give("record_result", result)
    await close(staff)
    review = await staff.pending("result_review")
    await staff.wait(lambda v: v.unrecorded == 0)
    return staff, review


async def leave(handle: WorkflowHandle[object, object], kind: str, command: Command) -> None:
    envelope = {"kind": kind, "command": command.model_dump(mode="json", exclude_unset=True)}
    await handle.signal("command_submitted", envelope)


@pytest.mark.parametrize("danger_first", [True, False], ids=["danger-first", "answer-first"])
async def test_a_danger_heard_together_with_the_last_answer_keeps_the_journey_open(
    real_server: WorkflowEnvironment, danger_first: bool
) -> None:
    outside = Outside()
    clinical = Clinical(real_server, outside)
    async with serving(real_server, outside, workflows=STOOD_IN):
        staff, review = await last_answer_awaited(clinical)
    answer = DecideApproval(
        command_id="assessed",
        actor=STAFF[review.still_needed[0]],
        approval_id=review.approval_id,
        decision=Choice.APPROVE,
        reason="seen, recheck in a week",
    )
    told: list[tuple[str, Command]] = [("decide_approval", answer), ("write_journal", DANGER)]
    for kind, command in reversed(told) if danger_first else told:
        await leave(clinical.handle(staff), kind, command)

    async with serving(real_server, outside, workflows=STOOD_IN):
        await asked_about_danger(clinical, staff)
        await clinical.put_away()


async def test_a_danger_left_while_the_last_answer_waits_for_a_worker_keeps_the_journey_open(
    real_server: WorkflowEnvironment,
) -> None:
    outside = Outside()
    clinical = Clinical(real_server, outside)
    async with serving(real_server, outside, workflows=STOOD_IN):
        staff, review = await last_answer_awaited(clinical)
    answer = {
        "command_id": "assessed",
        "actor": STAFF[review.still_needed[0]].model_dump(mode="json"),
        "approval_id": review.approval_id,
        "decision": "approve",
        "reason": "seen, recheck in a week",
    }
    update = asyncio.create_task(
        clinical.handle(staff).execute_update("decide_approval", answer, id="assessed")
    )
    await asyncio.sleep(0.5)  # it is admitted, and nobody is there to tell so
    await leave(clinical.handle(staff), "write_journal", DANGER)

    async with serving(real_server, outside, workflows=STOOD_IN):
        await update
        await asked_about_danger(clinical, staff)
        await clinical.put_away()


async def asked_about_danger(clinical: Clinical, staff: Staff) -> None:
    async with asyncio.timeout(20):
        while True:
            kinds = clinical.outside.kinds(staff.journey_id)
            assert "JourneyClosed" not in kinds
            view = await clinical.door.journey(staff.journey_id)
            if any(asked.kind == "suicide_risk_review" for asked in view.pending_approvals):
                return
            await clinical.door.settle()
