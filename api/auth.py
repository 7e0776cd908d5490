"""Bearer tokens: a signature by the configured issuer, for us, of the right kind, not too old."""

import asyncio
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import jwt
import structlog

from api.identity import Identity
from schemas.base import Role

ALGORITHMS: Final = ("ES256", "RS256")
TOKEN_TYPES: Final = frozenset({"at+jwt", "application/at+jwt", "jwt"})
LIFETIME_CAP_S: Final = 24 * 3_600
LEEWAY_S: Final = 60
LONGEST_TOKEN: Final = 8_192
RSA_BITS_LEAST: Final = 2_048
CLINIC: Final = re.compile(r"^([A-Za-z0-9_.:-]{1,100}|\*)$")
KEY_TYPE: Final[Mapping[str, str]] = {"ES256": "EC", "RS256": "RSA"}

log = structlog.get_logger(__name__)


class Unauthenticated(Exception):  # noqa: N818 - the answer's own name
    """No token, or one that is not to be trusted. The caller is never told which check failed."""


class IssuerUnreachable(Exception):  # noqa: N818 - what happened
    """The issuer's keys were never fetched, so nobody can be told apart yet."""


class Keys(Protocol):
    """Where the issuer's public keys come from."""

    async def find(self, kid: str) -> Mapping[str, str] | None:
        """The JSON Web Key of that id; None when the issuer has none. Raises
        `IssuerUnreachable`."""
        ...


class Distrust(Exception):  # noqa: N818 - never leaves this module
    """A check that a token failed; the word goes to the log only."""


class Verifier:
    """Turns a bearer token into an `Identity`."""

    def __init__(self, keys: Keys, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    async def verify(self, authorization: str | None) -> Identity:
        """The identity behind an `Authorization` header. Raises `Unauthenticated`, always the
        same, or `IssuerUnreachable`."""
        try:
            return await self._identity(authorization)
        except Distrust as why:
            log.warning("token_refused", code=str(why))
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            log.warning("token_refused", error_type=type(error).__name__)
        raise Unauthenticated

    async def _identity(self, authorization: str | None) -> Identity:
        token = _bearer(authorization)
        header = jwt.get_unverified_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise Distrust("algorithm")
        if not isinstance(kid, str) or not kid:
            raise Distrust("key_id")
        if str(header.get("typ", "")).lower() not in TOKEN_TYPES:
            raise Distrust("type")
        if "crit" in header or header.get("b64") is False:
            raise Distrust("critical_header")
        # Whatever key the token itself offers (jwk, jku, x5u, x5c) is never looked at.
        key = await self._keys.find(kid)
        if key is None:
            raise Distrust("unknown_key")
        claims = self._claims(token, key, algorithm)
        _insist_on_times(claims)
        _insist_on_party(claims)
        return _identity_of(claims)

    def _claims(self, token: str, key: Mapping[str, str], algorithm: str) -> dict[str, Any]:
        if key.get("kty") != KEY_TYPE[algorithm] or key.get("use", "sig") != "sig":
            raise Distrust("key_type")
        if key.get("alg", algorithm) != algorithm:
            raise Distrust("key_algorithm")
        public = jwt.PyJWK(dict(key), algorithm=algorithm)
        if algorithm == "RS256" and public.key.key_size < RSA_BITS_LEAST:
            raise Distrust("key_size")
        claims: dict[str, Any] = jwt.decode(
            token,
            public.key,
            algorithms=[algorithm],
            audience=self._audience,
            issuer=self._issuer,
            leeway=LEEWAY_S,
            options={"require": ["exp", "iat", "sub", "iss", "aud"], "verify_signature": True},
        )
        return claims


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN:
        raise Distrust("no_token")
    return token


def _insist_on_times(claims: Mapping[str, Any]) -> None:
    times = [claims[name] for name in ("exp", "iat", "nbf") if name in claims]
    for moment in times:
        if isinstance(moment, bool) or not isinstance(moment, int | float):
            raise Distrust("time_type")
        if not math.isfinite(moment):
            raise Distrust("time_value")
    # A library that only checks `exp` takes a token that never ends.
    if not 0 < claims["exp"] - claims["iat"] <= LIFETIME_CAP_S:
        raise Distrust("lifetime")


def _insist_on_party(claims: Mapping[str, Any]) -> None:
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and not claims.get("azp"):
        raise Distrust("authorized_party")


def _identity_of(claims: Mapping[str, Any]) -> Identity:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 120 or not subject.isprintable():
        raise Distrust("subject")
    journey = claims.get("journey")
    return Identity(
        subject=subject,
        roles=frozenset(
            Role(name) for name in _texts(claims, "roles", "role") if name in set(Role)
        ),
        clinics=frozenset(c for c in _texts(claims, "clinic", "clinics") if CLINIC.match(c)),
        journey=journey if isinstance(journey, str) else None,
        signed_in_at=_signed_in_at(claims),
        ends_at=datetime.fromtimestamp(claims["exp"], UTC),
    )


def _signed_in_at(claims: Mapping[str, Any]) -> datetime | None:
    """OpenID Connect's `auth_time`; a refreshed token keeps the time of the sign-in behind it."""
    at = claims.get("auth_time")
    if at is None:
        return None
    if isinstance(at, bool) or not isinstance(at, int | float) or not math.isfinite(at):
        raise Distrust("auth_time")
    return datetime.fromtimestamp(at, UTC)


def _texts(claims: Mapping[str, Any], *names: str) -> set[str]:
    """Claims that are one text or a list of texts; anything else in them is refused."""
    found: set[str] = set()
    for name in names:
        value = claims.get(name, [])
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in items):
            raise Distrust(f"claim_{name}")
        found.update(items)
    return found


class FixedKeys:
    """Keys that are known at the start: the training issuer's own, or a local file's."""

    def __init__(self, keys: list[dict[str, str]]) -> None:
        self._keys = {key["kid"]: key for key in keys if "kid" in key}

    async def find(self, kid: str) -> Mapping[str, str] | None:
        """The key of that id, if it is one of them."""
        return self._keys.get(kid)


class FetchedKeys:
    """An issuer's keys over HTTPS. Asked for again at most every `refetch_after_s`, whatever key
    ids callers invent; the ones fetched before go on counting while the issuer is away."""

    def __init__(
        self,
        fetch: Callable[[], Any],
        clock: Callable[[], float],
        *,
        refetch_after_s: float = 30.0,
        stale_after_s: float = 600.0,
        kept_for_s: float = 24 * 3_600.0,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._refetch_after_s = refetch_after_s
        self._stale_after_s = stale_after_s
        self._kept_for_s = kept_for_s
        self._keys: dict[str, dict[str, str]] = {}
        self._fetched_at = -math.inf
        self._tried_at = -math.inf
        self._one_at_a_time = asyncio.Lock()

    async def find(self, kid: str) -> Mapping[str, str] | None:
        """The key of that id, asking the issuer when it is new or ours are old."""
        if kid not in self._keys or self._age() > self._stale_after_s:
            await self._refetch()
        if self._age() > self._kept_for_s:
            raise IssuerUnreachable
        return self._keys.get(kid)

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    async def _refetch(self) -> None:
        async with self._one_at_a_time:
            if self._clock() - self._tried_at < self._refetch_after_s:
                return
            self._tried_at = self._clock()
            try:
                keys = await self._fetch()
            except Exception as error:
                log.warning("issuer_keys_not_fetched", error_type=type(error).__name__)
                return
            self._keys = {key["kid"]: key for key in keys if isinstance(key.get("kid"), str)}
            self._fetched_at = self._clock()
