"""A treatment day under supervision: what the infusion and the nasal spray have in common.

What each command means is told in the files of its concept (readiness, dosing, vital signs,
discharge); what may be done is asked of `clinical`; what should have happened by now is
`workflows/watch.py`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from clinical.discharge import long_review_at, review_opens_at
from clinical.monitoring_form import spray_facts
from clinical.named_people import judge_name, listed, people_named
from clinical.preparation import tell_at
from clinical.readiness import judge_readiness
from schemas.approval import ApprovalKind, EntryKind, Task, TaskStatus
from schemas.base import SYSTEM, Actor, Command, Reason, Role
from schemas.controlled_substance import DrugLot
from schemas.event import EventKind
from schemas.infusion import (
    NamesPeople,
    Readiness,
    SessionPhase,
    SessionPlan,
    SessionReceipt,
    SessionResult,
    VitalsAction,
)
from schemas.journey import Event
from schemas.notification import Notification, NotificationClass
from schemas.screening import Modality
from workflows.approval import Tasks
from workflows.desk import Desk
from workflows.override import Overrides
from workflows.safety_order import SafetyOrders
from workflows.session_state import BEFORE_DOSE, ON_SITE, OPEN, UNDER_DOSE, SessionState

DISCHARGE = "discharge"
SUPPLY = "supply-"
ENVELOPE = {"command_id", "actor"}
"""What every command carries besides its content; the record keeps it in columns of its own."""

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
        self.overrides = Overrides(state, self.tasks)
        self.orders = SafetyOrders(state, desk.clock, desk.parameters, self.note, self.alert)
        self.on_task_closed: dict[
            ApprovalKind | EntryKind, Callable[[Supervision, Task], None]
        ] = {}

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
            self.stop(SYSTEM, "consent_withdrawn", None, {"because": event.value})

    def pause(self, by: Actor, reason: str, command: Command | None = None) -> None:
        """Dosing pauses: a person goes to the chair."""
        self.state.pauses += 1
        self.state.paused_at = self.clock.now()
        self.go(SessionPhase.PAUSED, began_at=self.state.phase_began_at)
        self.note(EventKind.DOSING_PAUSED, command, {"reason": reason, "ordered_by": by.id})
        if by is SYSTEM:
            self.orders.give(VitalsAction.PAUSE, reason)
        self.alert(Role.PRESCRIBER, "dosing_paused", f"pause-{self.state.pauses}")

    def stop(
        self, by: Actor, reason: str, command: Command | None, data: dict[str, object]
    ) -> None:
        """Dosing stops for good; monitoring goes on and discharge criteria still hold."""
        self.state.stop_events += 1
        self.observe()
        self.note(
            EventKind.DOSING_STOPPED, command, {**data, "reason": reason, "ordered_by": by.id}
        )
        if by is SYSTEM:
            self.orders.give(VitalsAction.STOP, reason)
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
        self.state.owed_at_end = self.state.owed
        result = self.result().model_dump(mode="json")
        self.tasks.cancel_all(keep=lambda _task: False)
        self.note(kind, command, {**data, "result": result})

    def result(self) -> SessionResult:
        """How the day ended; of a spray also what its monitoring form asks of the session."""
        state = self.state
        result = state.result()
        if state.plan.modality is not Modality.ESKETAMINE or state.dosed_at is None:
            return result
        spray = spray_facts(
            state.before,
            (*state.during, *state.after),
            state.dosed_at,
            result.ended_at,
            self.parameters,
            devices=state.devices,
            lot=state.lot.lot if state.lot else None,
            concomitant=state.check_in.new_medicines if state.check_in else (),
            supervised_by=state.attendant.id if state.attendant else None,
        )
        return result.model_copy(update={"spray": spray})

    def alert(self, role: Role, template: str, occurrence: str, **facts: str) -> None:
        """Tell a role at once."""
        self.desk.notifier.tell(
            Notification(
                occurrence=f"{self.state.plan.session_id}:{occurrence}",
                template=template,
                kind=NotificationClass.SAFETY,
                to_role=role,
                facts={"session_id": self.state.plan.session_id, **facts},
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
            state.before[-1] if state.before else None,
            lot,
            self.clock.now(),
            self.parameters,
            state.overrides,
            earlier_readings=state.before[:-1],
            starting=starting,
            last_modality=state.plan.history[-1].modality if state.plan.history else None,
            recent_doses_at=tuple(s.dosed_at for s in state.plan.history if s.dosed_at),
            pregnancy_reported=state.pregnancy_reported,
            pressure_blocked=state.pressure_blocked,
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
            last_device_at=self.last_device_at,
            sedative_given_at=self.state.sedative_given_at,
        )

    @property
    def infusion_ends_at(self) -> datetime | None:
        """When the ordered minutes of the infusion have run, its pauses added; None otherwise."""
        state = self.state
        minutes = state.order.duration_min if state.order else None
        if state.phase is not SessionPhase.DOSING or state.dosed_at is None or minutes is None:
            return None
        return state.dosed_at + timedelta(minutes=minutes, seconds=state.paused_for_s)

    @property
    def peak_reading_at(self) -> datetime | None:
        """When the pressure after the spray is read at its peak; None before the last device."""
        if self.last_device_at is None:
            return None
        return self.last_device_at + self.parameters.duration("esk.bp_post_time")

    def sedative_given(self, at: datetime) -> None:
        """A rescue sedative was given: the discharge review opens no sooner than it allows."""
        state = self.state
        state.sedative_given_at = max(at, state.sedative_given_at or at)
        opens_at = self.review_opens_at
        if opens_at is None:
            return
        if DISCHARGE in state.tasks:
            later = {"opens_at": opens_at}
            state.tasks[DISCHARGE] = state.tasks[DISCHARGE].model_copy(update=later)
        if state.phase is SessionPhase.DISCHARGE_REVIEW and self.clock.now() < opens_at:
            state.phase = SessionPhase.POST_OBS

    def go(self, phase: SessionPhase, began_at: datetime | None = None) -> None:
        """Enter a phase."""
        self.state.phase = phase
        self.state.phase_began_at = began_at or self.clock.now()

    def observe(self) -> None:
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

    def rejudge(self) -> Readiness:
        """Judge the gate again; what two people may override is put to them."""
        readiness = self.readiness()
        self.ask_for_missing(readiness)
        self.state.overrides = frozenset(readiness.overridden)
        self.overrides.ask(readiness)
        self.state.phase = SessionPhase.READY if readiness.ready else SessionPhase.PRE_CHECK
        return readiness

    def ask_for_missing(self, readiness: Readiness) -> None:
        """Each thing that is missing is a task of the role that can supply it. Whoever is at hand
        is told only when it is still missing a little later."""
        wanted = {SUPPLY + m.code: m for m in readiness.missing}
        for key in [k for k in self.state.tasks if k.startswith(SUPPLY) and k not in wanted]:
            self.tasks.cancel(key)
        for key, item in wanted.items():
            task = self.tasks.open(
                EntryKind.SUPPLY_MISSING,
                key,
                f"Missing before the dose: {item.text}",
                slots=(item.supplied_by,),
                due_at=item.by if item.by and item.by > self.clock.now() else None,
                evidence={"missing": item.code, "text": item.text},
                session_id=self.state.plan.session_id,
                quiet=True,
            )
            if task.version == 1 and not task.reminded:
                asked_at = max(self.state.phase_began_at or task.requested_at, task.requested_at)
                soon = tell_at(asked_at, self.parameters)
                self.state.tasks[key] = task.model_copy(update={"next_at": min(soon, task.due_at)})

    def only_in(self, phases: set[SessionPhase] | frozenset[SessionPhase], code: str) -> Reasons:
        if self.state.phase in phases:
            return ()
        if self.state.phase not in OPEN:
            return (Reason(code="session_closed", text="this session has ended"),)
        text = f"not while the session is {self.state.phase.value}"
        return (Reason(code=code, text=text),)

    def doubted(self, command: NamesPeople) -> dict[str, Reasons]:
        """Which names that the sender wrote count for nothing: field -> why."""
        names = people_named(command)
        on_staff = command.on_staff
        if on_staff is None:
            on_staff = listed(self.state.plan.clinic, names)
        found = {name.field: judge_name(name, command.actor, on_staff) for name in names}
        return {field: reasons for field, reasons in found.items() if reasons}

    def judge_names(self, command: NamesPeople) -> Reasons:
        """Why a name in this command counts for nothing; empty when each counts."""
        return tuple(reason for reasons in self.doubted(command).values() for reason in reasons)

    def note(self, kind: EventKind, command: Command | None, data: dict[str, object]) -> int:
        return self.recorder.note(
            kind,
            {**data, "session_phase": self.state.phase.value},  # type: ignore[dict-item]
            by=command,
        )

    @property
    def last_device_at(self) -> datetime | None:
        spray = self.state.plan.modality is Modality.ESKETAMINE
        return self.state.dosing_ended_at if spray else None

    # -- inside -----------------------------------------------------------------------------

    def _plan_for_now(self) -> SessionPlan:
        """A dose given before its booked hour is judged by the hour it is given at."""
        plan = self.state.plan
        return plan.model_copy(update={"scheduled_at": min(plan.scheduled_at, self.clock.now())})

    def _task_closed(self, task: Task) -> None:
        told = self.on_task_closed.get(task.kind)
        if told is not None:
            told(self, task)
            return
        if task.kind is ApprovalKind.DOSE_EXCEPTION:
            self.state.order_allowed = task.status is TaskStatus.APPROVED
            self.state.tasks.pop(task.key, None)
        elif task.kind is not ApprovalKind.READINESS_OVERRIDE or not self.overrides.decided(task):
            return
        if self.state.phase in ON_SITE:
            self.rejudge()
