"""A clinic turns out to be closed on some days: every open journey is told.

A journey that begins afterwards is pinned to the clinic's file, so the days belong there as well.
"""

from collections.abc import Sequence
from datetime import date

import structlog

from schemas.base import Actor
from schemas.closure import AnnounceClosure
from service.every_journey import EveryJourney, JourneysTold, ListsJourneys, TellsJourneys, key_for

KIND = "announce_closure"

log = structlog.get_logger(__name__)


class Closures:
    """Tells every open journey of a clinic on which days nobody is treated there."""

    def __init__(self, commands: TellsJourneys, lookups: ListsJourneys) -> None:
        self._journeys = EveryJourney(commands, lookups)

    async def announce(
        self, clinic: str, actor: Actor, closed_on: Sequence[date], reason: str, command_id: str
    ) -> JourneysTold:
        """Where a day is booked, its journey asks a person to move it. Raises
        `RecordUnavailable`."""

        def news(journey: str) -> AnnounceClosure:
            key = key_for(command_id, journey)
            return AnnounceClosure(
                command_id=key, actor=actor, closed_on=tuple(closed_on), reason=reason
            )

        told = await self._journeys.tell(clinic, KIND, news)
        log.info(KIND, clinic=clinic, told=told.told, missed=len(told.missed))
        return told
