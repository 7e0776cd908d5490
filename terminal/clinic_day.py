"""The clinic's day at the command line: who sits where when."""

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from service.clinic_day import ClinicDay, ClinicDays
from service.rows import StayRow
from terminal.failures import CommandFailedError
from terminal.front_desk import FrontDesk, front_desk
from terminal.output import print_json, print_line, print_table


async def show_day(clinic: str | None, on: str | None, as_json: bool) -> None:
    """One day at each clinic, or at the one that is named.

    Raises:
        CommandFailedError: for a clinic that does not exist or a date that is none.
    """
    day = _date(on) if on else None
    async with front_desk() as desk:
        days = [await _day(desk, code, day) for code in _codes(desk, clinic)]
    if as_json:
        print_json(days[0] if clinic else days)
        return
    for found in days:
        _print(found)


def _codes(desk: FrontDesk, clinic: str | None) -> tuple[str, ...]:
    if clinic is None:
        return desk.clinic_codes
    if clinic not in desk.clinic_codes:
        known = ", ".join(desk.clinic_codes)
        raise CommandFailedError(f"there is no clinic {clinic!r}; there are {known}")
    return (clinic,)


async def _day(desk: FrontDesk, code: str, on: date | None) -> ClinicDay:
    now = datetime.fromtimestamp(time.time(), UTC)
    found = await ClinicDays(desk.lookups, desk.catalogue).day(code, on, now=now, clinics=None)
    assert found is not None, "every clinic of this deployment may be seen here"
    return found


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandFailedError(f"{text!r} is no date; write it as 2026-12-03") from None


def _print(day: ClinicDay) -> None:
    hours = "closed"
    if day.opens_at and day.closes_at:
        hours = f"{_clock(day.opens_at, day)}-{_clock(day.closes_at, day)}"
    title = f"{day.clinic}, {day.on.isoformat()} ({hours}, {day.time_zone})"
    if not day.stays:
        print_line(f"{title}: nobody is booked")
        return
    rows = [_row(stay, day) for stay in day.stays]
    columns = ("from", "dose", "until", "chair", "observer", "session", "phase", "")
    print_table(title, columns, rows)


def _row(stay: StayRow, day: ClinicDay) -> tuple[object, ...]:
    by_purpose = {place.purpose: place.place for place in stay.places}
    clocks = (_clock(at, day) for at in (stay.arrives_at, stay.scheduled_at, stay.ends_at))
    marks = ("training" if stay.training else "", "" if stay.status == "confirmed" else stay.status)
    where = (by_purpose.get("chair"), by_purpose.get("observation"))
    return (*clocks, *where, stay.session_id, stay.phase, " ".join(filter(None, marks)))


def _clock(at: datetime, day: ClinicDay) -> str:
    return at.astimezone(ZoneInfo(day.time_zone)).strftime("%H:%M")
