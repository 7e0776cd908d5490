"""The worklist as a table for a spreadsheet, in which no cell can become a formula."""

from collections.abc import Iterable
from typing import Final

from service import csv_export
from service.csv_export import Cell
from service.worklist_rows import WorklistRow

COLUMNS: Final = (
    *("task_id", "journey_id", "clinic", "kind", "title", "priority", "status", "due", "due_at"),
    *("entered_at", "changed_at", "owed_to", "still_needed", "claimed_by", "claimed_at"),
    *("snoozed_until", "escalated", "reminded", "training"),
)
MOST_ROWS: Final = 5_000


def as_csv(rows: Iterable[WorklistRow]) -> str:
    """RFC 4180 with a header; no patient's name."""
    return csv_export.as_csv(COLUMNS, ([_value(row, name) for name in COLUMNS] for row in rows))


def _value(row: WorklistRow, name: str) -> Cell:
    shown = row if name in type(row).model_fields else row.handling
    value: Cell | tuple[str, ...] = getattr(shown, name)
    return " ".join(value) if isinstance(value, tuple) else value
