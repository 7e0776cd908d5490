"""What every open journey of a clinic has to hear: each is told once, however often it is run.

Safe to repeat: each journey's command has an id made of the caller's key, so that whoever was told
before is not told twice, and a run that broke off is simply run again.
"""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Protocol

from schemas.base import Command, Receipt, Value
from service.errors import FrontDeskError, NotYetAnswered, Refused, UnknownWorkflow
from service.rows import JourneyRow, Page

AT_ONCE = 8
"""Journeys told at the same time: a clinic's thousand is half a minute, and the engine stays
free for the bedside."""

PAGE = 200
KEY_LENGTH, DIGEST_LENGTH = 150, 32
CLOSED = "journey_closed"


class TellsJourneys(Protocol):
    """The front desk's writing half, as far as it is needed here."""

    async def send(self, journey: str, kind: str, command: Command) -> Receipt: ...


class ListsJourneys(Protocol):
    """The record's list of journeys."""

    async def journeys(
        self, *, clinics: frozenset[str] | None, cursor: str | None, limit: int
    ) -> Page[JourneyRow]: ...


class JourneysTold(Value):
    """How many open journeys took the news, took it before, keep it for their worker, had ended, or
    refused it (`refused_because`: with which codes). `missed`: could not be told now; run again."""

    told: int = 0
    before: int = 0
    kept: int = 0
    ended: int = 0
    refused: int = 0
    refused_because: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()


class EveryJourney:
    """All open journeys of a clinic."""

    def __init__(self, commands: TellsJourneys, lookups: ListsJourneys) -> None:
        self._commands = commands
        self._lookups = lookups

    async def tell(self, clinic: str, kind: str, news: Callable[[str], Command]) -> JourneysTold:
        """`news`: the command for one journey. Raises `RecordUnavailable`."""
        # Listed whole first: a journey that is told moves in the list.
        journeys = await self._open(clinic)
        places = asyncio.Semaphore(AT_ONCE)

        refusals: set[str] = set()

        async def one(journey: str) -> str:
            async with places:
                return await self._one(journey, kind, news(journey), refusals)

        ends = await asyncio.gather(*(one(journey) for journey in journeys))
        return JourneysTold(
            told=ends.count("told"),
            before=ends.count("before"),
            kept=ends.count("kept"),
            ended=ends.count("ended"),
            refused=ends.count("refused"),
            refused_because=tuple(sorted(refusals)),
            missed=tuple(j for j, end in zip(journeys, ends, strict=True) if end == "missed"),
        )

    async def _one(self, journey: str, kind: str, news: Command, refusals: set[str]) -> str:
        try:
            receipt = await self._commands.send(journey, kind, news)
        except NotYetAnswered:
            return "kept"
        except UnknownWorkflow:
            return "ended"
        except Refused as refused:
            if refused.code == CLOSED:
                return "ended"
            refusals.add(refused.code)
            return "refused"
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


def key_for(command_id: str, journey: str) -> str:
    """The id of one journey's command, made of the caller's key; two long keys stay two."""
    if len(command_id) > KEY_LENGTH:
        digest = sha256(command_id.encode()).hexdigest()[:DIGEST_LENGTH]
        command_id = command_id[: KEY_LENGTH - DIGEST_LENGTH] + digest
    return f"{command_id}:{journey}"
