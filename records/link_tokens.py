"""What a patient's link is made of: its token, what is kept of it, its address, how long it lives.

A token begins with the clinic's code, so that whoever comes with a link of any age or with half of
one is told whom to call. Staff's tokens are random; the engine's come from the deployment's key
and the message they go with, so that the same message sent again has the same link.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from runtime.settings import Settings, safe_url
from schemas.patient_link import LinkLifetimes

TOKEN_BYTES: Final = 20
ID_BYTES: Final = 10
SEPARATOR: Final = "~"


def new_token(clinic: str) -> str:
    """A random token for a link of this clinic."""
    return f"{clinic}{SEPARATOR}{_letters(secrets.token_bytes(TOKEN_BYTES))}"


def new_link_id() -> str:
    """A random name for a link."""
    return f"link-{_letters(secrets.token_bytes(ID_BYTES))}"


class Derived:
    """Tokens and names that come from a key: the same message gives the same ones. Nobody without
    the key can tell either from the other, or from a random one."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.new(key, b"engine-links", hashlib.sha256).digest()

    def token(self, clinic: str, workflow_id: str, occurrence: str) -> str:
        """The token of the link that goes with one message."""
        drawn = self._draw("token", workflow_id, occurrence)
        return f"{clinic}{SEPARATOR}{_letters(drawn[:TOKEN_BYTES])}"

    def link_id(self, workflow_id: str, occurrence: str) -> str:
        """The name of the link that goes with one message."""
        return f"link-{_letters(self._draw('id', workflow_id, occurrence)[:ID_BYTES])}"

    def _draw(self, *content: str) -> bytes:
        return hmac.new(self._key, "\0".join(content).encode(), hashlib.sha256).digest()


def token_hash(token: str) -> bytes:
    """What the record knows a token by: 160 random bits need no slower hash."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


def clinic_of_token(token: str) -> str:
    """The clinic's code at the beginning of a token."""
    return token.partition(SEPARATOR)[0]


def link_base(settings: Settings) -> str | None:
    """Where this deployment's links begin; None where patients may not be sent there: outside
    training an address is https."""
    base = settings.link_url.rstrip("/") or f"{settings.api_url.rstrip('/')}/l"
    return base if settings.training or safe_url(base) else None


def address_of(base: str, token: str) -> str:
    """The whole address of a link."""
    return f"{base}/{quote(token, safe=SEPARATOR)}"


def lifetimes(settings: Settings) -> LinkLifetimes:
    """How long each link lives in this deployment."""
    return LinkLifetimes(
        consent=timedelta(hours=settings.link_consent_h),
        journal=timedelta(hours=settings.link_journal_h),
        home_safe=timedelta(hours=settings.link_home_safe_h),
    )


def _letters(drawn: bytes) -> str:
    """Small letters and digits: what no mail program cuts off at the end, and can be read out."""
    return base64.b32encode(drawn).decode().lower().rstrip("=")
