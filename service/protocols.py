"""The protocols and clinics of this deployment, read from their files once, at the start."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from clinical.clinic import ClinicRefused, parse_clinic
from clinical.protocol import ProtocolRefused, parse_protocol
from schemas.base import Reason
from schemas.protocol import Clinic, Protocol
from service.errors import Refused

STANDARD: Final = "standard"
"""The protocol of a clinic that names none."""

SUFFIXES: Final = (".yaml", ".yml")
LARGEST_BYTES: Final = 1_000_000


class CatalogueRefused(Exception):  # noqa: N818 - the word a medical director reads
    """Protocol or clinic files that do not load: every problem with its file and line."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class Catalogue:
    """The clinics by code and the protocols by code, newest version of each as its file says."""

    def __init__(self, protocols: Mapping[str, Protocol], clinics: Mapping[str, Clinic]) -> None:
        self._protocols = dict(protocols)
        self._clinics = dict(clinics)

    @property
    def clinic_codes(self) -> tuple[str, ...]:
        """Every clinic of this deployment."""
        return tuple(sorted(self._clinics))

    def shows(self, code: str, clinics: frozenset[str] | None) -> bool:
        """Whether there is such a clinic and whoever sees `clinics` (None: all) may know of it."""
        return code in self._clinics and (clinics is None or code in clinics)

    @property
    def clinics(self) -> Mapping[str, Clinic]:
        """Every clinic by its code."""
        return dict(self._clinics)

    @property
    def time_zones(self) -> Mapping[str, str]:
        """Clinic code -> IANA time zone."""
        return {code: clinic.time_zone for code, clinic in self._clinics.items()}

    def clinic(self, code: str) -> Clinic:
        """A clinic by its code. Raises `Refused` with `unknown_clinic`."""
        found = self._clinics.get(code)
        if found is None:
            raise Refused(Reason(code="unknown_clinic", text="there is no clinic of that code"))
        return found

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """The newest version of each protocol, as its file says."""
        return tuple(self._protocols.values())

    def protocol_of(self, clinic: str) -> Protocol:
        """The protocol that a new journey of this clinic is pinned to: the one that has the
        clinic's code, else the standard one."""
        return self._protocols.get(clinic) or self._protocols[STANDARD]


def load_catalogue(protocols_dir: Path, clinics_dir: Path, today: date) -> Catalogue:
    """Every protocol and clinic file. Raises `CatalogueRefused` with all that is wrong, so that
    a deployment with an unsafe file does not start at all."""
    problems: list[str] = []
    protocols = dict(_protocols(protocols_dir, problems))
    clinics = dict(_clinics(clinics_dir, today, problems))
    if not problems and STANDARD not in protocols:
        problems.append(f"{protocols_dir}: no protocol of code {STANDARD!r}")
    if not problems and not clinics:
        problems.append(f"{clinics_dir}: no clinic file")
    if problems:
        raise CatalogueRefused(tuple(problems))
    return Catalogue(protocols, clinics)


def _protocols(folder: Path, problems: list[str]) -> Iterator[tuple[str, Protocol]]:
    seen: dict[str, str] = {}
    for path, text in _texts(folder, problems):
        try:
            protocol = parse_protocol(text, str(path))
        except ProtocolRefused as refused:
            problems.append(str(refused))
            continue
        if protocol.code in seen:
            problems.append(f"{path}:1: code: {protocol.code} is already in {seen[protocol.code]}")
        seen[protocol.code] = str(path)
        yield protocol.code, protocol


def _clinics(folder: Path, today: date, problems: list[str]) -> Iterator[tuple[str, Clinic]]:
    seen: dict[str, str] = {}
    for path, text in _texts(folder, problems):
        try:
            clinic = parse_clinic(text, str(path), today)
        except ClinicRefused as refused:
            problems.append(str(refused))
            continue
        if clinic.code in seen:
            problems.append(f"{path}:1: code: {clinic.code} is already in {seen[clinic.code]}")
        seen[clinic.code] = str(path)
        yield clinic.code, clinic


def _texts(folder: Path, problems: list[str]) -> Iterator[tuple[Path, str]]:
    """Every file with its text; what is no text, or far too much of it, is a problem."""
    for path in _files(folder):
        with path.open("rb") as file:
            raw = file.read(LARGEST_BYTES + 1)
        if len(raw) > LARGEST_BYTES:
            problems.append(f"{path}:1: file: is larger than such a file is")
            continue
        try:
            yield path, raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            problems.append(f"{path}:1: file: is not UTF-8 text")


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
