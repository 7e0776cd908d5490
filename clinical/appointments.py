"""What a treatment day asks of the clinic's chairs and nurses, and when else it could be.

One observer to one patient who is dosing, a nurse to no more in recovery than the clinic allows:
fact sheet 1.3 and 11.34. The whole stay is asked for, from arrival to the end of the recovery
buffer (4.2); nothing of it is ever shortened (11.3).
"""

from datetime import date, datetime, timedelta

from clinical.clinic_hours import local_date, opening
from clinical.parameters import Parameters
from clinical.readiness import dosing_length, session_length
from schemas.appointment import StayLength
from schemas.base import Role
from schemas.protocol import Clinic
from schemas.screening import Modality

TRAINED = frozenset({"bls", "acls"})
"""What a nurse who watches a patient holds, in date (1.3)."""


def stay_of(modality: Modality, parameters: Parameters) -> StayLength:
    """How long a session takes up its places (4.2). The observer is kept for a dose that begins as
    late as a late patient allows (11.3)."""
    late = parameters.duration("arrival.late_max")
    return StayLength(
        lead=parameters.duration("arrival.lead"),
        observed=dosing_length(modality, parameters) + late,
        length=session_length(modality, parameters),
    )


def patients_per_nurse(parameters: Parameters) -> int:
    """For how many who are not dosing one nurse may care at a time (1.3)."""
    return parameters.integer("staff.recovery_per_nurse")


def nurses_on(day: date, clinic: Clinic) -> tuple[str, ...]:
    """The nurses who may watch a patient on that day, credentials in date (1.3, 11.33). Where a
    journey is pinned to a clinic that names nobody, one for each chair is taken as given."""
    if not clinic.staff:
        return tuple(f"nurse-{number}" for number in range(1, clinic.chairs + 1))
    return tuple(
        member.id
        for member in clinic.staff
        if member.role is Role.NURSE
        and {c.kind for c in member.credentials if c.expires_on >= day} >= TRAINED
    )


def later_starts(
    wanted: datetime,
    clinic: Clinic,
    modality: Modality,
    parameters: Parameters,
    *,
    until: datetime | None = None,
) -> tuple[datetime, ...]:
    """Where to look when the wanted hour is taken: every so many minutes inside opening hours,
    later on that day and on the days after it, each with room for the whole session before
    closing (4.2, 11.44). Later than the wanted hour, so that no spacing is cut (4.1). `until`: the
    last moment that still belongs to the series."""
    step = parameters.duration("booking.step")
    length = session_length(modality, parameters)
    first = local_date(wanted, clinic)
    found: list[datetime] = []
    for days in range(parameters.integer("booking.search_days") + 1):
        hours = opening(first + timedelta(days=days), clinic)
        if hours is None:
            continue
        opens, closes = hours
        start = opens if days else max(opens, wanted + step)
        while start + length <= closes:
            found.append(start)
            start += step
    return tuple(start for start in found if until is None or start <= until)
