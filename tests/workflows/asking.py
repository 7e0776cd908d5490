"""A workflow that asks for one approval of every kind, and does nothing else: the desk as it is."""

import asyncio
from functools import partial

from temporalio import workflow

from schemas.approval import ApprovalKind, DecideApproval
from schemas.base import Actor, Command, Receipt, Role
from schemas.drug_cabinet import CabinetInput, CabinetState
from workflows.approval import Tasks, shown
from workflows.desk import Desk, Handler
from workflows.signals import Signals

REQUESTER = Actor(id="whoever-asked", role=Role.CARE_COORDINATOR)


@workflow.defn
class Asking(Signals):
    @workflow.init
    def __init__(self, start: CabinetInput) -> None:
        self._state: CabinetState = start.state
        self._desk: Desk[Receipt] = Desk(
            workflow_id=start.state.workflow_id,
            journey_id=start.state.workflow_id,
            clinic=start.state.clinic,
            protocol=start.state.protocol,
            state=start.state,
            receipt=_receipt,
        )
        self._tasks = Tasks(
            workflow_id=start.state.workflow_id,
            state=start.state,
            clock=self._desk.clock,
            recorder=self._desk.recorder,
            notifier=self._desk.notifier,
            rules=start.state.protocol.approvals,
        )
        self._desk.serve(
            {"decide_approval": Handler(DecideApproval, self._tasks.judge, self._tasks.decide)}
        )
        ask = partial(self._tasks.open, requested_by=REQUESTER, quiet=True)
        for kind in ApprovalKind:
            ask(kind, kind.value, f"Decide: {kind.value}")

    @workflow.run
    async def run(self, _: CabinetInput) -> None:
        self._desk.open_doors()
        await asyncio.Event().wait()

    @workflow.update
    async def decide_approval(self, command: DecideApproval) -> Receipt:
        return await self._desk.take("decide_approval", command)

    @decide_approval.validator
    def _check(self, command: DecideApproval) -> None:
        self._desk.check("decide_approval", command)

    def _file(self, name: str, payload: object) -> None:
        self._desk.file(name, payload)  # type: ignore[arg-type]

    @workflow.query
    def stands(self, kind: str) -> dict[str, object]:
        """How far it is: decisions taken, letters refused, who voted on this, what it shows."""
        task = self._state.tasks[kind]
        return {
            "version": self._state.version,
            "dead": self._state.dead_letter_count,
            "votes": [vote.actor.id for vote in task.votes],
            "status": task.status.value,
            "shown": shown(task).model_dump(mode="json"),
        }


def _receipt(command: Command, version: int, duplicate: bool, _: object) -> Receipt:
    return Receipt(command_id=command.command_id, version=version, duplicate=duplicate)
