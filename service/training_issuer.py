"""Bearer tokens for a deployment that treats nobody: a small issuer with one signing key."""

import json
import os
import secrets
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from time import time
from typing import Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from jwt.algorithms import ECAlgorithm

from runtime.settings import Settings
from schemas.base import Role

ALGORITHM: Final = "ES256"
LIFETIME: Final = timedelta(hours=8)


class IssuerRefused(Exception):  # noqa: N818 - what the person at the terminal reads
    """There is no training issuer here; the message says why."""


class TrainingIssuer:
    """Signs tokens with the key in a file, made there on first use (mode 0600)."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, issuer: str, audience: str) -> None:
        self._key = key
        self._issuer = issuer
        self._audience = audience
        self._kid = _thumbprint(key)

    @classmethod
    def open(cls, settings: Settings) -> "TrainingIssuer":
        """The issuer of a training deployment. Raises `IssuerRefused` everywhere else."""
        if not settings.training:
            raise IssuerRefused("tokens are made here in training only; ask your identity provider")
        if settings.training_issuer_key is None:
            raise IssuerRefused("JOURNEY_TRAINING_ISSUER_KEY names no key file")
        key = _read_or_make(settings.training_issuer_key)
        return cls(key, settings.oidc_issuer, settings.oidc_audience)

    def mint(  # noqa: PLR0917 - claims of a token, named at every call
        self,
        subject: str,
        roles: tuple[Role, ...],
        clinics: tuple[str, ...],
        lifetime: timedelta = LIFETIME,
        journey: str | None = None,
        signed_in_ago: timedelta = timedelta(0),
    ) -> str:
        """A token for one person: who, in which roles, at which clinics (`*`: all of them).
        `journey`: the only one a patient may touch. `signed_in_ago`: how long before they signed
        in; a token is refreshed without that."""
        now = int(time())
        claims: dict[str, object] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject,
            "iat": now,
            "auth_time": now - int(signed_in_ago.total_seconds()),
            "exp": now + int(lifetime.total_seconds()),
            "jti": secrets.token_hex(12),
            "roles": [role.value for role in roles],
            "clinic": clinics[0] if len(clinics) == 1 else list(clinics),
        }
        if journey is not None:
            claims["journey"] = journey
        headers = {"kid": self._kid, "typ": "at+jwt"}
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers=headers)

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public key as a JSON Web Key Set."""
        public: dict[str, str] = json.loads(ECAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**public, "kid": self._kid, "alg": ALGORITHM, "use": "sig"}]}


def mint_token(
    settings: Settings,
    role: Role,
    clinic: str = "*",
    subject: str | None = None,
    journey: str | None = None,
) -> str:
    """A token as `journey token` prints it. Raises `IssuerRefused` in production."""
    who = subject or f"training-{role.value.replace('_', '-')}"
    clinics = tuple(code.strip() for code in clinic.split(",") if code.strip())
    return TrainingIssuer.open(settings).mint(who, (role,), clinics, journey=journey)


def _read_or_make(path: Path) -> ec.EllipticCurvePrivateKey:
    if not path.exists():
        _make(path)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        raise IssuerRefused(f"{path} is not a signing key") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise IssuerRefused(f"{path} is not a P-256 key")
    return key


def _make(path: Path) -> None:
    """Put a fresh key in place unless another process was first: a link never overwrites."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(fresh)
    with suppress(FileExistsError):
        path.hardlink_to(beside)
    beside.unlink()


def _thumbprint(key: ec.EllipticCurvePrivateKey) -> str:
    digest = Hash(SHA256())
    digest.update(
        key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return digest.finalize().hex()[:16]
