"""The link in the engine's own message, the whole way: sent, opened by a birth date, used."""

import re
from datetime import date, timedelta

import asyncpg
import pytest
from structlog.testing import capture_logs
from temporalio.testing import ActivityEnvironment

from activities.notifications import NotificationsActivities
from gateways.messages import MessageTemplates
from gateways.sms import NoSmsProvider
from records.deliveries import DeliveryStore
from records.engine_links import EngineLinks
from records.errors import RecordUnavailable
from runtime.settings import Settings
from schemas.aftercare import RecordContact
from schemas.base import Role
from schemas.journal import WriteJournal
from schemas.notification import (
    Acceptance,
    Message,
    Notification,
    NotificationClass,
    SendNotifications,
    SendResult,
)
from schemas.patient_link import LinkPurpose, LinkWish
from service.patient_visits import Outcome
from tests.service.link_house import BORN, DAY, JOURNEY, LEE, House

ON_RECORD = """
INSERT INTO journeys (journey_id, clinic, phase, training, protocol_version, patient_name,
                      patient_birth_date)
VALUES ($1, 'north', 'INFUSION_SERIES', false, 'standard-1', 'Ottoline Peregrine', $2)
"""
A_DAY = "INSERT INTO sessions (session_id, journey_id, clinic) VALUES ($1, $2, 'north')"
HOME = Notification(
    occurrence=f"{DAY}:home-safe",
    template="home_safe",
    kind=NotificationClass.ACTION,
    address="ottoline@patients.example",
    link=LinkWish(purpose=LinkPurpose.HOME_SAFE, session_id=DAY),
)
NUDGE = Notification(
    occurrence="journal:2026-11-20:nudge",
    template="journal_nudge",
    kind=NotificationClass.REMINDER,
    address="ottoline@patients.example",
    link=LinkWish(purpose=LinkPurpose.JOURNAL),
)


class Mailbox:
    """Takes every mail; the first answers may be others."""

    def __init__(self, *answers: Acceptance) -> None:
        self.mails: list[Message] = []
        self._answers = list(answers)

    async def send(self, message: Message) -> SendResult:
        self.mails.append(message)
        answer = self._answers.pop(0) if self._answers else Acceptance.ACCEPTED
        return SendResult(acceptance=answer)


class Away:
    """The record of links while it cannot be reached."""

    async def link_for(self, *_: object) -> str | None:
        raise RecordUnavailable


@pytest.fixture
async def house(pool: asyncpg.Pool) -> House:
    await pool.execute(ON_RECORD, JOURNEY, BORN)
    await pool.execute(A_DAY, DAY, JOURNEY)
    return House(pool)


def worker(house: House, mailbox: Mailbox, links: object = None) -> NotificationsActivities:
    own = EngineLinks(house.pool, Settings(), b"k" * 32, now=lambda: house.now)
    return NotificationsActivities(
        DeliveryStore(house.pool),
        mailbox,
        NoSmsProvider(),
        MessageTemplates("http://console.example"),
        own if links is None else links,  # type: ignore[arg-type]  # fits by shape
    )


async def send(activities: NotificationsActivities, *notifications: Notification) -> None:
    batch = SendNotifications(
        workflow_id=JOURNEY,
        journey_id=JOURNEY,
        clinic="north",
        clinic_name="Northlight Clinic",
        training=False,
        notifications=notifications,
    )
    await ActivityEnvironment().run(activities.send_notifications, batch)


def token_in(mail: Message) -> str:
    (address,) = re.findall(r"^http\S+$", mail.text, re.MULTILINE)
    return str(address).rpartition("/")[2]


async def test_the_question_of_the_evening_is_answered_by_its_own_link(house: House) -> None:
    mailbox = Mailbox()
    await send(worker(house, mailbox), HOME)

    visit = await house.visits.open(token_in(mailbox.mails[0]), BORN)
    assert visit is not None
    assert await house.visits.say_home_safe(visit) is Outcome.DONE

    ((kind, said),) = house.desk.told
    assert (kind, said.actor.role) == ("record_contact", Role.PATIENT)
    assert isinstance(said, RecordContact)
    assert (said.session_id, said.reached) == (DAY, True)
    assert await house.trail() == ["made", "opened", "used"]


async def test_the_journal_is_written_by_the_link_in_the_nudge(house: House) -> None:
    mailbox = Mailbox()
    await send(worker(house, mailbox), NUDGE)

    visit = await house.visits.open(token_in(mailbox.mails[0]), BORN)
    assert visit is not None
    assert await house.visits.write(visit, {"mood": 6, "text": "Slept well."}) is Outcome.DONE

    ((_, said),) = house.desk.told
    assert isinstance(said, WriteJournal)


async def test_a_message_sent_twice_after_an_unknown_answer_carries_one_link(house: House) -> None:
    mailbox = Mailbox(Acceptance.UNKNOWN)
    with pytest.raises(Exception, match="not accepted yet"):
        await send(worker(house, mailbox), HOME)

    await send(worker(house, mailbox), HOME)

    first, again = mailbox.mails
    assert first == again
    assert await house.trail() == ["made"]


async def test_another_birth_date_opens_nothing_and_staff_can_take_the_link_back(
    house: House,
) -> None:
    mailbox = Mailbox()
    await send(worker(house, mailbox), HOME)
    token = token_in(mailbox.mails[0])
    assert await house.visits.open(token, date(1950, 1, 1)) is None

    (seen,) = await house.links.of_journey(JOURNEY)
    await house.links.revoke(JOURNEY, seen.link_id, LEE)

    assert seen.made_by.role is Role.SYSTEM
    assert await house.visits.open(token, BORN) is None
    assert await house.trail() == ["made", "failed", "revoked"]


async def test_a_day_later_the_link_of_the_evening_opens_nothing(house: House) -> None:
    mailbox = Mailbox()
    await send(worker(house, mailbox), HOME)

    house.now += timedelta(hours=25)

    assert await house.visits.open(token_in(mailbox.mails[0]), BORN) is None


async def test_no_link_ever_holds_a_message_up(house: House) -> None:
    mailbox = Mailbox()
    with capture_logs() as logs:
        await send(worker(house, mailbox, Away()), HOME, NUDGE)

    assert len(mailbox.mails) == 2
    assert not any("http" in mail.text for mail in mailbox.mails)
    assert [line["event"] for line in logs].count("message_without_link") == 2
    assert "ottoline" not in str(logs)


async def test_mail_and_link_say_nothing_of_the_patient(house: House) -> None:
    mailbox = Mailbox()
    await send(worker(house, mailbox), HOME, NUDGE)

    for mail in mailbox.mails:
        said = f"{mail.subject} {mail.text}"
        assert not [w for w in ("Ottoline", "1984", "ketamine", JOURNEY) if w in said]
