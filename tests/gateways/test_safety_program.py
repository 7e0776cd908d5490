"""Forms on their way to the safety programme."""

import json
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from gateways.safety_program import FaxFolder, NoFax, NoFaxLine
from schemas.safety_program import FaxForm, MonitoringForm

FORM = FaxForm(
    form_id="journey-1-spray-1-form-1",
    digest="ab",
    training=True,
    form=MonitoringForm(
        session_id="journey-1-spray-1",
        patient_reference="journey-1",
        site="north",
        first_treatment=True,
        treated_at=datetime(2026, 11, 27, 12, tzinfo=UTC),
        dose_mg=56,
    ),
)


async def test_a_form_sent_twice_is_one_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    folder = FaxFolder(tmp_path / "faxes")

    first, again = await folder.send(FORM), await folder.send(FORM)

    (kept,) = (tmp_path / "faxes").iterdir()
    assert first == again == kept.stem
    assert kept.stat().st_mode & 0o077 == 0
    assert json.loads(kept.read_text())["digest"] == "ab"


async def test_two_tries_at_once_are_both_answered_and_leave_one_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A try that was given up on may still be writing when the next one does."""
    folder, real = FaxFolder(tmp_path / "faxes"), Path.chmod

    def overtaken(path: Path, mode: int) -> None:
        monkeypatch.setattr(Path, "chmod", real)
        other = Thread(target=folder._write, args=(FORM,))
        other.start()
        other.join()
        real(path, mode)

    monkeypatch.setattr(Path, "chmod", overtaken)

    receipt = await folder.send(FORM)

    (kept,) = (tmp_path / "faxes").iterdir()
    assert receipt == kept.stem


async def test_a_deployment_without_a_line_says_so_for_good() -> None:
    with pytest.raises(NoFaxLine) as said:
        await NoFax().send(FORM)

    assert said.value.final
