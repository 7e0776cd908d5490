"""Every answer that says no: `application/problem+json` with a stable code and its reasons."""

from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.auth import IssuerUnreachable, Unauthenticated
from api.outcomes import FHIR_JSON, operation_outcome
from schemas.base import Reason
from service.errors import (
    Busy,
    EngineTrouble,
    FrontDeskError,
    Malformed,
    NotYetAnswered,
    Refused,
    Unavailable,
    UnknownWorkflow,
)

log = structlog.get_logger(__name__)

PROBLEM_JSON: Final = "application/problem+json"

TITLES: Final[Mapping[int, str]] = {
    400: "The request cannot be read",
    401: "Who you are could not be established",
    403: "Your role may not do this",
    404: "There is no such thing, or it is not yours to see",
    405: "Not this way",
    406: "Not in this form",
    409: "Refused by a rule",
    413: "Too large",
    415: "Not this kind of content",
    422: "The content cannot be taken as it is",
    429: "Too many at once",
    500: "Our fault",
    503: "Not to be reached just now; nothing was taken",
}


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """An answer that says no, from within a route."""

    def __init__(
        self,
        status: int,
        code: str,
        *reasons: Reason,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.reasons = reasons
        self.headers = headers
        super().__init__(code)


NOT_THERE: Final = Problem(404, "unknown")
"""One answer for what does not exist and for what is another clinic's: byte for byte the same."""


def respond(
    request: Request,
    status: int,
    code: str,
    reasons: Sequence[Reason] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer as a problem document, or as an OperationOutcome at the FHIR routes."""
    title = TITLES.get(status, "Error")
    if request.url.path.startswith("/fhir/"):
        content = to_json(operation_outcome(status, code, title, reasons))
        return Response(content, status, headers, media_type=FHIR_JSON)
    document = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
        "reasons": [reason.model_dump(mode="json", exclude_none=True) for reason in reasons],
    }
    return Response(to_json(document), status, headers, media_type=PROBLEM_JSON)


def install(app: FastAPI) -> None:
    """Make every error of the app leave through `respond`."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(FrontDeskError, _front_desk)
    app.add_exception_handler(Unauthenticated, _unauthenticated)
    app.add_exception_handler(IssuerUnreachable, _issuer)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(Exception, _fault)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return respond(request, error.status, error.code, error.reasons, error.headers)


async def _unauthenticated(request: Request, _: Exception) -> Response:
    return respond(request, 401, "unauthenticated", headers={"WWW-Authenticate": "Bearer"})


async def _issuer(request: Request, _: Exception) -> Response:
    return respond(request, 503, "issuer_unreachable", headers={"Retry-After": "30"})


async def _front_desk(request: Request, error: Exception) -> Response:
    match error:
        case UnknownWorkflow():
            return respond(request, NOT_THERE.status, NOT_THERE.code)
        case Malformed():
            return respond(request, 422, error.code, error.reasons)
        case Refused():
            return _refused(request, error)
        case Busy():
            return respond(request, 429, "busy", headers={"Retry-After": str(error.retry_after_s)})
        case Unavailable():
            wait = {"Retry-After": str(error.retry_after_s)}
            return respond(request, 503, "unavailable", headers=wait)
        case EngineTrouble():
            log.error("engine_trouble", code=error.code)
            return respond(request, 500, "engine_trouble")
        case NotYetAnswered() | _:
            return respond(request, 500, "engine_trouble")


def _refused(request: Request, error: Refused) -> Response:
    codes = {reason.code for reason in error.reasons}
    if codes == {"unknown_approval"}:
        return respond(request, 404, "unknown_approval", error.reasons)
    if codes == {"wrong_role"}:
        return respond(request, 403, "wrong_role", error.reasons)
    status = 422 if codes == {"unknown_clinic"} else 409
    return respond(request, status, error.code, error.reasons)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == NOT_THERE.status:
        return respond(request, NOT_THERE.status, NOT_THERE.code)
    code = {405: "method_not_allowed", 413: "too_large"}.get(error.status_code, "refused")
    return respond(request, error.status_code, code, headers=error.headers)


async def _fault(request: Request, _: Exception) -> Response:
    return respond(request, 500, "fault")


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # What was sent may be about a patient: only the places and rules go back.
    reasons = [
        Reason(code="malformed", text=str(p["msg"]), fact=".".join(str(x) for x in p["loc"]))
        for p in error.errors()
    ]
    return respond(request, 422, "malformed", reasons)
