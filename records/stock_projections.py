"""The log of controlled substances, derived from the facts of treatment days and of the cabinet.

One line a movement, written in the transaction that puts its fact on record, under the fact's own
key. What a treatment day gives or wastes comes out of what it drew. A fact read again adds nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Annotated

from pydantic import Field

from records.lines import Change, Line
from schemas.base import Actor, Carried
from schemas.controlled_substance import StockMovement, Waste
from schemas.event import EventKind

UNKNOWN = "unknown"
Milligrams = Annotated[float, Field(ge=0, le=1_000_000)]
"""What the log can hold: anything else is skipped aloud, and never keeps a fact off the record."""


class _Lot(Carried):
    """A lot as it was named at the chair; what else is said of it moves nothing."""

    lot: str | None = None
    product: str | None = None
    expires_on: date | None = None


class _Drawn(Carried):
    """What a dose log says: the lot as it was named, and how much is in the syringe or device."""

    lot: _Lot | None = None
    drawn_mg: Milligrams | None = None
    ordered_mg: Milligrams | None = None


class _Given(Carried):
    """What the end of a dose says."""

    delivered_mg: Milligrams | None = None
    waste: Waste | None = None


class _Moved(Carried):
    """One movement as the cabinet tells it."""

    lot: str
    product: str = UNKNOWN
    expires_on: date | None = None
    amount_mg: Milligrams = 0.0
    session_id: str | None = None


class _Told(Carried):
    """A fact of the cabinet: one movement, or several in `lines`, before one witness. `upward`:
    which way a correction goes; `opening`: stock that was there before the log began; `belated`:
    what a treatment day turned out to have drawn."""

    lines: tuple[_Moved, ...] = ()
    belated: tuple[_Moved, ...] = ()
    witness: Actor | None = None
    reason: str | None = None
    upward: bool = False
    opening: bool = False
    settles: bool = False


def _dose_logged(line: Line) -> Iterable[Change]:
    drawn = _Drawn.model_validate(line.data)
    amount_mg = drawn.ordered_mg if drawn.drawn_mg is None else drawn.drawn_mg
    if not amount_mg:
        return
    lot = drawn.lot or _Lot()
    facts = (lot.product or UNKNOWN, lot.lot or UNKNOWN, lot.expires_on, amount_mg)
    yield Change("draw_dose", (line.workflow_id, line.sequence, *facts))


def _dose_given(line: Line) -> Iterable[Change]:
    given = _Given.model_validate(line.data)
    if given.delivered_mg:
        yield _out_of_draw(line, StockMovement.ADMINISTERED, given.delivered_mg, None)
    yield from _dose_wasted(line)


def _dose_wasted(line: Line) -> Iterable[Change]:
    waste = _Given.model_validate(line.data).waste
    if waste is not None and waste.wasted_mg > 0:
        yield _out_of_draw(line, StockMovement.WASTED, waste.wasted_mg, waste.witness)


def _out_of_draw(
    line: Line, movement: StockMovement, amount_mg: float, witness: Actor | None
) -> Change:
    seen_by = (witness.id, witness.role.value) if witness else (None, None)
    reason = "residue" if movement is StockMovement.WASTED else None
    whose = (line.workflow_id, line.sequence)
    return Change("use_draw", (*whose, movement.value, amount_mg, *seen_by, reason))


def _received(line: Line) -> Iterable[Change]:
    told = _Told.model_validate(line.data)
    yield from _moved(line, StockMovement.OPENING if told.opening else StockMovement.RECEIVED)


def _corrected(line: Line) -> Iterable[Change]:
    told = _Told.model_validate(line.data)
    way = StockMovement.CORRECTED_UP if told.upward else StockMovement.CORRECTED_DOWN
    yield from _lines(line, way, told, told.lines)
    yield from _lines(line, StockMovement.DRAWN, told, told.belated)


def _by(movement: StockMovement) -> Callable[[Line], Iterable[Change]]:
    return lambda line: _moved(line, movement)


def _moved(line: Line, movement: StockMovement) -> Iterable[Change]:
    told = _Told.model_validate(line.data)
    yield from _lines(line, movement, told, told.lines)


def _lines(
    line: Line, movement: StockMovement, told: _Told, moves: tuple[_Moved, ...]
) -> Iterable[Change]:
    seen_by = (told.witness.id, told.witness.role.value) if told.witness else (None, None)
    for ordinal, moved in enumerate(moves):
        yield Change(
            "move_stock",
            (
                line.workflow_id,
                line.sequence,
                movement.value,
                ordinal,
                moved.session_id,
                moved.product,
                moved.lot,
                moved.expires_on,
                moved.amount_mg,
                *seen_by,
                told.reason,
                told.settles,
            ),
        )


STOCK_PROJECTIONS: Mapping[str, Callable[[Line], Iterable[Change]]] = {
    EventKind.DOSE_LOGGED: _dose_logged,
    EventKind.WASTE_RECORDED: _dose_wasted,
    EventKind.DOSING_STOPPED: _dose_given,
    EventKind.DOSING_ENDED: _dose_given,
    EventKind.DISCHARGED: _dose_wasted,
    EventKind.STOCK_RECEIVED: _received,
    EventKind.STOCK_COUNTED: _by(StockMovement.COUNTED),
    EventKind.SHIFT_CLOSED: _by(StockMovement.COUNTED),
    EventKind.STOCK_WASTED: _by(StockMovement.WASTED),
    EventKind.STOCK_RETURNED: _by(StockMovement.RETURNED),
    EventKind.STOCK_LOST: _by(StockMovement.LOST),
    EventKind.STOCK_CORRECTED: _corrected,
    EventKind.LOT_RECALLED: _by(StockMovement.RECALLED),
    EventKind.LOT_FROZEN: _by(StockMovement.FROZEN),
    EventKind.LOT_RELEASED: _by(StockMovement.RELEASED),
}
"""What each kind of fact moves."""
