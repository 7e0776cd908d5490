"""Tables as files for a spreadsheet, in which no cell can become a formula."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from io import StringIO
from typing import Final

Cell = str | int | float | bool | date | datetime | None

BEGINS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula; some read the wide signs alike."""


def as_csv(columns: Sequence[str], lines: Iterable[Sequence[Cell]]) -> str:
    """A header and its lines (RFC 4180). Nothing is left out; an unknown value is an empty cell."""
    content = StringIO()
    writer = csv.writer(content, lineterminator="\r\n")
    writer.writerow([safe_text(name) for name in columns])
    writer.writerows([_cell(value) for value in line] for line in lines)
    return content.getvalue()


def safe_text(text: str) -> str:
    """A text as a spreadsheet shows it and never runs it: an apostrophe goes before whatever would
    begin a formula, also behind blanks of any width, which some programs drop."""
    begins = text.startswith(BEGINS_A_FORMULA) or text.lstrip().startswith(BEGINS_A_FORMULA)
    return f"'{text}" if begins else text


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        # A number of ours is no text of anybody's: -3 stays a number.
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, date):
        return value.isoformat()
    return safe_text(value)
