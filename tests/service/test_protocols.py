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
