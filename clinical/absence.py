"""A patient of whom nobody has heard for long: from when on a psychiatrist is asked.

Clinical fact sheet, edge case 49.
"""

from datetime import datetime
from typing import Final

from clinical.parameters import Parameters
from schemas.journey import JourneyState, Phase

NOT_EXPECTED: Final = frozenset({Phase.DISCONTINUE_REFER, Phase.FOLLOW_UP, Phase.CLOSED})
"""The treatment is over: what is owed to the patient's safety has deadlines of its own."""


def ask_about_absence_at(state: JourneyState, parameters: Parameters) -> datetime | None:
    """When a psychiatrist is asked about a patient nobody has heard of, aware UTC. None before the
    first dose here, after the treatment, and while a treatment day is booked: there the patient is
    expected, and a missed day is somebody's question at once (11.49)."""
    doses = [s.dosed_at for s in state.sessions if s.dosed_at is not None and not s.source]
    ending = state.phase in NOT_EXPECTED or state.close_outcome is not None
    if not doses or ending or state.booking is not None or state.silenced:
        return None
    last = max(filter(None, (*doses, state.notes.seen_at, state.notes.absence_decided_at)))
    return last + parameters.duration("absence.ask_after")
