"""When a clinic is open, in its own zone: opening hours, closures, business days."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from schemas.protocol import Clinic
from schemas.schedule import BusinessDays, CalendarDays

ASSUMED_HOURS: dict[int, tuple[str, str]] = dict.fromkeys(range(5), ("08:00", "17:00"))
"""Used for dates when a clinic states no hours at all; clinic files must state them."""

SATURDAY = 5


def zone(clinic: Clinic) -> tzinfo:
    """The clinic's time zone; UTC where the name is unknown (clinic files refuse that)."""
    return _zone(clinic.time_zone)


def local_date(moment: datetime, clinic: Clinic) -> date:
    """The date on the clinic's own calendar."""
    return moment.astimezone(zone(clinic)).date()


def at_local(day: date, clock: time, clinic: Clinic) -> datetime:
    """A clock time on a day at the clinic, as aware UTC. A time that spring skips is moved past
    the gap; one that autumn repeats is the first of the two."""
    return datetime.combine(day, clock, tzinfo=zone(clinic)).astimezone(UTC)


def opening(day: date, clinic: Clinic) -> tuple[datetime, datetime] | None:
    """When the clinic opens and closes on that day (aware UTC), or None when it is closed."""
    hours = (clinic.opening_hours or ASSUMED_HOURS).get(day.weekday())
    if hours is None or day in clinic.closures:
        return None
    return _open_between(day, hours, clinic.time_zone)


def open_on(moment: datetime, clinic: Clinic) -> bool:
    """Whether the clinic opens at all on the day of that moment."""
    return opening(local_date(moment, clinic), clinic) is not None


def closes_at(moment: datetime, clinic: Clinic) -> datetime | None:
    """When the clinic closes on the day of that moment; None when it is closed that day."""
    hours = opening(local_date(moment, clinic), clinic)
    return hours[1] if hours else None


def after_calendar_days(moment: datetime, days: CalendarDays, clinic: Clinic) -> datetime:
    """The same clock time so many calendar days later, in the clinic's zone, as aware UTC."""
    local = moment.astimezone(zone(clinic))
    return _clamped(local.date(), days.count, local.time(), clinic)


def after_business_days(
    moment: datetime, days: BusinessDays, clinic: Clinic, holidays: Iterable[date] = ()
) -> datetime:
    """The same clock time so many business days later; Saturdays, Sundays, federal holidays and
    the given `holidays` do not count. A clinic's own closures do: an office of the law is open."""
    extra = frozenset(holidays)
    local = moment.astimezone(zone(clinic))
    day, left = local.date(), days.count
    while left > 0 and day < date.max - timedelta(days=1):
        day += timedelta(days=1)
        left -= is_business_day(day, extra)
    return at_local(day, local.time(), clinic)


def is_business_day(day: date, holidays: frozenset[date] = frozenset()) -> bool:
    """Whether offices work on that day."""
    return day.weekday() < SATURDAY and day not in holidays and day not in federal_holidays(day)


@cache
def _holidays_of(year: int) -> frozenset[date]:
    fixed = (date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11),
             date(year, 12, 25))  # fmt: skip
    floating = (
        _nth(year, 1, 0, 3), _nth(year, 2, 0, 3), _last_monday_of_may(year), _nth(year, 9, 0, 1),
        _nth(year, 10, 0, 2), _nth(year, 11, 3, 4),
    )  # fmt: skip
    return frozenset((*map(_observed, fixed), *floating))


def federal_holidays(day: date) -> frozenset[date]:
    """The federal holidays of that day's year, and of the next New Year when it is kept early
    (5 U.S.C. 6103: Saturday's holiday is kept on Friday, Sunday's on Monday)."""
    return _holidays_of(day.year) | _holidays_of(min(day.year + 1, date.max.year))


def _observed(day: date) -> date:
    shift = {SATURDAY: -1, SATURDAY + 1: 1}.get(day.weekday(), 0)
    if day == date.min or day.year == date.max.year:
        return day
    return day + timedelta(days=shift)


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())


def _clamped(day: date, days: int, clock: time, clinic: Clinic) -> datetime:
    room = (date.max - day).days - 1
    return at_local(day + timedelta(days=min(days, max(room, 0))), clock, clinic)


@lru_cache(maxsize=4096)
def _open_between(
    day: date, hours: tuple[str, str], time_zone: str
) -> tuple[datetime, datetime] | None:
    opens, closes = (_clock(text) for text in hours)
    if opens is None or closes is None or opens >= closes:
        return None
    tz = _zone(time_zone)
    at = (datetime.combine(day, clock, tzinfo=tz).astimezone(UTC) for clock in (opens, closes))
    return next(at), next(at)


@cache
def _zone(name: str) -> tzinfo:
    """`no_cache`, because the workflow sandbox wraps the class itself, and a datetime refuses a
    wrapped zone; this cache stands in for the one it skips."""
    try:
        return ZoneInfo.no_cache(name)
    except (ValueError, OSError, KeyError):
        return UTC


@cache
def _clock(text: str) -> time | None:
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
