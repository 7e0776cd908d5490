"""The clinic's day as the front desk shows it: who sits where when, by opaque session ids."""

from datetime import date, datetime, time
from typing import Protocol

from clinical.clinic_hours import at_local, local_date, opening
from service.protocols import Catalogue
from service.rows import Row, StayRow

Clinics = frozenset[str] | None
MIDNIGHT = time(0)


class ClinicDay(Row):
    """One day at one clinic, in its own zone. `opens_at`, `closes_at`: None when it is closed."""

    clinic: str
    on: date
    time_zone: str
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    chairs: int
    stays: tuple[StayRow, ...]


class StayLookup(Protocol):
    """The one lookup that is needed of the record."""

    async def stays(
        self, clinic: str, from_at: datetime, to_at: datetime, *, clinics: Clinics
    ) -> tuple[StayRow, ...]: ...


class ClinicDays:
    """Reads the clinic's book, day by day."""

    def __init__(self, lookups: StayLookup, catalogue: Catalogue) -> None:
        self._lookups = lookups
        self._catalogue = catalogue

    async def day(
        self, code: str, on: date | None, *, now: datetime, clinics: Clinics
    ) -> ClinicDay | None:
        """The day `on` at a clinic (today's when None), midnight to midnight where the clinic is.
        None for a clinic that does not exist or may not be seen. Raises `RecordUnavailable`."""
        if not self._catalogue.shows(code, clinics):
            return None
        clinic = self._catalogue.clinic(code)
        day = on or local_date(now, clinic)
        hours = opening(day, clinic)
        begins = at_local(day, MIDNIGHT, clinic)
        ends = at_local(date.fromordinal(day.toordinal() + 1), MIDNIGHT, clinic)
        return ClinicDay(
            clinic=code,
            on=day,
            time_zone=clinic.time_zone,
            opens_at=hours[0] if hours else None,
            closes_at=hours[1] if hours else None,
            chairs=clinic.chairs,
            stays=await self._lookups.stays(code, begins, ends, clinics=clinics),
        )
