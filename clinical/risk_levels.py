"""The levels of suicide risk, what each asks for, and the answers that lead to them.

Clinical fact sheet, sections 6.3 and 6.4.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from pydantic import Field

from schemas.base import Reason, Value
from schemas.reevaluation import Instrument


class RiskLevel(StrEnum):
    """The Columbia triage levels, mildest first (6.4)."""

    NONE = "none"
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


class DoseToday(StrEnum):
    """Who may still order a dose today, mildest first."""

    YES = "yes"
    PRESCRIBER_DECIDES = "prescriber_decides"
    PSYCHIATRIST_IN_PERSON = "psychiatrist_in_person"


class RiskDecision(Value):
    """`respond_within`: from now to a clinician's contact, None when none is owed.
    `acknowledge_within`: for a page to the on-call clinician. `complete`: nothing unanswered."""

    level: RiskLevel
    respond_within: timedelta | None = None
    acknowledge_within: timedelta | None = None
    actions: tuple[str, ...] = ()
    dose_today: DoseToday = DoseToday.YES
    complete: bool = True
    reasons: tuple[Reason, ...] = ()


class ScreenerAnswers(Value):
    """The C-SSRS screener, since the last visit. None: not asked or not answered."""

    wish_dead: bool | None = Field(None, description="question 1, yes or no")
    thoughts: bool | None = Field(None, description="question 2, yes or no")
    method: bool | None = Field(None, description="question 3, yes or no")
    intent: bool | None = Field(None, description="question 4, yes or no")
    plan_and_intent: bool | None = Field(None, description="question 5, yes or no")
    behaviour_ever: bool | None = Field(None, description="question 6, ever, yes or no")
    behaviour_3_months: bool | None = Field(None, description="question 6, past 3 months")


LEVELS = tuple(RiskLevel)

ITEM_LADDER: Mapping[Instrument, tuple[int, ...]] = MappingProxyType(
    {
        Instrument.PHQ9: (0, 1, 2, 3),
        Instrument.QIDS_SR16: (0, 1, 2, 3),
        Instrument.MADRS: (0, 1, 1, 1, 2, 3, 3),
    }
)
"""Answer to the instrument's suicide item -> rung of PHQ-9 item 9. MADRS 4 is common suicidal
thoughts, 5 and 6 lead to plans (scale text [K]; mapping [D])."""

ACTIONS: Mapping[RiskLevel, tuple[str, ...]] = MappingProxyType(
    {
        RiskLevel.NONE: (),
        RiskLevel.LOW: ("c_ssrs_screener", "behavioural_health_follow_up", "review_safety_plan"),
        RiskLevel.MODERATE: (
            "c_ssrs_screener",
            "clinician_assessment_today",
            "review_safety_plan",
            "means_safety",
            "companion",
            "notify_primary_provider",
        ),
        RiskLevel.HIGH: (
            "do_not_leave_alone",
            "psychiatrist_now",
            "emergency_disposition",
            "never_simply_discharge",
            "notify_primary_provider",
        ),
    }
)
"""What is done at each level, sections 6.3 and 6.4."""
