"""The query of the prescription monitoring programme before a dose (fact sheet 2.3, 8.1)."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from clinical.clinic_hours import at_local, is_business_day, local_date
from clinical.parameters import Parameters
from clinical.work_up import READ
from schemas.base import Reason, Role
from schemas.infusion import Missing, SessionPlan
from schemas.journey import JourneyState
from schemas.protocol import Clinic

PDMP = "pdmp"
"""The query in a screening's work-up and among the periodic checks."""


def missing_query(
    queried_at: datetime | None,
    dosing_at: datetime,
    clinic: Clinic,
    parameters: Parameters,
    *,
    first: bool,
    now: datetime | None = None,
    by: datetime | None = None,
) -> list[Missing]:
    """Whether the programme must be queried before this dose: for the `first` one within 24 hours,
    or on the last business day where yesterday was none; later every 90 days. Whoever the state
    lets do it makes the query; the prescriber answers for it (2.3, 8.1). `now`: judged ahead,
    nothing is missing as long as a query made now would be too old at the dose."""
    if first:
        oldest = dosing_at - parameters.duration("pdmp.first_lookback")
        oldest = min(oldest, _last_business_day(dosing_at, clinic) or oldest)
    else:
        oldest = dosing_at - parameters.duration("pdmp.repeat")
    if now is not None and now < oldest:
        return []
    if queried_at is None:
        text = "The prescription monitoring programme must be queried before the dose."
        return [_missing("pdmp_query_missing", text, by)]
    if queried_at >= oldest:
        return []
    text = "The prescription monitoring programme must be queried again before the dose."
    return [_missing("pdmp_query_outdated", text, by)]


def is_first_dose(plan: SessionPlan) -> bool:
    """Whether nothing was dosed here before; doses given elsewhere are not this clinic's (8.1,
    11.37)."""
    elsewhere = bool(plan.history) and all(day.source for day in plan.history)
    return plan.last_dose_at is None or elsewhere


def known_query(queries: Iterable[datetime | None], dosing_at: datetime) -> datetime | None:
    """The newest query that was made before the dose; None where none is known (8.1)."""
    return max((at for at in queries if at is not None and at <= dosing_at), default=None)


def last_query(state: JourneyState) -> datetime | None:
    """When the programme was queried last, as far as the journey knows: for a screening, as a
    periodic check, ahead of a day or at the chair (2.3, 8.1)."""
    work_up = state.screening.work_up if state.screening else ()
    screened = [r.taken_at for r in work_up if r.kind == PDMP and r.result in READ]
    told = state.notes.monitoring.get(PDMP)
    return max((*screened, *([told] if told else ())), default=None)


def judge_told(at: datetime | None, clinic: Clinic, now: datetime) -> tuple[Reason, ...]:
    """Why a query cannot be told with this moment: a day that has not come is a slip (8.1)."""
    if at is None or local_date(at, clinic) <= local_date(now, clinic):
        return ()
    text = "a query is made before it is told"
    return (Reason(code="query_ahead", text=text, fact="pdmp_queried_at", source="8.1"),)


def _missing(code: str, text: str, by: datetime | None) -> Missing:
    return Missing(code=code, text=text, supplied_by=Role.PRESCRIBER, by=by)


def _last_business_day(dosing_at: datetime, clinic: Clinic) -> datetime | None:
    """The beginning of the last business day, where the day before the dose was none."""
    today = local_date(dosing_at, clinic)
    day = today - timedelta(days=1)
    if is_business_day(day):
        return None
    while not is_business_day(day):
        day -= timedelta(days=1)
    return at_local(day, time(0), clinic)
