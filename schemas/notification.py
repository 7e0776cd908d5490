"""Telling people: one message for one occurrence, on one channel, without patient data."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Code, Role, Value


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"


class NotificationClass(StrEnum):
    """What to prefer when the provider's answer is unknown: a duplicate (safety, action) or a
    loss (reminder once more at most, information never)."""

    SAFETY = "safety"
    ACTION = "action"
    REMINDER = "reminder"
    INFORMATION = "information"


class Notification(Value):
    """One occurrence. `occurrence` is unique within the workflow, so a retry is not a second
    message. `to_role`: clinic staff by role; otherwise `address` of the patient."""

    occurrence: Annotated[str, Field(min_length=1, max_length=200)]
    template: Code
    channel: Channel = Channel.EMAIL
    kind: NotificationClass = NotificationClass.ACTION
    to_role: Role | None = None
    address: str | None = None
    language: str = "en"
    facts: dict[str, str] = {}


class SendNotifications(Value):
    """A batch, in order, from one workflow. `inboxes`: the clinic's address for each role."""

    workflow_id: str
    journey_id: str
    clinic: Code
    clinic_name: str
    training: bool
    notifications: tuple[Notification, ...]
    inboxes: dict[Role, str] = {}


class DeliveryStatus(StrEnum):
    CLAIMED = "claimed"
    SENT = "sent"
    UNDELIVERABLE = "undeliverable"
    UNKNOWN = "unknown"


class Delivery(Value):
    """What became of one notification."""

    occurrence: str
    status: DeliveryStatus
