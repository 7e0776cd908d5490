"""E-mail over real SMTP: what each answer of a server means for the message."""

import email
import socket
from email.message import EmailMessage
from email.policy import default

import pytest

from gateways.email import SmtpMail
from schemas.notification import Acceptance, Message
from tests.gateways.conftest import Postmaster

MESSAGE = Message(
    message_id="<5f1d@notifications.journey-engine>",
    to="coordinators@north.example",
    subject="Waiting for you: triage of a referral",
    text="A new task waits on you. Grüße.\n",
)


def mail_to(port: int, timeout_s: float = 20.0) -> SmtpMail:
    return SmtpMail("127.0.0.1", port, "clinic@north.example", security="none", timeout_s=timeout_s)


def opened(content: bytes | str | None) -> EmailMessage:
    assert isinstance(content, bytes)
    return email.message_from_bytes(content, policy=default)


async def test_a_message_arrives_with_the_name_every_copy_shares(postmaster: Postmaster) -> None:
    result = await mail_to(postmaster.port).send(MESSAGE)

    mail = opened(postmaster.taken[0].content)
    assert result.acceptance is Acceptance.ACCEPTED
    assert result.provider_id == mail["Message-ID"] == MESSAGE.message_id
    assert postmaster.taken[0].rcpt_tos == [MESSAGE.to]
    assert mail["Subject"] == MESSAGE.subject
    assert mail.get_content().strip() == MESSAGE.text.strip()
    assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("step", "answer", "meaning"),
    [
        ("to_recipient", "550 no such mailbox", Acceptance.REFUSED),
        ("to_recipient", "451 greylisted, come back", Acceptance.DEFERRED),
        ("to_content", "554 refused by policy", Acceptance.REFUSED),
        ("to_content", "452 disk full", Acceptance.DEFERRED),
        ("to_sender", "421 closing down", Acceptance.DEFERRED),
        # Our own sender address is refused: a setting to mend, not a reader who is not there.
        ("to_sender", "550 sender not allowed", Acceptance.DEFERRED),
    ],
)
async def test_only_a_refusal_of_the_reader_or_the_content_is_for_good(
    postmaster: Postmaster, step: str, answer: str, meaning: Acceptance
) -> None:
    setattr(postmaster, step, answer)

    result = await mail_to(postmaster.port).send(MESSAGE)

    assert result.acceptance is meaning
    assert result.code == answer[:3]
    assert postmaster.taken == []


async def test_a_line_cut_after_the_content_leaves_the_outcome_unknown(
    postmaster: Postmaster,
) -> None:
    postmaster.hangs_up = True

    result = await mail_to(postmaster.port).send(MESSAGE)

    assert result.acceptance is Acceptance.UNKNOWN
    assert len(postmaster.taken) == 1


async def test_a_server_that_is_away_is_certainly_not_a_delivery() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    result = await mail_to(port).send(MESSAGE)

    assert result.acceptance is Acceptance.DEFERRED


async def test_a_server_that_never_speaks_is_given_up_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = await mail_to(silent.getsockname()[1], timeout_s=0.2).send(MESSAGE)

    assert result.acceptance is Acceptance.DEFERRED


@pytest.mark.parametrize(
    "address",
    [
        "victim@north.example\r\nBcc: everybody@elsewhere.example",
        "victim@north.example\nRCPT TO:<everybody@elsewhere.example>",
        "two@north.example, three@north.example",
        "no address at all",
        "grüße@north.example",
        "",
    ],
)
async def test_an_address_that_carries_more_than_an_address_is_refused(
    postmaster: Postmaster, address: str
) -> None:
    result = await mail_to(postmaster.port).send(MESSAGE.model_copy(update={"to": address}))

    assert result.acceptance is Acceptance.REFUSED
    assert postmaster.taken == []


async def test_a_subject_cannot_become_a_header_of_its_own(postmaster: Postmaster) -> None:
    forged = MESSAGE.model_copy(update={"subject": "Hello\r\nBcc: everybody@elsewhere.example"})

    await mail_to(postmaster.port).send(forged)

    mail = opened(postmaster.taken[0].content)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Hello Bcc: everybody@elsewhere.example"


async def test_a_dot_alone_on_a_line_does_not_end_the_message(postmaster: Postmaster) -> None:
    await mail_to(postmaster.port).send(MESSAGE.model_copy(update={"text": "before\n.\r\nafter\n"}))

    assert "after" in opened(postmaster.taken[0].content).get_content()


def test_a_sender_that_is_no_address_stops_the_process_at_start() -> None:
    with pytest.raises(ValueError, match="not an address"):
        SmtpMail("127.0.0.1", 25, "North Clinic")
