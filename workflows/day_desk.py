"""The desk of a treatment day: every message that arrives, its rule, its effect, its answer."""

from functools import partial

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from clinical.permissions import judge_role
from schemas.adverse_event import ReportAdverseEvent
from schemas.approval import ApprovalKind, DecideApproval, RemindTask
from schemas.base import Command, Reason
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
    Readiness,
    ReadingDecision,
    RecordVitals,
    RecordWaste,
    RenewPresence,
    ResumeDosing,
    SafetyOrder,
    SessionReceipt,
    StartDosing,
    StopDosing,
    SupplyMissing,
    TakeOver,
    VitalsAction,
)
from schemas.preparation import PlanChange
from workflows import (
    adverse_event,
    attendance,
    controlled_substance,
    discharge,
    dosing,
    plan_change,
    readiness,
    suicide_risk,
    vital_signs,
)
from workflows.decision_keys import DecisionKeys
from workflows.desk import Act, Desk, Handler, Judge, refused
from workflows.inbox import Letter, Unreadable
from workflows.session_state import ON_SITE, SessionState
from workflows.sessions import Interruption
from workflows.supervision import Supervision

NOT_STARTED = Reason(code="not_started", text="that start was refused; give a new one")
ORDERS = frozenset({VitalsAction.PAUSE, VitalsAction.STOP})


