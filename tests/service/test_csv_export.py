"""No cell of any table of ours becomes a formula in a spreadsheet, whatever stands before it."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO

import pytest

from schemas.worklist import Handling, Priority
from service import worklist_csv
from service.csv_export import as_csv, safe_text
from service.worklist_rows import Due, WorklistRow

A_MOMENT = datetime(2026, 11, 27, 12, tzinfo=UTC)
BEFORE = ("", " ", "  ", "\u00a0", "\u2003", " \u00a0", "\t", " \t", "\r", "\n", "\u00a0\r\n")
NASTY = [f"{before}{sign}1+1" for before in BEFORE for sign in "=+-@＝＋－＠"]


def in_a_report(text: str) -> str:
    table = as_csv(("title",), [[text]])
    return next(csv.DictReader(StringIO(table, newline="")))["title"]


def in_the_worklist(text: str) -> str:
    row = WorklistRow.model_validate(
        {
            **dict.fromkeys(("task_id", "workflow_id", "journey_id", "key", "on_expiry"), "j"),
            **dict.fromkeys(("requested_at", "due_at", "next_at", "entered_at"), A_MOMENT),
            **dict.fromkeys(("reminded", "escalated", "version"), 1),
            "clinic": "north",
            "kind": "referral_triage",
            "is_approval": True,
            "title": text,
            "slots": ("care_coordinator",),
            "still_needed": ("care_coordinator", "psychiatrist"),
            "owed_to": "care_coordinator",
            "requested_by_id": "engine",
            "requested_by_role": "system",
            "status": "pending",
            "handling": Handling(task_id="j", claimed_at=A_MOMENT),
            "priority": next(iter(Priority)),
            "due": Due.TODAY,
        }
    )
    (found,) = csv.DictReader(StringIO(worklist_csv.as_csv([row]), newline=""))
    assert found["still_needed"] == "care_coordinator psychiatrist"
    assert found["claimed_at"] == A_MOMENT.isoformat()
    return found["title"]


@pytest.mark.parametrize("exported", [in_a_report, in_the_worklist])
def test_no_cell_begins_a_formula(exported: Callable[[str], str]) -> None:
    assert [text for text in NASTY if exported(text) != "'" + text] == []


@pytest.mark.parametrize("exported", [in_a_report, in_the_worklist])
@pytest.mark.parametrize("text", ["a=b", " twice a week", "3 - 4 days", 'say "=", then'])
def test_what_is_no_formula_stays_as_it_was_written(
    exported: Callable[[str], str], text: str
) -> None:
    assert exported(text) == text
    assert safe_text(text) == text
