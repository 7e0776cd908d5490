"""Where this deployment's issuer publishes its keys: the training issuer's own, a file, HTTPS."""

import json
from pathlib import Path
from time import monotonic
from typing import Any, Final

import httpx

from api.auth import FetchedKeys, FixedKeys, Keys, Verifier
from runtime.settings import Settings
from service.training_issuer import TrainingIssuer

LARGEST_BYTES: Final = 256 * 1024
ANSWER_WITHIN_S: Final = 5.0


def build_verifier(settings: Settings, issuer: TrainingIssuer | None) -> Verifier:
    """The verifier of this deployment. `issuer`: the built-in one, in training."""
    return Verifier(_keys(settings, issuer), settings.oidc_issuer, settings.oidc_audience)


def _keys(settings: Settings, issuer: TrainingIssuer | None) -> Keys:
    named = settings.oidc_jwks_url
    if named is None and issuer is not None:
        return FixedKeys(issuer.jwks()["keys"])
    if named is not None and "://" not in named:
        return FixedKeys(_key_list(Path(named).read_bytes()))

    async def fetch() -> list[dict[str, str]]:
        async with httpx.AsyncClient(
            timeout=ANSWER_WITHIN_S, follow_redirects=False, trust_env=False
        ) as client:
            return _key_list(await _get(client, named or await _discover(client, settings)))

    return FetchedKeys(fetch, monotonic)


async def _discover(client: httpx.AsyncClient, settings: Settings) -> str:
    address = settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration"
    found = json.loads(await _get(client, address))
    # An address from a document is followed only when the document speaks for our issuer.
    if found.get("issuer") != settings.oidc_issuer:
        raise ValueError("another issuer's document")
    uri = found["jwks_uri"]
    if not isinstance(uri, str) or not (uri.startswith("https://") or settings.training):
        raise ValueError("keys without https")
    return uri


async def _get(client: httpx.AsyncClient, address: str) -> bytes:
    async with client.stream("GET", address) as answer:
        if answer.status_code != httpx.codes.OK:
            raise ValueError("no document")
        content = b""
        async for part in answer.aiter_bytes():
            content += part
            if len(content) > LARGEST_BYTES:
                raise ValueError("document too large")
        return content


def _key_list(content: bytes) -> list[dict[str, str]]:
    document: dict[str, Any] = json.loads(content)
    return [key for key in document["keys"] if isinstance(key, dict)]
