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
    ("parameter_check.py", 12): "the most items that a list of a protocol may have",
    ("protocol.py", 100): "the longest code that a name may have",
    ("protocol.py", 200_000): "the longest protocol file",
    ("protocol_notifications.py", 5): "the most reminders of one session",
    ("decision_signature.py", 253_402_300_800_000): "milliseconds until the year 10,000",
    ("decision_signature.py", 5): "minutes by which two machines' clocks may differ",
    ("decision_signature.py", 7): "days that a signed decision may wait for a worker",
    ("protocol_approvals.py", 20): "the most reason codes that one kind may offer",
    ("protocol_approvals.py", 90): "the longest time a rule of the approval table may name",
    ("monitoring_form.py", 3): "the programme's form has three blood pressures",
    ("readiness.py", 7): "the days of a week, over which iv.max_per_7d is counted",
    ("aftercare.py", 23): "the last minute of a business day",
    ("aftercare.py", 59): "the same",
    ("parameters.py", 60): "seconds in a minute",
    ("parameters.py", 3_600): "seconds in an hour",
    ("parameters.py", 86_400): "seconds in a day",
    ("parameters.py", 604_800): "seconds in a week",
    ("rescreening.py", 80): "the most results that a screening holds",
    ("risk_levels.py", 2): "the rungs of PHQ-9 item 9, section 6.3",
    ("risk_levels.py", 3): "the same",
    ("session_dates.py", 2): "days from one session to the next, of so many a week",
    ("session_dates.py", 3): "the same",
    ("session_dates.py", 4): "the same",
    ("session_dates.py", 7): "the same",
    ("slots.py", 2): "the end of the calendar",
    ("slots.py", 7): "the days of a week",
}
"""Numbers that are no clinic's rule: (file, number) -> why."""


def literal(node: ast.expr) -> float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    value = node.value if isinstance(node, ast.Constant) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def constants(value: ast.expr | None) -> list[ast.expr]:
    """What an assigned value keeps: itself, and what its tuples, lists, sets and tables hold."""
    match value:
        case ast.Tuple(elts=inner) | ast.List(elts=inner) | ast.Set(elts=inner):
            return [kept for item in inner for kept in constants(item)]
        case ast.Dict(values=inner):
            return [kept for item in inner for kept in constants(item)]
        case ast.Call(args=[held]):  # MappingProxyType({...}), frozenset({...})
            return constants(held)
        case None:
            return []
        case _:
            return [value]


def sides_of(node: ast.AST) -> list[ast.expr]:
    """The places of one piece of code in which a number decides."""
    match node:
        case ast.Compare():
            within = [node.left, *node.comparators]
            return [kept for side in within for kept in constants(side)]
        case ast.Call() if getattr(node.func, "id", "") in {"min", "max", "timedelta", "time"}:
            return [*node.args, *(keyword.value for keyword in node.keywords)]
        case ast.Assign() | ast.AnnAssign():
            return constants(node.value)
        case ast.arguments():
            return [*node.defaults, *(given for given in node.kw_defaults if given)]
        case ast.MatchValue():
            return [node.value]
        case ast.IfExp():
            return [node.body, node.orelse]
        case _:
            return []


def compared(tree: ast.AST) -> list[tuple[int, float]]:
    """(line, number) of every number that decides something, or is kept to decide with later."""
    found = {
        (side.lineno, side.col_offset, number)
        for node in ast.walk(tree)
        for side in sides_of(node)
        if (number := literal(side)) is not None and number not in HARMLESS
    }
    return [(line, number) for line, _, number in sorted(found)]


Numbers = dict[tuple[str, float], list[int]]


def deciding(folder: Path, *beside: str) -> Numbers:
    """(file, number) -> the lines where it decides, in every file of a folder but those beside."""
    found: Numbers = {}
    for path in sorted(folder.glob("*.py")):
        if path.name not in beside:
            for line, number in compared(ast.parse(path.read_text(encoding="utf-8"))):
                found.setdefault((path.name, number), []).append(line)
    return found


def test_no_number_is_compared_outside_the_parameter_table() -> None:
    found = deciding(CLINICAL, *DEFINITIONS)

    assert {number: lines for number, lines in found.items() if number not in KNOWN} == {}


WORKFLOWS = CLINICAL.parent / "workflows"
OF_THE_ENGINE = {
    ("approval.py", 50): "closed tasks that a run remembers",
    ("scores.py", 40): "scores that a run carries",
    ("journal.py", 10): "the hour at which a patient is written to: not at night",
    ("hold.py", 9): "the hour at which a review date begins",
    ("story.py", 2): "which interruption wins",
}
"""Sizes of what a run carries."""


def test_no_workflow_compares_with_a_number_of_its_own() -> None:
    """`options.py` holds the sizes, retries and time limits of the engine."""
    found = deciding(WORKFLOWS, "options.py")

    assert {number: lines for number, lines in found.items() if number not in OF_THE_ENGINE} == {}


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("x > 180", 180),
        ("5 <= x", 5),
        ("x == -5", 5),
        ("min(x, 90)", 90),
        ("now + timedelta(hours=4)", 4),
        ("LIMIT = 160", 160),
        ("LIMIT: int = 160", 160),
        ("limit = 160", 160),
        ("LIMITS = {'systolic': 160}", 160),
        ("LIMITS = MappingProxyType({'systolic': (160,)})", 160),
        ("x in (160,)", 160),
        ("def judge(x, limit=160): ...", 160),
        ("def judge(x, *, limit=160): ...", 160),
        ("lambda x, limit=160: x > limit", 160),
        ("time(18)", 18),
        ("match x:\n    case 160: ...", 160),
        ("160 if high else other", 160),
    ],
)
def test_the_search_finds_a_hidden_threshold(code: str, number: float) -> None:
    assert [found for _, found in compared(ast.parse(code))] == [number]


def test_no_excuse_outlives_its_number() -> None:
    for folder, known in ((CLINICAL, KNOWN), (WORKFLOWS, OF_THE_ENGINE)):
        assert known.keys() - deciding(folder).keys() == set()


@pytest.mark.parametrize("code", ["x > 0", "count == 1", "total = 100 * x", "x[5]", "len(x) > y"])
def test_the_search_leaves_arithmetic_alone(code: str) -> None:
    assert compared(ast.parse(code)) == []
