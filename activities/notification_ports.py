"""What telling people needs of the outside: a record of deliveries, mail, text messages, words."""

from typing import Protocol

from schemas.notification import (
    Claim,
    DeliveryStatus,
    Message,
    Notification,
    SendNotifications,
    SendResult,
)


class DeliveriesPort(Protocol):
    """The record of deliveries: one row for one occurrence of one workflow, for ever."""

    async def claim(
        self,
        workflow_id: str,
        journey_id: str,
        clinic: str,
        notification: Notification,
        address: str | None,
    ) -> Claim:
        """Take the occurrence before it is sent; see `Claim` for what may be found."""

    async def settle(
        self, workflow_id: str, occurrence: str, status: DeliveryStatus, provider_id: str | None
    ) -> None:
        """Write down what became of an occurrence, over whatever stood there but `sent`.
        Saying it twice changes nothing."""


class MailPort(Protocol):
    """A mail server. It answers; it raises only what nobody foresaw."""

    async def send(self, message: Message) -> SendResult: ...


class SmsPort(Protocol):
    """A text message provider, on the same terms."""

    async def send(self, message: Message) -> SendResult: ...


class TemplatesPort(Protocol):
    """The words. No patient data comes in, so none goes out."""

    def compose(
        self,
        batch: SendNotifications,
        notification: Notification,
        message_id: str,
        to: str,
        own_link: str | None = None,
    ) -> Message | None:
        """The message in the reader's language, or None for a template nobody wrote. `own_link`:
        the address by which the patient answers."""


class OwnLinksPort(Protocol):
    """Patients' links that go with a message."""

    async def link_for(
        self, workflow_id: str, journey_id: str, clinic: str, notification: Notification
    ) -> str | None:
        """The address this message carries, the same for every copy; None where none is given."""
