"""The log of controlled substances as people ask it: what each lot holds, and every line of it."""

from datetime import UTC, date, datetime

import asyncpg

from records.stock import standing
from service.lookups import LARGEST_PAGE, PAGE, BadCursorError, Clinics, read
from service.rows import Page, StockLine, StockRow

FIRST = datetime(1900, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 1, 1, tzinfo=UTC)


class StockLookups:
    """Reads the log for the front desk. `with_training`: whether doses of training journeys count;
    only in a deployment that treats nobody. Every call may raise `RecordUnavailable`."""

    def __init__(self, pool: asyncpg.Pool, *, with_training: bool = False) -> None:
        self._pool = pool
        self._with_training = with_training

    async def stock(
        self, *, clinics: Clinics, clinic: str | None, today: date, lot: str | None = None
    ) -> tuple[StockRow, ...]:
        """Every lot of the clinics that the asker may see, by clinic and lot."""
        rows = await read(self._pool, "stock_balances", clinics, self._with_training, clinic, lot)
        return tuple(
            StockRow.model_validate({**dict(row), "standing": standing(row, today)}) for row in rows
        )

    async def log(
        self,
        *,
        clinics: Clinics,
        clinic: str,
        lot: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> Page[StockLine]:
        """The log of one clinic, or of one lot of it, in the order of the clinical clock; `until`
        is not included. Raises `BadCursorError`."""
        size = max(1, min(limit, LARGEST_PAGE))
        span = (since or FIRST, until or LAST, *_place(cursor), size + 1)
        if lot is None:
            asked: tuple[object, ...] = (clinic, self._with_training, *span)
            rows = await read(self._pool, "stock_log_of_clinic", clinics, *asked)
        else:
            asked = (clinic, lot, self._with_training, *span)
            rows = await read(self._pool, "stock_log", clinics, *asked)
        found = tuple(StockLine.model_validate(dict(row)) for row in rows[:size])
        more = len(rows) > size
        return Page(items=found, next_cursor=_cursor(found[-1]) if more else None)


def _cursor(line: StockLine) -> str:
    return f"{line.at.astimezone(UTC).isoformat()}~{line.id}"


def _place(cursor: str | None) -> tuple[str, int]:
    if cursor is None:
        return FIRST.isoformat(), 0
    moment, _, number = cursor.partition("~")
    try:
        if datetime.fromisoformat(moment).tzinfo is None or len(number) > len(str(2**62)):
            raise BadCursorError
        return moment, int(number)
    except ValueError as error:
        raise BadCursorError from error
