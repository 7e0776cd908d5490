"""On hold: somebody looks at it again, at a date that lies ahead and not beyond all reason.

Clinical fact sheet, sections 0.4 (a hold has a review date) and 7.4 (every three months a
psychiatrist sees who is in treatment).
"""

from datetime import datetime

from clinical.parameters import Parameters
from schemas.base import Reason


def judge_review(review_at: datetime, now: datetime, parameters: Parameters) -> tuple[Reason, ...]:
    """Why a hold cannot be looked at again at `review_at`, aware like `now`; empty when it can.
    "Until further notice" is no date: whoever is on hold would be forgotten (0.4)."""
    if review_at <= now:
        return (Reason(code="review_in_past", text="the review date must lie ahead"),)
    within = parameters.duration("hold.review_within")
    if review_at - now > within:
        text = f"a hold is looked at again within {within.days} days"
        return (Reason(code="review_too_far", text=text, source="0.4"),)
    return ()
