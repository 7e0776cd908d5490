"""Messages on their way to people: gathered in the workflow, sent in batches.

Ordinary ones go in order. Those about safety go each at once, so that neither an ordinary message
nor another alert at a mailbox that refuses for days ever stands before them; two of them may then
arrive the other way round.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

from temporalio import workflow
from temporalio.exceptions import ActivityError

from runtime.names import NOTIFICATIONS
from schemas.notification import (
    Delivery,
    Notification,
    NotificationClass,
    SendNotifications,
)
from schemas.protocol import Clinic
from workflows.deadlines import after_the_story
from workflows.options import (
    FACTS_IN_A_BATCH,
    GIVE_UP_AFTER,
    MESSAGE_TURN,
    NOTIFY_RETRY,
    NOTIFY_SILENCE,
    NOTIFY_TIMEOUT,
    SAFETY_TURN,
)

Told = tuple[Notification, ...]


class HasMessages(Protocol):
    """State that carries messages not yet handed over."""

    unsent: list[Notification]
    training: bool


class Notifier:
    """The messages of one workflow. Each names its occurrence, so a retry is not a second one."""

    def __init__(
        self,
        *,
        workflow_id: str,
        journey_id: str,
        clinic: Clinic,
        state: HasMessages,
        given_up: Callable[[Told], None],
        recording: Callable[[], bool],
        look: Callable[[], None],
    ) -> None:
        self._workflow_id = workflow_id
        self._journey_id = journey_id
        self._clinic = clinic
        self._state = state
        self._given_up = given_up
        self._recording = recording
        self._look = look
        self._resting = False
        self._on_their_way: set[str] = set()
        self._sent_off: list[asyncio.Task[None]] = []

    def tell(self, notification: Notification) -> None:
        """Queue one message."""
        self._state.unsent.append(notification)

    def rest(self) -> None:
        """Begin no more batches but of what is about safety: what is not handed over yet goes along
        to the next run."""
        self._resting = True

    @property
    def busy(self) -> bool:
        """Whether a batch is on its way."""
        return bool(self._on_their_way)

    @property
    def drained(self) -> bool:
        """Whether every message has been handed over."""
        return not self._state.unsent

    def lanes(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """The clerks: one for what is about safety, with one who looks after what that one has sent
        off, and one for the rest."""
        return (self._tell_at_once, self._notice_broken, self._tell_in_order)

    async def _tell_at_once(self) -> None:
        """What is about safety waits for no batch before it, which may lie with a mailbox that does
        not answer; so when it leaves never hangs on whether that one has been answered."""
        while True:
            await workflow.wait_condition(lambda: self._has_reason(True))
            await after_the_story(SAFETY_TURN)
            if self._has_reason(True):
                batch = self._taken(True)
                self._sent_off.append(asyncio.create_task(self._deliver(batch, None)))

    async def _notice_broken(self) -> None:
        """What breaks in a batch that nobody waits for breaks here."""
        while True:
            await workflow.wait_condition(lambda: any(batch.done() for batch in self._sent_off))
            ended = [batch for batch in self._sent_off if batch.done()]
            self._sent_off = [batch for batch in self._sent_off if not batch.done()]
            for batch in ended:
                batch.result()

    async def _tell_in_order(self) -> None:
        while True:
            await workflow.wait_condition(lambda: self._has_reason(False))
            await after_the_story(MESSAGE_TURN)
            if self._has_reason(False):
                await self._deliver(self._taken(False), GIVE_UP_AFTER)

    def _has_reason(self, safety: bool) -> bool:
        free = safety or not (self._recording() or self._resting)
        return free and bool(self._waiting(safety))

    def _waiting(self, safety: bool) -> Told:
        return tuple(
            m
            for m in self._state.unsent
            if (m.kind is NotificationClass.SAFETY) is safety
            and m.occurrence not in self._on_their_way
        )

    def _taken(self, safety: bool) -> Told:
        batch = self._waiting(safety)[:FACTS_IN_A_BATCH]
        self._on_their_way |= {message.occurrence for message in batch}
        return batch

    async def _deliver(self, batch: Told, within: timedelta | None) -> None:
        try:
            await self._hand_over(batch, within)
        except ActivityError:
            workflow.logger.error("notify_given_up")
            self._given_up(batch)
        handed = {message.occurrence for message in batch}
        self._on_their_way -= handed
        self._state.unsent[:] = [m for m in self._state.unsent if m.occurrence not in handed]

    async def _hand_over(self, batch: Told, within: timedelta | None) -> None:
        self._look()
        await workflow.execute_activity(
            "send_notifications",
            SendNotifications(
                workflow_id=self._workflow_id,
                journey_id=self._journey_id,
                clinic=self._clinic.code,
                clinic_name=self._clinic.name,
                training=self._state.training,
                notifications=batch,
                inboxes=self._clinic.inboxes,
                time_zone=self._clinic.time_zone,
                after_hours_phone=self._clinic.after_hours_phone,
            ),
            task_queue=NOTIFICATIONS,
            result_type=tuple[Delivery, ...],
            start_to_close_timeout=NOTIFY_TIMEOUT,
            heartbeat_timeout=NOTIFY_SILENCE,
            schedule_to_close_timeout=within,
            retry_policy=NOTIFY_RETRY,
            summary=f"send {len(batch)} messages",
        )
