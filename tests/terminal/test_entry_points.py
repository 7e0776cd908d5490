"""The single-file entry points: who they may import, and that help is quick and whole."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = {
    *("schemas", "runtime", "clinical", "activities", "records", "gateways", "workflows"),
    *("service", "api", "console", "terminal", "embedded", "simulator", "benchmarks"),
    *("cli", "worker", "server"),
}
MAY_IMPORT = {
    # A worker composes the floors below the front desk.
    "worker.py": {"schemas", "runtime", "activities", "records", "gateways", "workflows"},
    # The server composes the front desk and the doors on it; no workflow code runs there.
    "server.py": {"schemas", "runtime", "records", "gateways", "service", "api", "console"},
    # The command line may start anything.
    "cli.py": OURS - {"benchmarks", "cli", "clinical", "activities", "records", "gateways"},
}
QUICK = {"typer", "embedded", "terminal", "simulator", "service", "api", "workflows", "records"}


def _imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "entry points import by full name"
            names.add((node.module or "").partition(".")[0])
    return names


@functools.cache
def _imported_by(path: Path) -> set[str]:
    return _imported(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", sorted(MAY_IMPORT))
def test_an_entry_point_imports_only_its_floors(name: str) -> None:
    assert (_imported_by(ROOT / name) & OURS) <= MAY_IMPORT[name]


@pytest.mark.parametrize("name", sorted(MAY_IMPORT))
def test_nobody_imports_an_entry_point(name: str) -> None:
    module = name.removesuffix(".py")
    for package in OURS - {"cli", "worker", "server"}:
        for path in (ROOT / package).rglob("*.py"):
            assert module not in _imported_by(path), path


def test_help_imports_nothing_of_ours_but_the_words_it_prints() -> None:
    """A group of commands says its words in `terminal`; what it does is imported when it runs."""
    code = (
        "import sys, cli\n"
        "try: cli.app(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert not set(done.stderr.split()) & (
        QUICK - {"typer", "terminal"} | {"temporalio", "pydantic"}
    )
