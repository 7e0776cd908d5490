"""The supervision of a treatment day: the same for the infusion and the nasal spray.

What each command means is here; what may be done is asked of `clinical`; when something should
have happened by now is `workflows/watch.py`.
"""

from bisect import insort
from datetime import datetime

from clinical.clinic_hours import local_date
from clinical.discharge import judge_discharge, long_review_at, review_opens_at
from clinical.dosing import DoseDecision, DoseFacts, judge_delivery, judge_order
from clinical.readiness import judge_readiness
from clinical.titration import prior_dose
from clinical.vital_signs import is_duplicate, judge_late, may_resume
from schemas.adverse_event import ReportAdverseEvent
from schemas.approval import ApprovalKind, EntryKind, Task, TaskStatus
from schemas.base import SYSTEM, Actor, Command, Reason, Role
from schemas.controlled_substance import DrugLot
from schemas.event import EventKind
from schemas.infusion import (
    CheckIn,
    Discharge,
    EndDosing,
    OrderDose,
    PauseDosing,
    Readiness,
    ReadingDecision,
    RecordVitals,
    ResumeDosing,
    SessionPhase,
    SessionPlan,
    SessionReceipt,
    StartDosing,
    StopDosing,
    VitalsAction,
    VitalSigns,
)
from schemas.journey import Event
from schemas.notification import Notification, NotificationClass
from schemas.screening import Modality
from workflows.approval import Tasks
from workflows.desk import Desk, refused
from workflows.session_state import AFTER_DOSE, BEFORE_DOSE, ON_SITE, OPEN, UNDER_DOSE, SessionState

DISCHARGE = "discharge"
EXCEPTION = "dose-exception"
ALREADY_STARTED = Reason(code="already_started", text="dosing was started before")
CALLED_OFF = Reason(code="called_off", text="dosing was stopped before it began")

Reasons = tuple[Reason, ...]


