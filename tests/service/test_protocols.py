"""The files a deployment starts from: all of them sound, or no start."""

from datetime import date
from pathlib import Path

import pytest

from service.errors import Refused
from service.protocols import CatalogueRefused, load_catalogue

TODAY = date(2026, 11, 24)
PROTOCOLS = Path("protocols")
CLINICS = Path("clinics")


def test_the_shipped_files_are_sound() -> None:
    catalogue = load_catalogue(PROTOCOLS, CLINICS, TODAY)

    assert catalogue.clinic_codes == ("north", "south")
    assert catalogue.clinic("north").spray_certified
    assert not catalogue.clinic("south").spray_certified
    assert catalogue.protocol_of("south").code == "standard"


def test_an_unknown_clinic_is_refused_by_code() -> None:
    with pytest.raises(Refused) as refused:
        load_catalogue(PROTOCOLS, CLINICS, TODAY).clinic("atlantis")

    assert refused.value.code == "unknown_clinic"


def test_a_clinic_whose_certificates_ran_out_does_not_start() -> None:
    with pytest.raises(CatalogueRefused) as refused:
        load_catalogue(PROTOCOLS, CLINICS, date(2040, 1, 1))

    assert any("north.yaml:" in problem for problem in refused.value.problems)


def test_two_clinics_of_one_code_do_not_start(tmp_path: Path) -> None:
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text((CLINICS / "north.yaml").read_text())

    with pytest.raises(CatalogueRefused, match="already in"):
        load_catalogue(PROTOCOLS, tmp_path, TODAY)


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    clinic = (CLINICS / "north.yaml").read_text()
    (tmp_path / "one.yaml").write_text(clinic.replace("America/New_York", "Mars/Olympus"))
    (tmp_path / "two.yaml").write_text("{")

    with pytest.raises(CatalogueRefused) as refused:
        load_catalogue(PROTOCOLS, tmp_path, TODAY)

    assert len(refused.value.problems) == 2


def test_a_deployment_without_the_standard_protocol_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(CatalogueRefused, match="standard"):
        load_catalogue(tmp_path, CLINICS, TODAY)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"code: \xff\xfe", "is not UTF-8 text"),
        (b"#" * 1_000_001, "is larger than such a file is"),
    ],
    ids=["no text", "too large"],
)
def test_a_file_that_is_no_text_is_named_and_not_a_crash(
    tmp_path: Path, content: bytes, why: str
) -> None:
    (tmp_path / "broken.yaml").write_bytes(content)

    with pytest.raises(CatalogueRefused) as refused:
        load_catalogue(tmp_path, tmp_path, TODAY)

    named = [problem for problem in refused.value.problems if "broken.yaml:1: file:" in problem]
    assert len(named) == 2, "once as a protocol, once as a clinic"
    assert all(why in problem for problem in named)


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    text = (PROTOCOLS / "standard.yaml").read_text(encoding="utf-8")
    (tmp_path / "standard.yaml").write_text(text, encoding="utf-8-sig")

    assert load_catalogue(tmp_path, CLINICS, TODAY).protocol_of("north").code == "standard"
