"""What wraps every request: its id in the log lines, a size limit, headers, a count."""

import re
import uuid
from time import perf_counter
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

BODY_LIMIT: Final = 256 * 1024
CODEC_BODY_LIMIT: Final = 4 * 1024 * 1024
CODEC_PATHS: Final = ("/codec/encode", "/codec/decode", "/encode", "/decode")
REQUEST_ID: Final = re.compile(rb"^[A-Za-z0-9._-]{1,64}$")
TOO_LARGE: Final = (
    b'{"type":"about:blank","title":"Too large","status":413,"code":"too_large","reasons":[]}'
)
TOO_LARGE_FHIR: Final = (
    b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"too-long",'
    b'"diagnostics":"Too large"}]}'
)
HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
API_POLICY: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")

log = structlog.get_logger(__name__)


class BodyLimit:
    """Refuses a body over the limit before anything reads it, whatever its length header says."""

    def __init__(self, app: ASGIApp, limit: int = BODY_LIMIT) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, up to the limit, then hand it on in one piece."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        codec = scope["path"] in CODEC_PATHS
        limit = max(self._limit, CODEC_BODY_LIMIT) if codec else self._limit
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            await _refuse(scope, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > limit:
                await _refuse(scope, send)
                return
        await self._app(scope, _replay(body, receive), send)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _refuse(scope: Scope, send: Send) -> None:
    fhir = scope["path"].startswith("/fhir/")
    kind = b"application/fhir+json" if fhir else b"application/problem+json"
    headers = [(b"content-type", kind), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    content = TOO_LARGE_FHIR if fhir else TOO_LARGE
    await send({"type": "http.response.body", "body": content})


class Meter:
    """Counts requests by route, method and status; the route's template, never its ids."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("route", "method", "status")
        self.requests = Counter("http_requests", "Requests answered.", labels, registry=registry)
        self.seconds = Histogram(
            "http_request_seconds", "Time to answer.", ("route",), registry=registry
        )


class RequestContext:
    """Binds a request id to every log line, writes one line for each request, counts it, and adds
    the headers that every answer has."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request within its context."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"")
        request_id = given.decode() if REQUEST_ID.match(given) else uuid.uuid4().hex
        status = 500
        began = perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_headers(message["headers"], request_id)
            await send(message)

        with bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, answer)
            finally:
                self._note(scope, status, perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self._meter.requests.labels(route, scope["method"], str(status)).inc()
        self._meter.seconds.labels(route).observe(seconds)
        if route in ("/healthz", "/readyz", "/metrics"):
            return
        log.info(
            "request_answered",
            method=scope["method"],
            route=route,
            http_status=status,
            duration_s=round(seconds, 4),
        )


def _with_headers(given: list[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    names = {name.lower() for name, _ in given}
    added = [pair for pair in (*HEADERS, API_POLICY) if pair[0] not in names]
    return [*given, *added, (b"x-request-id", request_id.encode())]
