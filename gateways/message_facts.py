"""What a message may say: codes turned into known words, counts, moments, opaque ids; no text.

A fact that is not on the list, or does not look like its kind, is left out and its name logged.
So nothing a person typed, and nobody's name, can reach an inbox or a telephone.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import assert_never
from zoneinfo import ZoneInfo

import structlog
import yaml
from pydantic import BaseModel, ConfigDict


class FactKind(StrEnum):
    """How a fact is read. `code` speaks only through the language's list of words."""

    CODE = "code"
    COUNT = "count"
    INSTANT = "instant"
    DATE = "date"
    OPAQUE_ID = "opaque_id"
    PHONE = "phone"


ALLOWED_FACTS: Mapping[str, FactKind] = {
    "journey_id": FactKind.OPAQUE_ID,
    "task_id": FactKind.OPAQUE_ID,
    "task_kind": FactKind.CODE,
    "owed_to": FactKind.CODE,
    "due_at": FactKind.INSTANT,
    "next_at": FactKind.INSTANT,
    "escalated": FactKind.COUNT,
    "reminded": FactKind.COUNT,
    "reminded_by": FactKind.CODE,
    "phase": FactKind.CODE,
    "hold_reason": FactKind.CODE,
    "review_on": FactKind.DATE,
    "outcome": FactKind.CODE,
    "session_id": FactKind.OPAQUE_ID,
    "session_number": FactKind.COUNT,
    "modality": FactKind.CODE,
    "scheduled_at": FactKind.INSTANT,
    "attempt": FactKind.COUNT,
    "alert": FactKind.CODE,
    "cause": FactKind.CODE,
    "readings_missed": FactKind.COUNT,
    "missing_count": FactKind.COUNT,
    "after_hours_phone": FactKind.PHONE,
    "drive_not_before": FactKind.INSTANT,
}
"""Every fact a template may use, by name. The only telephone number is the clinic's own."""

TIME_ZONE = "time_zone"
"""Not said, but used: the zone in which moments are written."""

COUNT_PATTERN = re.compile(r"\d{1,4}")
ID_PATTERN = re.compile(
    r"(journey-[a-z0-9]{1,40}(-(infusion|spray)-\d{1,4})?|cabinet-[A-Za-z0-9_.:-]{1,100})"
    r"(~[a-z_]{1,40}~\d{1,6})?"
)

PHONE_PATTERN = re.compile(r"[+()0-9][-+()0-9 .]{1,38}")

log = structlog.get_logger()


class Words(BaseModel):
    """One language: words for codes, names for days and months, the pattern of a moment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    halves: tuple[str, str]
    moment: str
    day: str
    codes: dict[str, str]

    @cached_property
    def _by_code(self) -> dict[str, str]:
        return {code.casefold(): words for code, words in self.codes.items()}

    def of(self, code: str) -> str | None:
        """The words for a code, or None for a code nobody listed."""
        return self._by_code.get(code.casefold())

    def of_moment(self, at: datetime, zone: ZoneInfo) -> str:
        """A moment on the clinic's wall, with its zone, so that nobody has to guess."""
        local = at.astimezone(zone)
        return self.moment.format(
            day=self.of_day(local.date()),
            hour12=(local.hour % 12) or 12,
            hour24=f"{local.hour:02d}",
            minute=f"{local.minute:02d}",
            half=self.halves[local.hour >= 12],
            zone=local.tzname() or zone.key,
        )

    def of_day(self, on: date) -> str:
        """A calendar day in full."""
        return self.day.format(
            weekday=self.weekdays[on.weekday()],
            month=self.months[on.month - 1],
            day=on.day,
            year=on.year,
        )


def read_words(path: Path) -> Words:
    """One language's words. Raises `pydantic.ValidationError` when the file is not complete."""
    return Words.model_validate(yaml.safe_load(path.read_text("utf-8")))


def sayable(facts: Mapping[str, str], words: Words, zone: ZoneInfo) -> dict[str, str]:
    """The facts that may be said, as they will be read; and `<name>_code` for each code."""
    said: dict[str, str] = {}
    for name, value in facts.items():
        if name == TIME_ZONE:
            continue
        kind = ALLOWED_FACTS.get(name)
        text = None if kind is None else _said(kind, value, words, zone)
        if text is None:
            log.warning("message_fact_left_out", fact=name if kind else "not_listed")
            continue
        said[name] = text
        if kind is FactKind.CODE:
            said[f"{name}_code"] = value.casefold()
    return said


def _said(kind: FactKind, value: str, words: Words, zone: ZoneInfo) -> str | None:
    match kind:
        case FactKind.CODE:
            return words.of(value)
        case FactKind.COUNT:
            return value if COUNT_PATTERN.fullmatch(value) else None
        case FactKind.OPAQUE_ID:
            return value if ID_PATTERN.fullmatch(value) else None
        case FactKind.PHONE:
            return value if not value or PHONE_PATTERN.fullmatch(value) else None
        case FactKind.INSTANT:
            return _moment(value, words, zone)
        case FactKind.DATE:
            return _day(value, words)
        case _:
            assert_never(kind)


def _moment(value: str, words: Words, zone: ZoneInfo) -> str | None:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return words.of_moment(at, zone) if at.tzinfo is not None else None


def _day(value: str, words: Words) -> str | None:
    try:
        return words.of_day(date.fromisoformat(value))
    except ValueError:
        return None
