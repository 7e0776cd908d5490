"""The shape of a clinic's YAML file, and which line each of its fields stands on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Annotated

import yaml
from pydantic import AfterValidator, Field, StringConstraints

from clinical.plain_yaml import compose
from clinical.protocol_problem import Problem
from schemas.base import Code, Role, Value
from schemas.people import Email, Phone
from schemas.protocol import Clinic, Credential, EmergencyItem, StaffMember

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _opens_before_it_closes(hours: str) -> str:
    opens, closes = hours.split("-")
    if time.fromisoformat(opens) >= time.fromisoformat(closes):
        raise ValueError("opens after it closes")
    return hours


Hours = Annotated[
    str,
    StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"),
    AfterValidator(_opens_before_it_closes),
]
"""Opening hours such as `08:00-17:00`, in the clinic's own zone."""


class OpeningHours(Value):
    """Hours by day; a day left out is closed."""

    monday: Hours | None = None
    tuesday: Hours | None = None
    wednesday: Hours | None = None
    thursday: Hours | None = None
    friday: Hours | None = None
    saturday: Hours | None = None
    sunday: Hours | None = None


class Member(Value):
    """One member of staff. `credentials`: kind -> last day it is valid."""

    id: Code
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    role: Role
    credentials: dict[Code, date] = {}


class Checked(Value):
    """An item of the emergency protocol: when last checked, last day that holds."""

    checked_on: date
    valid_until: date


class SprayProgramme(Value):
    """The site's certification for the nasal spray, and the last day it holds (5.4)."""

    certified: bool
    valid_until: date | None = None


class ClinicFile(Value):
    """Everything a clinic's file may say."""

    code: Code
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    time_zone: str
    after_hours_phone: Annotated[Phone, StringConstraints(min_length=3)]
    opening_hours: OpeningHours
    closures: tuple[date, ...] = ()
    chairs: Annotated[int, Field(ge=1, le=200)]
    inboxes: dict[Role, Email]
    staff: Annotated[tuple[Member, ...], Field(min_length=1)]
    on_call: Annotated[tuple[Code, ...], Field(min_length=1)]
    emergency_protocol: dict[Code, Checked]
    spray_programme: SprayProgramme

    def as_clinic(self) -> Clinic:
        """The clinic as journeys carry it."""
        return Clinic(
            code=self.code,
            name=self.name,
            time_zone=self.time_zone,
            opening_hours=self._hours(),
            closures=self.closures,
            spray_certified=self.spray_programme.certified,
            spray_certified_until=self.spray_programme.valid_until,
            after_hours_phone=self.after_hours_phone,
            inboxes=dict(self.inboxes),
            chairs=self.chairs,
            staff=tuple(_member(member) for member in self.staff),
            on_call=self.on_call,
            emergency_protocol=tuple(
                EmergencyItem(item=name, checked_on=c.checked_on, valid_until=c.valid_until)
                for name, c in self.emergency_protocol.items()
            ),
        )

    def _hours(self) -> dict[int, tuple[str, str]]:
        hours = {}
        for number, day in enumerate(WEEKDAYS):
            text: str | None = getattr(self.opening_hours, day)
            if text is not None:
                opens, closes = text.split("-")
                hours[number] = (opens, closes)
        return hours


@dataclass(slots=True)
class Lines:
    """Where each field stands in the file; lines count from 1. `repeated`: fields given twice."""

    by_path: dict[tuple[int | str, ...], int] = field(default_factory=dict)
    repeated: list[Problem] = field(default_factory=list)

    @classmethod
    def of(cls, text: str) -> "Lines":
        """The lines of a YAML text; what is no YAML raises `yaml.YAMLError`."""
        lines = cls()
        node = compose(text)
        if node is not None:
            lines._walk(node, ())
        return lines

    def at(self, path: Sequence[int | str]) -> int:
        """The line of a field, else of the nearest thing around it that is there."""
        found = tuple(path)
        while found and found not in self.by_path:
            found = found[:-1]
        return self.by_path.get(found, 1)

    def _walk(self, node: yaml.Node, path: tuple[int | str, ...]) -> None:
        self.by_path.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                name, line = str(key.value), key.start_mark.line + 1
                if name in seen:
                    self.repeated.append(Problem(line, name, "given twice"))
                seen.add(name)
                self.by_path[*path, name] = line
                self._walk(value, (*path, name))
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                self._walk(value, (*path, number))


def _member(member: Member) -> StaffMember:
    credentials = tuple(Credential(kind=k, expires_on=on) for k, on in member.credentials.items())
    return StaffMember(id=member.id, name=member.name, role=member.role, credentials=credentials)
