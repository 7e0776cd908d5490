"""Putting facts on record, and reading back how a treatment day ended."""

from collections.abc import Awaitable
from typing import Protocol, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import alive
from schemas.event import Appended, AppendEvents
from schemas.infusion import SessionResult

Answer = TypeVar("Answer")


class RecordsPort(Protocol):
    """The clinical record. Its errors tell by their class what happened, never about whom."""

    async def append(self, batch: AppendEvents) -> Appended:
        """Put facts on record, all or none, each once whatever is retried."""

    async def session_result(self, session_id: str) -> SessionResult | None:
        """How a session ended, or None while it has not."""


class RecordsActivities:
    """The effects of the `records` queue. Both may be repeated at will."""

    def __init__(self, store: RecordsPort) -> None:
        self._store = store

    @activity.defn(name="append_events")
    @alive.said_while_it_takes
    async def append_events(self, batch: AppendEvents) -> Appended:
        """Append a batch of facts.

        Every error may be tried again: a gap closes when the facts before arrive, a lost
        database comes back, and a conflict waits for a person while the journey goes on."""
        return await told(self._store.append(batch))

    @activity.defn(name="session_result")
    async def session_result(self, session_id: str) -> SessionResult | None:
        """How a session ended, for a journey that did not hear it from the session itself."""
        return await told(self._store.session_result(session_id))


async def told(work: Awaitable[Answer]) -> Answer:
    """The answer, or an error that carries its class's name and nothing of its content:
    drivers quote values, and the values are a patient's."""
    try:
        return await work
    except Exception as error:
        kind = type(error).__name__
        activity.logger.error("record_not_reached", extra={"error": kind})
        raise ApplicationError("the record was not reached", type=kind) from None
