"""The shapes every other noun is made of: frozen values, commands, reasons."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)

CommandId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""The caller's idempotency key: any text of 1-200 characters."""

ShortText = Annotated[str, StringConstraints(max_length=2_000, strip_whitespace=True)]
"""A sentence or two written by a person; capped so that no payload can outgrow the engine."""

RequiredText = Annotated[
    str, StringConstraints(min_length=1, max_length=2_000, strip_whitespace=True)
]
LongText = Annotated[str, StringConstraints(max_length=20_000)]
Code = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")
]

Instant = AwareDatetime
"""A moment with its zone; stored and compared in UTC."""


class Role(StrEnum):
    """Who may act. `system` is the engine itself; `patient` the person treated."""

    CARE_COORDINATOR = "care_coordinator"
    PSYCHIATRIST = "psychiatrist"
    MEDICAL_SCREENER = "medical_screener"
    PRESCRIBER = "prescriber"
    NURSE = "nurse"
    PHARMACIST = "pharmacist"
    MEDICAL_DIRECTOR = "medical_director"
    REMS_REPRESENTATIVE = "rems_representative"
    OPS = "ops"
    SYSTEM = "system"
    PATIENT = "patient"


class Value(BaseModel):
    """A frozen value that came through a door: unknown fields are refused, and its
    errors never quote the input (it may be about a patient)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=False
    )


class Carried(BaseModel):
    """What a workflow carries from run to run. Unknown fields are ignored and every new field
    has a default, so that state written by the previous release still loads."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, validate_assignment=False)


class CarriedState(Carried):
    """The whole of what one run leaves to the next, which another release may tell.

    `schema_version` is raised only where an older release could not go on with what this one
    writes; a new field with a default does not. A state that a newer schema wrote is refused, so
    that nothing of it is lost on the way back; an older one is read, and written anew by this one.
    """

    NEWEST_SCHEMA: ClassVar[int] = 1

    schema_version: int = Field(default=1, ge=1, validate_default=True)

    @field_validator("schema_version")
    @classmethod
    def _understood(cls, written: int) -> int:
        if written > cls.NEWEST_SCHEMA:
            raise ValueError(
                f"a newer release wrote this state: schema {written}, "
                f"and this release reads up to {cls.NEWEST_SCHEMA}"
            )
        return cls.NEWEST_SCHEMA


class Actor(Value):
    """The person or program that speaks, and in which role."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    role: Role


SYSTEM = Actor(id="engine", role=Role.SYSTEM)
"""The engine itself, for what no person did."""


class Command(Value):
    """What every command carries: the caller's key, who speaks."""

    command_id: CommandId
    actor: Actor


class Reason(Value):
    """Why a decision fell as it did: a stable code, plain words, the fact and the rule's source."""

    code: Code
    text: str
    fact: str | None = None
    source: str | None = None


class Receipt(Value):
    """The answer to an accepted command. `version` is the workflow's state version afterwards;
    `duplicate` says that this command had already taken effect and nothing was done again."""

    accepted: bool = True
    command_id: CommandId
    version: int
    duplicate: bool = False
    reasons: tuple[Reason, ...] = ()


class Refusal(StrEnum):
    """The closed list of error types that leave the engine; never anything about a patient."""

    REFUSED = "Refused"
    STALE = "Stale"
    CLOSED = "Closed"
    MALFORMED = "Malformed"


def earliest(moments: Iterable[datetime | None]) -> datetime | None:
    """The first of some moments, or None when there is none."""
    return min((m for m in moments if m is not None), default=None)


Percent = Annotated[float, Field(ge=0, le=100)]
