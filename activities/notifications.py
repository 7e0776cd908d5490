"""Telling people: each occurrence once, and a chosen mistake where once cannot be known."""

import asyncio
import hashlib
from typing import assert_never

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import alive
from activities.notification_ports import (
    DeliveriesPort,
    MailPort,
    OwnLinksPort,
    SmsPort,
    TemplatesPort,
)
from schemas.notification import (
    Acceptance,
    Channel,
    Claim,
    Delivery,
    DeliveryStatus,
    Notification,
    NotificationClass,
    SendNotifications,
)

AT_ONCE = 4
"""Messages of one batch under way together, so that one slow server does not hold up the rest."""
LINK_WITHIN_S = 5.0
"""A message waits this long for the patient's link, then it goes without."""

log = structlog.get_logger()


class NotificationsActivities:
    """The effects of the `notifications` queue. Without `links` no message carries one."""

    def __init__(
        self,
        deliveries: DeliveriesPort,
        mail: MailPort,
        sms: SmsPort,
        templates: TemplatesPort,
        links: OwnLinksPort | None = None,
    ) -> None:
        self._deliveries = deliveries
        self._mail = mail
        self._sms = sms
        self._templates = templates
        self._links = links
        self._sent_unrecorded: set[str] = set()

    @activity.defn(name="send_notifications")
    @alive.said_while_it_takes
    async def send_notifications(self, batch: SendNotifications) -> tuple[Delivery, ...]:
        """Send what can be sent. Raises a retryable `NotificationsDeferred` that names only
        the count when some could not; the retry leaves alone what was already settled."""
        time = activity.info().start_to_close_timeout
        begun = asyncio.get_running_loop().time()
        gate = _Gate(begun + time.total_seconds() / 2 if time else None)
        once: dict[str, Notification] = {}
        for notification in batch.notifications:
            once.setdefault(notification.occurrence, notification)
        deliveries = await asyncio.gather(*(self._attempt(gate, batch, n) for n in once.values()))
        settled = tuple(d for d in deliveries if d is not None)
        if len(settled) < len(once):
            raise ApplicationError(
                f"{len(once) - len(settled)} of {len(once)} notifications not accepted yet",
                type="NotificationsDeferred",
            )
        return settled

    async def _attempt(
        self, gate: "_Gate", batch: SendNotifications, notification: Notification
    ) -> Delivery | None:
        """One notification, whose trouble is its own: None when it has to be tried again."""
        async with gate.turn:
            if gate.closed:
                return None  # not even claimed: the retry begins it afresh
            try:
                return await self._deliver(batch, notification)
            except Exception as error:
                # Only the type: messages of drivers and servers quote addresses.
                log.warning(
                    "notification_failed",
                    **traceable(batch, notification),
                    template=notification.template,
                    error=type(error).__name__,
                )
                return None

    async def _deliver(
        self, batch: SendNotifications, notification: Notification
    ) -> Delivery | None:
        to = address_for(batch, notification)
        try:
            claim = await self._deliveries.claim(
                batch.workflow_id, batch.journey_id, batch.clinic, notification, to
            )
        except Exception:
            if notification.kind is NotificationClass.SAFETY:
                await self._send_unrecorded(batch, notification, to)
            raise
        self._sent_unrecorded.discard(message_id(batch.workflow_id, notification.occurrence))
        match claim:
            case Claim.NEW:
                return await self._send(batch, notification, to)
            case Claim.UNKNOWN:
                return await self._after_unknown(batch, notification, to)
            case Claim.SENT:
                status = DeliveryStatus.SENT
            case Claim.UNDELIVERABLE:
                status = DeliveryStatus.UNDELIVERABLE
            case Claim.ABANDONED:
                status = DeliveryStatus.UNKNOWN
            case _:
                assert_never(claim)
        return Delivery(occurrence=notification.occurrence, status=status)

    async def _after_unknown(
        self, batch: SendNotifications, notification: Notification, to: str | None
    ) -> Delivery | None:
        """Somebody died between the claim and the answer: a duplicate or a loss, by class."""
        log.warning(
            "notification_outcome_unknown",
            **traceable(batch, notification),
            template=notification.template,
            kind=notification.kind.value,
        )
        match notification.kind:
            case NotificationClass.SAFETY | NotificationClass.ACTION:
                return await self._send(batch, notification, to)
            case NotificationClass.REMINDER:
                # Settled first: should this attempt die too, the next one leaves it alone.
                await self._settle(batch, notification, DeliveryStatus.UNKNOWN)
                again = await self._send(batch, notification, to, last=True)
                return again or _unknown(notification)
            case NotificationClass.INFORMATION:
                return await self._settle(batch, notification, DeliveryStatus.UNKNOWN)
            case _:
                assert_never(notification.kind)

    async def _send(
        self,
        batch: SendNotifications,
        notification: Notification,
        to: str | None,
        *,
        last: bool = False,
    ) -> Delivery | None:
        """Compose, send, settle. None: not settled, to be tried again (never when `last`)."""
        if not to:
            return await self._undeliverable(batch, notification, "no_address")
        reference = message_id(batch.workflow_id, notification.occurrence)
        own_link = await self._own_link(batch, notification)
        message = self._templates.compose(batch, notification, reference, to, own_link)
        if message is None:
            return await self._undeliverable(batch, notification, "unknown_template")
        result = await self._port(notification.channel).send(message)
        match result.acceptance:
            case Acceptance.ACCEPTED:
                return await self._settle(
                    batch, notification, DeliveryStatus.SENT, result.provider_id
                )
            case Acceptance.REFUSED:
                return await self._undeliverable(batch, notification, "refused", result.code)
            case Acceptance.DEFERRED:
                if not last:
                    await self._settle(batch, notification, DeliveryStatus.DEFERRED)
                return None
            case Acceptance.UNKNOWN:
                return None  # stays claimed: the retry finds it unknown and chooses by class
            case _:
                assert_never(result.acceptance)

    async def _own_link(self, batch: SendNotifications, notification: Notification) -> str | None:
        """The patient's own link. Nothing that goes wrong with it holds the message up."""
        if notification.link is None or self._links is None:
            return None
        try:
            async with asyncio.timeout(LINK_WITHIN_S):
                return await self._links.link_for(
                    batch.workflow_id, batch.journey_id, batch.clinic, notification
                )
        except Exception as error:
            log.warning(
                "message_without_link",
                **traceable(batch, notification),
                template=notification.template,
                error=type(error).__name__,
            )
            return None

    async def _send_unrecorded(
        self, batch: SendNotifications, notification: Notification, to: str | None
    ) -> None:
        """A safety alert does not wait for the record to come back: this process sends it once.
        The retry, once the record answers, sends the recorded copy: a duplicate, which this
        class prefers to a delay."""
        reference = message_id(batch.workflow_id, notification.occurrence)
        message = self._templates.compose(batch, notification, reference, to or "")
        if message is None or not to or reference in self._sent_unrecorded:
            return
        result = await self._port(notification.channel).send(message)
        if result.acceptance is Acceptance.ACCEPTED:
            self._sent_unrecorded.add(reference)

    async def _undeliverable(
        self,
        batch: SendNotifications,
        notification: Notification,
        why: str,
        code: str | None = None,
    ) -> Delivery:
        log.error(
            "notification_undeliverable",
            **traceable(batch, notification),
            template=notification.template,
            role=notification.to_role,
            reason_code=why,
            code=code,
        )
        return await self._settle(batch, notification, DeliveryStatus.UNDELIVERABLE)

    async def _settle(
        self,
        batch: SendNotifications,
        notification: Notification,
        status: DeliveryStatus,
        provider_id: str | None = None,
    ) -> Delivery:
        await self._deliveries.settle(
            batch.workflow_id, notification.occurrence, status, provider_id
        )
        return Delivery(occurrence=notification.occurrence, status=status)

    def _port(self, channel: Channel) -> MailPort | SmsPort:
        match channel:
            case Channel.EMAIL:
                return self._mail
            case Channel.SMS:
                return self._sms
            case _:
                assert_never(channel)


