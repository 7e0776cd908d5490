"""No clinical number hides in a rule: comparisons are against parameters or named scales."""

import ast
from pathlib import Path

import pytest

CLINICAL = Path(__file__).parents[2] / "clinical"
HARMLESS = {0, 1}
"""Nothing, something, one: emptiness and counting, not thresholds."""

DEFINITIONS = {
    "scales.py": "rating scales as published",
    "formulary.py": "lowest adequate doses as published",
    "parameter_table.py": "the parameters themselves",
    "parameter_rules.py": "the parameters themselves",
}
"""Files that hold published definitions or the parameters; no clinic's rule is in them."""

KNOWN = {
    ("adverse_event.py", 4): "the grade of the scale that is life-threatening",
    ("clinic.py", 2): "two trained people on site, section 1.3",
    ("clinic_hours.py", 5): "Saturday",
    ("slots.py", 370): "how many days ahead a free slot is searched",
    ("approval.py", 24): "a kind that an older protocol does not name still reaches a person",
    ("approval.py", 8): "the same",
    ("discharge_readings.py", 2): "falling takes two readings, whatever a clinic asks",
    ("monitoring.py", 365): "the days of a year",
    ("protocol.py", 100): "the longest code that a name may have",
    ("protocol.py", 200_000): "the longest protocol file",
    ("protocol_notifications.py", 5): "the most reminders of one session",
    ("protocol_approvals.py", 90): "the longest time a rule of the approval table may name",
    ("monitoring_form.py", 3): "the programme's form has three blood pressures",
    ("readiness.py", 7): "the days of a week, over which iv.max_per_7d is counted",
    ("schedule.py", 7): "the days of a week",
    ("slots.py", 2): "the end of the calendar",
    ("slots.py", 7): "the days of a week",
}
"""Numbers that are no clinic's rule: (file, number) -> why."""


def literal(node: ast.expr) -> float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    value = node.value if isinstance(node, ast.Constant) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def compared(tree: ast.AST) -> list[tuple[int, float]]:
    """(line, number) of every number compared or clipped against, or kept as a constant."""
    found = []
    for node in ast.walk(tree):
        sides: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"min", "max"}:
            sides = node.args
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "timedelta":
            sides = [*node.args, *(keyword.value for keyword in node.keywords)]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            sides = [node.value] if node.targets[0].id.isupper() else []
        for side in sides:
            number = literal(side)
            if number is not None and number not in HARMLESS:
                found.append((side.lineno, number))
    return found


@pytest.mark.parametrize(
    "path", [p for p in sorted(CLINICAL.glob("*.py")) if p.name not in DEFINITIONS],
    ids=lambda p: p.name,
)  # fmt: skip
def test_no_number_is_compared_outside_the_parameter_table(path: Path) -> None:
    hidden = [
        f"{path.name}:{line}: {number:g}"
        for line, number in compared(ast.parse(path.read_text(encoding="utf-8")))
        if (path.name, number) not in KNOWN
    ]
    assert hidden == []


WORKFLOWS = CLINICAL.parent / "workflows"
OF_THE_ENGINE = {
    ("approval.py", 50): "closed tasks that a run remembers",
    ("scores.py", 40): "scores that a run carries",
}
"""Sizes of what a run carries."""


@pytest.mark.parametrize(
    "path", [p for p in sorted(WORKFLOWS.glob("*.py")) if p.name != "options.py"],
    ids=lambda p: p.name,
)  # fmt: skip
def test_no_workflow_compares_with_a_number_of_its_own(path: Path) -> None:
    """`options.py` holds the sizes, retries and time limits of the engine."""
    hidden = [
        f"{path.name}:{line}: {number:g}"
        for line, number in compared(ast.parse(path.read_text(encoding="utf-8")))
        if (path.name, number) not in OF_THE_ENGINE
    ]
    assert hidden == []


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("x > 180", 180),
        ("5 <= x", 5),
        ("x == -5", 5),
        ("min(x, 90)", 90),
        ("now + timedelta(hours=4)", 4),
        ("LIMIT = 160", 160),
    ],
)
def test_the_search_finds_a_hidden_threshold(code: str, number: float) -> None:
    assert [found for _, found in compared(ast.parse(code))] == [number]


@pytest.mark.parametrize("code", ["x > 0", "count == 1", "total = 100 * x", "x[5]", "len(x) > y"])
def test_the_search_leaves_arithmetic_alone(code: str) -> None:
    assert compared(ast.parse(code)) == []
