"""Signals as they come in: kept as letters, opened later, and never able to raise.

An error in a signal handler would fail or wedge the whole workflow, and a signal that cannot be
decoded is dropped by the SDK with one log line. So handlers take any payload and only file it;
what cannot be understood ends in the state's dead-letter list, where a person sees it.
"""

from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, Field, JsonValue, ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from schemas.base import Value
from workflows.options import ENVELOPE_BYTES

NOTHING = RawValue(Payload())
"""What a handler is called with when a signal came without any payload."""


class Envelope(Value):
    """`command_submitted`: any update's payload under its name."""

    kind: str = Field(min_length=1, max_length=60)
    command: dict[str, JsonValue]


_M = TypeVar("_M", bound=BaseModel)


class Unreadable(Exception):  # noqa: N818 - a letter's state, not a fault of ours
    """A letter that cannot be understood; `code` says how, never what was in it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Letter:
    """One signal as it came in."""

    name: str
    encoding: str
    data: bytes

    @classmethod
    def of(cls, name: str, raw: RawValue) -> "Letter":
        """File a payload without looking into it."""
        encoding = raw.payload.metadata.get("encoding", b"").decode(errors="replace")
        return cls(name, encoding, raw.payload.data)

    def read(self, model: type[_M]) -> _M:
        """The letter as a value; raises `Unreadable` with a code."""
        if len(self.data) > ENVELOPE_BYTES:
            raise Unreadable("too_large")
        if self.encoding == "binary/refused":
            raise Unreadable("not_sealed")
        if self.encoding != "json/plain":
            raise Unreadable("not_json" if self.encoding else "empty")
        try:
            return model.model_validate_json(self.data)
        except ValidationError:
            raise Unreadable("malformed") from None
