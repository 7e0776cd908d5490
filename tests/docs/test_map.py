"""The map shows the tree as it is."""

import re
from fnmatch import fnmatch

from tests.docs.pages import ROOT, code

MAP = ROOT / "docs" / "map.md"
A_PATH = re.compile(r"^[a-z_]+/[a-z0-9_/*.-]*$|^[a-z_]+\.py$")
ELSEWHERE = {"tests/", "docs/", "deploy/", "examples/", "protocols/", "clinics/"}


def _named() -> set[str]:
    return {word for word in code(MAP) if A_PATH.match(word)}


def test_every_package_is_on_the_map():
    packages = {f"{path.parent.name}/" for path in ROOT.glob("*/__init__.py")}

    assert packages - ELSEWHERE <= _named()


def test_every_module_of_the_story_is_on_the_map():
    modules = {
        f"workflows/{path.name}"
        for path in (ROOT / "workflows").glob("*.py")
        if path.name != "__init__.py"
    }

    assert modules - _named() == set()


def test_every_rule_module_stands_beside_its_family_on_the_map():
    text = MAP.read_text()
    patterns = {word for word in _named() if word.startswith("clinical/")}

    lost = [
        path.stem
        for path in (ROOT / "clinical").glob("*.py")
        if path.name != "__init__.py"
        and not any(fnmatch(f"clinical/{path.name}", pattern) for pattern in patterns)
        and path.stem.replace("_", " ") not in text.replace("-", " ")
    ]

    assert lost == []


def test_nothing_on_the_map_is_missing_from_the_tree():
    lost = [path for path in _named() if not any(ROOT.glob(path.rstrip("/")))]

    assert lost == []


def test_every_entry_point_is_on_the_map():
    text = MAP.read_text()

    assert all(path.name in text for path in ROOT.glob("*.py"))
