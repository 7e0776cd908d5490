"""The story and its decisions know no clock, no chance and no outside: read from their source."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    path
    for folder in ("workflows", "clinical", "schemas")
    for path in sorted((ROOT / folder).glob("*.py"))
    if path.name != "replay.py"  # it replays histories for a person; no workflow imports it
]
NO_MODULES = frozenset(
    {
        "os", "random", "secrets", "socket", "subprocess", "threading", "time", "uuid",
        "pathlib", "io", "logging", "tempfile", "multiprocessing", "urllib", "requests",
    }
)  # fmt: skip
NO_CALLS = frozenset({"now", "utcnow", "today", "open", "input", "print", "hash"})
ALLOWED_NOW = frozenset({"workflow", "clock", "_clock", "self"})


def test_nothing_here_asks_a_clock_or_chance_or_the_outside() -> None:
    strays = [
        f"{path.parent.name}/{path.name}: {stray}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        for stray in _strays(node)
    ]

    assert len(FILES) > 150
    assert strays == []


def _strays(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [a.name for a in node.names if a.name.split(".")[0] in NO_MODULES]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""] if (node.module or "").split(".")[0] in NO_MODULES else []
    if isinstance(node, ast.Call):
        return _stray_call(node)
    return []


def _stray_call(node: ast.Call) -> list[str]:
    match node.func:
        case ast.Name(id=name) if name in NO_CALLS:
            return [f"{name}() in line {node.lineno}"]
        case ast.Attribute(attr=name, value=owner) if name in ("now", "utcnow", "today"):
            return [] if _last(owner) in ALLOWED_NOW else [f"{name}() in line {node.lineno}"]
    return []


def _last(owner: ast.AST) -> str:
    match owner:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def test_the_search_finds_what_it_is_for() -> None:
    bad = ast.parse("import random\nfrom datetime import datetime\nx = datetime.now()\nopen('f')")

    strays = [stray for node in ast.walk(bad) for stray in _strays(node)]

    assert strays == ["random", "now() in line 3", "open() in line 4"]
