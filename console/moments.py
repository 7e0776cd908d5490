"""Moments as a person at a clinic reads them: in the clinic's own time zone, in their language, and
how long until or since, in words."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta

NOTHING = "-"


def moment(at: datetime | None, zone: str | None, locale: Locale) -> str:
    """Day and time with the zone's name; UTC where no clinic is meant."""
    if at is None:
        return NOTHING
    shown = at.astimezone(ZoneInfo(zone) if zone else UTC)
    return format_datetime(shown, "EEE d MMM y, HH:mm z", tzinfo=shown.tzinfo, locale=locale)


def hour(at: datetime | None, zone: str | None, locale: Locale) -> str:
    """The time of day alone, for a list that is about one day."""
    if at is None:
        return NOTHING
    shown = at.astimezone(ZoneInfo(zone) if zone else UTC)
    return format_time(shown, "HH:mm", tzinfo=shown.tzinfo, locale=locale)


def day(on: date | None, locale: Locale) -> str:
    """A calendar day."""
    return NOTHING if on is None else format_date(on, "EEE d MMM y", locale=locale)


def short_day(on: date | None, locale: Locale) -> str:
    """A calendar day where there is little room, as on an axis."""
    return NOTHING if on is None else format_date(on, "d MMM y", locale=locale)


def span(length: timedelta, locale: Locale) -> str:
    """How long, in one unit: `2 hours`."""
    return format_timedelta(abs(length), locale=locale, threshold=1.2)


def day_at(at: datetime, zone: str) -> date:
    """Which day it is at the clinic."""
    return at.astimezone(ZoneInfo(zone)).date()