class _Gate:
    """How many messages go at once, and until when one may still begin: a message that the
    engine's timeout cuts short is an unknown one, so none begins in the second half."""

    def __init__(self, closes_at: float | None) -> None:
        self.turn = asyncio.Semaphore(AT_ONCE)
        self._closes_at = closes_at

    @property
    def closed(self) -> bool:
        return self._closes_at is not None and asyncio.get_running_loop().time() > self._closes_at


def address_for(batch: SendNotifications, notification: Notification) -> str | None:
    """The clinic's inbox for the role told, or the person's own address; None when unknown."""
    if notification.to_role is not None:
        return batch.inboxes.get(notification.to_role) or None
    return notification.address or None


def message_id(workflow_id: str, occurrence: str) -> str:
    """One name for every copy of one occurrence, so that mail systems recognise the copy.
    A digest: occurrences are ours, and what leaves the house says nothing."""
    digest = hashlib.sha256(f"{workflow_id}\0{occurrence}".encode()).hexdigest()
    return f"<{digest[:40]}@notifications.journey-engine>"


def traceable(batch: SendNotifications, notification: Notification) -> dict[str, str]:
    """What a log line says of one notification: enough to find it. Not its occurrence, which may
    hold a caller's own words."""
    return {
        "workflow_id": batch.workflow_id,
        "notification_id": message_id(batch.workflow_id, notification.occurrence).strip("<>"),
    }


def _unknown(notification: Notification) -> Delivery:
    return Delivery(occurrence=notification.occurrence, status=DeliveryStatus.UNKNOWN)
