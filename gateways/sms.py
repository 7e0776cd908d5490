"""Text messages: the shape of a provider's adapter, a local sink, and the honest absence of one."""

import asyncio
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import structlog
from pydantic import BaseModel, ConfigDict

from schemas.notification import Acceptance, Message, SendResult

log = structlog.get_logger()


class SmsAdapter(Protocol):
    """What a provider's adapter offers. `message_id` travels as the client reference, so that
    the provider can tell a copy; outcomes as in `Acceptance`, never an exception for them."""

    async def send(self, message: Message) -> SendResult: ...


class SinkLine(BaseModel):
    """One text message as the sink keeps it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    message_id: str
    to: str
    text: str
    sent_at: datetime


class FileSmsSink:
    """A file instead of a provider: one JSON line a message. For training only: it keeps
    telephone numbers in the clear."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, message: Message) -> SendResult:
        """Append the message. A line is written in one call, so writers do not mix."""
        line = SinkLine(
            message_id=message.message_id,
            to=message.to,
            text=message.text,
            sent_at=datetime.fromtimestamp(time.time(), UTC),
        )
        try:
            await asyncio.to_thread(append_line, self._path, line.model_dump_json())
        except OSError as error:
            log.warning("sms_sink_not_written", error=type(error).__name__)
            return SendResult(acceptance=Acceptance.DEFERRED)
        return SendResult(acceptance=Acceptance.ACCEPTED, provider_id=message.message_id)


class NoSmsProvider:
    """A deployment without a provider: every text message is undeliverable, and said so."""

    async def send(self, message: Message) -> SendResult:  # noqa: ARG002 nobody takes it
        """Refuse: the delivery row shows it, and the caller logs it."""
        return SendResult(acceptance=Acceptance.REFUSED, code="no_sms_provider")


def append_line(path: Path, line: str) -> None:
    """Add one line to a file that only its owner may read, in one write."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)
