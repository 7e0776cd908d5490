"""How long a record is kept, whoever asks for its deletion (fact sheet 8.2, 11.50)."""

from calendar import monthrange
from datetime import date
from enum import StrEnum
from typing import assert_never

from clinical.parameters import Parameters
from schemas.base import Reason


class RecordKind(StrEnum):
    """The kinds of record that have a time of their own."""

    MEDICAL = "medical"
    AUDIT = "audit"
    CONTROLLED_SUBSTANCE = "controlled_substance"


def keep_until(kind: RecordKind, last_on: date, parameters: Parameters) -> date:
    """The first day on which a record may go: so many years after its last entry (8.2)."""
    match kind:
        case RecordKind.MEDICAL:
            years = parameters.number("records.medical")
        case RecordKind.AUDIT:
            years = parameters.number("records.audit")
        case RecordKind.CONTROLLED_SUBSTANCE:
            years = parameters.number("cs.retention")
        case _:
            assert_never(kind)
    return after_months(last_on, years * 12)


def judge_deletion(
    kind: RecordKind, last_on: date, today: date, parameters: Parameters
) -> tuple[Reason, ...]:
    """Why a record may not be deleted today; nothing means its time is over and a person decides.
    `last_on`: the day of its last entry (8.2)."""
    until = keep_until(kind, last_on, parameters)
    if today >= until:
        return ()
    text = "The law keeps this record: restrict it, and document the request."
    return (
        Reason(code="must_be_kept", text=text, fact=f"until {until.isoformat()}", source="8.2"),
    )


def after_months(day: date, months: float) -> date:
    """The same day so many calendar months later; the last of a shorter month. A part of a month
    counts as a whole one."""
    whole = day.year * 12 + day.month - 1 - int(-months // 1)
    year, month = min(whole // 12, date.max.year), whole % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
