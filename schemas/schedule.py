"""Calendars of treatment: days of both kinds, replanned series, what is due for monitoring."""

from typing import Annotated

from pydantic import Field

from schemas.base import Code, Instant, Reason, Value


class CalendarDays(Value):
    """Days as the calendar counts them, weekends and holidays included."""

    count: Annotated[int, Field(ge=0, le=3_660)]


class BusinessDays(Value):
    """Days on which offices work: not Saturday, Sunday or a federal holiday."""

    count: Annotated[int, Field(ge=0, le=1_000)]


class Replan(Value):
    """New dates after a missed session. `fits`: whether the whole series still ends within its
    window; if not it goes to reevaluation with partial data."""

    dates: tuple[Instant, ...]
    fits: bool
    reasons: tuple[Reason, ...] = ()


class MonitoringItem(Value):
    """One periodic check: when it was last done, when it is due, whether that has passed."""

    kind: Code
    last_at: Instant | None
    due_at: Instant
    overdue: bool
    source: str
