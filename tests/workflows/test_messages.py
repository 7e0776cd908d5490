"""Messages to a journey: each takes effect at most once, and what cannot be read is seen."""

from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from schemas.approval import Choice, DecideApproval
from schemas.base import Actor, Command, Role
from schemas.journal import WriteJournal
from schemas.journey import JourneyView, Phase
from simulator.papers import STAFF
from simulator.staff import Staff
from tests.workflows.conftest import Clinical, serving
from tests.workflows.doors import Refused
from tests.workflows.outside import Outside
from tests.workflows.places import by, cleared, dosed


def _entry(key: str = "entry", text: str = "Slept well.") -> WriteJournal:
    return WriteJournal(**by(Role.PATIENT, key), mood=6, text=text)


def _envelope(kind: str, command: Command) -> dict[str, Any]:
    return {"kind": kind, "command": command.model_dump(mode="json")}


async def _triage(staff: Staff, key: str, role: Role = Role.CARE_COORDINATOR) -> DecideApproval:
    asked = await staff.pending("referral_triage")
    return DecideApproval(
        **by(role, key),
        approval_id=asked.approval_id,
        decision=Choice.APPROVE,
        reason="seen and considered",
    )


async def _dead(staff: Staff, count: int) -> JourneyView:
    return await staff.wait(lambda v: v.dead_letter_count == count)


# -- once ---------------------------------------------------------------------------------------


async def test_the_same_command_by_update_twice_takes_effect_once(journeys: Clinical) -> None:
    staff = await journeys.refer()
    handle = journeys.handle(staff)

    first = await handle.execute_update("write_journal", _entry(), result_type=dict[str, Any])
    again = await handle.execute_update("write_journal", _entry(), result_type=dict[str, Any])

    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert first["version"] == again["version"]
    assert (await journeys.kinds(staff)).count("JournalWritten") == 1


async def test_the_same_command_by_update_and_by_signal_counts_once(journeys: Clinical) -> None:
    staff = await journeys.refer()
    decision = await _triage(staff, "triage-1")

    await staff.give("decide_approval", decision)
    await journeys.handle(staff).signal("approval_decided", decision)
    await journeys.handle(staff).signal("command_submitted", _envelope("decide_approval", decision))
    await staff.give("write_journal", _entry())

    view = await staff.reach(Phase.PSYCH_EVAL)
    assert view.dead_letter_count == 0
    assert (await journeys.kinds(staff)).count("TaskVoted") == 1


async def test_the_same_command_by_signal_twice_counts_once(journeys: Clinical) -> None:
    staff = await journeys.refer()

    for _ in range(2):
        await journeys.handle(staff).signal(
            "command_submitted", _envelope("write_journal", _entry())
        )
    await staff.give("write_journal", _entry("another"))

    assert (await journeys.kinds(staff)).count("JournalWritten") == 2
    assert (await staff.door.journey(staff.journey_id)).dead_letter_count == 0


async def test_a_decision_by_signal_is_as_good_as_by_update(journeys: Clinical) -> None:
    staff = await journeys.refer()

    await journeys.handle(staff).signal("approval_decided", await _triage(staff, "by-signal"))

    await staff.reach(Phase.PSYCH_EVAL)
    voted = await journeys.fact(staff, "TaskVoted")
    assert voted.command_id == "by-signal"


# -- refused ------------------------------------------------------------------------------------


async def test_a_refused_update_leaves_no_trace_in_the_history(journeys: Clinical) -> None:
    staff = await journeys.refer()
    decision = await _triage(staff, "wrong", Role.NURSE)
    await journeys.kinds(staff)
    await staff.wait(lambda v: v.unsent == 0)
    before = len((await journeys.handle(staff).fetch_history()).events)

    for _ in range(3):
        with pytest.raises(Refused) as refused:
            await staff.give("decide_approval", decision)

    assert refused.value.codes == ["wrong_role"]
    assert len((await journeys.handle(staff).fetch_history()).events) == before
    assert (await staff.door.journey(staff.journey_id)).version == 0


@pytest.mark.parametrize("role", [Role.PATIENT, Role.SYSTEM])
async def test_a_role_that_may_not_give_a_command_is_refused(
    journeys: Clinical, role: Role
) -> None:
    staff = await journeys.refer()
    decision = await _triage(staff, "stranger")
    stranger = decision.model_copy(update={"actor": Actor(id="x", role=role)})

    with pytest.raises(Refused) as refused:
        await staff.give("decide_approval", stranger)

    assert refused.value.codes == ["wrong_role"]


