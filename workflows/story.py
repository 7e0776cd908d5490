"""What a phase of the journey may do: wait, ask a person, expect an entry, tell somebody.

A phase is told from its state alone, so that a new run, or a hold left again, finds the place.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from temporalio import workflow

from clinical.parameters import Parameters
from schemas.approval import ApprovalKind, EntryKind, Task, TaskStatus
from schemas.base import SYSTEM, Actor, Command, Receipt, Role, earliest
from schemas.event import EventKind, JourneyCard
from schemas.journey import Event, JourneyState, Phase
from schemas.notification import Channel, Notification, NotificationClass
from schemas.patient_link import LinkWish
from schemas.protocol import ExpiryOutcome
from workflows.approval import SAFETY_KINDS, Tasks
from workflows.deadlines import after_the_story
from workflows.desk import Desk
from workflows.letters import Letters
from workflows.options import (
    GROWN_LONG,
    LENGTH_TURN,
    PHASE_EVENT_BUDGET,
    RUN_EVENT_BUDGET,
)
from workflows.visible import Notice

OUTLIVES_A_PHASE = SAFETY_KINDS | {
    ApprovalKind.SESSION_LOST,
    ApprovalKind.PROTOCOL_CHANGE,
    ApprovalKind.PATIENT_CONTACT,
    ApprovalKind.SAFETY_REPORT,
    ApprovalKind.MONITORING_FORM,
    ApprovalKind.SUBSTANCE_VARIANCE,
    ApprovalKind.GAP_REVIEW,
    ApprovalKind.DUPLICATE_REVIEW,
    ApprovalKind.TRANSFER_HANDOVER,
    ApprovalKind.RESULT_REVIEW,
    ApprovalKind.MEDICATION_REVIEW,
    ApprovalKind.DISAPPEARANCE,
    ApprovalKind.DELETION_REQUEST,
    EntryKind.PREPARE_SESSION,
    EntryKind.RECORD_AUTHORIZATION,
    EntryKind.CHANGE_PROVIDER,
}
"""What a hold, a withdrawal or the next phase never cancels."""

SCREENING_AGAIN, FINDING_AGAIN = "screening-again", "screening-finding-again"
KEEPS_THE_CLEARANCE = frozenset({SCREENING_AGAIN, FINDING_AGAIN})
"""Tasks by which the clearance is kept up: they outlive a phase as long as doses may come."""

TAKEN_BY_NO_PHASE = SAFETY_KINDS - {ApprovalKind.SAFETY_FOLLOW_UP} | {
    ApprovalKind.SUBSTANCE_VARIANCE,
    ApprovalKind.GAP_REVIEW,
    ApprovalKind.SESSION_LOST,
    ApprovalKind.PATIENT_CONTACT,
    ApprovalKind.SAFETY_REPORT,
    ApprovalKind.MONITORING_FORM,
    ApprovalKind.DUPLICATE_REVIEW,
    ApprovalKind.TRANSFER_HANDOVER,
    ApprovalKind.DISAPPEARANCE,
    ApprovalKind.DELETION_REQUEST,
}
"""Tasks no phase waits for: once settled they leave the state."""


CLIMBED = "-climbed"

RANK = {Event.HELD: 0, Event.CLOSE_REQUESTED: 1, Event.CONSENT_WITHDRAWN: 2}
"""Which interruption wins when two come before the story hears of the first."""


class Interrupted(Exception):  # noqa: N818 - it is a turn of the story, not an error
    """A hold, a withdrawal or a closing pre-empted what the phase was waiting for."""

    def __init__(self, event: Event) -> None:
        super().__init__(event.value)
        self.event = event


class TurnOver(Exception):  # noqa: N818
    """This run has grown long enough: the story goes on in the next."""


class Watch(Protocol):
    """Something beside the tasks that falls due by itself. After `tend`, `next_at` lies ahead."""

    def next_at(self) -> datetime | None: ...

    def tend(self) -> None: ...


class Story:
    """One journey as its phases see it."""

    def __init__(self, state: JourneyState, desk: Desk[Receipt]) -> None:
        self.state = state
        self.desk = desk
        self.clock = desk.clock
        self.recorder = desk.recorder
        self.notifier = desk.notifier
        self.tasks = Tasks(
            workflow_id=state.workflow_id,
            state=state,
            clock=self.clock,
            recorder=self.recorder,
            notifier=self.notifier,
            rules=state.protocol.approvals,
            on_closed=self._task_closed,
        )
        self.letters = Letters(state, self.clock, self.recorder)
        self._notice = Notice()
        self._grown = False
        self.listeners: list[Callable[[Task], None]] = []
        self.watches: list[Watch] = []
        self.on_interrupt: list[Callable[[Event], None]] = []

    @property
    def parameters(self) -> Parameters:
        """The numbers of the protocol version this journey is pinned to."""
        return self.desk.parameters

    # -- waiting ----------------------------------------------------------------------------

    async def wait(
        self,
        condition: Callable[[], bool],
        *,
        deadline: datetime | None = None,
        summary: str = "journey: next step",
    ) -> bool:
        """Wait for `condition` or `deadline`; False when the deadline came first.

        Raises `Interrupted` when a hold, withdrawal or closing came, and `TurnOver` when the run
        has grown long; the phase is then told again from its state.
        """
        await self.clock.until(
            lambda: condition() or self._leaving, deadline=deadline, summary=summary
        )
        self.desk.insist_whole()
        self.heed()
        if not condition() and self._long_enough:
            raise TurnOver
        return condition()

    def heed(self) -> None:
        """Raise `Interrupted` where a hold, withdrawal or closing has come: in a wait, and before a
        phase is told that may have nothing to wait for."""
        if self.state.pending_interrupt is not None:
            raise Interrupted(self.state.pending_interrupt)

    async def ask(
        self,
        kind: ApprovalKind,
        key: str,
        title: str,
        *,
        options: tuple[str, ...] = (),
        evidence: dict[str, str] | None = None,
        slots: tuple[Role, ...] | None = None,
        due_at: datetime | None = None,
        requested_by: Actor = SYSTEM,
    ) -> Task:
        """Ask a person to decide and wait until the task has ended, however it ended.
        `requested_by`: who asked for it, and so does not decide it.

        An expiry that the protocol answers with a hold becomes one here.
        """
        self.tasks.open(
            kind, key, title, options=options, evidence=evidence, slots=slots, due_at=due_at,
            requested_by=requested_by,
        )  # fmt: skip
        await self.wait(lambda: not self._pending(key))
        task = self.tasks.take(key)
        if task.status is TaskStatus.EXPIRED and task.on_expiry is ExpiryOutcome.HOLD:
            raise Interrupted(Event.HELD)
        return task

    async def expect(self, kind: EntryKind, key: str, title: str, made: Callable[[], bool]) -> None:
        """Ask for an entry and wait until it has been made."""
        if not made():
            self.tasks.open(kind, key, title)
            await self.wait(made)
        if self.tasks.find(key) is not None:
            self.tasks.take(key)

    def entered(self, key: str, command: Command) -> None:
        """An entry has been made; whoever was asked for it need not be asked again."""
        self.tasks.enter(key, command)

    def interrupt(self, event: Event) -> None:
        """Pre-empt whatever the phase waits for. Withdrawal outranks closing outranks a hold."""
        pending = self.state.pending_interrupt
        if pending is None or RANK[event] > RANK[pending]:
            self.state.pending_interrupt = event
        for hear in self.on_interrupt:
            hear(event)

    # -- telling ----------------------------------------------------------------------------

    def tell_role(
        self, role: Role, template: str, occurrence: str, kind: NotificationClass, **facts: str
    ) -> None:
        """Write to clinic staff by role."""
        self.notifier.tell(
            Notification(
                occurrence=occurrence, template=template, kind=kind, to_role=role, facts=facts
            )
        )

    def tell_patient(
        self,
        template: str,
        occurrence: str,
        kind: NotificationClass,
        link: LinkWish | None = None,
        **facts: str,
    ) -> None:
        """Write to the patient on the channel they gave: e-mail, else text message; with a link to
        answer by where one is wished for. Nobody writes to somebody who has died."""
        if self.state.silenced:
            return
        patient = self.state.referral.patient
        address = patient and (patient.email or patient.phone)
        if patient is None or address is None:
            return
        self.notifier.tell(
            Notification(
                occurrence=occurrence,
                template=template,
                kind=kind,
                channel=Channel.EMAIL if patient.email else Channel.SMS,
                address=address,
                language=patient.language,
                facts=facts,
                link=link,
            )
        )

    # -- where it stands --------------------------------------------------------------------

    def enter(self, phase: Phase) -> None:
        """Move to a phase: what only the last one asked for is no longer asked for."""
        came_from = self.state.phase
        ends = phase is Phase.CLOSED
        self.tasks.cancel_all(
            keep=lambda task: (
                not ends and (task.kind in OUTLIVES_A_PHASE or task.key in KEEPS_THE_CLEARANCE)
            )
        )
        self.state.phase = phase
        self.state.phase_entered_at = self.clock.now()
        self.recorder.note(EventKind.PHASE_ENTERED, {"phase": phase.value, "from": came_from.value})
        self.letters.entered(phase)

    @property
    def next_action_at(self) -> datetime | None:
        """When something is next due on this journey."""
        booking = self.state.booking
        return earliest([self._look_again_at(), booking.scheduled_at if booking else None])

    @property
    def next_deadline(self) -> datetime | None:
        """What people must keep to: the next due time or treatment day. A reminder in between is
        the engine's own affair; a due time that has passed stays until somebody acts."""
        booking = self.state.booking
        due = [task.due_at for task in self.tasks.pending()]
        return earliest([*due, booking.scheduled_at if booking else None])

    @property
    def awaiting(self) -> Role | None:
        """The role that what is due first waits on."""
        pending = self.tasks.pending()
        return pending[0].owed_to if pending else None

    @property
    def attention(self) -> bool:
        """Whether a person should look: something escalated, lost, unreadable or about safety."""
        return self.state.dead_letter_count > 0 or any(
            task.escalated or task.kind in SAFETY_KINDS or task.kind is ApprovalKind.SESSION_LOST
            for task in self.tasks.pending()
            if task.opens_at is None or task.opens_at <= self.clock.now()
        )

    def card(self) -> JourneyCard:
        """Where the journey stands, as lists show it."""
        state = self.state
        return JourneyCard(
            journey_id=state.journey_id,
            clinic=state.clinic.code,
            phase=state.phase.value,
            training=state.training,
            protocol_version=state.protocol.version,
            awaiting_role=self.awaiting.value if self.awaiting else None,
            attention=self.attention,
            hold_reason=state.hold.reason_code if state.hold else None,
            next_action_at=self.next_deadline,
            closed=state.phase is Phase.CLOSED,
        )

    # -- clerks -----------------------------------------------------------------------------

    async def keep_tasks(self) -> None:
        """Remind, escalate and expire for as long as the journey lives: one timer in all."""
        while True:
            self.tasks.tend()
            for watch in self.watches:
                watch.tend()
            self.show()
            seen = self.tasks.changes
            await self.clock.until(
                lambda seen=seen: self.tasks.changes != seen,  # type: ignore[misc]
                deadline=self._look_again_at(),
                summary="people: next reminder or deadline",
            )

    def show(self) -> None:
        """Put up where the journey stands for operators."""
        pending = self.tasks.pending()
        opened = [t for t in pending if t.opens_at is None or t.opens_at <= self.clock.now()]
        if opened:
            waits_on = opened[0].kind.value
        else:
            waits_on = "treatment day" if self.state.booking else "nothing"
        self._notice.put_up(self.card(), waits_on)

    # -- inside -----------------------------------------------------------------------------

    def _look_again_at(self) -> datetime | None:
        return earliest([self.tasks.next_at(), *(watch.next_at() for watch in self.watches)])

    @property
    def _leaving(self) -> bool:
        return (
            self.state.pending_interrupt is not None
            or self._long_enough
            or self.desk.broken is not None
        )

    @property
    def _long_enough(self) -> bool:
        return self._grown or self.desk.length.pressing or self.desk.wants_refresh

    async def watch_length(self) -> None:
        """The story leaves a run that has grown long when a timer says so: in a task of its own,
        whatever else came in the one that saw the length. Only where so much comes that the timer
        is too slow does the length itself decide."""
        length = self.desk.length
        await workflow.wait_condition(lambda: length.beyond(RUN_EVENT_BUDGET))
        await after_the_story(LENGTH_TURN)
        await workflow.sleep(GROWN_LONG, summary="this run has grown long")
        self._grown = True

    @property
    def page_is_full(self) -> bool:
        """Between two phases a run turns over earlier than in the middle of one."""
        long_enough = self.desk.length.beyond(PHASE_EVENT_BUDGET) or self.desk.wants_refresh
        return not self.state.closed and long_enough

    def _pending(self, key: str) -> bool:
        task = self.tasks.find(key)
        return task is not None and task.pending

    def _climb(self, task: Task) -> None:
        """The patient was not reached: danger never ends with a "no"; the next role takes over."""
        if not task.key.endswith(CLIMBED):
            self.tasks.open(
                ApprovalKind.SUICIDE_RISK_REVIEW,
                task.key + CLIMBED,
                "Suicide risk and the patient not reached: take over, think of a welfare check",
                slots=(Role.MEDICAL_DIRECTOR,),
            )

    def _task_closed(self, task: Task) -> None:
        if task.kind in TAKEN_BY_NO_PHASE:
            self.state.tasks.pop(task.key, None)
        if task.kind is ApprovalKind.SUICIDE_RISK_REVIEW and task.status is TaskStatus.DECLINED:
            self._climb(task)
        for listener in self.listeners:
            listener(task)
