"""`DrugCabinet`: one clinic's controlled substances, for as long as the clinic has any."""

from typing import NoReturn

from temporalio import workflow

from clinical.clinic_hours import local_date
from clinical.controlled_substance import judge_inventory
from schemas.approval import DecideApproval, RemindTask
from schemas.base import Reason
from schemas.decision_keys import AdoptDecisionKeys
from schemas.drug_cabinet import (
    AdoptSettings,
    CabinetInput,
    CabinetReceipt,
    CabinetView,
    CountStock,
    FreezeLot,
    RecallLot,
    ReceiveStock,
    ReportLoss,
    ReturnStock,
    UnfreezeLot,
    WasteStock,
)
from workflows.approval import shown
from workflows.cabinet_desk import CabinetDesk
from workflows.code_versions import ON_THE_CURRENT_CODE, PINNED
from workflows.options import RUN_EVENT_BUDGET
from workflows.shared_values import shared_clinic, shared_protocol
from workflows.signals import Signals


@workflow.defn(name="DrugCabinet")
class DrugCabinet(Signals):
    """The messages of a cabinet and its life from run to run. What it holds is in the record."""

    versioning_behavior = PINNED

    @workflow.init
    def __init__(self, start: CabinetInput) -> None:
        self._state = start.state
        self._state.protocol = shared_protocol(start.state.protocol)
        self._state.clinic = shared_clinic(start.state.clinic)
        self._desk = CabinetDesk(start.state)

    @workflow.run
    async def run(self, _start: CabinetInput) -> None:
        """Take what people tell until the run has grown long; then go on in the next."""
        self._desk.open_doors()
        await workflow.wait_condition(lambda: self._long_enough or self._desk.broken is not None)
        self._desk.insist_whole()
        await self._turn_over()

    async def _turn_over(self) -> NoReturn:
        await self._desk.hand_over()
        self._state.runs += 1
        workflow.continue_as_new(
            CabinetInput(state=self._state), initial_versioning_behavior=ON_THE_CURRENT_CODE
        )

    @property
    def _long_enough(self) -> bool:
        return self._desk.length.beyond(RUN_EVENT_BUDGET) or self._desk.wants_refresh

    # -- what comes in and goes out ---------------------------------------------------------------

    @workflow.update(description="Stock came in")
    async def receive_stock(self, command: ReceiveStock) -> CabinetReceipt:
        return await self._desk.take("receive_stock", command)

    @receive_stock.validator
    def _check_receive_stock(self, command: ReceiveStock) -> None:
        self._desk.check("receive_stock", command)

    @workflow.update(description="Every lot counted by two: close the shift")
    async def count_stock(self, command: CountStock) -> CabinetReceipt:
        return await self._desk.take("count_stock", command)

    @count_stock.validator
    def _check_count_stock(self, command: CountStock) -> None:
        self._desk.check("count_stock", command)

    @workflow.update(description="Stock discarded before a witness")
    async def waste_stock(self, command: WasteStock) -> CabinetReceipt:
        return await self._desk.take("waste_stock", command)

    @waste_stock.validator
    def _check_waste_stock(self, command: WasteStock) -> None:
        self._desk.check("waste_stock", command)

    @workflow.update(description="Unused stock went back")
    async def return_stock(self, command: ReturnStock) -> CabinetReceipt:
        return await self._desk.take("return_stock", command)

    @return_stock.validator
    def _check_return_stock(self, command: ReturnStock) -> None:
        self._desk.check("return_stock", command)

    @workflow.update(description="Stock is gone and nobody knows where")
    async def report_loss(self, command: ReportLoss) -> CabinetReceipt:
        return await self._desk.take("report_loss", command)

    @report_loss.validator
    def _check_report_loss(self, command: ReportLoss) -> None:
        self._desk.check("report_loss", command)

    # -- what may not be used ---------------------------------------------------------------------

    @workflow.update(description="A lot is called back: nothing of it is given any more")
    async def recall_lot(self, command: RecallLot) -> CabinetReceipt:
        return await self._desk.take("recall_lot", command)

    @recall_lot.validator
    def _check_recall_lot(self, command: RecallLot) -> None:
        self._desk.check("recall_lot", command)

    @workflow.update(description="An incident freezes a lot")
    async def freeze_lot(self, command: FreezeLot) -> CabinetReceipt:
        return await self._desk.take("freeze_lot", command)

    @freeze_lot.validator
    def _check_freeze_lot(self, command: FreezeLot) -> None:
        self._desk.check("freeze_lot", command)

    @workflow.update(description="Ask two people to let a frozen lot be used again")
    async def unfreeze_lot(self, command: UnfreezeLot) -> CabinetReceipt:
        return await self._desk.take("unfreeze_lot", command)

    @unfreeze_lot.validator
    def _check_unfreeze_lot(self, command: UnfreezeLot) -> None:
        self._desk.check("unfreeze_lot", command)

    @workflow.update(description="Approve or decline what waits on a person, with a reason")
    async def decide_approval(self, command: DecideApproval) -> CabinetReceipt:
        return await self._desk.take("decide_approval", command)

    @decide_approval.validator
    def _check_decide_approval(self, command: DecideApproval) -> None:
        self._desk.check("decide_approval", command)

    @workflow.update(description="A colleague asks: write to whoever owes this task, once")
    async def remind_task(self, command: RemindTask) -> CabinetReceipt:
        return await self._desk.take("remind_task", command)

    @remind_task.validator
    def _check_remind_task(self, command: RemindTask) -> None:
        self._desk.check("remind_task", command)

    @workflow.update(description="The deployment's newest clinic file and protocol")
    async def adopt_settings(self, command: AdoptSettings) -> CabinetReceipt:
        return await self._desk.take("adopt_settings", command)

    @adopt_settings.validator
    def _check_adopt_settings(self, command: AdoptSettings) -> None:
        self._desk.check("adopt_settings", command)

    @workflow.update(description="The keys that decisions are signed with from now on")
    async def adopt_decision_keys(self, command: AdoptDecisionKeys) -> CabinetReceipt:
        return await self._desk.take("adopt_decision_keys", command)

    @adopt_decision_keys.validator
    def _check_adopt_decision_keys(self, command: AdoptDecisionKeys) -> None:
        self._desk.check("adopt_decision_keys", command)

    # -- what it says of itself -------------------------------------------------------------------

    def _file(self, name: str, payload: object) -> None:
        self._desk.file(name, payload)  # type: ignore[arg-type]

    @workflow.query(description="What waits on whom; what it holds is asked of the record")
    def state(self) -> CabinetView:
        state, tasks = self._state, self._desk.cabinet.tasks.pending()
        return CabinetView(
            workflow_id=state.workflow_id,
            clinic=state.clinic.code,
            version=state.version,
            now=self._desk.clock.now(),
            shift_closed_at=state.shift_closed_at,
            inventory=self._inventory(),
            variances=tuple(state.variances.values()),
            pending_approvals=tuple(shown(task) for task in tasks),
            dead_letters=tuple(state.dead_letters),
            dead_letter_count=state.dead_letter_count,
            unrecorded=len(state.unrecorded),
            unsent=len(state.unsent),
            facts=state.sequence,
            runs=state.runs,
        )

    def _inventory(self) -> tuple[Reason, ...]:
        """Whether the stock must be counted and dated again; every closed shift is such a count."""
        closed_at = self._state.shift_closed_at
        if closed_at is None:
            return ()
        last_on = local_date(closed_at, self._state.clinic)
        return judge_inventory(last_on, self._desk.cabinet.today, self._desk.parameters)
