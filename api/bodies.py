"""What a caller sends: read as JSON, held to its schema, refused without being repeated back."""

import json
import re
import uuid
from typing import Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from api.identity import Identity
from api.problems import Problem
from schemas.base import Actor, Command, Reason, Role

FIELD_NAME: Final = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,39}$")
LONGEST_KEY: Final = 200
MOST_REASONS: Final = 50

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=Command)
ACTOR: Final = TypeAdapter(Actor)


class _Unreadable(ValueError):  # noqa: N818 - never leaves this module
    pass


async def read_object(request: Request) -> dict[str, JsonValue]:
    """The JSON object in a request. Raises `Problem` 400 or 415."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if kind.lower() not in ("application/json", "application/fhir+json"):
        raise Problem(415, "not_json", Reason(code="not_json", text="send application/json"))
    return parse_object(await request.body())


def parse_object(content: bytes) -> dict[str, JsonValue]:
    """The JSON object in some bytes. Raises `Problem` 400."""
    try:
        found = json.loads(
            content.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_constant
        )
        _insist_on_storable(found)
    except (ValueError, RecursionError):
        reason = Reason(code="malformed_json", text="the content is not JSON we can take")
        raise Problem(400, "malformed_json", reason) from None
    if not isinstance(found, dict):
        reason = Reason(code="not_an_object", text="the content is no JSON object")
        raise Problem(400, "malformed_json", reason)
    return found


def validated(model: type[M], content: dict[str, JsonValue]) -> M:
    """The content as a value of `model`. Raises `Problem` 422 with every place and rule."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        reasons = reasons_of(error)
        raise Problem(422, "malformed", *reasons) from None


def reasons_of(error: ValidationError) -> tuple[Reason, ...]:
    """What is wrong and where; never what was sent, which may be about a patient."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return tuple(
        Reason(code=problem["type"], text=problem["msg"], fact=_place(problem["loc"]))
        for problem in found[:MOST_REASONS]
    )


async def read_command(
    request: Request,
    model: type[C],
    identity: Identity,
    allowed: frozenset[Role],
    **fixed: JsonValue,
) -> C:
    """The command in a request, spoken by whoever the token names. `fixed`: what the address
    already says (an approval's id); the content may repeat it, not contradict it."""
    content = await read_object(request)
    for name, value in fixed.items():
        if content.setdefault(name, value) != value:
            raise Problem(400, "contradiction", Reason(code="contradiction", text=name, fact=name))
    content["command_id"] = command_id(request, content.get("command_id"))
    content["actor"] = actor(identity, allowed, content.get("actor")).model_dump(mode="json")
    return validated(model, content)


def command_id(request: Request, given: JsonValue = None) -> str:
    """The caller's idempotency key: from the content, the header, or a fresh one."""
    header = request.headers.get("idempotency-key")
    if header is not None and not 0 < len(header) <= LONGEST_KEY:
        text = f"an idempotency key has 1-{LONGEST_KEY} characters"
        raise Problem(400, "idempotency_key", Reason(code="idempotency_key", text=text))
    if given is None:
        return header or str(uuid.uuid4())
    if not isinstance(given, str):
        raise Problem(422, "malformed", Reason(code="malformed", text="text", fact="command_id"))
    if header is not None and header != given:
        text = "Idempotency-Key and command_id differ"
        raise Problem(400, "idempotency_key_mismatch", Reason(code="contradiction", text=text))
    return given


def actor(identity: Identity, allowed: frozenset[Role], given: JsonValue = None) -> Actor:
    """Who acts, in which of their roles. The token says it; the content may choose among the
    token's roles. Raises `Problem` 403."""
    acting = identity.roles & allowed
    if given is not None:
        try:
            named = ACTOR.validate_python(given)
        except ValidationError as error:
            raise Problem(422, "malformed", *reasons_of(error)) from None
        if named.id != identity.subject:
            text = "the token speaks for somebody else"
            raise Problem(403, "actor_mismatch", Reason(code="actor_mismatch", text=text))
        acting &= {named.role}
    if not acting:
        wanted = ", ".join(sorted(role.value for role in allowed))
        raise Problem(403, "wrong_role", Reason(code="wrong_role", text=f"done by: {wanted}"))
    return Actor(id=identity.subject, role=next(role for role in Role if role in acting))


def _place(loc: tuple[int | str, ...]) -> str:
    """Where, as far as the names are field names: a stranger's key may be a patient's name."""
    parts = [str(part) for part in loc]
    return ".".join(part if FIELD_NAME.match(part) or part.isdigit() else "?" for part in parts)


def _once_each(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Unreadable("a name twice")
    return found


def _no_constant(_: str) -> JsonValue:
    raise _Unreadable("NaN and infinity are not JSON")


def _insist_on_storable(value: JsonValue) -> None:
    """Text that PostgreSQL cannot keep (NUL, lone surrogates) would stop a journey's record."""
    match value:
        case str():
            if "\0" in value:
                raise _Unreadable("NUL")
            value.encode("utf-8")
        case dict():
            for name, item in value.items():
                _insist_on_storable(name)
                _insist_on_storable(item)
        case list():
            for item in value:
                _insist_on_storable(item)
        case _:
            return
