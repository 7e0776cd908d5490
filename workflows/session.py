"""A treatment day as a workflow: what the infusion and the nasal spray have in common.

Both run under the same precautions; where they differ, the plan's modality says so to `clinical`.
"""

from datetime import datetime
from functools import partial

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import TemporalError

from schemas.adverse_event import ReportAdverseEvent
from schemas.approval import DecideApproval, RemindTask
from schemas.decision_keys import AdoptDecisionKeys
from schemas.infusion import (
    AcknowledgeOrder,
    AssignAttendant,
    CheckIn,
    Discharge,
    EndDosing,
    HandOver,
    OrderDose,
    PauseDosing,
    RecordVitals,
    RecordWaste,
    RenewPresence,
    ResumeDosing,
    SessionPlan,
    SessionReceipt,
    SessionResult,
    SessionView,
    StartDosing,
    StopDosing,
    SupplyMissing,
    TakeOver,
)
from schemas.monitor import MonitoringView
from workflows import (
    attendance,
    controlled_substance,
    discharge,
)
from workflows.approval import shown
from workflows.day_desk import DayDesk
from workflows.inbox import NOTHING
from workflows.options import READINGS_SHOWN
from workflows.session_state import AFTER_DOSE, ON_SITE, OPEN, UNDER_DOSE, SessionState
from workflows.signals import Signals
from workflows.visible import show_session
from workflows.watch import Watch


