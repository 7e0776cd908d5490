"""A clinic's file: read, checked for everything treatment needs, refused with line and reason.

Sources: contract 5; roles and emergency protocol of fact sheet 1.3 and 1.4.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from zoneinfo import available_timezones

import yaml
from pydantic import ValidationError

from clinical.alert_steps import step_reached
from clinical.clinic_file import ClinicFile, Lines
from clinical.parameters import Parameters
from clinical.protocol_problem import Problem
from schemas.base import Reason, Role
from schemas.protocol import Clinic

NEEDED_ITEMS = (
    "oxygen", "suction", "bag_valve_mask", "aed", "pulse_oximeter", "pressure_and_ecg",
    "drug_box", "escalation_script", "drill", "behavioural_plan", "call_bell", "backup_power",
    "downtime_forms", "crisis_numbers",
)  # fmt: skip
"""The emergency protocol (1.4): no dosing with one missing or expired."""

NEEDED_STAFF: dict[Role, tuple[str, ...]] = {
    Role.MEDICAL_DIRECTOR: ("licence", "dea", "acls"),
    Role.PSYCHIATRIST: ("licence",),
    Role.MEDICAL_SCREENER: ("licence",),
    Role.PRESCRIBER: ("licence", "dea"),
    Role.NURSE: ("licence", "bls", "acls"),
    Role.CARE_COORDINATOR: (),
}
"""At least one person of each role, with these credentials in date (1.3)."""

TRAINED_PEOPLE = 2
"""A second person trained in basic life support is on site during all dosing (1.3)."""


class ClinicRefused(Exception):  # noqa: N818 - the word a clinic's manager reads
    """A clinic file that does not load, with every problem found in it."""

    def __init__(self, file_name: str, problems: tuple[Problem, ...]) -> None:
        self.file_name = file_name
        self.problems = problems
        lines = (f"{file_name}:{p.line}: {p.name}: {p.rule}" for p in problems)
        super().__init__("\n".join(lines))


def parse_clinic(text: str, file_name: str, today: date) -> Clinic:
    """The clinic written in this YAML text. Raises `ClinicRefused` naming every line and reason:
    an unknown or missing field, a wrong type, something needed that is absent or has expired by
    `today`."""
    try:
        lines = Lines.of(text)
        raw = None if lines.repeated else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ClinicRefused(file_name, (_yaml_problem(error),)) from None
    if lines.repeated:
        raise ClinicRefused(file_name, tuple(lines.repeated))
    clinic_file = _validated(raw, file_name, lines)
    clinic = clinic_file.as_clinic()
    problems = (
        *_place(clinic, lines),
        *_people(clinic, lines, today),
        *_emergency(clinic, lines, today),
        *_spray(clinic, lines, today),
    )
    if problems:
        raise ClinicRefused(file_name, tuple(sorted(problems, key=_line)))
    return clinic


def clinic_alerts(clinic: Clinic, today: date, parameters: Parameters) -> tuple[Reason, ...]:
    """What expires soon or is overdue: credentials at 90, 60, 30 and 7 days (11.33), the
    emergency drill after 180 days, the spray certificate. Each says the step it has reached."""
    steps = parameters.numbers("cred.alert_days")
    soon = [
        (f"{member.id} {credential.kind}", credential.expires_on)
        for member in clinic.staff
        for credential in member.credentials
    ]
    soon += [(item.item, item.valid_until) for item in clinic.emergency_protocol]
    if clinic.spray_certified and clinic.spray_certified_until:
        soon.append(("spray_certificate", clinic.spray_certified_until))
    reasons = [
        Reason(
            code="expires_soon",
            text=f"{what} ends within {step:g} days." if on >= today else f"{what} has ended.",
            fact=on.isoformat(),
            source="11.33",
        )
        for what, on in soon
        if (step := step_reached((on - today).days, steps)) is not None
    ]
    limit = parameters.duration("drill.interval")
    for item in clinic.emergency_protocol:
        if item.item == "drill" and timedelta(days=(today - item.checked_on).days) > limit:
            text, fact = "An emergency drill is due.", item.checked_on.isoformat()
            reasons.append(Reason(code="drill_due", text=text, fact=fact, source="1.4"))
    return tuple(reasons)


def _validated(raw: Any, file_name: str, lines: Lines) -> ClinicFile:
    if not isinstance(raw, dict):
        raise ClinicRefused(file_name, (Problem(1, "file", "a clinic file is a YAML mapping"),))
    try:
        return ClinicFile.model_validate(raw)
    except ValidationError as error:
        problems = (
            Problem(lines.at(e["loc"]), ".".join(map(str, e["loc"])) or "file", e["msg"])
            for e in error.errors(include_input=False, include_url=False)
        )
        raise ClinicRefused(file_name, tuple(sorted(problems, key=_line))) from None


def _place(clinic: Clinic, lines: Lines) -> Iterator[Problem]:
    if clinic.time_zone not in available_timezones():
        yield Problem(lines.at(("time_zone",)), "time_zone", "not a known time zone")
    if not clinic.opening_hours:
        yield Problem(lines.at(("opening_hours",)), "opening_hours", "open on no day")
    for role in (*NEEDED_STAFF, *((Role.REMS_REPRESENTATIVE,) if clinic.spray_certified else ())):
        if role not in clinic.inboxes:
            yield Problem(lines.at(("inboxes",)), f"inboxes.{role.value}", "an address is needed")


def _people(clinic: Clinic, lines: Lines, today: date) -> Iterator[Problem]:
    needed = dict(NEEDED_STAFF)
    if clinic.spray_certified:
        needed[Role.REMS_REPRESENTATIVE] = ("programme_enrolment",)
    at = lines.at(("staff",))
    for role, kinds in needed.items():
        members = [member for member in clinic.staff if member.role is role]
        current = [{c.kind for c in m.credentials if c.expires_on >= today} for m in members]
        if not any(held >= set(kinds) for held in current):
            words = ", ".join(kinds) or "no credential"
            rule = f"nobody with these in date on {today.isoformat()}: {words}"
            yield Problem(at, f"staff.{role.value}", rule)
    trained = {
        m.id
        for m in clinic.staff
        for c in m.credentials
        if c.kind in ("bls", "acls") and c.expires_on >= today
    }
    if len(trained) < TRAINED_PEOPLE:
        yield Problem(at, "staff", "two people trained in basic life support are needed")
    known = {member.id for member in clinic.staff}
    for number, name in enumerate(clinic.on_call):
        if name not in known:
            yield Problem(lines.at(("on_call", number)), "on_call", "not a member of staff")
    for name, times in Counter(member.id for member in clinic.staff).items():
        if times > 1:
            yield Problem(at, f"staff.{name}", "the same id twice")


def _emergency(clinic: Clinic, lines: Lines, today: date) -> Iterator[Problem]:
    held = {item.item: item for item in clinic.emergency_protocol}
    for name in NEEDED_ITEMS:
        item = held.get(name)
        where = lines.at(("emergency_protocol", name))
        if item is None:
            yield Problem(where, f"emergency_protocol.{name}", "needed (fact sheet 1.4)")
        elif item.valid_until < today:
            ended = item.valid_until.isoformat()
            yield Problem(where, f"emergency_protocol.{name}", f"expired on {ended}")
        elif item.checked_on > today:
            yield Problem(where, f"emergency_protocol.{name}", "checked on a day to come")


def _spray(clinic: Clinic, lines: Lines, today: date) -> Iterator[Problem]:
    if not clinic.spray_certified:
        return
    until = clinic.spray_certified_until
    where = lines.at(("spray_programme", "valid_until"))
    if until is None:
        yield Problem(where, "spray_programme.valid_until", "a certificate has a last day")
    elif until < today:
        rule = f"certificate expired on {until.isoformat()}"
        yield Problem(where, "spray_programme.valid_until", rule)


def _yaml_problem(error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else 1
    return Problem(line, "file", str(getattr(error, "problem", None) or "not readable YAML"))


def _line(problem: Problem) -> int:
    return problem.line
