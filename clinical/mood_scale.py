"""The mood scale of a treatment day: answered that day and before the dose, never back-dated.

Clinical fact sheet, 2.3, 7.1 and edge case 41: PHQ-9 or QIDS-SR16 at every session.
"""

from datetime import datetime

from clinical.clinic_hours import local_date
from clinical.instruments import score
from clinical.parameters import Parameters
from clinical.risk_levels import RiskLevel
from clinical.scales import SCALES as ALL_SCALES
from clinical.suicide_risk import triage_scores
from schemas.base import Role
from schemas.infusion import CheckIn, Missing, SessionPlan
from schemas.reevaluation import Assessment, Instrument, Score

SCALES = frozenset({Instrument.PHQ9, Instrument.QIDS_SR16})


def missing_mood_scale(
    plan: SessionPlan, check_in: CheckIn, dosing_at: datetime, parameters: Parameters
) -> list[Missing]:
    """What keeps today's scale from standing; empty when it does (11.41)."""
    if not plan.mood_scale_needed:
        return []
    scale = check_in.mood_scale
    if scale is None:
        return [_needs("mood_scale_missing", "The PHQ-9 or QIDS of today, before the dose.")]
    if scale.instrument not in SCALES:
        text = "Before a dose the scale is the PHQ-9 or the QIDS."
        return [_needs("mood_scale_instrument", text)]
    if not _of_today(scale, plan, dosing_at):
        text = "A scale of another day does not stand for today's: answer it now."
        return [_needs("mood_scale_not_today", text)]
    scored = mood_score(scale, dosing_at, parameters)
    if scored is None or scored.suicidality is None:
        text = "The scale lacks answers, or the one about suicide: complete it before the dose."
        return [_needs("mood_scale_incomplete", text)]
    return []


def mood_score(scale: Assessment | None, now: datetime, parameters: Parameters) -> Score | None:
    """The scale scored (6.1); None where there is none or it cannot be scored."""
    if scale is None:
        return None
    scored = score(scale, now, parameters)
    return scored if isinstance(scored, Score) else None


def risk_by_scale(scale: Assessment | None, now: datetime, parameters: Parameters) -> RiskLevel:
    """The suicide risk that the scale's own item shows, also where the rest of the scale gives no
    score (6.3); none where the item was not answered."""
    scored = mood_score(scale, now, parameters) or _item_alone(scale, now)
    return triage_scores((scored,), parameters).level if scored else RiskLevel.NONE


def _item_alone(scale: Assessment | None, now: datetime) -> Score | None:
    item = ALL_SCALES[scale.instrument].suicide_item if scale else None
    if scale is None or item is None or len(scale.items) <= item:
        return None
    answer = scale.items[item]
    return Score(instrument=scale.instrument, total=answer or 0, taken_at=now, suicidality=answer)


def _of_today(scale: Assessment, plan: SessionPlan, dosing_at: datetime) -> bool:
    """A scale without a moment was answered when it was handed in: today."""
    taken_at = scale.taken_at or dosing_at
    today = local_date(dosing_at, plan.clinic)
    return local_date(taken_at, plan.clinic) == today and taken_at <= dosing_at


def _needs(code: str, text: str) -> Missing:
    return Missing(code=code, text=text, supplied_by=Role.NURSE)
