"""Never alone: how long an attendant's word holds, and whom to page while nobody answers.

Founding article: patients are not left alone. Fact sheet 1.3 (one observer for each patient who is
dosing) and 4.4 (an order of the engine must reach a person). Minutes are design defaults [D].
"""

from datetime import datetime, timedelta

from clinical.parameters import Parameters
from schemas.base import Reason, Role

LADDER = (Role.NURSE, Role.PRESCRIBER, Role.MEDICAL_DIRECTOR)
"""Who is paged, one after the other, until somebody answers. The last one is paged again."""


def presence_until(seen_at: datetime, parameters: Parameters) -> datetime:
    """Until when an attendant seen at `seen_at` counts as present (1.3). Aware UTC."""
    return seen_at + parameters.duration("attend.presence")


def judge_presence(
    seen_at: datetime | None, now: datetime, parameters: Parameters
) -> tuple[Reason, ...]:
    """Why the patient counts as alone at `now`; empty while an attendant's word holds (1.3).
    `seen_at` None: nobody was ever assigned."""
    if seen_at is None:
        return (_alone("no attendant"),)
    if now < presence_until(seen_at, parameters):
        return ()
    return (_alone(f"{(now - seen_at) / timedelta(minutes=1):.0f} min unseen"),)


def next_page_at(
    first_at: datetime, last_paged_at: datetime | None, parameters: Parameters
) -> datetime:
    """When the next person is paged: the first at `first_at`, each further one a step after the
    last (4.4). Whatever was slept through is one page, not many."""
    if last_paged_at is None:
        return first_at
    return last_paged_at + parameters.duration("attend.ladder_step")


def whom_to_page(paged: int) -> Role:
    """Who is paged next after `paged` people were; the top of the ladder is paged again and
    again (4.4)."""
    return LADDER[min(paged, len(LADDER) - 1)]


def acknowledge_by(given_at: datetime, parameters: Parameters) -> datetime:
    """Until when an automatic pause or stop may stay unanswered; then others are paged (4.4)."""
    return given_at + parameters.duration("order.acknowledge")


def _alone(fact: str) -> Reason:
    text = "Somebody must be with the patient at once."
    return Reason(code="patient_alone", text=text, fact=fact, source="seed")
