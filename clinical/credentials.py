"""Whether a prescriber may order a dose and sign for one: licence and registration in date.

Clinical fact sheet, 1.3 and edge case 33.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

from schemas.base import Reason
from schemas.infusion import OrderDose
from schemas.protocol import Clinic

PRESCRIBES_WITH: Final = ("licence", "dea")
"""What whoever orders a controlled substance holds in date."""


def licensed_until(clinic: Clinic, people: Iterable[str]) -> date | None:
    """The last day on which all of these people may order, by the clinic's file; a credential that
    is missing was never in date. None where nobody is judged: the file does not list them (11.33).
    """
    listed = {member.id: member for member in clinic.staff}
    days = [
        max((held.expires_on for held in member.credentials if held.kind == kind), default=date.min)
        for member in (listed[person] for person in people if person in listed)
        for kind in PRESCRIBES_WITH
    ]
    return min(days, default=None)


def signed_until(order: OrderDose, clinic: Clinic) -> date | None:
    """The last day on which an order stands for a dose: as the front desk read it in the file of
    the day, else by the file that the journey began with (11.33)."""
    return order.licensed_until or licensed_until(clinic, signers(order))


def signers(order: OrderDose) -> tuple[str, ...]:
    """Who signed an order (11.33)."""
    second = (order.co_signed_by.id,) if order.co_signed_by else ()
    return (order.actor.id, *second)


def credential_lapsed(until: date | None, on: date) -> tuple[Reason, ...]:
    """Why no dose is ordered or given by this signature on a day at the clinic; empty when it may
    (11.33)."""
    if until is None or on <= until:
        return ()
    text = "Licence or registration is not in date: a covering prescriber signs."
    fact = until.isoformat()
    return (Reason(code="credential_lapsed", text=text, fact=fact, source="11.33"),)
