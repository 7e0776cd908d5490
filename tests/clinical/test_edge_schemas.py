"""Edge case 13 and the list of edge cases itself: units are refused at the door, no row is lost."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from schemas.infusion import OrderDose, VitalSigns
from schemas.screening import Screening

ROOT = Path(__file__).parents[2]
ROWS = [
    line.split("|")
    for line in (ROOT / "docs/edge-cases.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| \d+ \|", line)
]
ACTOR = {"id": "dr-brandt", "role": "prescriber"}


@pytest.mark.parametrize("weight_kg", [34.9, 250.1, 400])
def test_edge_13_a_weight_in_pounds_or_implausible_is_refused(weight_kg: float) -> None:
    for build in (
        lambda: VitalSigns(weight_kg=weight_kg),
        lambda: Screening(weight_kg=weight_kg),
        lambda: OrderDose.model_validate(
            {"command_id": "o", "actor": ACTOR, "dose_mg": 35, "weight_kg": weight_kg}
        ),
    ):
        with pytest.raises(ValidationError):
            build()


@pytest.mark.parametrize("dose_mg", [35_000, 0, -1])
def test_a_dose_in_micrograms_is_refused(dose_mg: float) -> None:
    with pytest.raises(ValidationError):
        OrderDose.model_validate({"command_id": "o", "actor": ACTOR, "dose_mg": dose_mg})


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        VitalSigns(taken_at=datetime(2027, 1, 4, 10, 0))  # noqa: DTZ001


def test_every_row_of_the_fact_sheet_is_listed_once() -> None:
    assert [int(row[1]) for row in ROWS] == list(range(1, 54))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1].strip())
def test_a_row_names_a_rule_that_exists_or_says_not_yet(row: list[str]) -> None:
    rule, test, to_come = row[3], row[4], row[5]

    files = re.findall(r"`((?:clinical|workflows|schemas)/\w+\.py)`", rule)
    assert all((ROOT / file).exists() for file in files)
    tests = re.findall(r"`(?:clinical/)?(test_\w+\.py)`", test)
    assert all((ROOT / "tests/clinical" / file).exists() for file in tests)
    assert test.strip() or "not yet" in to_come


NAMED = re.compile(
    r"`((?:clinical|workflows|stack|records|service)/test_\w+\.py)`(?: \(([^)]*)\))?"
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1].strip())
def test_a_row_names_tests_that_exist(row: list[str]) -> None:
    missing = []
    for file, told in NAMED.findall(row[4]):
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        names = re.findall(r"`(test_\w+)`", told)
        missing += [f"{file}: {name}" for name in names if f"def {name}(" not in text]
    assert missing == []


NUMBERED = re.compile(r"def test_edges?_((?:\d+_(?:and_)?)+)")


def numbers_of(file: Path) -> set[int]:
    return {
        int(number)
        for match in NUMBERED.finditer(file.read_text(encoding="utf-8"))
        for number in re.findall(r"\d+", match[1])
    }


def test_tests_with_a_number_name_a_row_that_exists() -> None:
    numbers = set().union(*(numbers_of(f) for f in (ROOT / "tests/clinical").glob("test_*.py")))

    assert numbers <= set(range(1, 54))
    assert len(numbers) >= 30
