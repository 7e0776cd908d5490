"""Change one comparison of a clinical rule at a time and see whether a test notices.

`python -m tests.clinical.mutate [module ...]`, for example `vital_rules dosing`. Without a name:
every module of `TESTS`. Nothing on disk changes: each mutant lives in a process of its own.
"""

import ast
import contextlib
import importlib.abc
import importlib.util
import io
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest
import yaml  # noqa: F401 - loaded once here, not once for each mutant

import schemas.infusion
import schemas.journey  # noqa: F401 - the same

ROOT = Path(__file__).parents[2]
CLINICAL = ROOT / "clinical"
HERE = Path(__file__).parent
EQUIVALENT = HERE / "equivalent_mutants.md"

EDGES = "boundaries/test_boundaries_"
VITALS = (
    "test_vital_signs.py", "test_vital_signs_symptoms.py", "test_vital_signs_clock.py",
    f"{EDGES}vital_signs.py", f"{EDGES}readings.py", "test_readiness.py",
    "test_session_properties.py",
)  # fmt: skip
DOSE = ("test_dosing.py", f"{EDGES}dosing.py", "test_decisions_never_fail.py")
RISK = ("test_suicide_risk.py", "test_decisions.py", "test_decisions_never_fail.py")
READY = (
    "test_readiness.py", "test_readiness_timing.py", "test_readiness_spray.py",
    f"{EDGES}readiness.py", "test_session_properties.py",
)  # fmt: skip
GOING = (
    "test_discharge.py", "test_discharge_readings.py", f"{EDGES}discharge.py",
    "test_session_properties.py",
)  # fmt: skip
TESTS = {
    "vital_rules": VITALS,
    "vital_signs": VITALS,
    "predose_rules": VITALS,
    "dosing": DOSE,
    "titration": DOSE,
    "suicide_risk": RISK,
    "risk_today": ("test_risk_today.py", "test_mood_scale.py", "test_readiness.py"),
    "named_people": ("test_named_people.py",),
    "readiness": READY,
    "readiness_today": READY,
    "readiness_vitals": READY,
    "prescription_monitoring": (
        "test_prescription_monitoring.py",
        f"{EDGES}readiness.py",
        "test_session_properties.py",
    ),
    "nasal_spray": ("test_readiness_spray.py", "test_nasal_spray.py", f"{EDGES}spray.py"),
    "instruments": ("test_instruments.py", f"{EDGES}instruments.py", "test_suicide_risk.py"),
    "discharge": GOING,
    "discharge_readings": GOING,
}
"""Module -> the tests that must notice, the likeliest first."""

SWAPS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
"""The boundary moved by one, then the comparison turned round."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed expression: its line, as it was and as it is now."""

    module: str
    line: int
    before: str
    after: str
    source: str

    def name(self) -> str:
        """How the list of equivalent mutants names it; no line number, which edits would move."""
        return f"{self.module}: `{self.before}` -> `{self.after}`"


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Every mutant of one module's source."""
    sites = [
        place
        for place, node in enumerate(ast.walk(ast.parse(source)))
        if isinstance(node, ast.Compare | ast.BoolOp)
        or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
    ]
    for place in sites:
        for choice in range(_choices(_at(ast.parse(source), place))):
            tree = ast.parse(source)
            node = _at(tree, place)
            before = ast.unparse(node)
            changed = _change(node, choice)
            if changed is not node:
                tree = _Replace(node, changed).visit(tree)
            yield Mutant(module, node.lineno, before, ast.unparse(changed), ast.unparse(tree))


def _at(tree: ast.AST, place: int) -> ast.expr:
    node = next(node for i, node in enumerate(ast.walk(tree)) if i == place)
    assert isinstance(node, ast.expr)
    return node


def _choices(node: ast.expr) -> int:
    if isinstance(node, ast.Compare):
        return sum(len(SWAPS[type(op)]) for op in node.ops)
    return 1


def _change(node: ast.expr, choice: int) -> ast.expr:
    match node:
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.UnaryOp(operand=operand):
            return operand
        case ast.Compare(ops=ops):
            pairs = [(i, swap) for i, op in enumerate(ops) for swap in SWAPS[type(op)]]
            index, swap = pairs[choice]
            node.ops[index] = swap()
    return node


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else super().visit(node)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves the mutated source in place of the module's own."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname != f"clinical.{self._mutant.module}":
            return None
        file = CLINICAL / f"{self._mutant.module}.py"
        return importlib.util.spec_from_file_location(fullname, file, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._mutant.source, f"<{self._mutant.name()}>", "exec"), module.__dict__)


def killed(mutant: Mutant) -> bool:
    """Whether a test fails on this mutant; the first file of its module's list is the likeliest."""
    return any(_fails(mutant, [str(HERE / name)]) for name in TESTS[mutant.module])


def _fails(mutant: Mutant, tests: Sequence[str]) -> bool:
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            code = _run(mutant, tests)
        os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) != 0


def _run(mutant: Mutant, tests: Sequence[str]) -> int:
    assert not any(name.startswith("clinical") for name in sys.modules), "loaded before the change"
    hypothesis.settings.register_profile(
        "mutate",
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
    )
    hypothesis.settings.load_profile("mutate")
    sys.meta_path.insert(0, _Finder(mutant))
    quiet = io.StringIO()
    with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        return int(
            pytest.main(
                # A busy machine is no test that noticed: only a mutant that never ends runs out.
                ["-x", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT), "--noconftest",
                 "--timeout=300",
                 "-W", "ignore::pytest.PytestAssertRewriteWarning", *tests]
            )
        )  # fmt: skip


def main(names: Sequence[str]) -> int:
    """Print the survivors of each module and the totals; 1 when one is not a listed equivalent."""
    known = EQUIVALENT.read_text(encoding="utf-8") if EQUIVALENT.exists() else ""
    total = survived = equivalent = 0
    for module in names or TESTS:
        source = (CLINICAL / f"{module}.py").read_text(encoding="utf-8")
        began = time.monotonic()
        unchanged = Mutant(module, 0, "nothing", "nothing", ast.unparse(ast.parse(source)))
        if killed(unchanged):
            sys.exit(f"{module}: the tests fail before anything is changed")
        found = list(mutants(module, source))
        alive = [mutant for mutant in found if not killed(mutant)]
        excused = [mutant for mutant in alive if mutant.name() in known]
        total, survived = total + len(found), survived + len(alive) - len(excused)
        equivalent += len(excused)
        seconds = time.monotonic() - began
        print(f"{module}: {len(found)} mutants, {len(alive)} alive, "
              f"{len(excused)} equivalent, {seconds:.0f} s", flush=True)  # fmt: skip
        for mutant in alive:
            mark = "equivalent" if mutant in excused else "SURVIVED"
            print(f"  {mark} line {mutant.line}: {mutant.before}  ->  {mutant.after}", flush=True)
    print(f"total: {total} mutants, {total - survived - equivalent} killed, "
          f"{equivalent} equivalent, {survived} survived")  # fmt: skip
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
