"""Who speaks at the command line: whoever a verified token names, or a training person."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.settings import Settings
from schemas.base import Actor, Role
from service.step_up import StepUp
from terminal.failures import CommandFailedError


class Verified(Protocol):
    """What a verified token says."""

    @property
    def subject(self) -> str: ...

    @property
    def signed_in_at(self) -> datetime | None: ...

    @property
    def roles(self) -> frozenset[Role]: ...

    def sees_clinic(self, code: str) -> bool: ...


Verify = Callable[[Settings, str], Awaitable[Verified]]
"""Checks a bearer token against the configured issuer; raises when it is not to be trusted."""


@dataclass(frozen=True)
class Speaker:
    """Who asks, as far as the command line was told."""

    token: str | None
    actor_id: str | None
    role: str | None
    verify: Verify


def role_of(text: str) -> Role:
    """A role by its public name.

    Raises:
        CommandFailedError: naming the roles there are.
    """
    try:
        return Role(text.replace("-", "_"))
    except ValueError:
        known = ", ".join(role.value for role in Role)
        raise CommandFailedError(f"{text!r} is no role; roles are {known}") from None


async def actor_for(
    speaker: Speaker,
    settings: Settings,
    clinic: str | None,
    wanted: Sequence[Role],
    others: frozenset[str] = frozenset(),
) -> Actor:
    """Who acts. `wanted`: the roles that may, the likeliest first; `others`: ids of people who
    already acted here, so that two people stay two; `clinic`: whose matter it is.

    Raises:
        CommandFailedError: when nobody is named who could act.
    """
    if speaker.token:
        return await _by_token(speaker, settings, clinic, wanted)
    if not settings.training:
        raise CommandFailedError(
            "a bearer token is required in production: give --token or set JOURNEY_TOKEN"
        )
    role = role_of(speaker.role) if speaker.role else next(iter(wanted), Role.CARE_COORDINATOR)
    return Actor(id=speaker.actor_id or _training_person(role, others), role=role)


async def insist_on_recent_sign_in(
    speaker: Speaker, settings: Settings, step_up: StepUp, approval_id: str, now: datetime
) -> None:
    """A dangerous kind is decided by somebody who has just signed in, here as at the API.

    Raises:
        CommandFailedError: when the token is of an older sign-in.
    """
    if not speaker.token or not step_up.needed_for(approval_id):
        return
    verified = await speaker.verify(settings, speaker.token)
    if not step_up.recent(verified.signed_in_at, now):
        minutes = step_up.within.total_seconds() / 60
        raise CommandFailedError(
            f"this is decided within {minutes:g} minutes of signing in: sign in again"
        )


async def _by_token(
    speaker: Speaker, settings: Settings, clinic: str | None, wanted: Sequence[Role]
) -> Actor:
    if speaker.actor_id:
        raise CommandFailedError("a token says who you are: leave --actor out")
    assert speaker.token is not None
    verified = await speaker.verify(settings, speaker.token)
    # A clinic that nobody can name is open only to those who may see every one.
    if not verified.sees_clinic(clinic or ""):
        # As for a thing that does not exist: a token for one clinic learns nothing of another.
        raise CommandFailedError("there is no such journey, session or task")
    if speaker.role:
        asked = role_of(speaker.role)
        if asked not in verified.roles:
            raise CommandFailedError(f"the token does not speak for {asked}")
        return Actor(id=verified.subject, role=asked)
    fitting = [role for role in wanted if role in verified.roles]
    role = next(iter(fitting or sorted(verified.roles)), None)
    if role is None:
        raise CommandFailedError("the token carries no role")
    return Actor(id=verified.subject, role=role)


def _training_person(role: Role, others: frozenset[str]) -> str:
    number = 1
    while (name := f"training-{role.value}-{number}") in others:
        number += 1
    return name