class DayDesk(Desk[SessionReceipt]):
    """Where every message to a treatment day arrives."""

    def __init__(self, state: SessionState) -> None:
        plan = state.plan
        super().__init__(
            workflow_id=plan.session_id,
            journey_id=plan.journey_id,
            clinic=plan.clinic,
            protocol=plan.protocol,
            state=state,
            receipt=self._answer,
        )
        self.day = Supervision(state, self)
        self._session = state
        self.day.on_task_closed[ApprovalKind.SUBSTANCE_VARIANCE] = controlled_substance.recounted
        self.day.on_task_closed[ApprovalKind.GAP_REVIEW] = vital_signs.gap_reviewed
        self.serve(self._table(self.day))

    def _table(self, day: Supervision) -> dict[str, Handler]:
        row = partial(_row, day)
        keys = DecisionKeys(self._session, self.recorder)
        return {
            "check_in": row(CheckIn, readiness.judge_check_in, readiness.check_in),
            "order_dose": row(OrderDose, readiness.judge_dose_order, readiness.order_dose),
            "start_dosing": row(StartDosing, dosing.judge_start, dosing.start_dosing),
            "record_vitals": row(RecordVitals, vital_signs.judge_vitals, vital_signs.record_vitals),
            "pause_dosing": row(PauseDosing, dosing.judge_pause, dosing.pause_dosing),
            "resume_dosing": row(ResumeDosing, dosing.judge_resume, dosing.resume_dosing),
            "stop_dosing": row(StopDosing, dosing.judge_stop, dosing.stop_dosing),
            "end_dosing": row(EndDosing, dosing.judge_end, dosing.end_dosing),
            "report_adverse_event": row(
                ReportAdverseEvent,
                adverse_event.judge_adverse_event,
                adverse_event.report_adverse_event,
            ),
            "discharge": row(Discharge, discharge.judge_going_home, discharge.discharge),
            "supply_missing": row(SupplyMissing, readiness.judge_supply, readiness.supply_missing),
            "record_waste": row(
                RecordWaste,
                controlled_substance.judge_record_waste,
                controlled_substance.record_waste,
            ),
            "assign_attendant": row(
                AssignAttendant, attendance.judge_assign, attendance.assign_attendant
            ),
            "renew_presence": row(
                RenewPresence, attendance.judge_presence, attendance.renew_presence
            ),
            "hand_over": row(HandOver, attendance.judge_hand_over, attendance.hand_over),
            "take_over": row(TakeOver, attendance.judge_take_over, attendance.take_over),
            "acknowledge_order": Handler(AcknowledgeOrder, day.orders.judge, self._acknowledge),
            "decide_approval": Handler(DecideApproval, day.tasks.judge, day.tasks.decide),
            "remind_task": Handler(RemindTask, day.tasks.judge_reminder, day.tasks.remind),
            "adopt_decision_keys": Handler(AdoptDecisionKeys, keys.judge, keys.adopt),
        }

    def _take_in(self, letter: Letter) -> None:
        """A hold or withdrawal never waits behind another letter, least of all behind a start
        whose log is on its way."""
        if letter.name != "journey_interrupted":
            super()._take_in(letter)
            return
        try:
            self.day.journey_interrupted(letter.read(Interruption).event)
        except Unreadable as unreadable:
            self.dead_letter(letter.name, unreadable.code)

    def check(self, kind: str, command: Command) -> None:
        """A refused update leaves no trace; so a discharge that tells of a danger passes here the
        first time, to be refused where people can be told of it."""
        try:
            super().check(kind, command)
        except ApplicationError:
            if not self._tells_of_danger(kind, command):
                raise

    def _insist(self, kind: str, command: Command) -> None:
        if isinstance(command, Discharge) and self._tells_of_danger(kind, command):
            suicide_risk.told_at_discharge(self.day, command)
        super()._insist(kind, command)

    def _tells_of_danger(self, kind: str, command: Command) -> bool:
        if not isinstance(command, Discharge) or judge_role(kind, command.actor.role):
            return False
        return suicide_risk.news_at_discharge(self.day, command)

    async def _carry_out(self, kind: str, command: Command) -> SessionReceipt:
        """A start sent twice is answered when the first one is, and not before the dose log is on
        record."""
        if kind == "start_dosing":
            await workflow.wait_condition(lambda: not self._session.starting)
        return await super()._carry_out(kind, command)

    def _acknowledge(self, command: AcknowledgeOrder) -> None:
        self.day.orders.acknowledge(command.order_id, command, command.actor)
        attendance.seen(self.day, command)

    def _other(self, letter: Letter, /) -> None:
        match letter.name:
            case "report_to_journey":
                self._session.report_to_journey = True
            case "plan_changed":
                plan_change.plan_changed(self.day, letter.read(PlanChange))
            case "site_certified":
                plan_change.site_certified(self.day, letter.read(plan_change.SiteCertified))
            case _:
                super()._other(letter)

    def _answer(
        self, command: Command, version: int, duplicate: bool, answer: object
    ) -> SessionReceipt:
        if isinstance(command, StartDosing) and self._session.started_by != command.command_id:
            raise refused(dosing.judge_start(self.day, command) or (NOT_STARTED,))
        gate = answer if isinstance(answer, Readiness) else self._gate_at_reading(answer)
        missing = tuple(item.as_reason() for item in gate.missing) if gate else ()
        return SessionReceipt(
            command_id=command.command_id,
            version=version,
            duplicate=duplicate,
            phase=self._session.phase,
            decision=answer if isinstance(answer, ReadingDecision) else None,
            missing=missing,
            order=self._order_given(answer),
        )

    def _gate_at_reading(self, answer: object) -> Readiness | None:
        """Before the dose a reading may be quiet by itself while another one still stands."""
        reading = isinstance(answer, ReadingDecision)
        return self.day.readiness() if reading and self._session.phase in ON_SITE else None

    def _order_given(self, answer: object) -> SafetyOrder | None:
        """What the engine ordered on the reading that is being answered."""
        if not isinstance(answer, ReadingDecision) or answer.action not in ORDERS:
            return None
        return next(iter(self.day.orders.unanswered[-1:]), None)


def _row(day: Supervision, model: type[Command], judge: Judge, act: Act) -> Handler:
    """Whoever stays with the patient is seen by everything they do."""

    def acted(command: Command) -> object:
        attendance.seen(day, command)
        return act(day, command)

    return Handler(model, partial(judge, day), acted)
