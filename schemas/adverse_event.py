"""Adverse events: what happened, how severe, how serious, who must hear of it by when."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Code, Command, Instant, Reason, RequiredText, Value


class AdverseEvent(Value):
    """`grade` 1 mild, 2 moderate, 3 severe, 4 life-threatening, 5 death. `serious`: death,
    life-threatening, hospitalisation, disability, anomaly or an important medical event."""

    code: Code
    grade: Annotated[int, Field(ge=1, le=5)]
    serious: bool = False
    description: RequiredText
    began_at: Instant | None = None


class ReportAdverseEvent(Command):
    event: AdverseEvent


class DayBasis(StrEnum):
    """How a deadline counts: elapsed hours, calendar days, or business days."""

    ELAPSED = "elapsed"
    CALENDAR = "calendar"
    BUSINESS = "business"


class Deadline(Value):
    """One person or body that must be told, by when, and how the time was counted."""

    to: Code
    by: Instant
    basis: DayBasis
    required: bool = True
    reason: Reason
