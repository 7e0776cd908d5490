"""What every clinical module keeps: it says what it decides, and it needs no engine to run."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.decisions import timings
from clinical.decisions import DECISIONS

ROOT = Path(__file__).parents[2]
MODULES = sorted(p for p in (ROOT / "clinical").glob("*.py") if p.name != "__init__.py")

UNCITED = {
    "decision_kind.py", "decisions.py", "parameter_check.py", "parameter_docs.py",
    "parameter_kind.py", "parameters.py", "permissions.py", "protocol.py", "protocol_compare.py",
    "protocol_judge.py", "protocol_notifications.py", "protocol_problem.py", "protocol_text.py",
    "protocol_approvals.py", "standard_protocol.py", "approval.py", "approval_rules.py",
    "journey.py", "clinic.py", "clinic_file.py", "slots.py", "self_harm_terms.py",
}  # fmt: skip
"""No clinical rule is in these: files, tables, the calendar, who may do what."""


def public(tree: ast.Module) -> list[ast.FunctionDef | ast.ClassDef]:
    """Functions and classes that another module may use, and the methods a class offers."""
    top = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    inside = [
        method
        for owner in top
        if isinstance(owner, ast.ClassDef) and not owner.name.startswith("_")
        for method in owner.body
        if isinstance(method, ast.FunctionDef)
    ]
    return [n for n in (*top, *inside) if not n.name.startswith("_")]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.stem)
def test_everything_public_says_what_it_is_for(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    silent = [n.name for n in public(tree) if not ast.get_docstring(n)]
    assert silent == []


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.name not in UNCITED], ids=lambda p: p.stem
)
def test_a_module_of_clinical_rules_names_its_source(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = (
        "act sheet",
        "section",
        "ection ",
        "clinical.md",
        "source=",
        "CFR",
        "U.S.C.",
        "[V:",
        "(11.",
    )
    assert any(word in text for word in named)


def test_no_clinical_module_loads_an_engine_or_an_event_loop() -> None:
    names = [f"clinical.{path.stem}" for path in MODULES]
    code = (
        f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\n"
        "print([m for m in ('temporalio', 'asyncio', 'structlog', 'asyncpg') if m in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"


def test_the_benchmark_times_every_kind_of_decision() -> None:
    measured = dict(timings(rounds=1, calls=1))
    assert set(measured) == set(DECISIONS)
    assert all(spent_us > 0 for spent_us in measured.values())
