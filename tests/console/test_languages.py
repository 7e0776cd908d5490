"""Everything the console says, it says in Spanish too: no sentence and no code is left out."""

from collections.abc import Iterable
from enum import Enum
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import PoFileError, read_po

from clinical.approval_rules import STANDARD_APPROVALS
from console.languages import FOLDER, LANGUAGES, translations
from console.words import in_words, place
from schemas.approval import ApprovalKind, Choice, EntryKind, TaskStatus
from schemas.base import Role
from schemas.event import EventKind
from schemas.infusion import SessionPhase
from schemas.journey import Phase
from schemas.screening import Modality
from schemas.worklist import BulkAct, BulkOutcome, Priority, TaskAct
from service.worklist_rows import Preset

CONSOLE = FOLDER.parent
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "says": (2,), "N_": None}
SHOWN: tuple[type[Enum], ...] = (
    *(Phase, Role, TaskStatus, ApprovalKind, EntryKind, EventKind, SessionPhase, Modality),
    *(Choice, Preset, Priority, TaskAct, BulkAct, BulkOutcome),
)
"""Codes that pages show as words."""


def said() -> set[str]:
    """Every sentence in the templates and the code, and every code in words."""
    found = extract_from_dir(
        str(CONSOLE), METHODS, keywords=KEYWORDS, options_map={"**": {"trimmed": "true"}}
    )
    sentences = {one if isinstance(one, str) else one[0] for _, _, one, _, _ in found}
    declines = {in_words(c) for rule in STANDARD_APPROVALS.values() for c in rule.decline_reasons}
    return sentences | declines | {in_words(str(c.value)) for codes in SHOWN for c in codes}


def translated(path: Path) -> Iterable[tuple[str, str]]:
    with path.open("rb") as file:
        for message in read_po(file, abort_invalid=True):
            if message.id:
                once = message.id if isinstance(message.id, str) else message.id[0]
                yield (
                    once,
                    message.string if isinstance(message.string, str) else "".join(message.string),
                )


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_nothing_the_console_says_is_left_untranslated(language: str) -> None:
    catalogs = [translated(path) for path in (FOLDER / language).glob("*.po")]
    known = {once for catalog in catalogs for once, told in catalog if told}

    assert sorted(said() - known) == []


def test_a_catalog_that_cannot_be_read_stops_the_program_at_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "es").mkdir()
    (tmp_path / "es" / "torn.po").write_text('msgid "Sign in"\nrubbish\n')
    monkeypatch.setattr("console.languages.FOLDER", tmp_path)

    with pytest.raises(PoFileError):
        translations("es")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("INFUSION_SERIES", "Infusion series"),
        ("care_coordinator", "Care coordinator"),
        ("DoseLogged", "Dose logged"),
        ("iv_ketamine", "IV ketamine"),
    ],
)
def test_a_code_reads_as_words(code: str, words: str) -> None:
    assert in_words(code) == words


def test_where_something_happened_is_named_by_its_treatment_day() -> None:
    assert place("journey-abc-infusion-3") == ("infusion", "3")
    assert place("journey-abc") == ("journey", "")
