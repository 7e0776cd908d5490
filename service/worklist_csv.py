"""The worklist as a table for a spreadsheet, in which no cell can become a formula."""

import csv
from collections.abc import Iterable
from datetime import datetime
from io import StringIO
from typing import Final

from service.worklist_rows import WorklistRow

COLUMNS: Final = (
    *("task_id", "journey_id", "clinic", "kind", "title", "priority", "status", "due", "due_at"),
    *("entered_at", "changed_at", "owed_to", "still_needed", "claimed_by", "claimed_at"),
    *("snoozed_until", "escalated", "reminded", "training"),
)
BEGINS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
MOST_ROWS: Final = 5_000


def as_csv(rows: Iterable[WorklistRow]) -> str:
    """RFC 4180 with a header; no patient's name."""
    out = StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(_value(row, name)) for name in COLUMNS] for row in rows)
    return out.getvalue()


def _value(row: WorklistRow, name: str) -> object:
    if name in type(row).model_fields:
        return getattr(row, name)
    return getattr(row.handling, name)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case tuple():
            return " ".join(str(one) for one in value)
    text = str(value)
    return f"'{text}" if text.startswith(BEGINS_A_FORMULA) else text
