"""Whose licence holds until when, by the clinic's file as it stands today.

A journey keeps the clinic's file it began with; a licence renewed or lapsed since stands in the
newest one, which the front desk reads.
"""

from datetime import datetime
from typing import Protocol

from clinical.clinic_hours import local_date
from clinical.credentials import credential_lapsed, licensed_until, signers
from records.errors import RecordUnavailable
from schemas.base import Actor, Reason, Role
from schemas.infusion import OrderDose
from schemas.protocol import Clinic
from service.intake import journey_of
from service.past import JourneyLookup
from service.protocols import Catalogue


class LicenceBook(Protocol):
    """Says until when whoever signed an order may."""

    async def stamped(self, session: str, order: OrderDose) -> OrderDose: ...

    async def against(
        self, workflow_id: str, signer: Actor, now: datetime
    ) -> tuple[Reason, ...]: ...


class Licences:
    """Asks the catalogue for the clinic that the record names."""

    def __init__(self, lookups: JourneyLookup, catalogue: Catalogue) -> None:
        self._lookups = lookups
        self._catalogue = catalogue

    async def stamped(self, session: str, order: OrderDose) -> OrderDose:
        """The order with the last day of its signatures, whatever its sender claims; without one
        while the record is away: then the file that the journey began with holds."""
        clinic = await self._clinic_of(session)
        until = licensed_until(clinic, signers(order)) if clinic else None
        if until == order.licensed_until:
            return order
        return order.model_copy(update={"licensed_until": until})

    async def against(self, workflow_id: str, signer: Actor, now: datetime) -> tuple[Reason, ...]:
        """Why this prescriber signs nothing today; empty when they may, or are not judged."""
        clinic = await self._clinic_of(workflow_id)
        if clinic is None or signer.role is not Role.PRESCRIBER:
            return ()
        return credential_lapsed(licensed_until(clinic, (signer.id,)), local_date(now, clinic))

    async def _clinic_of(self, workflow_id: str) -> Clinic | None:
        journey = journey_of(workflow_id)
        if journey is None:
            return None
        try:
            row = await self._lookups.journey(journey, clinics=None)
        except RecordUnavailable:
            return None
        if row is None or row.clinic not in self._catalogue.clinic_codes:
            return None
        return self._catalogue.clinic(row.clinic)
