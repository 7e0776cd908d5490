"""The query of the prescription monitoring programme before a dose (fact sheet 2.3, 8.1)."""

from datetime import datetime, time, timedelta

from clinical.clinic_hours import at_local, is_business_day, local_date
from clinical.parameters import Parameters
from schemas.base import Role
from schemas.infusion import Missing
from schemas.protocol import Clinic


def missing_query(
    queried_at: datetime | None,
    dosing_at: datetime,
    clinic: Clinic,
    parameters: Parameters,
    *,
    first: bool,
) -> list[Missing]:
    """Whether the programme must be queried again before this dose: for the `first` one within 24
    hours, or on the last business day where yesterday was none; later every 90 days. A query whose
    time is not recorded leaves nothing missing: no journey keeps it yet (2.3, 8.1)."""
    if queried_at is None:
        return []
    if first:
        oldest = dosing_at - parameters.duration("pdmp.first_lookback")
        oldest = min(oldest, _last_business_day(dosing_at, clinic) or oldest)
    else:
        oldest = dosing_at - parameters.duration("pdmp.repeat")
    if queried_at >= oldest:
        return []
    text = "The prescription monitoring programme must be queried again before the dose."
    return [Missing(code="pdmp_query_outdated", text=text, supplied_by=Role.PRESCRIBER)]


def _last_business_day(dosing_at: datetime, clinic: Clinic) -> datetime | None:
    """The beginning of the last business day, where the day before the dose was none."""
    today = local_date(dosing_at, clinic)
    day = today - timedelta(days=1)
    if is_business_day(day):
        return None
    while not is_business_day(day):
        day -= timedelta(days=1)
    return at_local(day, time(0), clinic)
