"""The table of edge cases does not rot: what it calls done has a test that bears its number."""

import re

import pytest

from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "edge-cases.md"
NUMBER_TO_COME = re.compile(r"^\| (\d+) \|.*\|([^|]*)\|$", re.MULTILINE)
TEST = re.compile(r"^(?:async )?def (test_edge_(\d+)_\w+)\(", re.MULTILINE)
NAMED = re.compile(r"`(test_\w+)`")
ANY_TEST = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)
NAMED_IN = re.compile(r"`(\w+/test_\w+\.py)` \(((?:`test_\w+`(?:, )?)+)\)")
CASES = 53


@pytest.fixture(scope="module")
def sources():
    return "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))


def test_every_case_of_the_fact_sheet_has_its_row():
    numbers = [int(number) for number, _ in NUMBER_TO_COME.findall(PAGE.read_text())]

    assert numbers == [*range(1, CASES + 1)]


def test_every_case_that_is_done_has_a_test_bearing_its_number(sources):
    done = {n for n, to_come in NUMBER_TO_COME.findall(PAGE.read_text()) if not to_come.strip()}
    shown = {number for _, number in TEST.findall(sources)}

    assert done
    assert done <= shown


def test_every_test_that_the_table_names_exists(sources):
    assert set(NAMED.findall(PAGE.read_text())) <= set(ANY_TEST.findall(sources))


def test_every_test_that_the_table_names_stands_in_the_file_it_is_named_with():
    lost = []
    for row in PAGE.read_text().splitlines():
        if not re.match(r"\| \d+ \|", row):
            continue
        for path, names in NAMED_IN.findall(row.split(" | ")[3]):
            known = ANY_TEST.findall((ROOT / "tests" / path).read_text())
            lost += [(path, name) for name in NAMED.findall(names) if name not in known]

    assert lost == []
