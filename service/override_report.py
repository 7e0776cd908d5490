"""The week's overrides at one clinic, for its medical director (fact sheet 11.52)."""

import re
from datetime import date, datetime, time, timedelta
from typing import Final

import asyncpg

from clinical.clinic_hours import at_local, local_date
from service.lookups import Clinics, read
from service.protocols import Catalogue
from service.rows import Row

WEEK: Final = re.compile(r"(\d{4})-W(\d{2})")
MIDNIGHT: Final = time(0)


class BadWeekError(ValueError):
    """A week is written as 2026-W48."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class OverrideUsed(Row):
    """One override that took effect: what it stood for, and who agreed. The reasons they gave are
    on the journey's timeline; here is nothing that anybody wrote."""

    at: datetime
    journey_id: str
    workflow_id: str
    kind: str
    item: str | None = None
    people: tuple[str, ...] = ()


class OverrideReport(Row):
    """One ISO week, Monday to Sunday where the clinic is."""

    clinic: str
    week: str
    from_on: date
    to_on: date
    overrides: tuple[OverrideUsed, ...]


class OverrideReports:
    """Reads the overrides from the facts on record. `with_training`: whether training journeys
    count; only in a deployment that treats nobody."""

    def __init__(
        self, pool: asyncpg.Pool, catalogue: Catalogue, *, with_training: bool = False
    ) -> None:
        self._pool = pool
        self._catalogue = catalogue
        self._with_training = with_training

    async def of(
        self, code: str, week: str | None, *, now: datetime, clinics: Clinics
    ) -> OverrideReport | None:
        """The overrides of one week at a clinic, the last full one when `week` is None. None for a
        clinic that does not exist or may not be seen. Raises `BadWeekError`, `RecordUnavailable`.
        """
        if not self._catalogue.shows(code, clinics):
            return None
        clinic = self._catalogue.clinic(code)
        today = local_date(now, clinic)
        monday = _monday(week) if week else today - timedelta(days=today.weekday() + 7)
        span = (at_local(monday + timedelta(days=n), MIDNIGHT, clinic) for n in (0, 7))
        rows = await read(self._pool, "overrides_used", clinics, code, *span, self._with_training)
        year, number, _ = monday.isocalendar()
        return OverrideReport(
            clinic=code,
            week=f"{year}-W{number:02}",
            from_on=monday,
            to_on=monday + timedelta(days=6),
            overrides=tuple(OverrideUsed.model_validate(dict(row)) for row in rows),
        )


def _monday(week: str) -> date:
    written = WEEK.fullmatch(week)
    if written is None:
        raise BadWeekError
    try:
        return date.fromisocalendar(int(written[1]), int(written[2]), 1)
    except ValueError:
        raise BadWeekError from None
