"""A form of the bedside read: the fields become the command, or it is said what is wrong where."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs
from uuid import uuid4
from zoneinfo import ZoneInfo

from pydantic import JsonValue, ValidationError
from starlette.requests import Request

from clinical.permissions import MAY
from console.field import Field, Form, Kind, Limits, limits
from console.visitors import READERS, Visit
from schemas.base import Actor, Command, Role
from schemas.screening import Modality

Said = Mapping[str, Sequence[str]]
"""Field -> what was entered in it."""

LARGEST: Final = 64_000


@dataclass(frozen=True)
class Problem:
    """Why a field is not taken. `needed`: nothing was entered; otherwise it cannot be read or lies
    beyond its limits."""

    field: Field | None
    needed: bool
    limits: Limits


class Incomplete(ValueError):  # noqa: N818 - what the form is
    """The form cannot be taken as it is."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__(f"{len(problems)} fields")


def new_key() -> str:
    """A command id for a form that is about to be shown."""
    return f"console-{uuid4().hex}"


async def said_in(request: Request) -> dict[str, list[str]]:
    """Every field of a form with all its values."""
    content = (await request.body())[:LARGEST].decode(errors="replace").replace("%00", "")
    return dict(parse_qs(content, keep_blank_values=True))


def speaker(visit: Visit, kind: str) -> Actor:
    """The visitor as who they act: in the first of their roles that may give the command, else in
    any, and the engine refuses."""
    roles = [role for role in Role if role.value in visit.roles and role in READERS]
    fitting = [role for role in roles if role in MAY.get(kind, frozenset())]
    return Actor(id=visit.subject, role=(fitting or roles)[0])


def may(visit: Visit, kind: str) -> bool:
    """Whether one of the visitor's roles may give a command; the engine decides all the same."""
    return any(role.value in visit.roles for role in MAY.get(kind, frozenset()))


def command_of(
    form: Form,
    said: Said,
    *,
    actor: Actor,
    modality: Modality | None,
    zone: str | None,
    more: Iterable[Field] = (),
    taken_at: datetime | None = None,
) -> Command:
    """The command that a form makes. `zone`: where its hours are; `more`: fields asked besides;
    `taken_at`: of a reading. Raises `Incomplete`."""
    fields = (*form.asked(modality), *more)
    content: dict[str, JsonValue] = {}
    for field in fields:
        _put(content, field.path, _answer(field, said, zone))
    if taken_at is not None:
        _put(content, "vitals.taken_at", taken_at.isoformat())
    content["command_id"] = _first(said, "command_id") or new_key()
    content["actor"] = actor.model_dump(mode="json")
    problems = [
        Problem(field, needed=True, limits=Limits())
        for field in fields
        if field.required and _at(content, field.path) is None
    ]
    try:
        command = form.model.model_validate(content)
    except ValidationError as error:
        raise Incomplete(_unique([*problems, *_problems(form, fields, content, error)])) from None
    if problems:
        raise Incomplete(tuple(problems))
    return command


def _answer(field: Field, said: Said, zone: str | None) -> JsonValue:
    """What a field says; None where it says nothing."""
    entered = _first(said, field.path)
    if not entered and field.kind not in (Kind.CHECKS, Kind.FIXED):
        return field.unasked or None
    match field.kind:
        case Kind.NUMBER | Kind.WHOLE:
            return entered.replace(",", ".")
        case Kind.MOMENT:
            return _moment(entered, zone)
        case Kind.CODES:
            return _codes(entered)
        case Kind.CHECKS:
            return [*said.get(field.path, ()), *_codes(_first(said, f"{field.path}.other"))] or None
        case Kind.PERSON:
            role = _first(said, f"{field.path}.role") or field.options[0]
            return {"id": entered, "role": role}
        case Kind.FIXED:
            return field.value or entered or None
        case _:
            return entered


def _moment(entered: str, zone: str | None) -> str:
    """An hour at the clinic, with its zone; what is no hour stays as it is and is refused."""
    try:
        local = datetime.fromisoformat(entered)
    except ValueError:
        return entered
    return local.replace(tzinfo=ZoneInfo(zone) if zone else UTC).isoformat()


def _codes(entered: str) -> list[JsonValue]:
    parts = (part.strip().lower().replace(" ", "_") for part in entered.split(","))
    return [part for part in parts if part]


def _first(said: Said, name: str) -> str:
    return next(iter(said.get(name, ())), "").strip().replace("\0", "")


def _put(content: dict[str, JsonValue], path: str, value: JsonValue) -> None:
    if value is None:
        return
    name, _, rest = path.partition(".")
    if not rest:
        content[name] = value
        return
    inner = content.setdefault(name, {})
    assert isinstance(inner, dict), "a part of a command is an object"
    _put(inner, rest, value)


def _at(content: Mapping[str, JsonValue], path: str) -> JsonValue:
    name, _, rest = path.partition(".")
    found = content.get(name)
    if not rest:
        return found
    return _at(found, rest) if isinstance(found, dict) else None


def _problems(
    form: Form, fields: Sequence[Field], content: Mapping[str, JsonValue], error: ValidationError
) -> Iterable[Problem]:
    found = error.errors(include_input=False, include_url=False, include_context=False)
    for place in (".".join(str(part) for part in one["loc"]) for one in found):
        field = next((f for f in fields if _same_place(f.path, place)), None)
        if field is None:
            yield Problem(None, needed=False, limits=Limits())
            continue
        needed = _at(content, field.path) is None
        yield Problem(field, needed, limits(form.model, field.path))


def _same_place(path: str, place: str) -> bool:
    return place == path or place.startswith(f"{path}.") or path.startswith(f"{place}.")


def _unique(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The first of each field."""
    seen: dict[str, Problem] = {}
    for problem in problems:
        seen.setdefault(problem.field.path if problem.field else "", problem)
    return tuple(seen.values())
