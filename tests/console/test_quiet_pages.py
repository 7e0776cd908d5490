"""What no page of ours does: make a sound, ask for a drag, or stand in the way of a paste."""

import re
from pathlib import Path

import pytest

from console.pages import FOLDER

SCRIPTS = sorted(p for p in (FOLDER / "static").glob("*.js") if p.name != "htmx.min.js")
TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))


@pytest.mark.parametrize("path", [*SCRIPTS, *TEMPLATES], ids=lambda path: path.name)
def test_no_page_makes_a_sound_or_needs_a_drag(path: Path) -> None:
    """The patient is in the room; WCAG 2.2, 2.5.7."""
    loud = r"\bAudio\b|<audio|speechSynthesis|\bvibrate\(|draggable|dragstart|onpaste|\"paste\""

    assert re.findall(loud, path.read_text()) == []


def test_signing_in_asks_for_nothing_to_be_remembered_or_copied_by_hand() -> None:
    """WCAG 2.2, 3.3.8: one field, which takes what is pasted."""
    page = (FOLDER / "templates" / "sign_in.html").read_text()

    (field,) = re.findall(r"<(?:input|textarea)\b[^>]*name=\"token\"[^>]*>", page)
    assert "readonly" not in field