async def test_unknown_fields_are_refused_and_change_nothing(journeys: Clinical) -> None:
    staff = await journeys.refer()
    command = {**_entry().model_dump(mode="json"), "priority": "very high"}

    with pytest.raises(WorkflowUpdateFailedError):
        await journeys.handle(staff).execute_update("write_journal", command)

    assert (await staff.door.journey(staff.journey_id)).version == 0
    assert "JournalWritten" not in await journeys.kinds(staff)


async def test_an_update_of_an_unknown_name_is_refused(journeys: Clinical) -> None:
    staff = await journeys.refer()

    with pytest.raises(WorkflowUpdateFailedError):
        await journeys.handle(staff).execute_update("prescribe_champagne", _entry())

    assert (await staff.door.journey(staff.journey_id)).version == 0


async def test_an_unknown_approval_is_refused(journeys: Clinical) -> None:
    staff = await journeys.refer()
    decision = await _triage(staff, "unknown")
    unknown = decision.model_copy(update={"approval_id": f"{staff.journey_id}~nothing~9"})

    with pytest.raises(Refused) as refused:
        await staff.give("decide_approval", unknown)

    assert refused.value.codes == ["unknown_approval"]


async def test_a_second_decision_on_a_decided_approval_is_refused(journeys: Clinical) -> None:
    staff = await journeys.refer()
    await staff.give("decide_approval", await _triage(staff, "first"))
    second = DecideApproval(
        **by(Role.CARE_COORDINATOR, "second"),
        approval_id=f"{staff.journey_id}~referral_triage~1",
        decision=Choice.DECLINE,
        reason="changed my mind",
    )

    with pytest.raises(Refused) as refused:
        await staff.give("decide_approval", second)

    assert refused.value.codes == ["already_decided"]
    assert (await staff.door.journey(staff.journey_id)).phase is Phase.PSYCH_EVAL


async def test_an_entry_is_not_answered_by_a_decision(journeys: Clinical) -> None:
    staff = await journeys.refer(phase=Phase.PSYCH_EVAL)
    view = await staff.wait(lambda v: bool(v.pending_entries))
    decision = DecideApproval(
        **by(Role.PSYCHIATRIST, "d"),
        approval_id=view.pending_entries[0].approval_id,
        decision=Choice.APPROVE,
        reason="yes",
    )

    with pytest.raises(Refused) as refused:
        await staff.give("decide_approval", decision)

    assert refused.value.codes == ["not_an_approval"]


async def test_nothing_is_decided_on_a_closed_journey_that_is_still_writing(
    journeys: Clinical,
) -> None:
    """The record is away, so the journey has closed but not yet ended."""
    staff = await journeys.refer(**cleared(Phase.FOLLOW_UP))
    asked = await staff.pending("close_review")
    await journeys.kinds(staff)
    journeys.outside.away = True
    await staff.decide(asked, STAFF[Role.CARE_COORDINATOR], Choice.APPROVE)
    await staff.reach(Phase.CLOSED)

    with pytest.raises(Refused) as decided:
        await staff.decide(asked, STAFF[Role.MEDICAL_DIRECTOR], Choice.APPROVE)
    with pytest.raises(Refused) as written:
        await staff.give("write_journal", _entry())

    assert decided.value.codes == written.value.codes == ["journey_closed"]
    journeys.outside.away = False
    assert "JourneyClosed" in await journeys.ended(staff)


# -- unreadable ---------------------------------------------------------------------------------

UNREADABLE: dict[str, tuple[str, list[Any], str]] = {
    "a decision that says nothing": ("approval_decided", [{}], "malformed"),
    "words where a value belongs": ("approval_decided", ["approve it please"], "malformed"),
    "no payload at all": ("approval_decided", [], "empty"),
    "bytes": ("command_submitted", [b"\x00\x01"], "not_json"),
    "a kind nobody knows": (
        "command_submitted",
        [{"kind": "prescribe_champagne", "command": {}}],
        "unknown_command",
    ),
    "a command with an unknown field": (
        "command_submitted",
        [{"kind": "write_journal", "command": {"x": 1}}],
        "malformed",
    ),
    "more than fits": (
        "command_submitted",
        [{"kind": "write_journal", "command": {"text": "x" * 300_000}}],
        "too_large",
    ),
    "a signal of an unknown name": ("champagne_ordered", [{"bottles": 2}], "unknown_signal"),
    "an unknown name and nothing in it": ("champagne_ordered", [], "unknown_signal"),
    "a session that reports nonsense": ("session_closed", [{"phase": "LOST"}], "malformed"),
    "a clock that moves without a key": ("clock_advanced", [{"by_seconds": 5}], "malformed"),
}


