"""Letters to the provider who shares the care: what each says, and its way into their record."""

import json
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from gateways.letters import WORDS, LetterFolder
from schemas.health_record import Letter, Milestone
from simulator import papers

LETTER = Letter(
    letter_id="journey-1-letter-1",
    journey_id="journey-1",
    clinic="north",
    clinic_name="Northlight Clinic",
    milestone=Milestone.EVALUATED,
    to=papers.PROVIDER,
    patient=papers.patient(),
    written_at=datetime(2026, 11, 27, 12, tzinfo=UTC),
    training=True,
)


def test_every_milestone_has_its_words() -> None:
    assert WORDS.keys() == set(Milestone)


async def test_a_letter_filed_twice_is_one_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    folder = LetterFolder(tmp_path / "letters")

    first, again = await folder.file(LETTER), await folder.file(LETTER)

    (kept,) = (tmp_path / "letters").iterdir()
    assert first == again == kept.name
    assert kept.stat().st_mode & 0o077 == 0
    assert json.loads(kept.read_text())["resourceType"] == "Communication"


async def test_two_tries_at_once_are_both_answered_and_leave_one_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A try that was given up on may still be writing when the next one does."""
    folder, real = LetterFolder(tmp_path / "letters"), Path.chmod

    def overtaken(path: Path, mode: int) -> None:
        monkeypatch.setattr(Path, "chmod", real)
        other = Thread(target=folder._write, args=(LETTER,))
        other.start()
        other.join()
        real(path, mode)

    monkeypatch.setattr(Path, "chmod", overtaken)

    receipt = await folder.file(LETTER)

    (kept,) = (tmp_path / "letters").iterdir()
    assert receipt == kept.name
