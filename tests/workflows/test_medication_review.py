"""Pressure too high before the dose, twice within a week: the medicines are reviewed (11.6)."""

from typing import Any

import pytest

from schemas.base import Role
from schemas.health_record import Milestone
from schemas.journey import Event, Phase
from schemas.people import Contact
from simulator import papers
from simulator.papers import PROVIDER
from simulator.staff import Staff
from tests.workflows.conftest import Clinical
from tests.workflows.days import asked, close_day
from tests.workflows.places import cleared, dosed
from tests.workflows.treatment_day import book

NOT_TODAY = {"phase": "RESCHEDULED", "outcome": "none", "pressure_high": True}
FAMILY_DOCTOR = Contact(name="Dr Barnabas Applegarth", phone="+1-212-555-0160")


def seen_high(days_ago: float, **changes: Any) -> dict[str, Any]:
    """One day in the series on which the pressure was too high, so many days ago."""
    return cleared(sessions=[dosed(1, days_ago, pressure_high=True)], **changes)


async def high_again(skipping: Clinical, staff: Staff) -> None:
    await close_day(skipping, staff, **NOT_TODAY)


async def test_edge_6_pressure_too_high_twice_in_a_week_asks_a_prescriber_before_the_next_dose(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**seen_high(3))

    await high_again(skipping, staff)

    task = await asked(skipping, staff, "medication_review")
    assert task.slots == (Role.PRESCRIBER,)
    assert (await staff.door.journey(staff.journey_id)).open_session is None
    await staff.approve("medication_review")
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.phase is Phase.INFUSION_SERIES


async def test_edge_6_a_prescriber_who_says_no_ends_the_series(skipping: Clinical) -> None:
    staff = await skipping.refer(**seen_high(3))
    await high_again(skipping, staff)

    await staff.decline("medication_review")

    view = await staff.reach(Phase.REEVALUATION)
    assert view.open_session is None


async def test_edge_6_primary_care_has_a_letter_where_the_referral_names_it(
    skipping: Clinical,
) -> None:
    named = papers.referral("R-6").model_copy(update={"primary_care": FAMILY_DOCTOR})
    staff = await skipping.refer(**seen_high(3), referral=named)

    await high_again(skipping, staff)

    (letter,) = await skipping.filed(staff)
    assert (letter.milestone, letter.to) == (Milestone.PRESSURE_HIGH, FAMILY_DOCTOR)


async def test_edge_6_without_a_primary_care_contact_the_primary_provider_has_the_letter(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**seen_high(3))

    await high_again(skipping, staff)

    (letter,) = await skipping.filed(staff)
    assert letter.to == PROVIDER


async def test_twice_in_more_than_a_week_asks_nobody(skipping: Clinical) -> None:
    staff = await skipping.refer(**seen_high(12))

    await high_again(skipping, staff)

    view = await staff.wait(lambda v: v.open_session is not None)
    assert all(a.kind != "medication_review" for a in view.pending_approvals)


@pytest.mark.parametrize(("pressure", "high"), [((188, 108), True), ((128, 80), False)])
async def test_edge_6_a_day_tells_the_journey_whether_the_pressure_was_too_high(
    clinical: Clinical, pressure: tuple[int, int], high: bool
) -> None:
    day = await book(clinical)
    await day.check_in()
    for _ in range(2):
        await day.read(*pressure)
        await day.pass_(10)

    await day.interrupt(Event.HELD)

    result = await day.result()
    assert result.pressure_high is high
