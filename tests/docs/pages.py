"""The written pages, and what is in them."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")


def links(page: Path) -> Iterator[str]:
    """Where a page leads inside the repository."""
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if not target.startswith(("http://", "https://", "#", "mailto:")):
            yield target.partition("#")[0]


def code(page: Path) -> list[str]:
    """What a page says in code style, outside its blocks."""
    return CODE.findall(FENCE.sub("", page.read_text()))


def typed(page: Path) -> list[str]:
    """The lines of a page that a reader is shown to type, in blocks after a `$` and in text."""
    shown = [
        line[2:]
        for block in FENCE.findall(page.read_text())
        for line in block.splitlines()
        if line.startswith("$ ")
    ]
    return shown + code(page)
