"""Who somebody is, as far as two journeys can be compared: marks, matches, the one course."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Code, Instant, Value


class MarkKind(StrEnum):
    """What two journeys may agree on. An identifier is the strongest; a name is the weakest."""

    IDENTIFIER = "identifier"
    NAME_AND_BIRTH_DATE = "name_and_birth_date"
    CONTACT_AND_BIRTH_DATE = "contact_and_birth_date"


class Mark(Value):
    """One thing a person is known by, in a form that compares equal however it was written. It is
    about a patient: it travels encrypted, and the record keeps only its keyed hash."""

    kind: MarkKind
    text: str


class PersonKnown(Value):
    """Whose journey this is, as it becomes known to the record. Rehearsed people are compared
    among themselves only."""

    training: bool = False
    marks: Annotated[tuple[Mark, ...], Field(max_length=50)] = ()


class CourseClaim(Value):
    """A journey is about to treat: the one active course of its person becomes its own.
    `succeeds`: journeys whose course two people found ended; theirs ends in the same step, unless a
    treatment day there is still booked or open. `transferred_from`: the journey that says it was
    transferred to the claiming clinic; its course comes along."""

    person: PersonKnown
    succeeds: tuple[str, ...] = ()
    transferred_from: str | None = None


class Match(Value):
    """Another open journey that may be about the same person. `treating`: it has the course.
    `day_booked`: two people found that course ended, and a treatment day of it is still booked or
    open: it has not."""

    journey_id: str
    clinic: Code
    agrees_on: tuple[MarkKind, ...]
    since: Instant
    treating: bool = False
    day_booked: bool = False
