"""E-mail over real SMTP: plain text, one reader a message, an answer for every way it can go."""

import asyncio
import ssl
from contextlib import suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate

import structlog
from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPException, SMTPResponseException

from gateways.messages import one_line
from schemas.notification import Acceptance, Message, SendResult

GOODBYE_S = 2.0
"""Seconds that leaving politely may take, once the message is handed over."""

log = structlog.get_logger()


class SmtpMail:
    """One mail server. `security`: `none`, `starttls` or `tls`. `timeout_s` bounds a whole
    message, from the connection to the server's last word."""

    def __init__(
        self,
        host: str,
        port: int,
        sender: str,
        *,
        security: str = "starttls",
        username: str | None = None,
        password: str | None = None,
        timeout_s: float = 20.0,
    ) -> None:
        if security not in {"none", "starttls", "tls"}:
            raise ValueError("mail security is none, starttls or tls")
        self._host = host
        self._port = port
        self._sender = reachable(sender)
        self._security = security
        self._username = username
        self._password = password
        self._timeout_s = timeout_s

    async def send(self, message: Message) -> SendResult:
        """Hand one message over. Never raises for what a server or a line can do: see
        `Acceptance`. Only the reader and the content can be refused for good; trouble with
        the connection, the login or our own sender address is tried again."""
        try:
            recipient = reachable(message.to)
            content = as_mail(message, self._sender).as_bytes(policy=SMTP_POLICY)
        except (ValueError, MessageError):
            return SendResult(acceptance=Acceptance.REFUSED, code="malformed")
        handover = _Handover()
        try:
            async with asyncio.timeout(self._timeout_s + GOODBYE_S):
                await self._hand_over(handover, recipient, content)
        except (SMTPException, OSError, TimeoutError, EOFError) as error:
            result = handover.after(error)
            log.warning(
                "mail_not_accepted",
                error=type(error).__name__,
                code=result.code,
                acceptance=result.acceptance.value,
            )
            return result
        return SendResult(acceptance=Acceptance.ACCEPTED, provider_id=message.message_id)

    async def _hand_over(self, handover: "_Handover", recipient: str, content: bytes) -> None:
        client = SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            use_tls=self._security == "tls",
            start_tls=self._security == "starttls",
            tls_context=ssl.create_default_context() if self._security != "none" else None,
            timeout=self._timeout_s,
        )
        try:
            await client.connect()
            await client.mail(self._sender)
            handover.sender_taken = True
            await client.rcpt(recipient)
            handover.content_begun = True
            await client.data(content)
            with suppress(SMTPException, OSError):  # it is taken; only manners are left
                await client.quit(timeout=GOODBYE_S)
        finally:
            client.close()


class _Handover:
    """How far one message got, which decides what trouble means."""

    def __init__(self) -> None:
        self.sender_taken = False
        self.content_begun = False

    def after(self, error: Exception) -> SendResult:
        """What the trouble says about the message. A server's words are not kept: they quote
        addresses; its code is."""
        if isinstance(error, SMTPResponseException):
            permanent = self.sender_taken and 500 <= error.code < 600
            return SendResult(
                acceptance=Acceptance.REFUSED if permanent else Acceptance.DEFERRED,
                code=str(error.code),
            )
        return SendResult(
            acceptance=Acceptance.UNKNOWN if self.content_begun else Acceptance.DEFERRED
        )


def reachable(address: str) -> str:
    """An address as servers take it. Raises `ValueError`, or a `MessageError`, for any other."""
    if not (address.isascii() and address.isprintable() and "@" in address):
        raise ValueError("not an address that mail servers take")
    return Address(addr_spec=address).addr_spec


def as_mail(message: Message, sender: str) -> EmailMessage:
    """The message as it travels. Raises `ValueError` when a header would not be one line."""
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = Address(addr_spec=sender)
    mail["To"] = Address(addr_spec=message.to)
    mail["Subject"] = one_line(message.subject)
    mail["Message-ID"] = message.message_id
    mail["Date"] = formatdate(usegmt=True)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text, charset="utf-8")
    return mail
