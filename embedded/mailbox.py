"""What the mail catcher has caught: one file a message, so that a restart forgets nothing."""

import os
import time
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError


class Caught(BaseModel):
    """One e-mail as a person reads it. `copy_of`: the first caught message with the same
    Message-ID and readers, when this is not the first."""

    model_config = ConfigDict(frozen=True)

    id: str
    message_id: str
    to: str
    sender: str
    subject: str
    received_at: datetime
    text: str
    copy_of: str | None = None


class CaughtText(BaseModel):
    """One text message of the sink."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    message_id: str
    to: str
    text: str
    sent_at: datetime


class Mailbox:
    """A folder of messages, and an index of it in memory, oldest first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._caught: list[Caught] = []
        self._first: dict[tuple[str, str], str] = {}
        self._last_ns = 0
        for path in sorted(folder.glob("[0-9]*.eml")):
            self._index(path.stem, path.read_bytes())

    @property
    def messages(self) -> list[Caught]:
        """Everything caught, newest first."""
        return self._caught[::-1]

    def keep(self, content: bytes) -> Caught:
        """Put one message on disk, whole or not at all, and into the index."""
        self._last_ns = max(time.time_ns(), self._last_ns + 1)
        identifier = f"{self._last_ns:020d}"
        being_written = self._folder / f".{identifier}.{os.getpid()}"
        being_written.write_bytes(content)
        being_written.replace(self._folder / f"{identifier}.eml")
        return self._index(identifier, content)

    def _index(self, identifier: str, content: bytes) -> Caught:
        mail = message_from_bytes(content, policy=default)
        message_id, to = header(mail, "Message-ID"), header(mail, "To")
        first = self._first.setdefault((message_id, to), identifier) if message_id else identifier
        caught = Caught(
            id=identifier,
            message_id=message_id,
            to=to,
            sender=header(mail, "From"),
            subject=header(mail, "Subject"),
            received_at=datetime.fromtimestamp(int(identifier) / 1e9, UTC),
            text=body(mail),
            copy_of=None if first == identifier else first,
        )
        self._caught.append(caught)
        self._last_ns = max(self._last_ns, int(identifier))
        return caught


def texts_of(sink: Path | None) -> list[CaughtText]:
    """The text messages in the sink, newest first; a half-written or foreign line is passed by."""
    if sink is None or not sink.is_file():
        return []
    found = []
    for line in sink.read_text("utf-8", errors="replace").splitlines():
        try:
            found.append(CaughtText.model_validate_json(line))
        except ValidationError:
            continue
    return found[::-1]


def header(mail: EmailMessage, name: str) -> str:
    """A header as text; a header that cannot be read is shown as it came."""
    try:
        return str(mail[name] or "").strip()
    except (ValueError, TypeError, IndexError, AttributeError):
        raw = dict(mail.raw_items())
        return str(raw.get(name, "")).strip()


def body(mail: EmailMessage) -> str:
    """The plain text of a message, or a word that there is none."""
    part = mail.get_body(preferencelist=("plain", "html"))
    if part is None:
        return "(no text)"
    try:
        return str(part.get_content())
    except (LookupError, ValueError, TypeError):
        return "(text that cannot be read)"