@pytest.mark.parametrize("what", UNREADABLE)
async def test_what_cannot_be_read_is_seen_and_the_journey_goes_on(
    journeys: Clinical, what: str
) -> None:
    name, payload, code = UNREADABLE[what]
    staff = await journeys.refer()

    await journeys.handle(staff).signal(name, args=payload)

    view = await _dead(staff, 1)
    assert [(d.channel, d.code) for d in view.dead_letters] == [(name, code)]
    assert view.attention
    assert "MessageDeadLettered" in await journeys.kinds(staff)
    await staff.approve("referral_triage")
    await staff.reach(Phase.PSYCH_EVAL)


async def test_of_three_arguments_the_first_is_the_envelope(journeys: Clinical) -> None:
    staff = await journeys.refer()
    decision = await _triage(staff, "three")

    await journeys.handle(staff).signal("approval_decided", args=[decision, "and", "more"])

    view = await staff.reach(Phase.PSYCH_EVAL)
    assert view.dead_letters == ()


async def test_a_refused_command_by_signal_is_seen_with_its_reason(journeys: Clinical) -> None:
    staff = await journeys.refer()

    await journeys.handle(staff).signal(
        "approval_decided", await _triage(staff, "nurse", Role.NURSE)
    )

    view = await _dead(staff, 1)
    assert view.dead_letters[0].code == "wrong_role"
    assert view.phase is Phase.REFERRAL


async def test_dead_letters_are_bounded_and_counted_on(journeys: Clinical) -> None:
    staff = await journeys.refer()

    for n in range(25):
        await journeys.handle(staff).signal("champagne_ordered", {"bottles": n})

    view = await _dead(staff, 25)
    assert len(view.dead_letters) == 20


async def test_the_clock_of_a_real_patient_cannot_be_moved(journeys: Clinical) -> None:
    staff = await journeys.refer(training=False)
    before = (await staff.door.journey(staff.journey_id)).now

    await journeys.handle(staff).signal(
        "clock_advanced", {"command_id": "jump", "by_seconds": 86_400.0}
    )

    view = await _dead(staff, 1)
    assert view.dead_letters[0].code == "not_training"
    assert (view.now - before).total_seconds() < 3_600


async def test_the_clock_jumps_once_for_each_command(journeys: Clinical) -> None:
    staff = await journeys.refer()
    before = (await staff.door.journey(staff.journey_id)).now

    for _ in range(2):
        await journeys.handle(staff).signal(
            "clock_advanced", {"command_id": "jump", "by_seconds": 86_400.0}
        )
    await staff.give("write_journal", _entry())

    moved = (await staff.door.journey(staff.journey_id)).now - before
    assert 86_400 <= moved.total_seconds() < 2 * 86_400


async def test_a_session_nobody_booked_cannot_report(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared())
    await staff.wait(lambda v: v.open_session is not None)

    await journeys.handle(staff).signal("session_closed", dosed(7, 1))
    await staff.give("write_journal", _entry())

    view = await staff.door.journey(staff.journey_id)
    assert view.sessions == ()
    assert view.open_session is not None


async def test_messages_that_came_before_the_worker_are_all_taken_in_order(
    real_server: WorkflowEnvironment,
) -> None:
    journeys = Clinical(real_server, Outside())
    staff = await journeys.refer()
    for n in range(12):
        await journeys.handle(staff).signal(
            "command_submitted", _envelope("write_journal", _entry(f"entry-{n}", f"Night {n}."))
        )

    async with serving(real_server, journeys.outside):
        await staff.wait(lambda v: v.version == 12)
        facts = await journeys.facts(staff)
        await journeys.put_away()

    written = [f.data["text"] for f in facts if f.kind.value == "JournalWritten"]
    assert written == [f"Night {n}." for n in range(12)]
