"""The people in a journey: the person treated, who referred them, who goes home with them."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

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


class Person(Value):
    """The person treated. All of it is protected: it travels encrypted and never in an id."""

    given_name: Name
    family_name: Name
    birth_date: date
    sex: Sex = Sex.UNKNOWN
    email: Email | None = None
    phone: Phone | None = None
    language: str = "en"


class Contact(Value):
    """Somebody named by the patient or the referrer: escort, companion, primary provider."""

    name: Name
    phone: Phone | None = None
    email: Email | None = None
    relation: ShortText | None = None
