"""Notifications: once where it can be known, the chosen mistake where it cannot."""

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
import structlog
import structlog.testing
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.notifications import NotificationsActivities, message_id
from schemas.base import Role
from schemas.notification import (
    Acceptance,
    Channel,
    Claim,
    Delivery,
    DeliveryStatus,
    Message,
    Notification,
    NotificationClass,
    SendNotifications,
    SendResult,
)

JOURNEY = "journey-quetzalfeatherlantern2345"
COORDINATOR = "coordinators@north.example"


class Died(BaseException):
    """The process is gone: nothing after this line runs."""


class Ledger:
    """Delivery rows in memory, by the rules of the real ones."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], DeliveryStatus] = {}
        self.addresses: dict[str, str | None] = {}
        self.down = False
        self.dies_on_settling: DeliveryStatus | None = None

    async def claim(
        self,
        workflow_id: str,
        journey_id: str,
        clinic: str,
        notification: Notification,
        address: str | None,
    ) -> Claim:
        if self.down:
            raise ConnectionError("the record is away")
        key = (workflow_id, notification.occurrence)
        self.addresses[notification.occurrence] = address
        match self.rows.get(key):
            case None | DeliveryStatus.DEFERRED:
                self.rows[key] = DeliveryStatus.CLAIMED
                return Claim.NEW
            case DeliveryStatus.CLAIMED:
                return Claim.UNKNOWN
            case DeliveryStatus.SENT:
                return Claim.SENT
            case DeliveryStatus.UNDELIVERABLE:
                return Claim.UNDELIVERABLE
            case DeliveryStatus.UNKNOWN:
                return Claim.ABANDONED

    async def settle(
        self, workflow_id: str, occurrence: str, status: DeliveryStatus, provider_id: str | None
    ) -> None:
        if self.dies_on_settling is status:
            raise Died
        self.rows[(workflow_id, occurrence)] = status


class Post:
    """A mail server that answers what it is told to, by address; otherwise it accepts."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.answers: dict[str, Acceptance | Exception] = {}

    async def send(self, message: Message) -> SendResult:
        answer = self.answers.get(message.to, Acceptance.ACCEPTED)
        if isinstance(answer, Exception):
            raise answer
        if answer in {Acceptance.ACCEPTED, Acceptance.UNKNOWN}:
            self.sent.append(message)
        return SendResult(acceptance=answer, provider_id=message.message_id)

    @property
    def copies(self) -> Counter[str]:
        return Counter(m.message_id for m in self.sent)


class Words:
    def compose(
        self,
        batch: SendNotifications,
        notification: Notification,
        message_id: str,
        to: str,
        own_link: str | None = None,
    ) -> Message | None:
        if notification.template == "nobody_wrote_this":
            return None
        return Message(message_id=message_id, to=to, subject=notification.template, text="words")


