"""How the last infusions were borne: one bad day does not decide, two in a row do (7.3)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from clinical.parameters import Parameters
from clinical.tolerability import judge_tolerability
from schemas.infusion import DoseOutcome, SessionPhase, SessionResult
from schemas.reevaluation import Tolerability
from schemas.screening import Modality

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
PAUSED, STOPPED, DISTRESSED = {"pauses": 1}, {"stop_events": 1}, {"severe_distress": True}
SICK, SERIOUS, CALM = {"vomited": True}, {"serious_events": 1}, {}
NEVER_DOSED = {"dosed_at": None, "outcome": DoseOutcome.NONE, "pauses": 1}


def _day(number: int, **shown: Any) -> SessionResult:
    return SessionResult(
        **{
            "session_id": f"journey-philippa-infusion-{number}",
            "modality": Modality.IV_KETAMINE,
            "number": number,
            "phase": SessionPhase.DISCHARGED,
            "outcome": DoseOutcome.COMPLETED,
            "scheduled_at": AT,
            "dosed_at": AT,
            "ended_at": AT,
            **shown,
        }
    )


@pytest.mark.parametrize(
    ("days", "borne", "codes"),
    [
        ((), Tolerability.GOOD, ()),
        ((CALM, CALM), Tolerability.GOOD, ()),
        ((PAUSED,), Tolerability.GOOD, ("infusion_badly_borne",)),
        ((PAUSED, CALM), Tolerability.GOOD, ("infusion_badly_borne",)),
        ((CALM, STOPPED), Tolerability.GOOD, ("infusion_badly_borne",)),
        ((PAUSED, DISTRESSED), Tolerability.POOR_IV, ("infusion_badly_borne",)),
        ((STOPPED, PAUSED, CALM, CALM), Tolerability.GOOD, ()),
        ((CALM, STOPPED, PAUSED), Tolerability.POOR_IV, ("infusion_badly_borne",)),
        ((SICK, SERIOUS), Tolerability.POOR, ("vomiting_or_serious_event",)),
        ((CALM, CALM, NEVER_DOSED), Tolerability.GOOD, ()),
    ],
)
def test_two_bad_infusions_in_a_row_are_badly_borne(
    days: tuple[dict[str, Any], ...], borne: Tolerability, codes: tuple[str, ...]
) -> None:
    sessions = [_day(number, **shown) for number, shown in enumerate(days, start=1)]

    assert judge_tolerability(sessions, Parameters.default()) == (borne, codes)
