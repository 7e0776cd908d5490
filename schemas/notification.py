"""Telling people: one message for one occurrence, on one channel, without patient data."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Code, Role, Value
from schemas.patient_link import LinkWish


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
    message. `to_role`: clinic staff by role; otherwise `address` of the patient. `link`: what the
    patient may do by the link that the message carries, where one can be given."""

    occurrence: Annotated[str, Field(min_length=1, max_length=200)]
    template: Code
    channel: Channel = Channel.EMAIL
    kind: NotificationClass = NotificationClass.ACTION
    to_role: Role | None = None
    address: str | None = None
    language: str = "en"
    facts: dict[str, str] = {}
    link: LinkWish | None = None


class SendNotifications(Value):
    """A batch, in order, from one workflow. `inboxes`: the clinic's address for each role.
    `time_zone` and `after_hours_phone` are the clinic's: moments are written in its zone."""

    workflow_id: str
    journey_id: str
    clinic: Code
    clinic_name: str
    training: bool
    notifications: tuple[Notification, ...]
    inboxes: dict[Role, str] = {}
    time_zone: str = "UTC"
    after_hours_phone: str | None = None


class DeliveryStatus(StrEnum):
    """Where one occurrence stands. `claimed`: about to be sent, or somebody died on the way.
    `deferred`: certainly not accepted yet; the next try is a first try. The others are final."""

    CLAIMED = "claimed"
    SENT = "sent"
    UNDELIVERABLE = "undeliverable"
    UNKNOWN = "unknown"
    DEFERRED = "deferred"


class Claim(StrEnum):
    """What a claim on an occurrence finds. `new`: no row yet, or a deferred one; it is claimed
    now. `unknown`: claimed before and never settled: nobody can say whether it went out. The
    others are settled for good and left alone; `abandoned` is the row whose status is unknown."""

    NEW = "new"
    UNKNOWN = "unknown"
    SENT = "sent"
    UNDELIVERABLE = "undeliverable"
    ABANDONED = "abandoned"


class Delivery(Value):
    """What became of one notification."""

    occurrence: str
    status: DeliveryStatus


class Message(Value):
    """One message as a person will read it. `message_id` is the same for every copy of it."""

    message_id: str
    to: str
    subject: str
    text: str


class Acceptance(StrEnum):
    """What the provider said. `deferred`: not taken, try again later; `refused`: never will be;
    `unknown`: the line broke after the message was handed over and before the answer."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class SendResult(Value):
    """The provider's answer. `provider_id`: its name for the message, to look it up by.
    `code`: a status code of the protocol, never the provider's words (they quote addresses)."""

    acceptance: Acceptance
    provider_id: str | None = None
    code: str | None = None
