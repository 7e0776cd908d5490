"""Pressure too high before the dose, time and again: the medicines are looked at before the next.

Clinical fact sheet, 4.4 and edge case 6.
"""

from collections.abc import Sequence
from datetime import datetime

from clinical.parameters import Parameters
from clinical.predose_rules import predose_signs
from schemas.base import Reason
from schemas.infusion import SessionResult, VitalSigns

TOO_HIGH = frozenset({"pressure_review", "pressure_block"})
"""Still high after rest, or so high twice that there is no dose today."""


def high_before_dose(readings: Sequence[VitalSigns], parameters: Parameters) -> bool:
    """Whether the readings before a dose, in order, came to a pressure too high for it (4.4)."""
    return any(
        sign.reason.code in TOO_HIGH
        for number, reading in enumerate(readings)
        for sign in predose_signs(reading, readings[:number], parameters)
    )


def judge_high_days(
    sessions: Sequence[SessionResult], reviewed_at: datetime | None, parameters: Parameters
) -> tuple[Reason, ...]:
    """Why a prescriber looks at the medicines before the next dose; empty when none has to. Only
    days since the last review count (11.6)."""
    high = [
        session.ended_at
        for session in sessions
        if session.pressure_high and (reviewed_at is None or session.ended_at > reviewed_at)
    ]
    within = parameters.duration("bp.review_window")
    days = [at for at in high if high[-1] - at <= within]
    if not days or len(days) < parameters.integer("bp.review_days"):
        return ()
    text = "Pressure too high before the dose more than once in a week: review the medicines."
    fact = f"{len(days)} days"
    return (Reason(code="medication_review", text=text, fact=fact, source="11.6"),)
