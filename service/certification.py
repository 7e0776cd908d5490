"""A clinic loses its certification for the spray, or has it back: every open journey is told.

Safe to repeat: each journey's command has an id made of the caller's key, so that whoever was told
before is not told twice, and a run that broke off is simply run again.
"""

import asyncio
from typing import Protocol

import structlog

from schemas.base import Actor, Command, Receipt, Value
from schemas.safety_program import CertificationChange, CertificationNews
from service.errors import FrontDeskError, NotYetAnswered, Refused, UnknownWorkflow
from service.rows import JourneyRow, Page

AT_ONCE = 8
"""Journeys told at the same time: a clinic's thousand is half a minute, and the engine stays
free for the bedside."""

PAGE = 200
KEY_LENGTH = 150

log = structlog.get_logger(__name__)


class TellsJourneys(Protocol):
    """The front desk's writing half, as far as it is needed here."""

    async def send(self, journey: str, kind: str, command: Command) -> Receipt: ...


class ListsJourneys(Protocol):
    """The record's list of journeys."""

    async def journeys(
        self, *, clinics: frozenset[str] | None, cursor: str | None, limit: int
    ) -> Page[JourneyRow]: ...


class CertificationTold(Value):
    """How many open journeys took the news, took it before, keep it for their worker, or had ended.
    `missed`: could not be told now; run again."""

    told: int = 0
    before: int = 0
    kept: int = 0
    ended: int = 0
    missed: tuple[str, ...] = ()


class CertificationBook(Protocol):
    """The record of certifications."""

    async def record(self, change: CertificationChange) -> None: ...


class Certifications:
    """Puts a change on record, then tells every open journey of the clinic. A journey that begins
    meanwhile reads the record."""

    def __init__(
        self, commands: TellsJourneys, lookups: ListsJourneys, book: CertificationBook
    ) -> None:
        self._commands = commands
        self._lookups = lookups
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
        # Listed whole first: a journey that is told moves in the list.
        journeys = await self._open(change.clinic)
        places = asyncio.Semaphore(AT_ONCE)

        async def one(journey: str) -> str:
            async with places:
                return await self._one(journey, kind, _news(change, journey))

        ends = await asyncio.gather(*(one(journey) for journey in journeys))
        told = CertificationTold(
            told=ends.count("told"),
            before=ends.count("before"),
            kept=ends.count("kept"),
            ended=ends.count("ended"),
            missed=tuple(j for j, end in zip(journeys, ends, strict=True) if end == "missed"),
        )
        log.info(kind, clinic=change.clinic, told=told.told, missed=len(told.missed))
        return told

    async def _one(self, journey: str, kind: str, news: CertificationNews) -> str:
        try:
            receipt = await self._commands.send(journey, kind, news)
        except NotYetAnswered:
            return "kept"
        except (Refused, UnknownWorkflow):
            return "ended"
        except FrontDeskError:
            return "missed"
        return "before" if receipt.duplicate else "told"

    async def _open(self, clinic: str) -> list[str]:
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = await self._lookups.journeys(
                clinics=frozenset({clinic}), cursor=cursor, limit=PAGE
            )
            found += [row.journey_id for row in page.items if not row.closed]
            cursor = page.next_cursor
            if cursor is None:
                return found


def _news(change: CertificationChange, journey: str) -> CertificationNews:
    key = f"{change.command_id[:KEY_LENGTH]}:{journey}"
    return CertificationNews(command_id=key, actor=change.actor, reason=change.reason)
