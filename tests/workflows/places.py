"""Where a journey may start in a test: the state of each phase as its story would have left it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.authorization import Authorization
from schemas.base import Role
from schemas.consent import Consent, ConsentStatus
from schemas.infusion import DoseOutcome, SessionPhase, SessionResult
from schemas.journey import Booking, Phase
from schemas.reevaluation import Instrument, Score
from schemas.screening import Modality
from simulator import papers
from simulator.papers import STAFF

CLEARED = timedelta(days=29)
"""As long as a screening of yesterday clears for a start; a course that goes on is kept up by
another one, asked for in time."""
AGREED = timedelta(days=300)
"""As long as consent, or the insurer's word, holds."""


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the test's own clock, not a decision's


def by(role: Role, key: str) -> dict[str, Any]:
    """Who gives a command, under which key."""
    return {"command_id": key, "actor": STAFF[role]}


def signed(
    modality: Modality = Modality.IV_KETAMINE, *, valid: timedelta = AGREED
) -> dict[Modality, Consent]:
    """Consent in force for `valid` from now."""
    at = now()
    return {
        modality: Consent(
            form=papers.consent(modality),
            status=ConsentStatus.SIGNED,
            signed_at=at - timedelta(days=1),
            valid_until=at + valid,
        )
    }


def authorized(valid: timedelta = AGREED) -> Authorization:
    """The insurer has approved the spray for so long from now."""
    at = now()
    return Authorization(approved=True, valid_until=(at + valid).date(), recorded_at=at)


def dosed(number: int, days_ago: float, **changes: Any) -> SessionResult:
    """An infusion that was given some days ago."""
    at = now() - timedelta(days=days_ago)
    return SessionResult(
        **{
            "session_id": f"journey-before-infusion-{number}",
            "modality": Modality.IV_KETAMINE,
            "number": number,
            "phase": SessionPhase.DISCHARGED,
            "outcome": DoseOutcome.COMPLETED,
            "delivered_mg": 35.0,
            "scheduled_at": at,
            "dosed_at": at,
            "ended_at": at + timedelta(hours=2),
            **changes,
        }
    )


def scored(total: float, days_ago: float = 0, instrument: Instrument = Instrument.PHQ9) -> Score:
    return Score(
        instrument=instrument,
        total=total,
        taken_at=now() - timedelta(days=days_ago),
        suicidality=0,
    )


def cleared(phase: Phase = Phase.INFUSION_SERIES, **changes: Any) -> dict[str, Any]:
    """A patient who may be treated."""
    at = now()
    return {
        "phase": phase,
        "evaluation": papers.evaluation(at),
        "eligible": True,
        "screening": papers.screening(at),
        "consents": signed(),
        "cleared": True,
        "clearance_valid_until": at + CLEARED,
        "authorization": authorized(),
        "scores": [scored(19, 30)],
        "baseline": [scored(19, 30)],
        **changes,
    }


def treated(
    phase: Phase = Phase.REEVALUATION, *, infusions: int = 6, **more: Any
) -> dict[str, Any]:
    """A patient after an infusion series, the last dose three days ago; in maintenance, with the
    consent signed since the move to it."""
    if phase is Phase.MAINTENANCE and "maintenance_since" not in more:
        asked = more.setdefault("consents", signed())[Modality.IV_KETAMINE]
        more["maintenance_since"] = asked.signed_at - timedelta(hours=1)
    results = [dosed(n, 3 + 3 * (infusions - n)) for n in range(1, infusions + 1)]
    changes = {"sessions": results, "booked": {Modality.IV_KETAMINE: infusions}, **more}
    return cleared(phase, **changes)


def adopting(session_id: str) -> dict[str, Any]:
    """A run that begins with a session open which has ended in between."""
    booking = Booking(
        session_id=session_id, modality=Modality.IV_KETAMINE, number=1, scheduled_at=now()
    )
    return cleared(runs=2, booking=booking, booked={Modality.IV_KETAMINE: 1})
