"""Ahead of a treatment day: what is missing is known while there is still time to supply it.

Fact sheet 2.3, 4.2; edge cases 4 and 40.
"""

from datetime import datetime, timedelta

import pytest

from clinical.parameters import Parameters
from clinical.preparation import look_ahead
from schemas.base import Role
from schemas.infusion import SessionPlan
from schemas.preparation import Preparation
from tests.clinical.boundaries.test_boundaries_attendance import ESCORT, PLAN, T0

P = Parameters.default()
CONFIRMED = Preparation(escort=ESCORT, escort_confirmed=True)


def missing(
    plan: SessionPlan = PLAN, preparation: Preparation | None = CONFIRMED, hours: float = 24
) -> dict[str, Role]:
    """What is missing so many hours before -> who can supply it."""
    now: datetime = T0 - timedelta(hours=hours)
    return {m.code: m.supplied_by for m in look_ahead(plan, preparation, now, P)}


def test_a_day_that_is_prepared_lacks_nothing() -> None:
    assert missing() == {}


def test_edge_40_a_clearance_that_ends_before_the_dose_is_flagged_ahead() -> None:
    plan = PLAN.model_copy(update={"clearances_valid_until": T0 - timedelta(minutes=1)})

    assert missing(plan, hours=72) == {"clearance_expired": Role.MEDICAL_SCREENER}
    assert missing(plan, hours=700) == {"clearance_expired": Role.MEDICAL_SCREENER}


def test_consent_that_ends_before_the_dose_is_flagged_ahead() -> None:
    plan = PLAN.model_copy(update={"consent_valid_until": T0 - timedelta(minutes=1)})

    assert missing(plan) == {"consent_not_in_force": Role.PRESCRIBER}


@pytest.mark.parametrize(
    ("preparation", "hours", "code"),
    [
        (None, 80, None),
        (None, 72, "escort_not_named"),
        (Preparation(escort=ESCORT), 48, None),
        (Preparation(escort=ESCORT), 24, "escort_not_confirmed"),
        (CONFIRMED, 2, None),
    ],
)
def test_edge_4_an_escort_is_named_three_days_before_and_confirmed_the_day_before(
    preparation: Preparation | None, hours: float, code: str | None
) -> None:
    found = missing(preparation=preparation, hours=hours)

    assert found == ({code: Role.CARE_COORDINATOR} if code else {})
