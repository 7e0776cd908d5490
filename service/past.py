"""Journeys that ended longer ago than the engine remembers."""

from typing import Protocol

import structlog

from records.errors import RecordUnavailable
from service.rows import JourneyRow

log = structlog.get_logger(__name__)


class JourneyLookup(Protocol):
    """The one lookup that is needed of the record."""

    async def journey(
        self, journey_id: str, *, clinics: frozenset[str] | None
    ) -> JourneyRow | None: ...


class RecordedPast:
    """Asks the record. While the record is away the engine alone answers: intake goes on, and the
    engine still knows every journey that runs or ended within its retention."""

    def __init__(self, lookups: JourneyLookup) -> None:
        self._lookups = lookups

    async def knows(self, journey_id: str) -> bool:
        """Whether this journey has ended, by the record."""
        try:
            row = await self._lookups.journey(journey_id, clinics=None)
        except RecordUnavailable:
            log.warning("intake_without_record", journey_id=journey_id)
            return False
        return row is not None and row.closed
