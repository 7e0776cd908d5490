"""A clinic short of doses: its booked days in the order in which they are proposed to have them.

Fact sheet 11.32. It only proposes: nothing is cancelled or moved, people do that day by day.
"""

from datetime import datetime

import asyncpg
from pydantic import AwareDatetime

from clinical.parameters import Parameters
from clinical.shortage import BookedDay, order_doses
from schemas.base import Reason
from schemas.screening import Modality
from service.lookups import Clinics, read
from service.protocols import Catalogue
from service.rows import Row


class DayInShortage(Row):
    """One booked day: its place in the order, whether the doses reach it, and every reason."""

    position: int
    dose: bool
    session_id: str
    journey_id: str
    scheduled_at: AwareDatetime
    reasons: tuple[Reason, ...]


class ShortageOrder(Row):
    """Every booked day of one medicine at a clinic, in the proposed order. `doses`: how many the
    clinic has; `short_by`: how many booked days they do not reach."""

    clinic: str
    modality: Modality
    doses: int
    short_by: int
    days: tuple[DayInShortage, ...]


class Shortages:
    """Reads what is on record of the booked days. `with_training`: whether training journeys
    count; only in a deployment that treats nobody."""

    def __init__(
        self, pool: asyncpg.Pool, catalogue: Catalogue, *, with_training: bool = False
    ) -> None:
        self._pool = pool
        self._catalogue = catalogue
        self._with_training = with_training

    async def order(
        self, code: str, doses: int, modality: Modality, *, now: datetime, clinics: Clinics
    ) -> ShortageOrder | None:
        """The proposed order by the rules of the clinic's protocol. None for a clinic that does not
        exist or may not be seen. Raises `RecordUnavailable`."""
        if not self._catalogue.shows(code, clinics):
            return None
        rows = await read(
            self._pool, "days_in_a_shortage", clinics, code, modality.value, self._with_training
        )
        parameters = Parameters(self._catalogue.protocol_of(code).parameters)
        booked = [BookedDay.model_validate(dict(row)) for row in rows]
        places = order_doses(booked, doses, now, parameters)
        return ShortageOrder(
            clinic=code,
            modality=modality,
            doses=doses,
            short_by=max(len(places) - doses, 0),
            days=tuple(
                DayInShortage(
                    position=place.position,
                    dose=place.dose,
                    session_id=place.day.session_id,
                    journey_id=place.day.journey_id,
                    scheduled_at=place.day.scheduled_at,
                    reasons=place.reasons,
                )
                for place in places
            ),
        )
