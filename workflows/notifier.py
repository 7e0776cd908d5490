"""Messages on their way to people: gathered in the workflow, sent in order, in batches."""

from typing import Protocol

from temporalio import workflow
from temporalio.exceptions import ActivityError

from runtime.names import NOTIFICATIONS
from schemas.notification import Delivery, Notification, SendNotifications
from schemas.protocol import Clinic
from workflows.options import FACTS_IN_A_BATCH, NOTIFY_RETRY, NOTIFY_TIMEOUT, TROUBLE_PAUSE


class HasMessages(Protocol):
    """State that carries messages not yet handed over."""

    unsent: list[Notification]
    training: bool


class Notifier:
    """The messages of one workflow. Each names its occurrence, so a retry is not a second one."""

    def __init__(
        self, *, workflow_id: str, journey_id: str, clinic: Clinic, state: HasMessages
    ) -> None:
        self._workflow_id = workflow_id
        self._journey_id = journey_id
        self._clinic = clinic
        self._state = state

    def tell(self, notification: Notification) -> None:
        """Queue one message."""
        self._state.unsent.append(notification)

    @property
    def drained(self) -> bool:
        """Whether every message has been handed over."""
        return not self._state.unsent

    async def run(self) -> None:
        """Hand over for as long as the workflow lives."""
        while True:
            await workflow.wait_condition(lambda: bool(self._state.unsent))
            try:
                await self._hand_over()
            except ActivityError:
                workflow.logger.error("notify_failed_for_good")
                await workflow.sleep(TROUBLE_PAUSE, summary="notify: look again")

    async def _hand_over(self) -> None:
        batch = tuple(self._state.unsent[:FACTS_IN_A_BATCH])
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
            retry_policy=NOTIFY_RETRY,
            summary=f"send {len(batch)} messages",
        )
        del self._state.unsent[: len(batch)]
