"""How the last infusions were borne, as their treatment days showed it (fact sheet 7.3)."""

from collections.abc import Sequence

from clinical.parameters import Parameters
from schemas.infusion import SessionResult
from schemas.reevaluation import Tolerability


def judge_tolerability(
    sessions: Sequence[SessionResult], parameters: Parameters
) -> tuple[Tolerability, tuple[str, ...]]:
    """(how treatment was borne, codes of what speaks against it), by the newest dosed sessions, as
    many as titration looks back on. Badly because of the infusion itself when each of them was
    paused, stopped or very distressing; badly otherwise when each brought vomiting or a serious
    event. A single bad day does not decide: it is among the codes for the person who does
    (7.3)."""
    looked_at = parameters.integer("iv.titration_after")
    newest = [s for s in sessions if s.dosed_at is not None][-looked_at:]
    infusion = [bool(s.pauses or s.stop_events or s.severe_distress) for s in newest]
    other = [bool(s.vomited or s.serious_events) for s in newest]
    codes = (
        *(("infusion_badly_borne",) if any(infusion) else ()),
        *(("vomiting_or_serious_event",) if any(other) else ()),
    )
    if len(newest) >= looked_at and all(infusion):
        return Tolerability.POOR_IV, codes
    if len(newest) >= looked_at and all(other):
        return Tolerability.POOR, codes
    return Tolerability.GOOD, codes
