"""Whether the process lives, whether what it needs answers, what it counted."""

import asyncio

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from api.doorkeeper import answer, reception
from api.problems import NOT_THERE

router = APIRouter()


@router.get("/healthz")
async def healthz() -> Response:
    """The process is alive."""
    return answer({"status": "alive"})


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Whether Temporal and PostgreSQL answer; 503 while one of them does not."""
    front = reception(request)
    temporal, record = await asyncio.gather(front.commands.reachable(), front.record.reachable())
    ready = temporal and record
    shown = {"ready": ready, "temporal": temporal, "postgresql": record}
    result = answer(shown, 200 if ready else 503)
    if not ready:
        result.headers["Retry-After"] = "5"
    return result


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Counts for Prometheus; nothing about anybody."""
    return Response(generate_latest(reception(request).registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/.well-known/openid-configuration")
async def discovery(request: Request) -> Response:
    """The training issuer's description; there is none in production."""
    front = reception(request)
    if front.issuer is None:
        raise NOT_THERE
    return answer(
        {
            "issuer": front.settings.oidc_issuer,
            "jwks_uri": front.settings.api_url.rstrip("/") + "/.well-known/jwks.json",
            "id_token_signing_alg_values_supported": ["ES256"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
        }
    )


@router.get("/.well-known/jwks.json")
async def keys(request: Request) -> Response:
    """The training issuer's public key."""
    issuer = reception(request).issuer
    if issuer is None:
        raise NOT_THERE
    return answer(issuer.jwks())
