"""In a drug shortage: in which order the booked days of a clinic should have the doses (11.32).

The fact sheet says "reprioritise by risk" and no more; the order of the four questions, and of the
answers to each, is a design default [D]. It is a proposal: people decide, and nothing is cancelled.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime

from clinical.parameters import Parameters
from clinical.response import Response, ResponseLevel, best_comparison
from clinical.risk_levels import ITEM_LADDER, LEVELS, RiskLevel
from clinical.scales import SYMPTOM_SCALES
from clinical.suicide_risk import triage_scores
from schemas.base import Reason, Value
from schemas.reevaluation import Instrument, Score

SOURCE = "11.32 [D]"


class Benefit(StrEnum):
    """How the patient does on treatment, in the order in which a dose is owed [D]: who responded
    and is losing it, who keeps a response by the doses, who has part of one, of whom nothing can be
    compared yet, and last who had none to lose."""

    RELAPSING = "relapsing"
    RESPONDING = "responding"
    PARTLY = "partly_responding"
    UNKNOWN = "response_unknown"
    NONE = "not_responding"
    WORSE = "worse_than_before"


BENEFITS = tuple(Benefit)
OF_LEVEL = {
    ResponseLevel.REMISSION: Benefit.RESPONDING,
    ResponseLevel.RESPONSE: Benefit.RESPONDING,
    ResponseLevel.PARTIAL: Benefit.PARTLY,
    ResponseLevel.NON_RESPONSE: Benefit.NONE,
    ResponseLevel.WORSENING: Benefit.WORSE,
    ResponseLevel.UNDEFINED: Benefit.UNKNOWN,
}
RISKS: tuple[RiskLevel | None, ...] = (
    RiskLevel.HIGH,
    RiskLevel.MODERATE,
    None,
    RiskLevel.LOW,
    RiskLevel.NONE,
)
"""None: nobody knows. Missing is not zero: it comes before a risk that is known to be low [D]."""

ASK = frozenset({*ITEM_LADDER, Instrument.C_SSRS})
"""Scales that ask about suicide: of the others nothing is learnt about it."""


class BookedDay(Value):
    """What is known of a booked treatment day. `open_risk`: the level of a suicide-risk review that
    nobody has closed yet; `scores`: in the order they were taken; `first_dose_at`,
    `last_dose_at`: None before the first."""

    session_id: str
    journey_id: str
    scheduled_at: AwareDatetime
    booked_at: AwareDatetime
    open_risk: RiskLevel | None = None
    scores: tuple[Score, ...] = ()
    first_dose_at: AwareDatetime | None = None
    last_dose_at: AwareDatetime | None = None


class Place(Value):
    """One day's place in the order, from 1. `dose`: whether the doses reach as far as it."""

    position: int
    dose: bool
    day: BookedDay
    reasons: tuple[Reason, ...]


def order_doses(
    days: Iterable[BookedDay], doses: int, now: datetime, parameters: Parameters
) -> tuple[Place, ...]:
    """The days by suicide risk, then by benefit, then by the gap since the last dose, the longest
    first and a first dose last, then in the order in which they were booked (11.32) [D]."""
    judged = [(day, _risk(day, parameters), _benefit(day, parameters)) for day in days]
    judged.sort(key=lambda found: _key(found[0], found[1], found[2], now))
    return tuple(
        Place(
            position=position,
            dose=position <= doses,
            day=day,
            reasons=_reasons(day, risk, benefit, now),
        )
        for position, (day, risk, benefit) in enumerate(judged, start=1)
    )


def _key(
    day: BookedDay, risk: RiskLevel | None, benefit: Benefit, now: datetime
) -> tuple[int, int, float, datetime, str]:
    gap_s = (now - day.last_dose_at).total_seconds() if day.last_dose_at else -1
    return RISKS.index(risk), BENEFITS.index(benefit), -gap_s, day.booked_at, day.session_id


def _risk(day: BookedDay, parameters: Parameters) -> RiskLevel | None:
    """The higher of an open review's level and what the newest answer on each scale that asks about
    suicide shows; None when nobody asked."""
    newest = {score.instrument: score for score in day.scores if score.instrument in ASK}
    shown = triage_scores(tuple(newest.values()), parameters)
    known = [day.open_risk] if day.open_risk else []
    if newest and (shown.complete or shown.level is not RiskLevel.NONE):
        known.append(shown.level)
    return max(known, key=LEVELS.index, default=None)


def _benefit(day: BookedDay, parameters: Parameters) -> Benefit:
    """The newest score against the last before the first dose; whoever responded at any score in
    between and does not any more is relapsing."""
    first = day.first_dose_at
    if first is None:
        return Benefit.UNKNOWN
    scales = [score for score in day.scores if score.instrument in SYMPTOM_SCALES]
    before = [score for score in scales if score.taken_at <= first]
    after = sorted((s for s in scales if s.taken_at > first), key=lambda score: score.taken_at)
    compared = [_compared(before, after[: n + 1], parameters) for n in range(len(after))]
    if not compared:
        return Benefit.UNKNOWN
    if any(past.responded for past in compared) and not compared[-1].responded:
        return Benefit.RELAPSING
    return OF_LEVEL[compared[-1].level]


def _compared(before: Sequence[Score], after: Sequence[Score], parameters: Parameters) -> Response:
    return best_comparison(before, after, parameters)


def _reasons(
    day: BookedDay, risk: RiskLevel | None, benefit: Benefit, now: datetime
) -> tuple[Reason, ...]:
    level = f"risk_{risk.value}" if risk else "risk_unknown"
    booked = f"{day.booked_at:%Y-%m-%d %H:%M}Z"
    said = [
        (level, f"Suicide risk: {risk.value if risk else 'not known'}", None),
        (benefit.value, f"Response: {benefit.value.replace('_', ' ')}", None),
        ("booking_order", f"Booked {booked}", booked),
    ]
    if day.last_dose_at is None:
        said.insert(2, ("first_dose", "No dose has been given yet", None))
    else:
        days = (now - day.last_dose_at).days
        said.insert(2, ("gap_since_dose", f"{days} days since the last dose", str(days)))
    return tuple(Reason(code=c, text=text, fact=fact, source=SOURCE) for c, text, fact in said)
