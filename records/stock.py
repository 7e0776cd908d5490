"""The log of controlled substances as the activities ask it: what is there, who was given what."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

import asyncpg

from records.pool import Held, connection
from records.queries import sql
from schemas.base import Actor, Reason, Role
from schemas.controlled_substance import StockEntry, StockMovement
from schemas.drug_cabinet import (
    Exposure,
    LeftOver,
    LotBook,
    LotRequest,
    LotStanding,
    StockRequest,
)


class StockStore:
    """Reads the log. `with_training`: whether doses of training journeys move stock here; only in
    a deployment that treats nobody. Every call may raise `RecordUnavailable`."""

    def __init__(self, pool: asyncpg.Pool, *, with_training: bool = False) -> None:
        self._pool = pool
        self._with_training = with_training

    async def read_stock(self, asked: StockRequest) -> tuple[LotBook, ...]:
        """Every lot of which there is any, or the one asked for, with its entries since it last
        settled."""
        where = (asked.clinic, self._with_training, asked.lot)
        # One snapshot: a movement between two of these would look like a variance.
        async with (
            connection(self._pool) as held,
            held.transaction(isolation="repeatable_read", readonly=True),
        ):
            balances = await held.fetch(
                sql("stock_balances"), [asked.clinic], self._with_training, None, asked.lot
            )
            moved = await held.fetch(sql("stock_since_settled"), *where)
            left = await held.fetch(sql("left_over_draws"), *where, asked.tolerance_mg)
        entries, left_over = _by_lot(moved), _by_lot(left)
        return tuple(
            _book(row, entries[row["lot"]], left_over[row["lot"]])
            for row in balances
            # Lots that are used up would make the answer longer for ever.
            if asked.lot or row["on_hand_mg"] or row["in_use_mg"]
        )

    async def exposed_to_lot(self, asked: LotRequest) -> Exposure:
        """Whoever was given the lot, or had it drawn for them."""
        async with connection(self._pool) as held:
            rows = await held.fetch(
                sql("exposed_to_lot"), asked.clinic, self._with_training, asked.lot
            )
        return Exposure(
            journeys=tuple(dict.fromkeys(row["journey_id"] for row in rows)),
            sessions=tuple(row["session_id"] for row in rows),
        )

    async def lot_standing(self, asked: LotRequest) -> LotStanding:
        """Whether the lot may be drawn from on a day; the database's day where none is said."""
        async with connection(self._pool) as held:
            row = await held.fetchrow(
                sql("stock_balances"), [asked.clinic], self._with_training, None, asked.lot
            )
            today: date = asked.on or await held.fetchval("SELECT current_date")
        return LotStanding(usable=True, known=False) if row is None else standing(row, today)


async def lots_blocked(held: Held, clinic: str, lots: Iterable[str]) -> tuple[Reason, ...]:
    """Why one of these lots may not be drawn from: recalled or frozen (11.29, 11.32). Its expiry
    is judged where the clinic's day is known."""
    reasons: list[Reason] = []
    for lot in lots:
        row = await held.fetchrow(sql("stock_balances"), [clinic], True, None, lot)
        if row is not None:
            reasons += _blocked(row)
    return tuple(reasons)


def standing(row: asyncpg.Record, today: date) -> LotStanding:
    """A lot's standing by its balance row: expired after its last day, recalled, frozen."""
    reasons = tuple(_against(row, today))
    return LotStanding(usable=not reasons, reasons=reasons)


def _against(row: asyncpg.Record, today: date) -> Iterator[Reason]:
    expires_on: date | None = row["expires_on"]
    if expires_on is not None and expires_on < today:
        text = "The lot has expired."
        yield Reason(code="lot_expired", text=text, fact=expires_on.isoformat(), source="11.32")
    yield from _blocked(row)


def _blocked(row: asyncpg.Record) -> Iterator[Reason]:
    if row["recalled_at"] is not None:
        yield Reason(code="lot_recalled", text="The lot was recalled.", source="11.32")
    if row["frozen_at"] is not None:
        text = "The lot is frozen until two people have looked into an incident."
        yield Reason(code="lot_frozen", text=text, source="11.29")


def _by_lot(rows: Iterable[asyncpg.Record]) -> defaultdict[str, list[asyncpg.Record]]:
    found: defaultdict[str, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        found[row["lot"]].append(row)
    return found


def _book(
    row: asyncpg.Record, entries: list[asyncpg.Record], left_over: list[asyncpg.Record]
) -> LotBook:
    return LotBook(
        lot=row["lot"],
        product=row["product"],
        expires_on=row["expires_on"],
        on_hand_mg=row["on_hand_mg"],
        in_use_mg=row["in_use_mg"],
        recalled=row["recalled_at"] is not None,
        frozen=row["frozen_at"] is not None,
        entries=tuple(map(_entry, entries)),
        left_over=tuple(
            LeftOver(session_id=r["session_id"], amount_mg=r["amount_mg"], ended=r["ended"])
            for r in left_over
        ),
    )


def _entry(row: asyncpg.Record) -> StockEntry:
    movement = StockMovement(row["movement"])
    if row["amount_mg"] < 0:
        # Less than nothing was on hand: the log's own debt, taken along as one.
        movement = StockMovement.CORRECTED_DOWN
    return StockEntry(
        lot=row["lot"],
        movement=movement,
        amount_mg=abs(row["amount_mg"]),
        actor=_person(row["actor_id"], row["actor_role"]),
        witness=_person(row["witness_id"], row["witness_role"]),
        of_draw=row["of_draw"],
    )


def _person(id_: str | None, role: str | None) -> Actor | None:
    return Actor(id=id_, role=Role(role)) if id_ and role else None
