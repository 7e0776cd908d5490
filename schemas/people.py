"""The people in a journey: the person treated, who referred them, who goes home with them."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import ShortText, Value

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Phone = Annotated[str, StringConstraints(max_length=40)]
Email = Annotated[
    str, StringConstraints(max_length=254, pattern=r"^[^@\s<>\",;]+@[^@\s<>\",;]+\.[^@\s<>\",;]+$")
]


class Sex(StrEnum):
    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class PersonIdentifier(Value):
    """A number that somebody else knows the person by. `system`: who gave it; without one it
    compares with nothing."""

    system: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = ""
    value: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class Person(Value):
    """The person treated. All of it is protected: it travels encrypted and never in an id."""

    given_name: Name
    family_name: Name
    birth_date: date
    sex: Sex = Sex.UNKNOWN
    email: Email | None = None
    phone: Phone | None = None
    language: str = "en"
    identifiers: Annotated[tuple[PersonIdentifier, ...], Field(max_length=20)] = ()


class Contact(Value):
    """Somebody named by the patient or the referrer: escort, companion, primary provider."""

    name: Name
    phone: Phone | None = None
    email: Email | None = None
    relation: ShortText | None = None
