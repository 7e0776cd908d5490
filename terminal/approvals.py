"""Approving and declining at the command line."""

import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.approval import Choice, DecideApproval
from schemas.base import Receipt, Role
from schemas.drug_cabinet import CabinetReceipt
from schemas.infusion import SessionReceipt
from service.rows import TaskRow
from service.step_up import StepUp
from terminal.failures import CommandFailedError
from terminal.front_desk import front_desk
from terminal.open_tasks import OpenTask, open_in_engine
from terminal.output import print_json, print_line
from terminal.people import Speaker, actor_for, insist_on_recent_sign_in


@dataclass(frozen=True)
class Ballot:
    """One person's decision as it was typed."""

    task_id: str
    decision: str
    reason: str
    choice: str | None
    expected_version: int | None
    signature: str | None
    command_id: str | None


async def vote(ballot: Ballot, speaker: Speaker, *, as_json: bool) -> None:
    """Send the decision to the workflow that asked for it, and tell its answer.

    Raises:
        CommandFailedError, FrontDeskError: when it is refused; nothing has changed then.
    """
    async with front_desk() as desk:
        row = await desk.lookups.task(ballot.task_id, clinics=None)
        task = row or await open_in_engine(desk, ballot.task_id)
        if isinstance(task, TaskRow) and not task.is_approval:
            raise CommandFailedError(
                f"this is not decided but entered: `journey send {task.workflow_id} {task.kind} "
                "FILE`"
            )
        actor = await actor_for(
            speaker, desk.settings, task.clinic, _wanted(task), _already_acted(task)
        )
        step_up = StepUp(desk.catalogue.protocols, desk.settings.step_up_within)
        now = datetime.fromtimestamp(time.time(), UTC)
        await insist_on_recent_sign_in(speaker, desk.settings, step_up, ballot.task_id, now)
        receipt = await desk.commands.decide(
            DecideApproval(
                command_id=ballot.command_id or str(uuid.uuid4()),
                actor=actor,
                approval_id=ballot.task_id,
                decision=Choice(ballot.decision),
                reason=ballot.reason,
                choice=ballot.choice,
                expected_version=ballot.expected_version,
                signature=ballot.signature,
            )
        )
    if as_json:
        print_json(receipt)
    else:
        print_line(_said(ballot, task, f"{actor.id} ({actor.role})", receipt))


def _wanted(task: TaskRow | OpenTask) -> tuple[Role, ...]:
    stand_ins = task.stand_ins if isinstance(task, TaskRow) else ()
    return (*task.still_needed, *stand_ins, task.owed_to)


def _already_acted(task: TaskRow | OpenTask) -> frozenset[str]:
    """Who asked for it or voted: nobody decides twice, or on their own request."""
    if isinstance(task, TaskRow):
        return frozenset({*(cast.actor.id for cast in task.votes), task.requested_by_id})
    return frozenset({task.requested_by.id})


def _said(
    ballot: Ballot,
    task: TaskRow | OpenTask,
    who: str,
    receipt: Receipt | SessionReceipt | CabinetReceipt,
) -> str:
    word = "approved" if ballot.decision == "approve" else "declined"
    if receipt.duplicate:
        return f"{task.kind}: this command had taken effect before; nothing was done again"
    more = len(task.still_needed) - 1
    open_yet = word == "approved" and more > 0
    return f"{task.kind}: {word} by {who}" + (f"; {more} more needed" if open_yet else "")
