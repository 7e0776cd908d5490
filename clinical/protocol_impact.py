"""What a journey would feel of another protocol version: where it stands now, and further on.

Clinical fact sheet, section 13: a change of protocol is shown before anybody is moved to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from clinical.journey import TABLE
from clinical.protocol_compare import Difference
from schemas.journey import Phase
from schemas.screening import Modality


@dataclass(frozen=True, slots=True)
class Impact:
    """`now`: felt in the phase a journey is in; `later`: only in phases it may still come to."""

    now: tuple[Difference, ...]
    later: tuple[Difference, ...]


def impact(differences: Iterable[Difference], phase: Phase) -> Impact:
    """What of these differences a journey in this phase feels. A journey on hold may go back
    anywhere: it feels them all; one that has closed feels none. Fact sheet, section 13."""
    if phase is Phase.CLOSED:
        return Impact((), ())
    if phase is Phase.ON_HOLD:
        return Impact(tuple(differences), ())
    now, later = [], []
    ahead = _ahead(phase)
    for difference in differences:
        if difference.felt_by(phase, _given_in(phase)):
            now.append(difference)
        elif any(difference.felt_by(coming, _given_in(coming)) for coming in ahead):
            later.append(difference)
    return Impact(tuple(now), tuple(later))


def _given_in(phase: Phase) -> Modality | None:
    """The medicine that is given in a phase; None where it may be either, or none is given."""
    match phase:
        case Phase.SWITCH_ESKETAMINE:
            return Modality.ESKETAMINE
        case Phase.SCHEDULED | Phase.INFUSION_SERIES | Phase.TAPER | Phase.MAINTENANCE:
            return Modality.IV_KETAMINE
        case _:
            return None


def _ahead(phase: Phase) -> frozenset[Phase]:
    """Every phase that the plan may still lead to; holds lead back to where they were entered."""
    found: set[Phase] = set()
    waiting = [phase]
    while waiting:
        at = waiting.pop()
        following = {to for (came_from, _), to in TABLE.items() if came_from is at} - {
            Phase.ON_HOLD
        }
        waiting += following - found
        found |= following
    return frozenset(found)
