"""Another screening in mid-course: what it takes over from the last one, and what it must bring.

Fact sheet 2.3; edge cases 15, 19 and 36.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from clinical.clearance import INTOXICATED, is_running, modality_of
from clinical.clinic_hours import local_date
from clinical.parameters import Parameters
from clinical.readiness_today import CLEARANCE_VOIDED, TREATED_ELSEWHERE
from clinical.screening import judge_screening
from clinical.work_up import READ, standing_results, unknown_results
from schemas.base import Reason
from schemas.journey import JourneyState
from schemas.screening import Screening, ScreeningDecision, WorkUp

ANSWERED_BY: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(CLEARANCE_VOIDED, "history_physical"),
        **dict.fromkeys(TREATED_ELSEWHERE, "pdmp"),
        INTOXICATED: "uds",
    }
)
"""What voided a clearance -> the test that has to be made again before it is given anew."""

ANEW: Final[Mapping[str, str]] = MappingProxyType(
    {
        "history_physical": "The patient is examined anew, after what voided the clearance.",
        "uds": "The drug screen is taken again, after the day of the positive one.",
        "pdmp": "The monitoring programme is queried again, after what is to be reconciled.",
    }
)

MOST_RESULTS: Final = 80
"""As many as a screening holds."""


def judge_again(
    state: JourneyState, screening: Screening, now: datetime, parameters: Parameters
) -> ScreeningDecision:
    """Another screening of a patient under treatment, weighed for the course's medicine and for the
    dose that is planned next. What voided the clearance must have been looked at anew (2.3,
    11.15)."""
    dosing_at = max(now, state.booking.scheduled_at) if state.booking else now
    whole = screened_again(state.screening, screening, dosing_at, parameters)
    decision = judge_screening(
        whole,
        modality_of(state),
        dosing_at,
        parameters,
        running=is_running(state, dosing_at, parameters),
    )
    anew = not_looked_at_anew(state, whole)
    if not anew:
        return decision
    missing = (*decision.missing, *anew)
    return decision.model_copy(update={"missing": missing, "valid_until": None})


def screened_again(
    before: Screening | None, screening: Screening, dosing_at: datetime, parameters: Parameters
) -> Screening:
    """The newer screening with what it does not say itself: of each kind the earlier result that
    stands, so that a positive is not lost by being left out, and the measures of the body. Who
    could become pregnant still can unless a test is waived on the day (2.3, 11.9)."""
    if before is None:
        return screening
    earlier = standing_results(before.work_up, dosing_at, parameters)
    told = {result.kind for result in screening.work_up}
    unread = unknown_results(before.work_up, dosing_at)
    kept = sorted((*earlier.values(), *unread), key=lambda r: (r.kind not in told, r.taken_at))
    kept = kept[max(0, len(kept) + len(screening.work_up) - MOST_RESULTS) :]
    return screening.model_copy(
        update={
            "work_up": (*kept, *screening.work_up),
            "weight_kg": screening.weight_kg or before.weight_kg,
            "height_cm": screening.height_cm or before.height_cm,
            "age_years": screening.age_years or before.age_years,
            "can_become_pregnant": screening.can_become_pregnant or before.can_become_pregnant,
        }
    )


def not_looked_at_anew(state: JourneyState, screening: Screening) -> tuple[Reason, ...]:
    """What voided the clearance and no result since then speaks of (11.15, 11.19, 11.36)."""
    since = state.clearance_voided_at
    if since is None:
        return ()
    owed = dict.fromkeys(
        ANSWERED_BY[code] for code in state.clearance_voided if code in ANSWERED_BY
    )
    day = local_date(since, state.clinic)
    return tuple(
        Reason(code=f"{kind}_not_anew", text=ANEW[kind], fact=day.isoformat(), source="11.15")
        for kind in owed
        if not any(_read_since(result, kind, since, state) for result in screening.work_up)
    )


def from_the_future(
    results: Iterable[WorkUp], state: JourneyState, now: datetime
) -> tuple[Reason, ...]:
    """A result dated after today was not taken yet: it would clear for longer than it can (2.3)."""
    today = local_date(now, state.clinic)
    text = "a test is made before its result is recorded"
    return tuple(
        Reason(code="result_ahead", text=text, fact=result.kind, source="2.3")
        for result in results
        if local_date(result.taken_at, state.clinic) > today
    )


def _read_since(result: WorkUp, kind: str, since: datetime, state: JourneyState) -> bool:
    """On the day itself too: who was told of it may have looked at once."""
    on = local_date(result.taken_at, state.clinic)
    named = result.kind == kind and result.result in READ
    return named and on >= local_date(since, state.clinic)
