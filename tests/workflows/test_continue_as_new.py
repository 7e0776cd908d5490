"""From run to run: nothing is lost, nothing counts twice, and no run grows long."""

import asyncio
import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from runtime.names import JOURNEYS
from schemas.approval import Choice, DecideApproval
from schemas.base import Role
from schemas.journal import WriteJournal
from schemas.journey import JourneyView, Phase
from simulator.staff import Staff
from tests.clinical.treatment_day import PLAN
from tests.workflows.conftest import Clinical
from tests.workflows.places import adopting, by, cleared, dosed, treated
from tests.workflows.test_hold_and_withdrawal import ask_back, hold

LONGEST_RUN = 500
LARGEST_INPUT = 64 * 1024


def _entry(key: str, text: str = "Slept well.") -> WriteJournal:
    return WriteJournal(**by(Role.PATIENT, key), mood=6, text=text)


async def _turn_over(journeys: Clinical, staff: Staff) -> JourneyView:
    runs = (await staff.door.journey(staff.journey_id)).runs
    await journeys.handle(staff).signal("refresh")
    return await staff.wait(lambda v: v.runs == runs + 1)


async def test_a_new_run_waits_for_the_same_answer_by_the_same_deadline(
    journeys: Clinical, caplog: pytest.LogCaptureFixture
) -> None:
    staff = await journeys.refer()
    before = await staff.pending("referral_triage")

    with caplog.at_level(logging.WARNING):
        await _turn_over(journeys, staff)
        after = await staff.pending("referral_triage")
        await staff.approve("referral_triage")
        await staff.reach(Phase.PSYCH_EVAL)

    assert after == before
    assert not [r for r in caplog.records if "TMPRL1102" in r.getMessage()]
    assert (await journeys.kinds(staff)).count("TaskOpened") == 2


async def test_a_deadline_holds_through_a_new_run_in_mid_wait(skipping: Clinical) -> None:
    staff = await skipping.refer(training=False)
    asked = await staff.pending("referral_triage")
    await skipping.env.sleep(timedelta(hours=12))
    first = (await skipping.handle(staff).describe()).run_id
    await skipping.handle(staff).signal("refresh")
    while (await skipping.handle(staff).describe()).run_id == first:
        await skipping.door.settle()

    await skipping.env.sleep(timedelta(hours=12, minutes=1))

    await staff.wait(lambda v: v.pending_approvals[0].escalated == 1)
    escalated = await skipping.fact(staff, "TaskEscalated")
    assert timedelta(0) <= escalated.at - asked.due_at < timedelta(seconds=30)


@pytest.mark.parametrize("place", [Phase.REEVALUATION, Phase.DISCONTINUE_REFER, Phase.FOLLOW_UP])
async def test_a_phase_told_again_says_nothing_twice(journeys: Clinical, place: Phase) -> None:
    staff = await journeys.refer(**treated(place))
    if place is Phase.REEVALUATION:
        await staff.score(7)
    await staff.wait(lambda v: bool(v.pending_approvals) and v.unrecorded == v.unsent == 0)
    before = await journeys.kinds(staff)
    told = len(journeys.outside.sent)

    await _turn_over(journeys, staff)
    await staff.give("write_journal", _entry("after"))

    assert await journeys.kinds(staff) == [*before, "JournalWritten"]
    assert len(journeys.outside.sent) == told


async def test_a_new_run_on_hold_is_still_on_hold(journeys: Clinical) -> None:
    staff = await journeys.refer()
    await hold(staff)
    await staff.reach(Phase.ON_HOLD)

    view = await _turn_over(journeys, staff)

    assert view.phase is Phase.ON_HOLD
    await ask_back(staff)
    await staff.approve("resume_from_hold")
    await staff.reach(Phase.REFERRAL)


async def test_a_command_counts_once_before_and_after_a_new_run(journeys: Clinical) -> None:
    staff = await journeys.refer()
    asked = await staff.pending("referral_triage")
    entry = _entry("only-once")
    first = await staff.give("write_journal", entry)
    decision = DecideApproval(
        **by(Role.CARE_COORDINATOR, "triage-once"),
        approval_id=asked.approval_id,
        decision=Choice.APPROVE,
        reason="seen",
    )
    await staff.give("decide_approval", decision)
    await staff.reach(Phase.PSYCH_EVAL)

    await _turn_over(journeys, staff)
    again = await staff.give("write_journal", entry)
    decided = await staff.give("decide_approval", decision)
    await journeys.handle(staff).signal("approval_decided", decision)
    await staff.give("write_journal", _entry("another"))

    assert again == {**first, "duplicate": True}
    assert decided["duplicate"] is True
    view = await staff.door.journey(staff.journey_id)
    assert view.dead_letter_count == 0
    kinds = await journeys.kinds(staff)
    assert (kinds.count("JournalWritten"), kinds.count("TaskVoted")) == (2, 1)


