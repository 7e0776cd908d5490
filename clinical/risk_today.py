"""Suicide risk on a treatment day: what was told, who may tell of it, review it and lower it.

Clinical fact sheet, 4.2, 6.3 and 6.4, edge case 17. A review is its reviewer's own word, and stands
for the danger it was made on.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from clinical.mood_scale import risk_by_scale
from clinical.parameters import Parameters
from clinical.permissions import CLINICAL
from clinical.risk_levels import LEVELS, RiskLevel
from schemas.base import Actor, Reason, Role
from schemas.infusion import CheckIn, Missing

DECIDES: Mapping[RiskLevel, frozenset[Role]] = MappingProxyType(
    {
        RiskLevel.HIGH: frozenset({Role.PSYCHIATRIST}),
        RiskLevel.MODERATE: frozenset({Role.PSYCHIATRIST, Role.PRESCRIBER}),
    }
)
"""Who may let treatment go on at a level, or say that it is lower (6.4)."""

REVIEWS_MEDICINES = frozenset({Role.PRESCRIBER, Role.MEDICAL_DIRECTOR})
"""Who may review a medicine that is new since the last visit (11.14)."""

DANGER = frozenset(DECIDES)
"""The levels that somebody answers for before a dose."""


def risk_told(check_in: CheckIn | None, now: datetime, parameters: Parameters) -> RiskLevel:
    """The worst of what the screener and the scale's own item say; none before either (6.3)."""
    if check_in is None:
        return RiskLevel.NONE
    by_scale = risk_by_scale(check_in.mood_scale, now, parameters)
    return _worse(_screened(check_in), by_scale)


def missing_risk(check_in: CheckIn, by_scale: RiskLevel) -> list[Missing]:
    """The screener of today; and before a dose a psychiatrist's own word on a high risk, which a
    scale's item presumes until somebody has assessed it, or a prescriber's on a moderate one (6.3,
    6.4)."""
    missing = []
    if check_in.suicide_risk is None:
        text = "The C-SSRS screener, done today."
        missing.append(Missing(code="suicide_risk_missing", text=text, supplied_by=Role.NURSE))
    level = _worse(_screened(check_in), by_scale)
    reviewer = check_in.suicide_risk_reviewed_by
    if level not in DANGER or (reviewer is not None and reviewer.role in DECIDES[level]):
        return missing
    if level is RiskLevel.HIGH:
        text = "High suicide risk: do not leave alone; a psychiatrist sees the patient now."
        supplied_by = Role.PSYCHIATRIST
    else:
        text = "Moderate suicide risk: assessment today, and the prescriber decides."
        supplied_by = Role.PRESCRIBER
    return [*missing, Missing(code=f"suicide_risk_{level}", text=text, supplied_by=supplied_by)]


def judge_arrival(check_in: CheckIn) -> tuple[Reason, ...]:
    """Why a check-in cannot say what it says of suicide risk and of reviews; empty when it can
    (4.2, 6.4)."""
    named = (
        ("suicide_risk_reviewed", check_in.suicide_risk_reviewed_by, DECIDES[RiskLevel.MODERATE]),
        ("medicines_reviewed", check_in.medicines_reviewed_by, REVIEWS_MEDICINES),
    )
    another = [
        _not_own(field, roles)
        for field, reviewer, roles in named
        if reviewer is not None and not _own(reviewer, check_in.actor, roles)
    ]
    return (*another, *judge_screener(check_in.suicide_risk, check_in.actor))


def judge_screener(level: str | None, teller: Actor) -> tuple[Reason, ...]:
    """Whether this person may state the screener's level. A danger is told by whoever hears of it;
    that there is none, only by somebody who asks the questions (1.3, 6.4)."""
    if level is None or RiskLevel(level) in DANGER or teller.role in CLINICAL:
        return ()
    text = "a clinical role says that the screener shows little or no risk; leave it to the nurse"
    return (Reason(code="screener_not_clinical", text=text, source="6.4"),)


def judge_change(
    before: CheckIn, after: CheckIn, teller: Actor, now: datetime, parameters: Parameters
) -> tuple[Reason, ...]:
    """Why what was told of suicide risk today cannot be changed so by this person. The screener and
    the scale count each for itself: neither is answered away by the other (6.4)."""
    answers = (
        (_screened(before), _screened(after)),
        (
            risk_by_scale(before.mood_scale, now, parameters),
            risk_by_scale(after.mood_scale, now, parameters),
        ),
    )
    refused = (
        was
        for was, now_told in answers
        if _lower(now_told, was) and was in DANGER and teller.role not in DECIDES[was]
    )
    return tuple(
        Reason(
            code="risk_told_higher",
            text=f"{was} suicide risk was told today: {_who(DECIDES[was])} says that it is lower",
            fact=was.value,
            source="6.4",
        )
        for was in dict.fromkeys(refused)
    )


def judge_review(level: RiskLevel, reviewer: Actor) -> tuple[Reason, ...]:
    """Whether this person's own review stands for this level (6.4)."""
    may = DECIDES.get(level, DECIDES[RiskLevel.MODERATE])
    if reviewer.role in may:
        return ()
    text = f"{level} suicide risk is reviewed by: {_who(may)}"
    return (Reason(code="wrong_role", text=text, fact=level.value, source="6.4"),)


def lapses(before: RiskLevel, after: RiskLevel) -> bool:
    """Whether a review of `before` stands no longer: what it was made on has got worse (6.4)."""
    return _lower(before, after)


def is_news(level: str | None, heard: RiskLevel, observed: RiskLevel) -> bool:
    """Whether a danger told on a discharge form is one that people have not been told of: worse
    than what was told since the dose (`observed`), and than the whole day's (`heard`) unless it is
    high, which is never simply discharged (6.4)."""
    told = RiskLevel(level or RiskLevel.NONE)
    new_today = told is RiskLevel.HIGH or _lower(heard, told)
    return told in DANGER and new_today and _lower(observed, told)


def worst_level(levels: Iterable[str | None]) -> RiskLevel | None:
    """The worst of some levels; None where nobody told any (6.4)."""
    told = [RiskLevel(level) for level in levels if level is not None]
    return max(told, key=LEVELS.index, default=None)


def _own(reviewer: Actor, teller: Actor, roles: frozenset[Role]) -> bool:
    return reviewer == teller and reviewer.role in roles


def _not_own(field: str, roles: frozenset[Role]) -> Reason:
    text = f"a review is its reviewer's own word: {_who(roles)} sends supply_missing with {field}"
    return Reason(code="review_not_own", text=text, fact=field, source="4.2")


def _who(roles: frozenset[Role]) -> str:
    return " or ".join(sorted(role.value for role in roles))


def _screened(check_in: CheckIn) -> RiskLevel:
    return RiskLevel(check_in.suicide_risk or RiskLevel.NONE)


def _worse(one: RiskLevel, other: RiskLevel) -> RiskLevel:
    return max(one, other, key=LEVELS.index)


def _lower(one: RiskLevel, other: RiskLevel) -> bool:
    return LEVELS.index(one) < LEVELS.index(other)
