"""What intake asks of the record: journeys long ended, and a site's certification."""

from typing import Protocol

import structlog

from records.errors import RecordUnavailable
from service.rows import JourneyRow

log = structlog.get_logger(__name__)


class SiteBook(Protocol):
    """The one question that is asked of the record of certifications."""

    async def certified(self, clinic: str) -> bool | None: ...


class JourneyLookup(Protocol):
    """The one lookup that is needed of the record."""

    async def journey(
        self, journey_id: str, *, clinics: frozenset[str] | None
    ) -> JourneyRow | None: ...


class RecordedSites:
    """What the record says of a site's certification. While the record is away the clinic's file
    holds: intake goes on, and a first spray is weeks away."""

    def __init__(self, book: SiteBook) -> None:
        self._book = book

    async def certified(self, clinic: str) -> bool | None:
        """The last word on it; None when there was none, or it cannot be asked."""
        try:
            return await self._book.certified(clinic)
        except RecordUnavailable:
            log.warning("intake_without_record", clinic=clinic)
            return None


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