async def test_twelve_updates_at_once_across_a_new_run_are_all_answered(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer()
    await staff.pending("referral_triage")

    async def write(n: int) -> dict[str, Any]:
        return await staff.give("write_journal", _entry(f"burst-{n}", f"Night {n}."))

    for burst in range(3):
        numbers = range(12 * burst, 12 * burst + 12)
        early = [asyncio.create_task(write(n)) for n in numbers[:6]]
        await journeys.handle(staff).signal("refresh")
        late = [asyncio.create_task(write(n)) for n in numbers[6:]]
        answers = await asyncio.gather(*early, *late)
        assert all(answer["accepted"] for answer in answers)

    await staff.wait(lambda v: v.runs >= 2)
    facts = await journeys.facts(staff)
    written = sorted(str(f.data["text"]) for f in facts if f.kind == "JournalWritten")
    assert written == sorted(f"Night {n}." for n in range(36))
    assert [fact.sequence for fact in facts] == list(range(1, len(facts) + 1))


async def test_a_busy_journey_turns_over_by_itself_and_no_run_grows_long(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer()
    await staff.pending("referral_triage")

    for n in range(0, 240, 8):
        await asyncio.gather(
            *(staff.give("write_journal", _entry(f"e-{m}", "x" * 200)) for m in range(n, n + 8))
        )

    runs = await journeys.runs(staff)
    assert len(runs) > 1
    assert max(run.length for run in runs) <= LONGEST_RUN
    assert max(run.input_bytes for run in runs) <= LARGEST_INPUT
    assert (await journeys.kinds(staff)).count("JournalWritten") == 240


# -- with a treatment day open ------------------------------------------------------------------


async def test_an_open_session_lives_through_a_new_run_and_is_heard(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared())
    booked = await staff.wait(lambda v: v.open_session is not None)
    assert booked.open_session is not None
    session = journeys.client.get_workflow_handle(booked.open_session)

    view = await _turn_over(journeys, staff)
    assert view.open_session == booked.open_session
    while "report_to_journey" not in await session.query("heard_so_far"):
        await journeys.door.settle()
    await session.signal("close_as", {"phase": "DISCHARGED"})

    view = await staff.wait(lambda v: v.open_session != booked.open_session)
    assert [s.session_id for s in view.sessions] == [booked.open_session]
    assert (await journeys.kinds(staff)).count("SessionClosed") == 1


async def test_a_session_that_closed_in_between_is_read_from_the_record(
    journeys: Clinical,
) -> None:
    session_id = f"journey-{uuid4().hex}-infusion-1"
    journeys.outside.results[session_id] = dosed(1, 0.1, session_id=session_id)

    staff = await journeys.refer(**adopting(session_id))

    view = await staff.wait(lambda v: len(v.sessions) == 1)
    assert view.sessions[0].session_id == session_id
    assert len(view.follow_ups) == 1


async def test_a_stand_in_that_closed_in_between_is_known_like_a_real_session(
    journeys: Clinical,
) -> None:
    session_id = f"journey-{uuid4().hex}-infusion-1"
    plan = PLAN.model_copy(update={"session_id": session_id})
    day = await journeys.client.start_workflow(
        "InfusionSession", plan, id=session_id, task_queue=JOURNEYS, start_signal="close_as",
        start_signal_args=[{"phase": "DISCHARGED"}],
    )  # fmt: skip
    await day.result()

    staff = await journeys.refer(**adopting(session_id))

    view = await staff.wait(lambda v: len(v.sessions) == 1 or bool(v.pending_approvals))
    assert [s.session_id for s in view.sessions] == [session_id]


async def test_a_session_that_nobody_knows_how_it_ended_is_lost(journeys: Clinical) -> None:
    staff = await journeys.refer(**adopting(f"journey-{uuid4().hex}-infusion-1"))

    lost = await staff.pending("session_lost")

    assert lost.owed_to is Role.NURSE


async def test_a_session_ended_by_an_operator_after_a_new_run_is_missed_in_the_end(
    journeys: Clinical,
) -> None:
    """Nobody tells the new run; it asks again once the day should long be over."""
    staff = await journeys.refer(**cleared())
    booked = await staff.wait(lambda v: v.open_session is not None)
    assert booked.open_session is not None
    assert booked.next_session_at is not None
    await _turn_over(journeys, staff)
    await journeys.kinds(staff)
    await journeys.client.get_workflow_handle(booked.open_session).terminate("by mistake")

    await staff.door.until(staff.journey_id, booked.next_session_at + timedelta(hours=25))

    assert (await staff.pending("session_lost")).owed_to in {Role.NURSE, Role.PRESCRIBER}
