"""What became of something said at the bedside, ready to be put in words beside its form."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final

from console.bedside_forms import Problem
from schemas.base import Reason
from schemas.infusion import SessionReceipt
from service.errors import (
    FrontDeskError,
    NotYetAnswered,
    Refused,
    Unavailable,
    UnknownWorkflow,
)

TAKEN: Final = "taken"
REFUSED: Final = "refused"
INCOMPLETE: Final = "incomplete"
KEPT: Final = "kept"
UNAVAILABLE: Final = "unavailable"
TROUBLE: Final = "trouble"
UNKNOWN: Final = "unknown"
HTTP: Final = {
    TAKEN: 200, REFUSED: 409, INCOMPLETE: 422, KEPT: 202, UNAVAILABLE: 503, TROUBLE: 500,
    UNKNOWN: 404,
}  # fmt: skip
NEVER_LATER: Final = frozenset({"start", "resume"})
"""What is never carried out later by itself: a pump is started by the person at it."""


@dataclass(frozen=True)
class Answer:
    """The answer to the form `name`. `status`: taken, refused, incomplete, kept (will be answered
    later), unavailable (nothing was taken), trouble or unknown."""

    name: str
    status: str
    receipt: SessionReceipt | None = None
    reasons: tuple[Reason, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def taken(self) -> bool:
        """Whether what was typed is in the engine's hands and need not be kept on the page."""
        return self.status in (TAKEN, KEPT) and not self.never_later

    @property
    def never_later(self) -> bool:
        """Nobody answered, and nobody will carry it out."""
        return self.status == KEPT and self.name in NEVER_LATER

    @property
    def http_status(self) -> int:
        return HTTP[self.status]

    @classmethod
    def incomplete(cls, name: str, problems: tuple[Problem, ...]) -> "Answer":
        return cls(name, INCOMPLETE, problems=problems)

    @classmethod
    def unavailable(cls, name: str) -> "Answer":
        return cls(name, UNAVAILABLE)


async def answer_of(name: str, sent: Awaitable[SessionReceipt]) -> Answer:
    """The receipt, or why there is none. Raises nothing of the front desk's."""
    try:
        return Answer(name, TAKEN, receipt=await sent)
    except Refused as refused:
        return Answer(name, REFUSED, reasons=refused.reasons)
    except NotYetAnswered:
        return Answer(name, KEPT)
    except Unavailable:
        return Answer(name, UNAVAILABLE)
    except UnknownWorkflow:
        return Answer(name, UNKNOWN)
    except FrontDeskError:
        return Answer(name, TROUBLE)
