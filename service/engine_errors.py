"""What the engine's errors mean at the front desk: refused, unknown, busy or out of reach."""

from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from schemas.base import Reason, Refusal
from service.errors import (
    Busy,
    EngineTrouble,
    FrontDeskError,
    Malformed,
    Refused,
    Unavailable,
    UnknownWorkflow,
)

REASONS = TypeAdapter(tuple[Reason, ...])
CLOSED = Reason(code="journey_closed", text="it has ended and takes no more commands")


def translate(error: RPCError | TimeoutError) -> FrontDeskError:
    """The front desk's word for an error of the connection or the server."""
    if isinstance(error, TimeoutError):
        return Unavailable()
    match error.status:
        case RPCStatusCode.NOT_FOUND:
            # The server says "already completed" of an ended workflow, "not found" of none.
            ended = "completed" in error.message
            return Refused(CLOSED) if ended else UnknownWorkflow()
        case RPCStatusCode.RESOURCE_EXHAUSTED:
            return Busy(retry_after_s=2)
        case RPCStatusCode.INVALID_ARGUMENT:
            return EngineTrouble(error.status.name)
        case _:
            return Unavailable()


def engine_answered_no(failed: WorkflowUpdateFailedError) -> FrontDeskError:
    """The front desk's word for an update that a workflow did not accept."""
    cause = failed.cause
    if not isinstance(cause, ApplicationError):
        return EngineTrouble(type(cause).__name__)
    match cause.type:
        case Refusal.REFUSED:
            return Refused(*_reasons(cause.details, "refused"))
        case Refusal.STALE:
            return Refused(*_reasons(cause.details, "stale"))
        case Refusal.CLOSED:
            return Refused(*_reasons(cause.details, CLOSED.code))
        case Refusal.MALFORMED:
            return Malformed(*_reasons(cause.details, "malformed"))
        case _:
            return EngineTrouble(cause.type or "untyped")


def _reasons(details: Sequence[object], code: str) -> tuple[Reason, ...]:
    try:
        reasons = REASONS.validate_python(details[0]) if details else ()
    except ValidationError:
        reasons = ()
    return reasons or (Reason(code=code, text="refused by a rule of the journey"),)
