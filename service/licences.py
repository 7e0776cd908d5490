"""Who is on a clinic's staff, and whose licence holds until when, by its file as it stands today.

A journey keeps the clinic's file it began with; who came or left since, and a licence renewed or
lapsed since, stands in the newest one, which the front desk reads.
"""

from datetime import datetime
from typing import Protocol, TypeVar

from clinical.clinic_hours import local_date
from clinical.credentials import credential_lapsed, licensed_until, signers
from clinical.named_people import listed, people_named
from records.errors import RecordUnavailable
from schemas.base import Actor, Command, Reason, Role
from schemas.infusion import NamesPeople, OrderDose
from schemas.protocol import Clinic
from service.intake import journey_of
from service.past import JourneyLookup
from service.protocols import Catalogue

C = TypeVar("C", bound=Command)


class LicenceBook(Protocol):
    """Says until when whoever signed an order may, and who of those named is on the staff."""

    async def stamped(self, session: str, command: C) -> C: ...

    async def against(
        self, workflow_id: str, signer: Actor, now: datetime
    ) -> tuple[Reason, ...]: ...


class Licences:
    """Asks the catalogue for the clinic that the record names."""

    def __init__(self, lookups: JourneyLookup, catalogue: Catalogue) -> None:
        self._lookups = lookups
        self._catalogue = catalogue

    async def stamped(self, session: str, command: C) -> C:
        """The command with what the clinic's file of today says of the people in it, whatever its
        sender claims: the last day of an order's signatures, and who of those named is on the
        staff. Without either while the record is away: then the journey's own file holds."""
        if not isinstance(command, NamesPeople):
            return command
        names = people_named(command)
        if not (names or isinstance(command, OrderDose) or command.on_staff is not None):
            return command
        clinic = await self._clinic_of(session)
        says: dict[str, object] = {"on_staff": listed(clinic, names) if clinic and names else None}
        if isinstance(command, OrderDose):
            until = licensed_until(clinic, signers(command)) if clinic else None
            says["licensed_until"] = until
        # An older release refuses a field it does not know: nothing is written that says nothing.
        new = {field: said for field, said in says.items() if said != getattr(command, field)}
        return command.model_copy(update=new) if new else command

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