class Desk:
    """The notifications activity with everything around it in the open."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.mail = Post()
        self.sms = Post()
        self.activities = NotificationsActivities(self.ledger, self.mail, self.sms, Words())

    async def send(
        self,
        *notifications: Notification,
        time: timedelta = timedelta(minutes=1),
    ) -> tuple[Delivery, ...]:
        batch = SendNotifications(
            workflow_id=JOURNEY,
            journey_id=JOURNEY,
            clinic="north",
            clinic_name="North Clinic",
            training=False,
            notifications=notifications,
            inboxes={Role.CARE_COORDINATOR: COORDINATOR},
        )
        environment = ActivityEnvironment()
        environment.info = dataclasses.replace(environment.info, start_to_close_timeout=time)
        answer: tuple[Delivery, ...] = await environment.run(
            self.activities.send_notifications, batch
        )
        return answer

    def status(self, occurrence: str) -> DeliveryStatus:
        return self.ledger.rows[(JOURNEY, occurrence)]


@pytest.fixture
def capture() -> Iterator[structlog.testing.LogCapture]:
    before = structlog.get_config()
    entries = structlog.testing.LogCapture()
    structlog.configure(processors=[entries], cache_logger_on_first_use=False)
    yield entries
    structlog.configure(**before)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def told(
    occurrence: str, kind: NotificationClass = NotificationClass.ACTION, **more: object
) -> Notification:
    return Notification.model_validate(
        {
            "occurrence": occurrence,
            "template": "task_opened",
            "kind": kind,
            "to_role": Role.CARE_COORDINATOR,
            **more,
        }
    )


async def test_each_occurrence_is_sent_once_however_often_the_batch_is_tried(desk: Desk) -> None:
    batch = (told("triage-opened"), told("screening-opened"))

    first = await desk.send(*batch)
    second = await desk.send(*batch)

    assert [d.status for d in first] == [DeliveryStatus.SENT, DeliveryStatus.SENT]
    assert first == second
    assert set(desk.mail.copies.values()) == {1}


async def test_the_same_occurrence_twice_in_one_batch_is_one_message(desk: Desk) -> None:
    deliveries = await desk.send(told("triage-opened"), told("triage-opened"))

    assert len(deliveries) == 1
    assert len(desk.mail.sent) == 1


async def test_a_text_message_goes_to_the_person_and_not_to_a_role(desk: Desk) -> None:
    await desk.send(
        told("reminder", to_role=None, address="+15550100777", channel=Channel.SMS),
    )

    assert [m.to for m in desk.sms.sent] == ["+15550100777"]
    assert desk.mail.sent == []


@pytest.mark.parametrize("kind", [NotificationClass.SAFETY, NotificationClass.ACTION])
async def test_an_unknown_outcome_repeats_what_must_not_be_lost(
    desk: Desk, kind: NotificationClass
) -> None:
    desk.ledger.dies_on_settling = DeliveryStatus.SENT
    with pytest.raises(Died):
        await desk.send(told("alert", kind))
    desk.ledger.dies_on_settling = None

    deliveries = await desk.send(told("alert", kind))

    assert deliveries[0].status is DeliveryStatus.SENT
    assert desk.mail.copies == {message_id(JOURNEY, "alert"): 2}  # the copy is recognisable


async def test_a_reminder_is_repeated_once_and_never_twice(desk: Desk) -> None:
    reminder = told("tomorrow", NotificationClass.REMINDER)
    desk.ledger.dies_on_settling = DeliveryStatus.SENT
    for _ in range(2):
        with pytest.raises(Died):
            await desk.send(reminder)

    third = await desk.send(reminder)

    assert len(desk.mail.sent) == 2
    assert third[0].status is DeliveryStatus.UNKNOWN


async def test_information_with_an_unknown_outcome_is_never_repeated(desk: Desk) -> None:
    letter = told("letter", NotificationClass.INFORMATION)
    desk.ledger.dies_on_settling = DeliveryStatus.SENT
    with pytest.raises(Died):
        await desk.send(letter)
    desk.ledger.dies_on_settling = None

    deliveries = await desk.send(letter)

    assert len(desk.mail.sent) == 1
    assert deliveries[0].status is DeliveryStatus.UNKNOWN
    assert desk.status("letter") is DeliveryStatus.UNKNOWN


async def test_a_line_that_breaks_after_the_handover_counts_as_unknown(desk: Desk) -> None:
    desk.mail.answers[COORDINATOR] = Acceptance.UNKNOWN
    letter = told("letter", NotificationClass.INFORMATION)
    with pytest.raises(ApplicationError):
        await desk.send(letter)

    desk.mail.answers.clear()
    await desk.send(letter)

    assert len(desk.mail.sent) == 1


@pytest.mark.parametrize("kind", list(NotificationClass))
async def test_a_message_certainly_not_taken_is_sent_later_whatever_its_class(
    desk: Desk, kind: NotificationClass
) -> None:
    desk.mail.answers[COORDINATOR] = Acceptance.DEFERRED
    with pytest.raises(ApplicationError):
        await desk.send(told("busy", kind))
    desk.mail.answers.clear()

    deliveries = await desk.send(told("busy", kind))

    assert deliveries[0].status is DeliveryStatus.SENT
    assert len(desk.mail.sent) == 1


async def test_one_refusing_server_does_not_block_the_rest(desk: Desk) -> None:
    desk.mail.answers["wilhelmina.quill@busy.example"] = Acceptance.DEFERRED
    desk.mail.answers["ottoline.marsh@odd.example"] = RuntimeError("ottoline.marsh@odd.example")

    with pytest.raises(ApplicationError) as caught:
        await desk.send(
            told("first", to_role=None, address="wilhelmina.quill@busy.example"),
            told("second", to_role=None, address="ottoline.marsh@odd.example"),
            told("third"),
        )

    assert [m.to for m in desk.mail.sent] == [COORDINATOR]
    assert desk.status("third") is DeliveryStatus.SENT
    assert not caught.value.non_retryable
    assert str(caught.value) == ("NotificationsDeferred: 2 of 3 notifications not accepted yet")


async def test_what_nobody_can_receive_is_undeliverable_and_said_so(desk: Desk) -> None:
    desk.mail.answers["gone@nowhere.example"] = Acceptance.REFUSED

    deliveries = await desk.send(
        told("no-inbox", to_role=Role.PHARMACIST),
        told("no-address", to_role=None),
        told("no-template", template="nobody_wrote_this"),
        told("no-mailbox", to_role=None, address="gone@nowhere.example"),
    )

    assert {d.status for d in deliveries} == {DeliveryStatus.UNDELIVERABLE}
    assert desk.mail.sent == []


async def test_the_log_names_the_message_and_nobody_in_it(
    desk: Desk, capture: structlog.testing.LogCapture
) -> None:
    desk.mail.answers["wilhelmina.quill@odd.example"] = RuntimeError("wilhelmina is away")
    for why in ("gone@nowhere.example", "wilhelmina.quill@odd.example"):
        desk.mail.answers.setdefault(why, Acceptance.REFUSED)
        occurrence = f"withdrawn:wilhelmina-{why}"
        with contextlib.suppress(ApplicationError):
            await desk.send(told(occurrence, to_role=None, address=why))

    assert [e["event"] for e in capture.entries] == [
        "notification_undeliverable",
        "notification_failed",
    ]
    assert "wilhelmina" not in str(capture.entries)
    assert "example" not in str(capture.entries)


async def test_an_undeliverable_message_stays_undeliverable_when_the_batch_is_retried(
    desk: Desk,
) -> None:
    await desk.send(told("no-inbox", to_role=Role.PHARMACIST))

    deliveries = await desk.send(told("no-inbox", to_role=Role.PHARMACIST))

    assert deliveries[0].status is DeliveryStatus.UNDELIVERABLE


async def test_a_safety_alert_does_not_wait_for_the_record_to_come_back(desk: Desk) -> None:
    alert = told("alert", NotificationClass.SAFETY)
    ordinary = told("task")
    desk.ledger.down = True
    for _ in range(3):
        with pytest.raises(ApplicationError):
            await desk.send(alert, ordinary)
    assert desk.mail.copies == {message_id(JOURNEY, "alert"): 1}

    desk.ledger.down = False
    deliveries = await desk.send(alert, ordinary)

    assert {d.status for d in deliveries} == {DeliveryStatus.SENT}
    assert desk.mail.copies[message_id(JOURNEY, "alert")] == 2


async def test_nothing_begins_that_the_engines_timeout_would_cut_short(desk: Desk) -> None:
    letter = told("letter", NotificationClass.INFORMATION)
    with pytest.raises(ApplicationError):
        await desk.send(letter, time=timedelta(seconds=-1))

    deliveries = await desk.send(letter)

    assert deliveries[0].status is DeliveryStatus.SENT


def test_a_message_id_says_nothing_about_the_journey() -> None:
    reference = message_id(JOURNEY, "triage-opened")

    assert reference == message_id(JOURNEY, "triage-opened")
    assert reference != message_id(JOURNEY, "triage-reminded")
    assert "quetzal" not in reference
    assert "triage" not in reference
