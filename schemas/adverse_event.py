"""Adverse events: what happened, how severe, how serious, who must hear of it by when."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Carried, Code, Command, Instant, Reason, RequiredText, Value
from schemas.screening import Modality


class AdverseEvent(Value):
    """`grade` 1 mild, 2 moderate, 3 severe, 4 life-threatening, 5 death. `serious`: death,
    life-threatening, hospitalisation, disability, anomaly or an important medical event.
    `known_at`: when the clinic learnt of it; every deadline counts from then."""

    code: Code
    grade: Annotated[int, Field(ge=1, le=5)]
    serious: bool = False
    description: RequiredText
    began_at: Instant | None = None
    known_at: Instant | None = None


class ReportAdverseEvent(Command):
    """An event as somebody saw or heard of it. To a journey: `session_id`, the treatment day it
    belongs to; `amends`, the open event of which more is known now."""

    event: AdverseEvent
    session_id: Code | None = None
    amends: Code | None = None


class AdverseEventCase(Carried):
    """One event until everybody who must be told of it has been, and the director has signed it
    off. `asked`: whom it was ever owed to; `waiting`: who is not told yet; `provider_told`:
    whether the provider who shares the care was written to."""

    event_id: str
    version: int = 1
    session_id: str | None = None
    modality: Modality
    event: AdverseEvent
    known_at: Instant
    asked: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    provider_told: bool = False


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
