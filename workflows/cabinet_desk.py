"""The cabinet's own desk: which commands it takes, in which file each is judged and done."""

from collections.abc import Awaitable, Callable
from functools import partial

from temporalio import workflow

from clinical.protocol_judge import judge_protocol
from schemas.approval import ApprovalKind, DecideApproval, RemindTask, Task
from schemas.base import Command, Reason
from schemas.decision_keys import AdoptDecisionKeys
from schemas.drug_cabinet import (
    AdoptSettings,
    CabinetReceipt,
    CabinetState,
    CountStock,
    FreezeLot,
    RecallLot,
    ReceiveStock,
    ReportLoss,
    ReturnStock,
    UnfreezeLot,
    WasteStock,
)
from schemas.event import EventKind
from workflows import lot_block, stock_count, stock_movement
from workflows.cabinet import Cabinet, CabinetAnswer
from workflows.decision_keys import DecisionKeys
from workflows.desk import Act, Desk, Handler, Judge, refused


class CabinetDesk(Desk[CabinetReceipt]):
    """Where every message to a drug cabinet arrives."""

    def __init__(self, state: CabinetState) -> None:
        super().__init__(
            workflow_id=state.workflow_id,
            journey_id=state.workflow_id,
            clinic=state.clinic,
            protocol=state.protocol,
            state=state,
            receipt=self._answer,
        )
        self.cabinet = Cabinet(state, self, self._decided)
        self.decision_keys = DecisionKeys(state, self.recorder)
        self._under_way: set[str] = set()
        self.serve(self._table(self.cabinet))

    def clerks(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """The desk's own, and the one that keeps people's deadlines."""
        return (*super().clerks(), self.cabinet.keep_tasks)

    def _table(self, cabinet: Cabinet) -> dict[str, Handler]:
        row = partial(_row, cabinet)
        seen = stock_movement.judge_seen
        return {
            "receive_stock": row(
                ReceiveStock, stock_movement.judge_receive, stock_movement.receive_stock
            ),
            "count_stock": row(CountStock, stock_count.judge_count, stock_count.count_stock),
            "waste_stock": row(WasteStock, seen, stock_movement.waste_stock),
            "return_stock": row(ReturnStock, seen, stock_movement.return_stock),
            "report_loss": row(ReportLoss, seen, stock_movement.report_loss),
            "recall_lot": row(RecallLot, lot_block.judge_block, lot_block.recall_lot),
            "freeze_lot": row(FreezeLot, lot_block.judge_block, lot_block.freeze_lot),
            "unfreeze_lot": row(UnfreezeLot, lot_block.judge_unfreeze, lot_block.unfreeze_lot),
            "adopt_settings": Handler(AdoptSettings, self._judge_settings, self._adopt),
            "adopt_decision_keys": Handler(
                AdoptDecisionKeys, self.decision_keys.judge, self.decision_keys.adopt
            ),
            "decide_approval": Handler(DecideApproval, cabinet.tasks.judge, self._decide),
            "remind_task": Handler(RemindTask, cabinet.tasks.judge_reminder, cabinet.tasks.remind),
        }

    async def _carry_out(self, kind: str, command: Command) -> CabinetReceipt:
        """A command sent twice is answered when the first one is, and as the first one is."""
        key = command.command_id
        await workflow.wait_condition(lambda: key not in self._under_way)
        self._under_way.add(key)
        try:
            return await super()._carry_out(kind, command)
        finally:
            self._under_way.discard(key)

    def _judge_settings(self, command: AdoptSettings) -> tuple[Reason, ...]:
        """Of this very clinic, and safe."""
        if command.clinic.code != self.cabinet.state.clinic.code:
            return (Reason(code="another_clinic", text="these are another clinic's settings"),)
        return judge_protocol(command.protocol)

    def _adopt(self, command: AdoptSettings) -> None:
        """Go by the deployment's newest clinic file and protocol: from the next run on."""
        state = self.cabinet.state
        if state.pins == command.pins:
            return
        state.clinic, state.protocol, state.pins = command.clinic, command.protocol, command.pins
        self.cabinet.note(
            EventKind.SETTINGS_ADOPTED, {"protocol_version": command.protocol.version}, by=command
        )
        self._refresh = True

    async def _decide(self, command: DecideApproval) -> None:
        """Not while a count rests on the log as it was: what is decided may correct the log."""
        async with self.cabinet.one_at_a_time:
            reasons = self.cabinet.tasks.judge(command)
            if reasons:
                self.cabinet.refuse(command, reasons)
            self.cabinet.tasks.decide(command)
            await self.cabinet.on_record()

    def _decided(self, task: Task) -> None:
        """A task has ended, however it ended; no story waits to take it."""
        self.cabinet.state.tasks.pop(task.key, None)
        match task.kind:
            case ApprovalKind.SUBSTANCE_VARIANCE:
                stock_count.settle_variance(self.cabinet, task)
            case ApprovalKind.LOT_RELEASE:
                lot_block.release(self.cabinet, task)
            case _:
                return

    def _answer(
        self, command: Command, version: int, duplicate: bool, answer: object
    ) -> CabinetReceipt:
        reasons = self.cabinet.refused_before(command) if duplicate else ()
        if reasons:
            raise refused(reasons)
        told = answer if isinstance(answer, CabinetAnswer) else CabinetAnswer()
        return CabinetReceipt(
            command_id=command.command_id,
            version=version,
            duplicate=duplicate,
            closed=told.closed,
            balances=told.balances,
            exposed=told.exposed,
            pins=self.cabinet.state.pins,
        )


def _row(cabinet: Cabinet, model: type[Command], judge: Judge, act: Act) -> Handler:
    return Handler(model, partial(judge, cabinet), partial(act, cabinet))
