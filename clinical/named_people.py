"""People whom somebody else names in a command, and what such a name is worth.

Clinical fact sheet, 1.3, 4.1, 4.6, edge cases 13, 25 and 33. It is worth as much as the sender's
word that this person agreed: enough for a second pair of eyes, if it is another person, in a role
that may, of this clinic. What a person decides alone is their own command (decision 30).
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from clinical.discharge import CLINICIANS
from schemas.base import Actor, Command, Reason, Role
from schemas.infusion import Discharge, OrderDose, RecordVitals, StartDosing
from schemas.protocol import Clinic

MEANT: Mapping[str, tuple[str, frozenset[Role]]] = MappingProxyType(
    {
        "co_signed_by": ("whoever co-signs the order", frozenset({Role.PRESCRIBER})),
        "second_signature": ("whoever signs as the second", CLINICIANS),
        "weight_confirmed_by": ("whoever reads the scale as the second", CLINICIANS),
        "disposition_by": ("whoever decides where to go", frozenset({Role.PSYCHIATRIST})),
    }
)
"""Field -> what its name stands for, and the roles in which it counts."""


class Named(NamedTuple):
    """One name: in which field, whose it is (`role` None: only the id is said), as what, and in
    which roles it counts."""

    field: str
    person: str
    role: Role | None
    what: str
    roles: frozenset[Role]


def people_named(command: Command) -> tuple[Named, ...]:
    """Whom a command names as having agreed to it; what a name stands for in other commands is
    that person's own word there (1.3)."""
    match command:
        case OrderDose(co_signed_by=Actor() as co_signer):
            return (_named("co_signed_by", co_signer),)
        case StartDosing(downtime=downtime) if downtime is not None:
            return (_named("second_signature", downtime.second_signature),)
        case RecordVitals() if command.vitals.weight_confirmed_by is not None:
            field = "weight_confirmed_by"
            return (Named(field, command.vitals.weight_confirmed_by, None, *MEANT[field]),)
        case Discharge():
            fields = {
                "second_signature": command.second_signature,
                "disposition_by": command.disposition_by,
            }
            return tuple(_named(field, who) for field, who in fields.items() if who is not None)
        case _:
            return ()


def listed(clinic: Clinic, names: Iterable[Named]) -> tuple[Actor, ...] | None:
    """Those of these people whom the clinic's file lists, each in the role it lists them in; None
    where it lists nobody (1.3, 11.33)."""
    if not clinic.staff:
        return None
    wanted = {name.person for name in names}
    return tuple(Actor(id=m.id, role=m.role) for m in clinic.staff if m.id in wanted)


def judge_name(
    name: Named, sender: Actor, on_staff: tuple[Actor, ...] | None
) -> tuple[Reason, ...]:
    """Why this name counts for nothing; empty when it counts. `on_staff`: those of the clinic's
    staff who are named; None where the clinic lists nobody, and the name is all there is (1.3)."""
    if name.person == sender.id:
        return (Reason(code="same_person", text=f"{name.what} is another person", source="1.3"),)
    if name.role is not None and name.role not in name.roles:
        return (_wrong_role(name),)
    if on_staff is None:
        return ()
    roles = {a.role for a in on_staff if a.id == name.person and name.role in (None, a.role)}
    if not roles:
        text = f"{name.what} is somebody whom the clinic's file lists in that role"
        return (Reason(code="not_on_staff", text=text, source="1.3"),)
    return () if roles & name.roles else (_wrong_role(name),)


def _named(field: str, person: Actor) -> Named:
    return Named(field, person.id, person.role, *MEANT[field])


def _wrong_role(name: Named) -> Reason:
    may = ", ".join(sorted(role.value for role in name.roles))
    return Reason(code="wrong_role", text=f"{name.what}: one of {may}", source="1.3")
