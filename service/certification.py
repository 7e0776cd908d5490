"""A clinic loses its certification for the spray, or has it back: every open journey is told."""

from typing import Protocol

import structlog

from schemas.base import Actor
from schemas.safety_program import CertificationChange, CertificationNews
from service.every_journey import EveryJourney, JourneysTold, ListsJourneys, TellsJourneys, key_for

log = structlog.get_logger(__name__)


class CertificationTold(JourneysTold):
    """How many open journeys heard of a certification."""


class CertificationBook(Protocol):
    """The record of certifications."""

    async def record(self, change: CertificationChange) -> None: ...


class Certifications:
    """Puts a change on record, then tells every open journey of the clinic. A journey that begins
    meanwhile reads the record."""

    def __init__(
        self, commands: TellsJourneys, lookups: ListsJourneys, book: CertificationBook
    ) -> None:
        self._journeys = EveryJourney(commands, lookups)
        self._book = book

    async def lose_certification(
        self, clinic: str, actor: Actor, reason: str, command_id: str
    ) -> CertificationTold:
        """No new spray dose at this clinic from now on. Raises `RecordUnavailable`."""
        return await self._change(
            CertificationChange(
                clinic=clinic, certified=False, reason=reason, actor=actor, command_id=command_id
            )
        )

    async def regain_certification(
        self, clinic: str, actor: Actor, reason: str, command_id: str
    ) -> CertificationTold:
        """The spray may be given here again. Raises `RecordUnavailable`."""
        return await self._change(
            CertificationChange(
                clinic=clinic, certified=True, reason=reason, actor=actor, command_id=command_id
            )
        )

    async def _change(self, change: CertificationChange) -> CertificationTold:
        await self._book.record(change)
        kind = "certification_regained" if change.certified else "certification_lost"
        told = await self._journeys.tell(change.clinic, kind, lambda j: _news(change, j))
        log.info(kind, clinic=change.clinic, told=told.told, missed=len(told.missed))
        return CertificationTold(**dict(told))


def _news(change: CertificationChange, journey: str) -> CertificationNews:
    key = key_for(change.command_id, journey)
    return CertificationNews(command_id=key, actor=change.actor, reason=change.reason)
