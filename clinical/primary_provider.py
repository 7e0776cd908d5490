"""A primary mental-health provider is lost in mid-course: until when another has to be named.

Clinical fact sheet, edge case 53.
"""

from datetime import datetime

from clinical.parameters import Parameters
from schemas.base import Reason
from schemas.journey import JourneyState, Phase
from schemas.primary_provider import ChangeProvider

ENDING = frozenset({Phase.DISCONTINUE_REFER, Phase.FOLLOW_UP, Phase.CLOSED})
"""Nothing more is dosed: there is nothing to hold."""


def judge_change(state: JourneyState, command: ChangeProvider) -> tuple[Reason, ...]:
    """Why this change cannot be taken; empty when it can (11.53)."""
    if state.evaluation is None:
        text = "the evaluation names the first provider"
        return (Reason(code="not_evaluated", text=text),)
    if command.provider is None and state.provider_lost_at is not None:
        text = "this is known: another provider is being looked for"
        return (Reason(code="provider_already_lost", text=text),)
    return ()


def named_by(state: JourneyState, parameters: Parameters) -> datetime | None:
    """Until when another provider has to be named, aware UTC; None while there is one
    (11.53)."""
    lost_at = state.provider_lost_at
    return lost_at and lost_at + parameters.duration("pmhp.replace_within")


def provider_missing(
    state: JourneyState, now: datetime, parameters: Parameters
) -> tuple[Reason, ...]:
    """Why treatment does not go on; empty while there is a provider or time to name one (11.53)."""
    by = named_by(state, parameters)
    if by is None or now < by:
        return ()
    text = "No primary mental-health provider: name one first."
    return (Reason(code="provider_missing", text=text, fact=by.isoformat(), source="11.53"),)
