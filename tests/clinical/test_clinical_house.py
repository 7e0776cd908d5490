"""What every clinical module keeps: it says what it decides, and it needs no engine to run."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel

from benchmarks.decisions import timings
from clinical.decisions import DECISIONS
from schemas.base import Reason
from schemas.infusion import Criterion, Missing

ROOT = Path(__file__).parents[2]
MODULES = sorted(p for p in (ROOT / "clinical").glob("*.py") if p.name != "__init__.py")

UNCITED = {
    "decision_kind.py", "decisions.py", "parameter_check.py", "parameter_docs.py",
    "parameter_kind.py", "parameters.py", "permissions.py", "protocol.py", "protocol_compare.py",
    "protocol_judge.py", "protocol_notifications.py", "protocol_problem.py", "protocol_text.py",
    "protocol_approvals.py", "standard_protocol.py", "approval.py", "approval_rules.py",
    "journey.py", "clinic.py", "clinic_file.py", "plain_yaml.py", "slots.py", "self_harm_terms.py",
    "approval_docs.py", "decision_signature.py",
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


def test_everything_public_says_what_it_is_for() -> None:
    trees = {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}

    silent = [
        f"{name}: {getattr(node, 'name', 'the module')}"
        for name, tree in trees.items()
        for node in (tree, *public(tree))
        if not ast.get_docstring(node)
    ]

    assert silent == []


NAMED = (
    "act sheet", "section", "ection ", "clinical.md", "source=", "CFR", "U.S.C.", "[V:", "(11.",
)  # fmt: skip


def test_a_module_of_clinical_rules_names_its_source() -> None:
    rules = [path for path in MODULES if path.name not in UNCITED]

    silent = [p.name for p in rules if not any(word in p.read_text("utf-8") for word in NAMED)]

    assert silent == []


def functions(path: Path) -> dict[str, Any]:
    """The public functions that a module defines itself."""
    module = importlib.import_module(f"clinical.{path.stem}")
    return {
        name: function
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
    }


CALENDAR = {"clinic_hours.py", "alert_steps.py"}
"""Days, hours and steps as such; the rules that use them name their source."""

PLAIN = {"retention.after_months"}

SOURCE = re.compile(r"\d\.\d|ections? \d|\((\d+(\.\d+)?)(, \d+(\.\d+)?)*\)|CFR|\[V:|\[K")
"""A section of the fact sheet, a law, or an entry of the fact sheet's list of sources."""


def test_every_public_rule_names_its_source() -> None:
    rules = {
        f"{path.stem}.{name}": function
        for path in MODULES
        if path.name not in UNCITED | CALENDAR
        for name, function in functions(path).items()
    }

    silent = {name for name, rule in rules.items() if not SOURCE.search(rule.__doc__ or "")}

    assert silent == PLAIN


WITHOUT_REASONS = {
    "dosing.judge_delivery": "`delivery_reason` says why",
    "aftercare.judge_journal_gap": "`journal_gap_reasons` says why",
    "tolerability.judge_tolerability": "a fact for the reevaluation, which gives the reasons",
    "parameter_check.judge_value": "the rule of a file, in words",
    "protocol_approvals.judge_rule": "the rule of a file, in words",
    "protocol_notifications.judge_notifications": "the rule of a file, in words",
}
"""Answers of one word, and where their reasons are."""


def carries_reasons(kind: Any, seen: frozenset[Any] = frozenset()) -> bool:
    """Whether a value of this type holds reasons: a code each, and plain text."""
    if kind in (Reason, Missing, Criterion):
        return True
    if any(carries_reasons(inner, seen) for inner in get_args(kind)):
        return True
    if not inspect.isclass(kind) or kind in seen:
        return False
    if issubclass(kind, BaseModel):
        inside = [field.annotation for field in kind.model_fields.values()]
    else:
        inside = list(get_type_hints(kind).values()) if is_dataclass(kind) else []
    return any(carries_reasons(inner, seen | {kind}) for inner in inside)


DECIDES = re.compile(r"judge|propose|decide|triage|screen$|early_review|stop_rules|may_resume")


def test_every_decision_gives_its_reasons() -> None:
    silent = {
        f"{path.stem}.{name}"
        for path in MODULES
        for name, function in functions(path).items()
        if DECIDES.match(name) and not carries_reasons(get_type_hints(function)["return"])
    }

    assert silent == WITHOUT_REASONS.keys()


def test_every_kind_of_decision_answers_with_reasons() -> None:
    answers = {kind.name: get_type_hints(kind.decide)["return"] for kind in DECISIONS.values()}
    assert [name for name, answer in answers.items() if not carries_reasons(answer)] == []


def test_a_reason_is_a_code_and_plain_text() -> None:
    for kind in (Reason, Missing, Criterion):
        assert kind.model_fields["code"].is_required()
        assert kind.model_fields["text"].is_required()


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
    measured = timings(groups=1, rounds=1, calls=1)
    assert set(measured) == set(DECISIONS)
    assert all(spent_us > 0 for spent_us in measured.values())
