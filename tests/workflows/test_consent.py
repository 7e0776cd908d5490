"""Informed consent as a gate: how fresh it may be, and when it is asked for again (section 3)."""

from datetime import timedelta

from schemas.base import Role
from schemas.infusion import SessionPlan
from schemas.screening import Modality
from simulator.staff import Staff
from tests.workflows.bare_chair import BareChair
from tests.workflows.bare_day import TEN
from tests.workflows.conftest import Clinical
from tests.workflows.places import cleared, signed


async def planned(journeys: Clinical, staff: Staff) -> SessionPlan:
    """What the open day was booked on."""
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.open_session is not None
    day = journeys.client.get_workflow_handle(view.open_session)
    return await day.query("planned", result_type=SessionPlan)


# -- before the dose ----------------------------------------------------------------------------


def test_a_consent_signed_five_minutes_before_the_dose_starts_nothing_yet() -> None:
    chair = BareChair(consent_signed_at=TEN - timedelta(minutes=5))

    assert chair.prepare() == ["consent_too_fresh"]

    assert chair.refused("start_dosing", **chair.draws()) == ("consent_too_fresh",)
    assert chair.waits() == {"consent_too_fresh": Role.NURSE}
    chair.day.pass_(25 * 60)
    chair.read()
    assert chair.start().phase == "DOSING"


async def test_a_booked_day_knows_when_the_consent_in_force_was_signed(
    journeys: Clinical,
) -> None:
    consents = signed()
    staff = await journeys.refer(**cleared(consents=consents))

    plan = await planned(journeys, staff)

    assert plan.consent_signed_at == consents[Modality.IV_KETAMINE].signed_at
