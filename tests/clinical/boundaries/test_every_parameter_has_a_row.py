"""No number of a protocol is without a row of boundary values on both of its sides."""

import ast
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from clinical import parameters as reading
from clinical.parameters import PARAMETERS, Parameter, Parameters, ValueKind
from tests.clinical.boundaries.rows import SIDES, Row

MODULES = sorted(path.stem for path in Path(__file__).parent.glob("test_boundaries_*.py"))
ROWS: tuple[Row, ...] = tuple(
    row
    for name in MODULES
    for row in getattr(import_module(f"tests.clinical.boundaries.{name}"), "TABLE", ())
)
NUMERIC = (ValueKind.NUMBER, ValueKind.INTEGER, ValueKind.NUMBERS)

NO_DECISION_READS: dict[str, str] = {}
"""A parameter that no decision can read yet, and which issue builds what reads it."""


def without_a_row(parameters: Mapping[str, Parameter]) -> list[str]:
    """Every number of these parameters, each of a list by itself, that no row tests."""
    tested = {(row.name, row.place) for row in ROWS}
    return [
        f"{p.name}[{place}]" if place is not None else p.name
        for p in parameters.values()
        if p.kind in NUMERIC
        for place in (range(len(p.default)) if isinstance(p.default, tuple) else (None,))
        if (p.name, place) not in tested
    ]


def test_every_number_has_a_row() -> None:
    assert set(without_a_row(PARAMETERS)) == set(NO_DECISION_READS)


def test_a_number_that_is_added_without_a_row_is_found() -> None:
    one = replace(PARAMETERS["bp.stop_sys"], name="bp.stop_mean")
    several = replace(PARAMETERS["cred.alert_days"], name="drill.alert_days", default=(30, 7))
    added = {**PARAMETERS, one.name: one, several.name: several}

    found = set(without_a_row(added)) - set(NO_DECISION_READS)

    assert found == {"bp.stop_mean", "drill.alert_days[0]", "drill.alert_days[1]"}


def test_the_rows_compare_as_the_parameter_page_says() -> None:
    opposite = {"<": ">=", ">=": "<", ">": "<=", "<=": ">"}
    stated = {row: PARAMETERS[row.name].sign for row in ROWS}

    others = [
        row for row, sign in stated.items() if sign and row.sign not in (sign, opposite[sign])
    ]

    assert others == []


def test_every_row_has_two_sides_and_a_protocol_that_moves_it() -> None:
    one_sided = [row for row in ROWS if set(SIDES[row.sign]) != {True, False} or row.step <= 0]
    unmoved = [row for row in ROWS if row.moved() == row.standard()]

    assert one_sided == []
    assert unmoved == []


CLINICAL = Path(reading.__file__).parent


ACCESSORS = ("choice", "duration", "flag", "integer", "number", "numbers", "raw", "steps")


def test_a_parameter_is_read_by_these_ways_only() -> None:
    ways = {name for name in vars(Parameters) if not name.startswith("_")}
    assert ways - {"values", "default"} == set(ACCESSORS)


def readers(row: Row, monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """The files whose code reads the row's parameter while its question is answered."""
    found: set[Path] = set()

    def watched(way: str) -> Callable[[Parameters, str], object]:
        read = getattr(Parameters, way)

        def reads(parameters: Parameters, name: str) -> object:
            frame = sys._getframe(1)
            while frame.f_back and frame.f_code.co_filename in {reading.__file__, __file__}:
                frame = frame.f_back
            if name == row.name:
                found.add(Path(frame.f_code.co_filename))
            return read(parameters, name)

        return reads

    with monkeypatch.context() as patched:
        for way in ACCESSORS:
            patched.setattr(Parameters, way, watched(way))
        for value in row.expected(row.standard()):
            row.fires(value, Parameters.default())
    return found


def test_the_decision_itself_reads_the_number_and_not_only_the_test(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unread = [
        row.label()
        for row in ROWS
        if not any(CLINICAL in path.parents for path in readers(row, monkeypatch))
    ]

    assert unread == []


@pytest.mark.parametrize("name", MODULES)
def test_every_table_is_asked_under_both_protocols(name: str) -> None:
    """A table that no test walks through would prove nothing."""
    module = import_module(f"tests.clinical.boundaries.{name}")
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    walked = [
        test.name
        for test in tree.body
        if isinstance(test, ast.FunctionDef)
        and any("both(TABLE)" in ast.unparse(mark) for mark in test.decorator_list)
        and "answers(" in ast.unparse(test)
        and "expected(" in ast.unparse(test)
    ]
    assert walked or not hasattr(module, "TABLE")
