"""A command as a form: its questions, one by one, with the limits of its schema.

Nothing has a value before somebody enters one: a reading or an answer carried over from another
day is a known hazard of bedside forms.
"""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel

from schemas.base import Command
from schemas.screening import Modality


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name: translated where it is shown
    """A sentence to translate later."""
    return sentence


class Kind(StrEnum):
    """How a field is asked."""

    NUMBER = "number"
    WHOLE = "whole"
    TEXT = "text"
    LONG = "long"
    YES_NO = "yes_no"
    CHOICE = "choice"
    MOMENT = "moment"
    DAY = "day"
    CODES = "codes"
    CHECKS = "checks"
    PERSON = "person"
    FIXED = "fixed"


@dataclass(frozen=True)
class Field:
    """One question. `path`: where its answer goes in the command; `value`: said without asking.
    `modality`: asked on such days alone. `unasked`: what no answer counts as, where the
    schema's own default would take for granted what nobody has said."""

    path: str
    kind: Kind
    label: str = ""
    unit: str = ""
    options: tuple[str, ...] = ()
    required: bool = False
    value: str = ""
    hint: str = ""
    modality: Modality | None = None
    unasked: str = ""


@dataclass(frozen=True)
class Form:
    """One command as a form. `title`: what its button says."""

    kind: str
    model: type[Command]
    title: str
    fields: tuple[Field, ...] = ()
    modality: Modality | None = None

    def asked(self, modality: Modality | None) -> tuple[Field, ...]:
        """The fields of such a day."""
        return tuple(f for f in self.fields if f.modality in (None, modality))


@dataclass(frozen=True)
class Limits:
    """The least and the most that the schema takes; None: none."""

    least: float | None = None
    most: float | None = None


def limits(model: type[BaseModel], path: str) -> Limits:
    """The limits of a field of a command, followed into its parts."""
    name, _, rest = path.partition(".")
    field = model.model_fields.get(name)
    if field is None:
        return Limits()
    if rest:
        inner = _model_in(field.annotation)
        return limits(inner, rest) if inner else Limits()
    rules = [*field.metadata, *_rules_in(field.annotation)]
    least = [rule.ge for rule in rules if hasattr(rule, "ge")]
    above = [rule.gt for rule in rules if hasattr(rule, "gt")]
    most = [rule.le for rule in rules if hasattr(rule, "le")]
    return Limits(next(iter([*least, *above]), None), next(iter(most), None))


def _parts(annotation: object) -> tuple[object, ...]:
    return getattr(annotation, "__args__", ())


def _model_in(annotation: object) -> type[BaseModel] | None:
    for part in (annotation, *_parts(annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def _rules_in(annotation: object) -> tuple[object, ...]:
    """Rules inside `Annotated[...] | None`; pydantic gathers several in one `FieldInfo`."""
    found: list[object] = []
    for part in _parts(annotation):
        for rule in getattr(part, "__metadata__", ()):
            found += [*getattr(rule, "metadata", ()), rule]
    return tuple(found)
