"""Deadlines in time that truly passes: remind, escalate, expire; never decide."""

from datetime import timedelta

import pytest

from clinical.standard_protocol import standard_protocol
from schemas.approval import Choice, RemindTask
from schemas.base import Role
from schemas.journey import Phase
from schemas.protocol import ApprovalRule, ExpiryOutcome, Protocol
from simulator.papers import STAFF
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.places import by


def _protocol(on_expiry: ExpiryOutcome) -> Protocol:
    """Triage that is due in a day and escalates twice."""
    protocol = standard_protocol()
    rule = ApprovalRule(
        slots=(Role.CARE_COORDINATOR,),
        due=timedelta(hours=24),
        remind_every=timedelta(hours=8),
        escalation=(Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR),
        escalate_every=timedelta(hours=12),
        on_expiry=on_expiry,
    )
    approvals = {**protocol.approvals, "referral_triage": rule}
    return protocol.model_copy(update={"approvals": approvals})


async def test_a_silent_task_is_reminded_then_escalated_in_order(skipping: Clinical) -> None:
    staff = await skipping.refer(training=False, protocol=_protocol(ExpiryOutcome.STAY))
    asked = await staff.pending("referral_triage")

    await skipping.env.sleep(timedelta(hours=60, minutes=5))
    await skipping.flush(staff)

    facts = [f for f in await skipping.facts(staff) if f.kind.value.startswith("Task")]
    happened = [
        (f.kind.value, round((f.at - asked.requested_at) / timedelta(hours=1), 1)) for f in facts
    ]
    assert happened == [
        ("TaskOpened", 0.0),
        ("TaskReminded", 8.0),
        ("TaskReminded", 16.0),
        ("TaskEscalated", 24.0),
        ("TaskEscalated", 36.0),
        ("TaskReminded", 48.0),
        ("TaskReminded", 60.0),
    ]
    view = await staff.wait(lambda v: v.unsent == 0)
    assert view.phase is Phase.REFERRAL, "a timer never decides"
    assert view.pending_approvals[0].owed_to is Role.MEDICAL_DIRECTOR
    told = [n.to_role for n in skipping.outside.sent if n.template == "task_escalated"]
    assert told == [Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR]


def _asked(approval_id: str, key: str, role: Role = Role.CARE_COORDINATOR) -> RemindTask:
    return RemindTask(**by(role, key), approval_id=approval_id)


async def test_a_colleagues_reminder_is_one_message_to_whoever_owes_the_task(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer()
    asked = await staff.pending("referral_triage")

    for key in ("first", "first", "second"):
        await staff.give("remind_task", _asked(asked.approval_id, key, Role.PSYCHIATRIST))
    handle = journeys.handle(staff)
    kept = _asked(asked.approval_id, "second").model_dump(mode="json")
    await handle.signal("command_submitted", {"kind": "remind_task", "command": kept})

    view = await staff.wait(lambda v: v.unsent == 0)
    sent = [n for n in journeys.outside.sent if n.template == "task_reminder"]
    assert [n.to_role for n in sent] == [Role.CARE_COORDINATOR] * 2
    assert {n.facts["reminded_by"] for n in sent} == {"psychiatrist"}
    assert len({n.occurrence for n in sent}) == 2
    (now,) = [a for a in view.pending_approvals if a.approval_id == asked.approval_id]
    assert now == asked, "nothing about the task changes"
    await journeys.flush(staff)
    noted = [f for f in await journeys.facts(staff) if f.kind.value == "TaskReminded"]
    assert [f.actor.role for f in noted] == [Role.PSYCHIATRIST] * 2


async def test_nobody_is_reminded_of_what_is_decided_or_was_never_asked(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer()
    asked = await staff.pending("referral_triage")
    await staff.decide(asked, STAFF[Role.CARE_COORDINATOR], Choice.APPROVE)
    await staff.reach(Phase.PSYCH_EVAL)

    await staff.give("remind_task", _asked(asked.approval_id, "late"))
    with pytest.raises(Refused):
        await staff.give("remind_task", _asked("journey-other~series_start~1", "unknown"))
    with pytest.raises(Refused):
        await staff.give("remind_task", _asked(asked.approval_id, "patient", Role.PATIENT))

    await staff.wait(lambda v: v.unsent == 0)
    assert "task_reminder" not in [n.template for n in journeys.outside.sent]


async def test_an_expiry_that_declines_is_a_way_on_and_not_an_approval(skipping: Clinical) -> None:
    staff = await skipping.refer(training=False, protocol=_protocol(ExpiryOutcome.DECLINE))
    await staff.pending("referral_triage")

    await skipping.env.sleep(timedelta(hours=48, minutes=5))

    view = await staff.wait(lambda v: v.phase is Phase.DISCONTINUE_REFER)
    assert view.hold is None
    closed = await skipping.fact(staff, "TaskClosed")
    assert closed.data["status"] == "expired"


async def test_a_role_that_the_task_escalated_to_may_decide(skipping: Clinical) -> None:
    staff = await skipping.refer(training=False, protocol=_protocol(ExpiryOutcome.STAY))
    asked = await staff.pending("referral_triage")
    await skipping.env.sleep(timedelta(hours=25))

    await staff.decide(asked, STAFF[Role.PSYCHIATRIST], Choice.APPROVE)

    assert (await staff.reach(Phase.PSYCH_EVAL)).hold is None
    vote = (await skipping.fact(staff, "TaskVoted")).data["vote"]
    assert vote["actor"]["role"] == Role.PSYCHIATRIST


async def test_the_training_clock_never_runs_backwards(journeys: Clinical) -> None:
    staff = await journeys.refer()
    before = await journeys.jump(staff, timedelta(hours=5))

    await journeys.handle(staff).signal(
        "clock_advanced",
        {"command_id": "back", "to": (before.now - timedelta(hours=4)).isoformat()},
    )
    await journeys.flush(staff)

    assert (await staff.door.journey(staff.journey_id)).now >= before.now
