"""The protocols and clinics of this deployment, read from their files once, at the start."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import ValidationError

from clinical.protocol import ProtocolRefused, parse_protocol
from schemas.base import Reason
from schemas.protocol import Clinic, Protocol
from service.errors import Refused

STANDARD: Final = "standard"
"""The protocol of a clinic that names none."""

SUFFIXES: Final = (".yaml", ".yml")
LARGEST_CHARACTERS: Final = 200_000
NEEDED: Final = ("opening_hours", "after_hours_phone", "staff", "on_call", "emergency_protocol")

Place = tuple[str | int, ...]
"""Where in a file, as names and positions from the top."""


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

    def clinic(self, code: str) -> Clinic:
        """A clinic by its code. Raises `Refused` with `unknown_clinic`."""
        found = self._clinics.get(code)
        if found is None:
            raise Refused(Reason(code="unknown_clinic", text="there is no clinic of that code"))
        return found

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


def parse_clinic(text: str, file_name: str, today: date) -> Clinic:
    """The clinic in a YAML text. Raises `CatalogueRefused` with every problem and its line."""
    try:
        if len(text) > LARGEST_CHARACTERS:
            raise CatalogueRefused((f"{file_name}:1: file: is larger than a clinic is",))
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        # The safe loader builds plain values only.
        clinic = Clinic.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        raise CatalogueRefused(
            tuple(
                f"{file_name}:{_line(root, problem['loc'])}: "
                f"{'.'.join(str(part) for part in problem['loc']) or 'file'}: {problem['msg']}"
                for problem in error.errors(include_input=False, include_url=False)
            )
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError) as broken:
        mark = getattr(broken, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise CatalogueRefused((f"{file_name}:{line}: file: is not YAML",)) from None
    problems = tuple(
        f"{file_name}:{_line(root, place)}: {'.'.join(str(p) for p in place)}: {why}"
        for place, why in _unfit(clinic, today)
    )
    if problems:
        raise CatalogueRefused(problems)
    return clinic


def _unfit(clinic: Clinic, today: date) -> Iterator[tuple[Place, str]]:
    """What keeps a clinic from treating anybody: missing, or out of date today."""
    try:
        ZoneInfo(clinic.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield ("time_zone",), "is no time zone"
    for name in NEEDED:
        if not getattr(clinic, name):
            yield (name,), "is needed"
    if clinic.chairs < 1:
        yield ("chairs",), "must be 1 or more"
    known = {member.id for member in clinic.staff}
    for n, code in enumerate(clinic.on_call):
        if code not in known:
            yield ("on_call", n), f"{code} is nobody of the staff"
    yield from _expired(clinic, today)


def _expired(clinic: Clinic, today: date) -> Iterator[tuple[Place, str]]:
    for n, member in enumerate(clinic.staff):
        for c, credential in enumerate(member.credentials):
            if credential.expires_on < today:
                place: Place = ("staff", n, "credentials", c, "expires_on")
                yield place, f"{credential.kind} of {member.id} expired {credential.expires_on}"
    for n, item in enumerate(clinic.emergency_protocol):
        if item.valid_until < today:
            place = ("emergency_protocol", n, "valid_until")
            yield place, f"{item.item} expired {item.valid_until}"
    until = clinic.spray_certified_until
    if clinic.spray_certified and (until is None or until < today):
        yield ("spray_certified_until",), "the spray programme's certificate is not in force"


def _line(node: yaml.Node | None, place: Place) -> int:
    """The line, from 1, of the deepest part of `place` that the file has."""
    line = 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pair = next((p for p in node.value if p[0].value == str(part)), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                return line
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line
    return line


def _protocols(folder: Path, problems: list[str]) -> Iterator[tuple[str, Protocol]]:
    seen: dict[str, str] = {}
    for path in _files(folder):
        try:
            protocol = parse_protocol(path.read_text(encoding="utf-8"), str(path))
        except ProtocolRefused as refused:
            problems.append(str(refused))
            continue
        if protocol.code in seen:
            problems.append(f"{path}:1: code: {protocol.code} is already in {seen[protocol.code]}")
        seen[protocol.code] = str(path)
        yield protocol.code, protocol


def _clinics(folder: Path, today: date, problems: list[str]) -> Iterator[tuple[str, Clinic]]:
    seen: dict[str, str] = {}
    for path in _files(folder):
        try:
            clinic = parse_clinic(path.read_text(encoding="utf-8"), str(path), today)
        except CatalogueRefused as refused:
            problems.extend(refused.problems)
            continue
        if clinic.code in seen:
            problems.append(f"{path}:1: code: {clinic.code} is already in {seen[clinic.code]}")
        seen[clinic.code] = str(path)
        yield clinic.code, clinic


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
