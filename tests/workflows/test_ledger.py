"""Which commands took effect: remembered by digest, bounded by count and age."""

from datetime import UTC, datetime, timedelta

from schemas.message import LedgerEntry
from workflows.ledger import Ledger
from workflows.options import LEDGER_AGE, LEDGER_ENTRIES

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_command_is_found_again_with_the_version_it_made() -> None:
    ledger = Ledger([])

    ledger.note("order-1", 7, NOON)

    found = ledger.find("order-1")
    assert found is not None
    assert found.v == 7
    assert ledger.find("order-2") is None


def test_the_ledger_travels_in_the_state() -> None:
    entries: list[LedgerEntry] = []
    Ledger(entries).note("order-1", 1, NOON)

    carried = [LedgerEntry.model_validate_json(entry.model_dump_json()) for entry in entries]

    assert Ledger(carried).find("order-1") is not None


def test_no_id_of_a_caller_is_kept() -> None:
    entries: list[LedgerEntry] = []

    Ledger(entries).note("ottoline.thistlewood@mail.example", 1, NOON)

    assert "thistlewood" not in entries[0].model_dump_json()


def test_only_the_newest_are_kept() -> None:
    entries: list[LedgerEntry] = []
    ledger = Ledger(entries)

    for n in range(LEDGER_ENTRIES + 3):
        ledger.note(f"order-{n}", n, NOON)

    assert len(entries) == LEDGER_ENTRIES
    assert ledger.find("order-2") is None
    assert ledger.find("order-3") is not None


def test_what_is_too_old_is_forgotten_and_what_is_just_old_enough_is_not() -> None:
    ledger = Ledger([])
    ledger.note("old", 1, NOON)

    ledger.note("on the day", 2, NOON + LEDGER_AGE)
    assert ledger.find("old") is not None
    ledger.note("a second later", 3, NOON + LEDGER_AGE + timedelta(seconds=1))

    assert ledger.find("old") is None
    assert ledger.find("on the day") is not None


def test_a_full_ledger_is_a_small_part_of_what_a_run_carries() -> None:
    entries: list[LedgerEntry] = []
    ledger = Ledger(entries)
    for n in range(LEDGER_ENTRIES):
        ledger.note(f"order-{n}", 10_000 + n, NOON)

    assert sum(len(entry.model_dump_json()) + 1 for entry in entries) < 30 * 1024
