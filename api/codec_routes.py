"""The codec routes: how ops read and write sealed payloads with the engine's own tools."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, cast

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from google.protobuf.json_format import MessageToJson, Parse, ParseError
from google.protobuf.message import DecodeError
from prometheus_client import CollectorRegistry
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from temporalio.api.common.v1 import Payload, Payloads

from api.auth import Verifier
from api.bodies import parse_object
from api.identity import Identity
from api.middleware import CODEC_BODY_LIMIT, CODEC_PATHS, BodyLimit, Meter, RequestContext
from api.policy import POLICY
from api.problems import Problem
from api.problems import install as install_problems
from runtime.codec import ENCRYPTED, SealingCodec
from runtime.keys import UnknownKeyError
from runtime.settings import Settings
from schemas.base import Reason, Role

MOST_PAYLOADS: Final = 200
ALLOWED_HEADERS: Final = ("content-type", "x-namespace", "authorization", "authorization-extras")
ANONYMOUS: Final = Identity("anonymous", frozenset({Role.OPS}), frozenset({"*"}))

log = structlog.get_logger(__name__)
router = APIRouter()


@dataclass(frozen=True)
class CodecDesk:
    """What the codec routes are given."""

    settings: Settings
    codec: SealingCodec
    verifier: Verifier


async def admit(request: Request) -> Identity:
    """Ops only; anybody in a training deployment that says so. Raises 401 or 403."""
    desk = _desk(request)
    if desk.settings.codec_anonymous and desk.settings.training:
        return ANONYMOUS
    identity = await desk.verifier.verify(request.headers.get("authorization"))
    if not identity.roles & POLICY[(request.method, request.scope["route"].path)]:
        raise Problem(403, "wrong_role", Reason(code="wrong_role", text="done by: ops"))
    return identity


Admitted = Annotated[Identity, Depends(admit)]


@router.post("/codec/decode")
@router.post("/decode")
async def decode(request: Request, identity: Admitted) -> Response:
    """Open payloads. One whose key is not here stays sealed, and the others are still shown."""
    sealed = await _payloads(request)
    opened = Payloads(payloads=[await _opened(_desk(request).codec, p) for p in sealed.payloads])
    log.info(
        "payloads_opened",
        identity=identity.subject,
        count=len(sealed.payloads),
        key_id=sorted({_named(p, "encryption-key-id") for p in sealed.payloads}),
        workflow_id=sorted({_named(p, "sealed-for") for p in sealed.payloads}),
    )
    return _written(opened)


@router.post("/codec/encode")
@router.post("/encode")
async def encode(request: Request, identity: Admitted) -> Response:
    """Seal payloads to the namespace: this protocol carries no workflow id to seal them to."""
    plain = await _payloads(request)
    sealed = Payloads(payloads=await _desk(request).codec.encode(plain.payloads))
    log.info("payloads_sealed", identity=identity.subject, count=len(sealed.payloads))
    return _written(sealed)


async def _payloads(request: Request) -> Payloads:
    namespace = request.headers.get("x-namespace")
    if namespace is not None and namespace != _desk(request).settings.temporal_namespace:
        reason = Reason(code="other_namespace", text="this is not that namespace's codec")
        raise Problem(403, "other_namespace", reason)
    content = await request.body()
    parse_object(content)
    try:
        found = Parse(content.decode(), Payloads())
    except (ParseError, DecodeError, ValueError, RecursionError):
        reason = Reason(code="malformed_payloads", text="the content is no list of payloads")
        raise Problem(400, "malformed_payloads", reason) from None
    if len(found.payloads) > MOST_PAYLOADS:
        raise Problem(413, "too_many", Reason(code="too_many", text=f"at most {MOST_PAYLOADS}"))
    return found


async def _opened(codec: SealingCodec, payload: Payload) -> Payload:
    if payload.metadata.get("encoding") != ENCRYPTED:
        return payload
    try:
        return (await codec.decode([payload]))[0]
    except UnknownKeyError:
        return payload


def _named(payload: Payload, part: str) -> str:
    return payload.metadata.get(part, b"").decode(errors="replace")


def _written(payloads: Payloads) -> Response:
    return Response(
        MessageToJson(payloads, indent=None),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _desk(request: Request) -> CodecDesk:
    return cast("CodecDesk", request.app.state.codec)


def create_codec_app(settings: Settings, codec: SealingCodec, verifier: Verifier) -> FastAPI:
    """The codec routes alone, as `journey codec-server` runs them."""
    app = FastAPI(title="Codec", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.codec = CodecDesk(settings, codec, verifier)
    app.include_router(router)
    install_problems(app)
    app.add_middleware(BodyLimit, limit=CODEC_BODY_LIMIT)
    app.add_middleware(CodecOrigins, origins=settings.codec_origins)
    app.add_middleware(RequestContext, meter=Meter(CollectorRegistry()))
    return app


class CodecOrigins:
    """Lets the named web origins, and no other, call the codec routes with a bearer token; every
    other route stays closed to other origins."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._codec = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["POST", "OPTIONS"],
            allow_headers=ALLOWED_HEADERS,
            allow_credentials=False,
            max_age=600,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer under the rules of the path."""
        ours = scope["type"] == "http" and is_codec_path(scope["path"])
        await (self._codec if ours else self._app)(scope, receive, send)


def is_codec_path(path: str) -> bool:
    """Whether a path is one of the codec routes."""
    return path in CODEC_PATHS