class Supervision:
    """What people do on a treatment day, and what the engine answers."""

    def __init__(self, state: SessionState, desk: Desk[SessionReceipt]) -> None:
        self.state = state
        self.desk = desk
        self.clock = desk.clock
        self.recorder = desk.recorder
        self.parameters = desk.parameters
        self.tasks = Tasks(
            workflow_id=state.plan.session_id,
            state=state,
            clock=desk.clock,
            recorder=desk.recorder,
            notifier=desk.notifier,
            rules=state.plan.protocol.approvals,
            on_closed=self._task_closed,
        )

    # -- before the dose --------------------------------------------------------------------

    def judge_check_in(self, _command: CheckIn) -> Reasons:
        """Once, on the day the session is booked for."""
        wrong = self._only_in({SessionPhase.BOOKED}, "already_checked_in")
        if wrong:
            return wrong
        plan = self.state.plan
        today = local_date(self.clock.now(), plan.clinic)
        if today == local_date(plan.scheduled_at, plan.clinic):
            return ()
        return (Reason(code="not_today", text="this session is booked for another day"),)

    def check_in(self, command: CheckIn) -> Readiness:
        """The patient is here; what is still missing goes back with the answer."""
        self.state.check_in = command
        self.go(SessionPhase.PRE_CHECK)
        self._note(
            EventKind.CHECKED_IN, command, command.model_dump(mode="json", exclude=_ENVELOPE)
        )
        return self._rejudge()

    def judge_order(self, command: OrderDose) -> Reasons:
        """A prescriber's order for today; refused whoever signs where the caps say so."""
        wrong = self._only_in(ON_SITE, "not_checked_in")
        if wrong:
            return wrong
        if self.state.starting:
            return (ALREADY_STARTED,)
        decision = self._dose_decision(command, co_signed=command.co_signed_by is not None)
        if command.co_signed_by and command.co_signed_by.id == command.actor.id:
            return (Reason(code="same_person", text="a second prescriber must co-sign"),)
        return decision.reasons if decision.refused else ()

    def order_dose(self, command: OrderDose) -> Readiness:
        """Keep the order; above a cap a second prescriber is asked."""
        decision = self._dose_decision(command, co_signed=command.co_signed_by is not None)
        self.tasks.cancel(EXCEPTION)  # leave for an earlier order is not leave for this one
        self.state.order = command
        self.state.order_allowed = decision.allowed
        self._note(
            EventKind.DOSE_ORDERED,
            command,
            {
                **command.model_dump(mode="json", exclude=_ENVELOPE),
                "decision": decision.model_dump(mode="json"),
            },
        )
        if not decision.allowed:
            self.tasks.open(
                ApprovalKind.DOSE_EXCEPTION,
                EXCEPTION,
                "Dose above a cap: a second prescriber decides",
                requested_by=command.actor,
                slots=(Role.PRESCRIBER,),
                session_id=self.state.plan.session_id,
            )
        return self._rejudge()

    def judge_start(self, command: StartDosing) -> Reasons:
        """Everything the gate needs, judged at this moment with the lot that is drawn from."""
        if self.state.starting or self.state.dosed_at is not None:
            return (ALREADY_STARTED,)
        wrong = self._only_in(ON_SITE, "not_checked_in")
        if wrong:
            return wrong
        missing = self.readiness(lot=command.lot, starting=True).missing
        return tuple(item.as_reason() for item in missing)

    async def start_dosing(self, command: StartDosing) -> None:
        """The dose log goes on record first; only then is the answer, and so the pump, given.

        While the log is on its way a reading, a withdrawal or the hour may forbid the dose, so
        the gate is judged again before it opens.
        """
        state = self.state
        state.starting, state.called_off = True, False
        logged = self._note(
            EventKind.DOSE_LOGGED,
            command,
            {
                **command.model_dump(mode="json", exclude=_ENVELOPE),
                "ordered_mg": state.order.dose_mg if state.order else None,
            },
        )
        await self.recorder.on_record(logged)
        state.starting = False
        reasons = (CALLED_OFF,) if state.called_off else self.judge_start(command)
        if reasons:
            self._not_ready(command, reasons)
            raise refused(reasons)
        state.dosed_at = self.clock.now()
        self.go(SessionPhase.DOSING)
        self._note(EventKind.DOSING_STARTED, command, {})

    # -- readings ---------------------------------------------------------------------------

    def judge_vitals(self, command: RecordVitals) -> Reasons:
        """A reading is taken at the bedside, never from the future."""
        wrong = self._only_in(OPEN - {SessionPhase.BOOKED}, "not_checked_in")
        taken_at = command.vitals.taken_at
        if not wrong and taken_at is not None and taken_at > self.clock.now():
            return (Reason(code="reading_from_future", text="the reading's time lies ahead"),)
        return wrong

    def record_vitals(self, command: RecordVitals) -> ReadingDecision:
        """Judge the reading at once; a pause or stop it asks for is ordered here and now."""
        state = self.state
        reading = command.vitals
        if reading.taken_at is None:
            reading = reading.model_copy(update={"taken_at": self.clock.now()})
        readings = state.readings
        if is_duplicate(reading, readings):
            return ReadingDecision(
                action=VitalsAction.CONTINUE,
                reasons=(Reason(code="duplicate_reading", text="this reading was taken before"),),
            )
        decision = self._judge_reading(reading, readings)
        insort(readings, reading, key=_taken_at)
        self._arrived()
        self._note(
            EventKind.VITALS_RECORDED if _quiet(decision) else EventKind.VITALS_BREACHED,
            command,
            {
                "vitals": reading.model_dump(mode="json", exclude_none=True),
                "decision": decision.model_dump(mode="json"),
            },
        )
        self._obey(decision)
        if state.phase in ON_SITE:
            self._rejudge()
        return decision

    # -- during the dose --------------------------------------------------------------------

    def judge_pause(self, _command: PauseDosing) -> Reasons:
        return self._only_in({SessionPhase.DOSING}, "not_dosing")

    def pause_dosing(self, command: PauseDosing) -> None:
        self.pause(command.actor, command.reason, command)

    def judge_resume(self, _command: ResumeDosing) -> Reasons:
        """Only on an order, and only on a reading since the pause that allows it."""
        wrong = self._only_in({SessionPhase.PAUSED}, "not_paused")
        return wrong or may_resume(
            self.state.during, self.parameters, paused_at=self.state.paused_at
        )

    def resume_dosing(self, command: ResumeDosing) -> None:
        self.go(SessionPhase.DOSING, began_at=self.state.phase_began_at)
        self._note(EventKind.DOSING_RESUMED, command, {"reason": command.reason})

    def judge_stop(self, _command: StopDosing) -> Reasons:
        """Always, while dosing or about to; afterwards once, to say how much was given."""
        if self.state.starting:
            return ()
        if self.state.phase in AFTER_DOSE and self.state.delivered_mg is None:
            return ()
        return self._only_in(UNDER_DOSE, "not_dosing")

    def stop_dosing(self, command: StopDosing) -> None:
        """Dosing ends for good; how much was given may follow in a second call. Before the pump
        has leave to start, it calls that start off."""
        if self.state.starting:
            self.state.called_off = True
            self._not_ready(command, (CALLED_OFF,))
            return
        self.state.delivered_mg = command.delivered_mg
        self._delivered()
        data = command.model_dump(mode="json", exclude=_ENVELOPE)
        if self.state.phase in AFTER_DOSE:
            self._note(EventKind.DOSING_ENDED, command, data)
            return
        self.stop(command.actor, command.reason, command, data)

    def judge_end(self, _command: EndDosing) -> Reasons:
        return self._only_in(UNDER_DOSE, "not_dosing")

    def end_dosing(self, command: EndDosing) -> None:
        """Dosing ended; observation begins, and the discharge review gets its hour."""
        self.state.delivered_mg = command.delivered_mg
        self._delivered()
        self._observe()
        self._note(
            EventKind.DOSING_ENDED, command, command.model_dump(mode="json", exclude=_ENVELOPE)
        )

    def judge_adverse_event(self, _command: ReportAdverseEvent) -> Reasons:
        return self._only_in(OPEN, "session_closed")

    def report_adverse_event(self, command: ReportAdverseEvent) -> None:
        """Keep it; a serious one is told to the medical director at once."""
        self.state.adverse_events.append(command.event)
        self._note(
            EventKind.ADVERSE_EVENT_REPORTED,
            command,
            {"event": command.event.model_dump(mode="json")},
        )
        if command.event.serious:
            self.alert(Role.MEDICAL_DIRECTOR, "safety_alert", f"sae-{self.state.version}")

    # -- discharge --------------------------------------------------------------------------

    def judge_discharge(self, command: Discharge) -> Reasons:
        """All criteria, each with its value; nobody is sent home by a clock."""
        state = self.state
        wrong = self._only_in(AFTER_DOSE, "not_in_observation")
        if wrong:
            return wrong
        if state.delivered_mg is None:
            text = "write down how much was given before the patient leaves"
            return (Reason(code="delivered_amount_missing", text=text),)
        assert state.dosing_ended_at is not None, "observation follows a dose"
        decision = judge_discharge(
            command,
            modality=state.plan.modality,
            dosing_ended_at=state.dosing_ended_at,
            last_device_at=self._last_device_at,
            readings=state.after,
            baseline=state.baseline,
            now=self.clock.now(),
            parameters=self.parameters,
        )
        return () if decision.allowed else decision.reasons

    def discharge(self, command: Discharge) -> None:
        """A person lets the patient go: home, against advice, or to a hospital."""
        self.state.against_advice = command.against_advice
        self.tasks.enter(DISCHARGE, command)
        self.close(
            SessionPhase.TRANSFERRED if command.transferred_to else SessionPhase.DISCHARGED,
            EventKind.DISCHARGED,
            command,
            command.model_dump(mode="json", exclude=_ENVELOPE),
        )

    # -- what the engine itself does ----------------------------------------------------------

    def journey_interrupted(self, event: Event) -> None:
        """The journey was held, closed, or consent withdrawn. Nothing that runs is ended by a hold;
        a withdrawal stops the dose at once and the observation goes on."""
        state = self.state
        withdrawn = event is Event.CONSENT_WITHDRAWN
        state.withdrawn = state.withdrawn or withdrawn
        if state.phase in BEFORE_DOSE:
            phase = SessionPhase.ABORTED if withdrawn else SessionPhase.RESCHEDULED
            self.close(phase, EventKind.SESSION_CANCELLED, None, {"because": event.value})
        elif withdrawn and state.phase in UNDER_DOSE:
            self.stop(SYSTEM, "consent withdrawn", None, {"because": event.value})

    def pause(self, by: Actor, reason: str, command: Command | None = None) -> None:
        """Dosing pauses: a person goes to the chair."""
        self.state.pauses += 1
        self.state.paused_at = self.clock.now()
        self.go(SessionPhase.PAUSED, began_at=self.state.phase_began_at)
        self._note(EventKind.DOSING_PAUSED, command, {"reason": reason, "ordered_by": by.id})
        self.alert(Role.PRESCRIBER, "dosing_paused", f"pause-{self.state.pauses}")

    def stop(
        self, by: Actor, reason: str, command: Command | None, data: dict[str, object]
    ) -> None:
        """Dosing stops for good; monitoring goes on and discharge criteria still hold."""
        self.state.stop_events += 1
        self._observe()
        self._note(
            EventKind.DOSING_STOPPED, command, {**data, "reason": reason, "ordered_by": by.id}
        )
        self.alert(Role.PRESCRIBER, "dosing_stopped", "stop")

    def close(
        self,
        phase: SessionPhase,
        kind: EventKind,
        command: Command | None,
        data: dict[str, object],
    ) -> None:
        """The day is over; its last fact carries the whole result."""
        self.state.ended_at = self.clock.now()
        self.go(phase)
        self.tasks.cancel_all(keep=lambda _task: False)
        result = self.state.result().model_dump(mode="json")
        self._note(kind, command, {**data, "result": result})

    def alert(self, role: Role, template: str, occurrence: str) -> None:
        """Tell a role at once."""
        self.desk.notifier.tell(
            Notification(
                occurrence=f"{self.state.plan.session_id}:{occurrence}",
                template=template,
                kind=NotificationClass.SAFETY,
                to_role=role,
                facts={"session_id": self.state.plan.session_id},
            )
        )

    def readiness(self, lot: DrugLot | None = None, *, starting: bool = False) -> Readiness:
        """Whether the dose may be given now, and all that is missing."""
        state = self.state
        return judge_readiness(
            self._plan_for_now() if starting else state.plan,
            state.check_in,
            state.order,
            state.order_allowed,
            state.baseline,
            lot,
            self.clock.now(),
            self.parameters,
            earlier_readings=state.before[:-1],
            starting=starting,
            last_modality=state.plan.history[-1].modality if state.plan.history else None,
            recent_doses_at=tuple(s.dosed_at for s in state.plan.history if s.dosed_at),
        )

    @property
    def review_opens_at(self) -> datetime | None:
        """When the discharge review opens; None before the dose has ended."""
        if self.state.dosing_ended_at is None:
            return None
        return review_opens_at(
            self.state.plan.modality,
            self.state.dosing_ended_at,
            self.parameters,
            last_device_at=self._last_device_at,
        )

    def go(self, phase: SessionPhase, began_at: datetime | None = None) -> None:
        """Enter a phase."""
        self.state.phase = phase
        self.state.phase_began_at = began_at or self.clock.now()

    # -- inside -----------------------------------------------------------------------------

    def _rejudge(self) -> Readiness:
        readiness = self.readiness()
        self.state.phase = SessionPhase.READY if readiness.ready else SessionPhase.PRE_CHECK
        return readiness

    def _plan_for_now(self) -> SessionPlan:
        """A dose given before its booked hour is judged by the hour it is given at."""
        plan = self.state.plan
        return plan.model_copy(update={"scheduled_at": min(plan.scheduled_at, self.clock.now())})

    def _not_ready(self, command: Command, reasons: Reasons) -> None:
        """The dose log is on record by now; so must be that the dose was not given."""
        if self.state.phase in ON_SITE:
            missing = [reason.code for reason in reasons]
            self._note(EventKind.READINESS_JUDGED, command, {"ready": False, "missing": missing})

    def _dose_decision(self, command: OrderDose, *, co_signed: bool) -> DoseDecision:
        state = self.state
        earlier = [r for r in state.plan.history if r.modality is state.plan.modality]
        scale = next((r.weight_kg for r in reversed(state.before) if r.weight_kg), None)
        weight = scale or command.weight_kg or state.plan.dosing_weight_kg
        per_kg = state.plan.consented_max_mg_per_kg
        prior = tuple(dose for result in earlier if (dose := prior_dose(result)) is not None)
        return judge_order(
            DoseFacts(
                modality=state.plan.modality,
                dose_mg=command.dose_mg,
                weight_kg=weight,
                order_weight_kg=command.weight_kg,
                duration_min=command.duration_min,
                session_number=len(prior) + 1,
                co_signed=co_signed,
                consented_max_mg=per_kg * weight if per_kg and weight else None,
                improvement_percent=state.plan.improvement_percent,
                prior=prior,
            ),
            self.parameters,
        )

    def _judge_reading(self, reading: VitalSigns, readings: list[VitalSigns]) -> ReadingDecision:
        state = self.state
        stretch = "during" if state.phase in UNDER_DOSE else "pre"
        return judge_late(
            reading,
            phase="post" if state.phase in AFTER_DOSE else stretch,  # type: ignore[arg-type]
            baseline=state.baseline,
            readings=tuple(readings),
            paused=state.phase is SessionPhase.PAUSED,
            parameters=self.parameters,
        )

    def _arrived(self) -> None:
        self.state.read_until = self.clock.now()
        self.state.missed_in_row = 0
        self.state.missed_level = 0

    def _obey(self, decision: ReadingDecision) -> None:
        """What a reading orders is ordered at once; people carry it out."""
        state = self.state
        if state.phase not in UNDER_DOSE:
            return
        why = decision.reasons[0].code if decision.reasons else decision.action.value
        if decision.action is VitalsAction.STOP:
            self.stop(SYSTEM, why, None, {})
        elif decision.action is VitalsAction.PAUSE and state.phase is SessionPhase.DOSING:
            self.pause(SYSTEM, why)

    def _observe(self) -> None:
        state = self.state
        state.dosing_ended_at = self.clock.now()
        state.read_until = None
        self.go(SessionPhase.POST_OBS)
        task = self.tasks.open(
            EntryKind.DISCHARGE,
            DISCHARGE,
            "Discharge review: a person judges every criterion",
            opens_at=self.review_opens_at,
            due_at=long_review_at(state.plan.modality, state.dosing_ended_at, self.parameters),
            session_id=state.plan.session_id,
            quiet=True,
        )
        # Whoever judges it stands at the chair: written to only when it is overdue.
        state.tasks[DISCHARGE] = task.model_copy(update={"next_at": task.due_at})

    def _delivered(self) -> None:
        state = self.state
        if state.delivered_mg is not None and state.order is not None:
            state.outcome = judge_delivery(state.order.dose_mg, state.delivered_mg, self.parameters)

    @property
    def _last_device_at(self) -> datetime | None:
        spray = self.state.plan.modality is Modality.ESKETAMINE
        return self.state.dosing_ended_at if spray else None

    def _task_closed(self, task: Task) -> None:
        if task.kind is ApprovalKind.DOSE_EXCEPTION:
            self.state.order_allowed = task.status is TaskStatus.APPROVED
            self.state.tasks.pop(task.key, None)
            if self.state.phase in ON_SITE:
                self._rejudge()

    def _only_in(self, phases: set[SessionPhase] | frozenset[SessionPhase], code: str) -> Reasons:
        if self.state.phase in phases:
            return ()
        if self.state.phase not in OPEN:
            return (Reason(code="session_closed", text="this session has ended"),)
        text = f"not while the session is {self.state.phase.value}"
        return (Reason(code=code, text=text),)

    def _note(self, kind: EventKind, command: Command | None, data: dict[str, object]) -> int:
        return self.recorder.note(
            kind,
            {**data, "session_phase": self.state.phase.value},  # type: ignore[dict-item]
            by=command,
        )


_ENVELOPE = {"command_id", "actor"}


def _taken_at(reading: VitalSigns) -> datetime:
    assert reading.taken_at is not None, "a reading without a device time got ours"
    return reading.taken_at


def _quiet(decision: ReadingDecision) -> bool:
    """Whether a reading asks for nothing but, during a pause, the next one."""
    if decision.action is VitalsAction.CONTINUE:
        return True
    return all(reason.code == "paused" for reason in decision.reasons)