class TreatmentDay(Signals):
    """The messages and the course of one treatment day. Decisions are updates, answered at once;
    each says in its answer what to do next and what is missing."""

    def __init__(self, plan: SessionPlan) -> None:
        self._state = SessionState(
            plan=plan,
            training=plan.training,
            clock_may_move=plan.clock_may_move,
            clock_offset_s=plan.clock_offset_s,
            signatures_required=plan.signatures_required,
            decision_keys=dict(plan.decision_keys),
            decision_keys_ms=plan.decision_keys_ms,
        )
        self._desk = DayDesk(self._state)
        self._watch = Watch(self._desk.day)

    async def _live(self) -> SessionResult:
        """Watch until the day is over. It ends once everything is on record; its journey hears of
        it sooner where that takes long."""
        self._desk.open_doors()
        while self._state.phase in OPEN:
            self._watch.look()
            if self._state.phase not in OPEN:
                break
            self._show()
            deadline = self._watch.next_at()
            await self._desk.clock.until(
                partial(self._moved_on, deadline),
                deadline=deadline,
                summary="treatment day: what is due next",
            )
            self._desk.insist_whole()
        show_session(self._state.phase)
        if not await self._desk.put_on_record():
            # What follows a dose is owed from now on, whoever could not be told of it, and whether
            # or not the record has it yet: its answer adds nothing to what the journey is told.
            await self._report(self._desk.day.result())
        await self._desk.clear()
        result = self._desk.day.result()
        if self._state.report_to_journey:
            await self._report(result)
        return result

    async def _report(self, result: SessionResult) -> None:
        """Tell the journey, unless it is gone: what happened today is on record either way."""
        journey = workflow.get_external_workflow_handle(self._state.plan.journey_id)
        try:
            await journey.signal("session_closed", result)
        except TemporalError:
            workflow.logger.warning("journey_not_there_to_report_to")

    def _moved_on(self, deadline: datetime | None) -> bool:
        """Whether the day has ended or its next deadline has moved. Before the dose a deadline
        that moved away is looked at when it comes: events are few, and hours are long."""
        if self._state.phase not in OPEN or self._desk.broken is not None:
            return True
        due = self._watch.next_at()
        if self._state.phase in ON_SITE and deadline is not None and due is not None:
            return due < deadline
        return due != deadline

    def _show(self) -> None:
        state = self._state
        due = self._watch.next_at()
        workflow.set_current_details(
            f"**{state.phase.value}**\n\nnext: {due.isoformat(timespec='minutes') if due else '-'}"
        )

    # -- at the door and before the dose -------------------------------------------------------

    @workflow.update(description="The patient has arrived")
    async def check_in(self, command: CheckIn) -> SessionReceipt:
        return await self._desk.take("check_in", command)

    @check_in.validator
    def _check_check_in(self, command: CheckIn) -> None:
        self._desk.check("check_in", command)

    @workflow.update(description="A prescriber's order for today")
    async def order_dose(self, command: OrderDose) -> SessionReceipt:
        return await self._desk.take("order_dose", command)

    @order_dose.validator
    def _check_order_dose(self, command: OrderDose) -> None:
        self._desk.check("order_dose", command)

    @workflow.update(description="Ask leave to start the pump or give the first device")
    async def start_dosing(self, command: StartDosing) -> SessionReceipt:
        return await self._desk.take("start_dosing", command)

    @start_dosing.validator
    def _check_start_dosing(self, command: StartDosing) -> None:
        self._desk.check("start_dosing", command)

    # -- at the chair ----------------------------------------------------------------------------

    @workflow.update(description="One reading; the answer says what to do")
    async def record_vitals(self, command: RecordVitals) -> SessionReceipt:
        return await self._desk.take("record_vitals", command)

    @record_vitals.validator
    def _check_record_vitals(self, command: RecordVitals) -> None:
        self._desk.check("record_vitals", command)

    @workflow.update(description="Dosing pauses")
    async def pause_dosing(self, command: PauseDosing) -> SessionReceipt:
        return await self._desk.take("pause_dosing", command)

    @pause_dosing.validator
    def _check_pause_dosing(self, command: PauseDosing) -> None:
        self._desk.check("pause_dosing", command)

    @workflow.update(description="A prescriber orders dosing to go on")
    async def resume_dosing(self, command: ResumeDosing) -> SessionReceipt:
        return await self._desk.take("resume_dosing", command)

    @resume_dosing.validator
    def _check_resume_dosing(self, command: ResumeDosing) -> None:
        self._desk.check("resume_dosing", command)

    @workflow.update(description="Dosing stops now and for good")
    async def stop_dosing(self, command: StopDosing) -> SessionReceipt:
        return await self._desk.take("stop_dosing", command)

    @stop_dosing.validator
    def _check_stop_dosing(self, command: StopDosing) -> None:
        self._desk.check("stop_dosing", command)

    @workflow.update(description="Dosing ended; how much was given")
    async def end_dosing(self, command: EndDosing) -> SessionReceipt:
        return await self._desk.take("end_dosing", command)

    @end_dosing.validator
    def _check_end_dosing(self, command: EndDosing) -> None:
        self._desk.check("end_dosing", command)

    @workflow.update(description="Something went wrong for the patient")
    async def report_adverse_event(self, command: ReportAdverseEvent) -> SessionReceipt:
        return await self._desk.take("report_adverse_event", command)

    @report_adverse_event.validator
    def _check_report_adverse_event(self, command: ReportAdverseEvent) -> None:
        self._desk.check("report_adverse_event", command)

    @workflow.update(description="A person lets the patient go, every criterion judged")
    async def discharge(self, command: Discharge) -> SessionReceipt:
        return await self._desk.take("discharge", command)

    @discharge.validator
    def _check_discharge(self, command: Discharge) -> None:
        self._desk.check("discharge", command)

    @workflow.update(description="What was missing before the dose is supplied")
    async def supply_missing(self, command: SupplyMissing) -> SessionReceipt:
        return await self._desk.take("supply_missing", command)

    @supply_missing.validator
    def _check_supply_missing(self, command: SupplyMissing) -> None:
        self._desk.check("supply_missing", command)

    @workflow.update(description="What was discarded of the drawn drug, before a witness")
    async def record_waste(self, command: RecordWaste) -> SessionReceipt:
        return await self._desk.take("record_waste", command)

    @record_waste.validator
    def _check_record_waste(self, command: RecordWaste) -> None:
        self._desk.check("record_waste", command)

    # -- never alone -----------------------------------------------------------------------------

    @workflow.update(description="Who stays with the patient from now on")
    async def assign_attendant(self, command: AssignAttendant) -> SessionReceipt:
        return await self._desk.take("assign_attendant", command)

    @assign_attendant.validator
    def _check_assign_attendant(self, command: AssignAttendant) -> None:
        self._desk.check("assign_attendant", command)

    @workflow.update(description="The attendant is at the chair")
    async def renew_presence(self, command: RenewPresence) -> SessionReceipt:
        return await self._desk.take("renew_presence", command)

    @renew_presence.validator
    def _check_renew_presence(self, command: RenewPresence) -> None:
        self._desk.check("renew_presence", command)

    @workflow.update(description="The attendant asks somebody else to take the patient over")
    async def hand_over(self, command: HandOver) -> SessionReceipt:
        return await self._desk.take("hand_over", command)

    @hand_over.validator
    def _check_hand_over(self, command: HandOver) -> None:
        self._desk.check("hand_over", command)

    @workflow.update(description="Whoever was asked is at the chair and responsible")
    async def take_over(self, command: TakeOver) -> SessionReceipt:
        return await self._desk.take("take_over", command)

    @take_over.validator
    def _check_take_over(self, command: TakeOver) -> None:
        self._desk.check("take_over", command)

    @workflow.update(description="An order of the engine has been seen and is carried out")
    async def acknowledge_order(self, command: AcknowledgeOrder) -> SessionReceipt:
        return await self._desk.take("acknowledge_order", command)

    @acknowledge_order.validator
    def _check_acknowledge_order(self, command: AcknowledgeOrder) -> None:
        self._desk.check("acknowledge_order", command)

    @workflow.update(description="Approve or decline what waits on a person, with a reason")
    async def decide_approval(self, command: DecideApproval) -> SessionReceipt:
        return await self._desk.take("decide_approval", command)

    @decide_approval.validator
    def _check_decide_approval(self, command: DecideApproval) -> None:
        self._desk.check("decide_approval", command)

    @workflow.update(description="A colleague asks: write to whoever owes this task, once")
    async def remind_task(self, command: RemindTask) -> SessionReceipt:
        return await self._desk.take("remind_task", command)

    @remind_task.validator
    def _check_remind_task(self, command: RemindTask) -> None:
        self._desk.check("remind_task", command)

    @workflow.update(description="The keys that decisions are signed with from now on")
    async def adopt_decision_keys(self, command: AdoptDecisionKeys) -> SessionReceipt:
        return await self._desk.take("adopt_decision_keys", command)

    @adopt_decision_keys.validator
    def _check_adopt_decision_keys(self, command: AdoptDecisionKeys) -> None:
        self._desk.check("adopt_decision_keys", command)

    # -- what comes from the journey --------------------------------------------------------------

    @workflow.signal(description="The journey was held, closed, or consent withdrawn")
    def journey_interrupted(self, envelope: RawValue = NOTHING) -> None:
        self._file("journey_interrupted", envelope)

    @workflow.signal(description="What the journey knows has changed since it booked the day")
    def plan_changed(self, envelope: RawValue = NOTHING) -> None:
        self._file("plan_changed", envelope)

    @workflow.signal(description="The site's certification for the spray was lost or regained")
    def site_certified(self, envelope: RawValue = NOTHING) -> None:
        self._file("site_certified", envelope)

    @workflow.signal(description="The journey turned to a new run: report to it at the end")
    def report_to_journey(self, envelope: RawValue = NOTHING) -> None:
        self._file("report_to_journey", envelope)

    def _file(self, name: str, payload: RawValue) -> None:
        self._desk.file(name, payload)

    @workflow.query(description="By what a monitor's readings are judged now")
    def monitoring(self) -> MonitoringView:
        state = self._state
        return MonitoringView(
            session_id=state.plan.session_id,
            phase=state.phase,
            modality=state.plan.modality,
            clock_offset_s=state.clock_offset_s,
            baseline=state.baseline,
            readings=tuple(state.readings[-READINGS_SHOWN:]),
            next_reading_due_at=self._watch.reading_due_at,
            parameters=state.plan.protocol.parameters,
        )

    @workflow.query(description="Where the day stands and what is due next")
    def state(self) -> SessionView:
        state, day = self._state, self._desk.day
        plan, pending = state.plan, day.tasks.pending()
        dosing = state.phase in UNDER_DOSE | AFTER_DOSE
        return SessionView(
            session_id=plan.session_id,
            journey_id=plan.journey_id,
            modality=plan.modality,
            number=plan.number,
            phase=state.phase,
            scheduled_at=plan.scheduled_at,
            training=state.training,
            version=state.version,
            now=day.clock.now(),
            next_action_at=self._watch.next_at() if state.phase in OPEN else None,
            next_reading_due_at=self._watch.reading_due_at,
            review_opens_at=day.review_opens_at,
            missing=() if dosing else day.readiness().missing,
            order=state.order,
            before=tuple(state.before),
            during=tuple(state.during),
            after=tuple(state.after),
            dosed_at=state.dosed_at,
            dosing_ended_at=state.dosing_ended_at,
            delivered_mg=state.delivered_mg,
            outcome=state.outcome,
            attendant=state.attendant,
            handing_over_to=state.handing_over_to,
            presence_until=attendance.lapses_at(day),
            orders=tuple(state.orders),
            reconciled=not controlled_substance.variance(day),
            record_away=day.recorder.away,
            pending_approvals=tuple(shown(task) for task in pending if task.is_approval),
            pending_entries=tuple(shown(task) for task in pending if not task.is_approval),
            dead_letters=tuple(state.dead_letters),
            dead_letter_count=state.dead_letter_count,
            facts=state.sequence,
            prescriber_left=state.prescriber_left,
            observer=plan.observer,
            infusion_ends_at=day.infusion_ends_at,
            peak_reading_at=day.peak_reading_at,
            discharge_missing=discharge.still_missing(day),
            clock_offset_s=state.clock_offset_s,
        )
