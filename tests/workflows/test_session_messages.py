"""Messages to a treatment day: each takes effect once, by whatever way it comes, or is seen."""

from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowUpdateFailedError

from schemas.approval import Choice
from schemas.infusion import SessionPhase
from schemas.journey import ClockAdvanced
from simulator import papers
from tests.workflows.conftest import Clinical
from tests.workflows.treatment_day import HOME, SECOND_PRESCRIBER, book


async def test_the_same_command_by_update_and_by_signal_counts_once(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.check_in()
    command = day.command("record_vitals", vitals=papers.calm(await day.now()))

    await day.signal("record_vitals", command)
    await day.sees(lambda view: len(view.before) == 1)
    receipt = await day.send("record_vitals", command)

    assert receipt.duplicate
    view = await day.view()
    assert (len(view.before), view.version) == (1, receipt.version)


async def test_a_whole_day_by_signals_alone(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.until(day.plan.scheduled_at)
    now = await day.now()
    lot = papers.lot(day.plan.modality, now)
    steps = (
        ("check_in", {**_arrival(now)}, SessionPhase.PRE_CHECK),
        ("record_vitals", {"vitals": papers.calm(now, weight_kg=70.0)}, SessionPhase.PRE_CHECK),
        (
            "order_dose",
            {"dose_mg": 35.0, "weight_kg": 70.0, "duration_min": 40},
            SessionPhase.READY,
        ),
        ("start_dosing", {"lot": lot, "drawn_mg": 35.0}, SessionPhase.DOSING),
        ("end_dosing", {"delivered_mg": 35.0}, SessionPhase.POST_OBS),
    )
    for number, (kind, fields, phase) in enumerate(steps, start=1):
        await day.signal(kind, day.command(kind, **fields))
        await day.sees(lambda view, n=number, p=phase: view.version == n and view.phase is p)
    await day.read_every(15, 4)
    await day.signal("discharge", day.command("discharge", **HOME))

    assert (await day.result()).phase is SessionPhase.DISCHARGED


async def test_what_a_signal_cannot_say_clearly_is_dead_lettered_and_changes_nothing(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.check_in()
    for envelope in (
        "no envelope at all",
        {"kind": "make_tea", "command": {}},
        {"kind": "order_dose", "command": {"dose_mg": "plenty"}},
        {"kind": "check_in", "command": day.command("check_in").model_dump(mode="json")},
        {"kind": "order_dose", "command": {}, "urgent": True},
    ):
        await day.handle.signal("command_submitted", envelope)
    await day.handle.signal("command_submitted")
    await day.handle.signal("approval_decided", {"approval_id": "unheard of"})
    await day.handle.signal("sing", {"song": "louder"})
    await day.handle.signal("clock_advanced", ClockAdvanced(command_id="jump", by_seconds=60))

    await day.handle.signal("order_dose")

    view = await day.sees(lambda view: view.dead_letter_count == 10)

    assert [letter.code for letter in view.dead_letters] == [
        "malformed",
        "unknown_command",
        "malformed",
        "already_checked_in",
        "malformed",
        "empty",
        "malformed",
        "unknown_signal",
        "not_training",
        "unknown_signal",
    ]
    assert view.phase is SessionPhase.PRE_CHECK
    assert view.version == 1
    await day.records(lambda kinds: kinds.count("MessageDeadLettered") == 10)


async def test_an_approval_may_be_decided_by_signal(clinical: Clinical) -> None:
    day = await book(clinical, dosing_weight_kg=140.0)
    await day.check_in()
    await day.read(126, 80, weight_kg=140.0)
    await day.order(70, weight_kg=140.0)
    (asked,) = (await day.view()).pending_approvals
    decision = day.command(
        "decide_approval",
        approval_id=asked.approval_id,
        decision=Choice.APPROVE,
        reason="weighed",
        actor=SECOND_PRESCRIBER,
    )

    await day.handle.signal("approval_decided", decision)

    view = await day.sees(lambda view: view.phase is SessionPhase.READY)
    assert view.pending_approvals == ()


async def test_an_update_that_is_no_command_is_refused_before_it_is_taken(
    clinical: Clinical,
) -> None:
    day = await book(clinical)

    with pytest.raises(WorkflowUpdateFailedError):
        await day.handle.execute_update("order_dose", {"dose_mg": -1})

    assert (await day.view()).version == 0


async def test_a_training_clock_moves_the_day_along_once(clinical: Clinical) -> None:
    day = await book(clinical, training=True, clock_may_move=True)
    jump = ClockAdvanced(command_id="jump-1", to=day.plan.scheduled_at)

    await day.handle.signal("clock_advanced", jump)
    await day.handle.signal("clock_advanced", jump)

    view = await day.sees(lambda view: view.now >= day.plan.scheduled_at)
    assert view.phase is SessionPhase.BOOKED
    assert await day.now() < day.plan.scheduled_at
    await day.handle.signal(
        "clock_advanced", ClockAdvanced(command_id="jump-2", by_seconds=20 * 60)
    )
    assert (await day.result()).phase is SessionPhase.MISSED


async def test_the_state_says_where_the_day_stands_and_what_is_next(clinical: Clinical) -> None:
    day = await book(clinical)
    view = await day.view()
    assert view.phase is SessionPhase.BOOKED
    assert view.next_action_at == day.plan.scheduled_at + timedelta(minutes=20)
    assert view.session_id == day.plan.session_id

    await day.dose()
    view = await day.view()
    assert view.phase is SessionPhase.DOSING
    assert view.dosed_at is not None
    assert view.next_reading_due_at == view.dosed_at + timedelta(minutes=10)
    assert view.next_action_at == view.next_reading_due_at + timedelta(minutes=2)
    assert view.missing == ()
    assert view.order is not None
    assert len(view.before) == 1


async def test_a_session_never_turns_to_a_new_run(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.handle.signal("refresh")
    await day.observe()
    for _ in range(40):
        await day.read()
    await day.read_every(15, 4)
    await day.discharge()
    await day.result()

    history = await day.handle.fetch_history()
    kinds = {event.event_type for event in history.events}
    assert EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW not in kinds
    assert EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED in kinds


def _arrival(now: object) -> dict[str, object]:
    return {
        "escort": papers.ESCORT,
        "escort_confirmed": True,
        "last_solids_at": now - timedelta(hours=12),  # type: ignore[operator]
        "last_liquids_at": now - timedelta(hours=3),  # type: ignore[operator]
        "medicines_reconciled": True,
        "suicide_risk": "none",
        "emergency_kit_checked": True,
        "observer": "rn-quill",
        "prescriber_on_site": True,
        "pulse_oximeter": True,
    }
