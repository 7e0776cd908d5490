"""Free moments at a clinic: inside opening hours, with room for the whole session."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from clinical.clinic_hours import at_local, local_date, opening, zone
from schemas.protocol import Clinic

SEARCHED_DAYS = 370
"""How far a slot is looked for; a clinic closed for longer has none."""


@dataclass(frozen=True, slots=True)
class Spacing:
    """How close sessions may come. `min_gap`: elapsed, from one to the next. `at_most` sessions
    in any `window`, elapsed when `by_hours`, else counted in calendar days at the clinic."""

    min_gap: timedelta
    at_most: int
    window: timedelta = timedelta(days=7)
    by_hours: bool = True

    def earliest(self, before: Sequence[datetime], clinic: Clinic) -> datetime | None:
        """The first moment the next session may take place, after those in order `before`."""
        if not before:
            return None
        gap_ends = before[-1] + self.min_gap
        if len(before) < self.at_most:
            return gap_ends
        first = before[-self.at_most]
        if self.by_hours:
            return max(gap_ends, first + self.window)
        day = local_date(first, clinic) + self.window
        return max(gap_ends, at_local(day, time(0), clinic))


def slot_from(
    earliest: datetime,
    clinic: Clinic,
    *,
    length: timedelta,
    preferred: time | None = None,
) -> datetime | None:
    """The first moment from `earliest` on (aware UTC) at which a session of `length` fits before
    closing, at the `preferred` clock time or as soon after it as may be; None within a year."""
    start = earliest.astimezone(UTC)
    day = local_date(start, clinic)
    for _ in range(SEARCHED_DAYS):
        found = _on_day(day, start, clinic, length, preferred)
        if found is not None:
            return found
        if day >= date.max - timedelta(days=2):
            return None
        day += timedelta(days=1)
    return None


def clock_of(moment: datetime, clinic: Clinic) -> time:
    """The clock time at the clinic."""
    return moment.astimezone(zone(clinic)).time().replace(second=0, microsecond=0)


def _on_day(
    day: date, earliest: datetime, clinic: Clinic, length: timedelta, preferred: time | None
) -> datetime | None:
    hours = opening(day, clinic)
    if hours is None:
        return None
    opens, closes = hours
    latest = closes - length
    wished = opens if preferred is None else at_local(day, preferred, clinic)
    begin = max(opens, earliest, min(wished, latest))
    begin = _whole_minute(begin)
    return begin if begin <= latest else None


def _whole_minute(moment: datetime) -> datetime:
    whole = moment.replace(second=0, microsecond=0)
    return whole if whole == moment else whole + timedelta(minutes=1)
