"""How a command answers: a table or a few lines for a person, JSON for a program."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 200


def print_json(value: object) -> None:
    """The answer as one JSON document on stdout: plain values, our nouns, lists of both."""
    sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows under headings; says so when there are none. Cells are shown as they are: nothing in
    them is read as markup."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    console = _console()
    console.print(Text(title if table.row_count else f"{title}: none", style="bold"))
    if table.row_count:
        console.print(table)


def print_pairs(title: str, pairs: Iterable[tuple[str, object]]) -> None:
    """Names and values, one pair a line; empty values are left out."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        if shown(value):
            table.add_row(Text(name), Text(shown(value)))
    console = _console()
    console.print(Text(title, style="bold"))
    console.print(table)


def print_line(text: str) -> None:
    """One line on stdout, as it is."""
    sys.stdout.write(text + "\n")


def shown(cell: object) -> str:
    """One value as a person reads it: moments to the minute, in UTC."""
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M}Z"
        case tuple() | list() | set() | frozenset():
            return ", ".join(shown(part) for part in cell)
        case _:
            return str(cell)


def _plain(value: object) -> object:
    """What JSON has no form for: values as their fields, moments and codes as text."""
    match value:
        case BaseModel():
            return value.model_dump(mode="json")
        case set() | frozenset():
            return sorted(value)
        case _:
            return value.isoformat() if isinstance(value, date) else str(value)


def _console() -> Console:
    # A pipe has no width: nothing is folded that a program reads line by line.
    return Console() if sys.stdout.isatty() else Console(width=PIPED_WIDTH)
