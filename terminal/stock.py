"""Controlled substances at the command line: what each lot holds, and the log of one."""

import time
from datetime import UTC, datetime

from service.rows import StockLine, StockRow
from terminal.failures import CommandFailedError
from terminal.front_desk import FrontDesk, front_desk
from terminal.output import print_json, print_table

PAGE = 500


async def show_stock(clinic: str | None, lot: str | None, *, as_json: bool) -> None:
    """Every lot with its balance; with a lot, every line of its log.

    Raises:
        CommandFailedError: when there is no such clinic or lot.
    """
    today = datetime.fromtimestamp(time.time(), UTC).date()
    async with front_desk() as desk:
        if clinic is not None and clinic not in desk.clinic_codes:
            known = ", ".join(desk.clinic_codes)
            raise CommandFailedError(f"there is no clinic {clinic!r}; there are {known}")
        rows = await desk.stock.stock(clinics=None, clinic=clinic, today=today, lot=lot)
        if lot is None:
            _print_balances(rows, as_json=as_json)
            return
        if not rows:
            raise CommandFailedError(f"no log knows the lot {lot!r}")
        lines = [line for row in rows for line in await _log(desk, row)]
    _print_log(lot, lines, as_json=as_json)


async def _log(desk: FrontDesk, row: StockRow) -> list[StockLine]:
    found: list[StockLine] = []
    cursor: str | None = None
    while True:
        page = await desk.stock.log(
            clinics=None, clinic=row.clinic, lot=row.lot, cursor=cursor, limit=PAGE
        )
        found.extend(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return found


def _print_balances(rows: tuple[StockRow, ...], *, as_json: bool) -> None:
    if as_json:
        print_json(list(rows))
        return
    columns = ("clinic", "lot", "product", "until", "on hand", "in use", "left over", "standing")
    cells = [
        (
            row.clinic,
            row.lot,
            row.product,
            row.expires_on,
            f"{row.on_hand_mg:g} mg",
            f"{row.in_use_mg:g} mg",
            f"{row.left_over_mg:g} mg",
            [reason.code for reason in row.standing.reasons] or "usable",
        )
        for row in rows
    ]
    print_table("Controlled substances", columns, cells)


def _print_log(lot: str, lines: list[StockLine], *, as_json: bool) -> None:
    if as_json:
        print_json(lines)
        return
    columns = ("when", "clinic", "what", "mg", "who", "before", "treatment day", "why")
    cells = [
        (
            line.at,
            line.clinic,
            line.movement,
            f"{line.amount_mg:g}",
            f"{line.actor_id} ({line.actor_role})",
            line.witness_id,
            line.session_id,
            line.reason,
        )
        for line in lines
    ]
    print_table(f"Log of lot {lot.upper()}", columns, cells)
