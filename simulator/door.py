"""The door through which a synthetic clinic's staff reach the engine."""

from datetime import datetime
from typing import Any, Protocol

from schemas.base import Command
from schemas.infusion import SessionView
from schemas.journey import JourneyView


class Door(Protocol):
    """How the staff reach the engine: the API, or the workflows themselves."""

    async def send(self, workflow_id: str, kind: str, command: Command) -> dict[str, Any]:
        """One command; its receipt as JSON. Raises when it is refused."""

    async def journey(self, workflow_id: str) -> JourneyView: ...

    async def session(self, session_id: str) -> SessionView: ...

    async def until(self, workflow_id: str, moment: datetime) -> None:
        """Let the clinical clock of the journey, and of its open session, reach a moment."""

    async def settle(self) -> None:
        """Give the engine a moment between two looks."""


class NotReached(Exception):  # noqa: N818 - what the staff waited for did not come
    """The journey did not get where its staff expected it."""
