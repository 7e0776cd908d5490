"""Who looks at the console: a token kept where no script reads it, shown on every page."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from fastapi import HTTPException, Request

from schemas.base import Role

COOKIE: Final = "journey-visit"
EVERY_CLINIC: Final = "*"
READERS: Final = frozenset(Role) - {Role.PATIENT, Role.SYSTEM}


class NotSignedIn(Exception):  # noqa: N818 - what happened
    """No visit, or one that has ended: the way leads to the sign-in page."""


class Guest(Protocol):
    """What a verified token says."""

    @property
    def subject(self) -> str: ...
    @property
    def roles(self) -> frozenset[Role]: ...
    @property
    def clinics(self) -> frozenset[str]: ...
    @property
    def signed_in_at(self) -> datetime | None: ...
    @property
    def ends_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at the console. `seen`: the clinics that they may see, None for all.
    `signed_in_at`: when they last showed who they are; None where nobody knows. `ends_at`: till
    when their token holds."""

    subject: str
    roles: Collection[str]
    seen: frozenset[str] | None
    signed_in_at: datetime | None = None
    ends_at: datetime | None = None


class Guard:
    """Lets staff in by the same tokens as the API."""

    def __init__(self, verify: Callable[[str | None], Awaitable[Guest]]) -> None:
        self._verify = verify

    async def guest(self, request: Request) -> Visit:
        """Whoever this request's cookie stands for. Raises `NotSignedIn`."""
        token = request.cookies.get(COOKIE)
        visit = await self.guest_of(token) if token else None
        if visit is None:
            raise NotSignedIn
        return visit

    async def guest_of(self, token: str) -> Visit | None:
        """Whoever a token stands for; None when it is refused or not staff's."""
        try:
            guest = await self._verify(f"Bearer {token}")
        except Exception:
            return None
        if not guest.roles & READERS:
            return None
        seen = None if EVERY_CLINIC in guest.clinics else guest.clinics
        roles = sorted(role.value for role in guest.roles)
        return Visit(guest.subject, roles, seen, guest.signed_in_at, guest.ends_at)

    def insist_on_own_form(self, request: Request) -> None:
        """Refuse a form that another site sent."""
        site = request.headers.get("sec-fetch-site", "same-origin")
        origin = request.headers.get("origin")
        host = request.headers.get("host", "")
        if site not in ("same-origin", "none") or (
            origin is not None and origin.partition("://")[2] != host
        ):
            raise HTTPException(403)
