"""One concept, one word: the words that were decided against do not come back as names."""

import ast
import re

import pytest

from tests.docs.pages import ROOT

FLOORS = (
    *("schemas", "clinical", "activities", "records", "gateways"),
    *("workflows", "service", "api", "console", "terminal"),
)
USE_INSTEAD = {
    "todo": "task",
    "ticket": "task",
    "workitem": "task",
    "appointment_day": "session",
    "visit_session": "session",
    "stage": "phase",
    "customer": "patient",
    "dosage": "dose",
    "bp": "systolic_mmhg, diastolic_mmhg",
    "utils": "a name for what it does",
    "helpers": "a name for what it does",
    "manager": "a name for what it does",
}


def _names(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                found.add(name)
            case ast.AsyncFunctionDef(name=name) | ast.Name(id=name) | ast.arg(arg=name):
                found.add(name)
            case _:
                pass
    return found


def _words(name: str) -> set[str]:
    return set(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_")) | {name.lower()}


@pytest.mark.parametrize("floor", FLOORS)
def test_a_concept_keeps_its_one_word(floor):
    strayed = {
        f"{path.relative_to(ROOT)}: {name}, say {USE_INSTEAD[word]}"
        for path in (ROOT / floor).rglob("*.py")
        for name in _names(ast.parse(path.read_text())) | {path.stem}
        for word in _words(name) & set(USE_INSTEAD)
    }

    assert strayed == set()
