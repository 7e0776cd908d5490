"""A pause or stop that the engine orders reaches a named person, and others until one answers."""

import pytest

from schemas.base import Role
from schemas.infusion import SafetyOrder, SessionPhase, VitalsAction
from simulator.papers import STAFF
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.treatment_day import TreatmentDay, book


async def stopped(clinical: Clinical) -> tuple[TreatmentDay, SafetyOrder]:
    """One reading at the stop level."""
    day = await book(clinical)
    await day.dose()
    await day.pass_(10)
    receipt = await day.read(204, 118)
    assert receipt.decision is not None
    assert receipt.decision.action is VitalsAction.STOP
    assert receipt.order is not None
    return day, receipt.order


async def test_an_automatic_stop_is_addressed_to_whoever_stays_with_the_patient(
    clinical: Clinical,
) -> None:
    day, order = await stopped(clinical)

    assert order.action is VitalsAction.STOP
    assert order.to == STAFF[Role.NURSE]
    (open_order,) = (await day.view()).orders
    assert open_order.acknowledged_by is None


async def test_an_order_nobody_acknowledges_is_taken_to_the_next_person_and_the_next(
    clinical: Clinical,
) -> None:
    day, _ = await stopped(clinical)

    await day.pass_(2.2)
    await day.hears("order_unanswered", Role.NURSE)
    await day.pass_(3.2)
    await day.pass_(3.2)
    await day.pass_(3.2)

    director = Role.MEDICAL_DIRECTOR
    await day.hears("order_unanswered", Role.NURSE, Role.PRESCRIBER, director, director)
    (unanswered,) = (await day.view()).orders
    assert unanswered.acknowledged_by is None


async def test_an_acknowledged_order_is_never_paged_again(clinical: Clinical) -> None:
    day, order = await stopped(clinical)
    await day.pass_(2.2)

    await day.give("acknowledge_order", order_id=order.order_id)
    await day.pass_(6)

    assert day.told("order_unanswered") == [Role.NURSE]
    (answered,) = (await day.view()).orders
    assert answered.acknowledged_by == STAFF[Role.NURSE]
    with pytest.raises(Refused) as refused:
        await day.give("acknowledge_order", order_id=order.order_id)
    assert refused.value.codes == ["already_acknowledged"]


async def test_writing_down_what_the_pump_gave_acknowledges_the_stop(clinical: Clinical) -> None:
    day, _ = await stopped(clinical)

    await day.stop(9)
    await day.pass_(4)

    assert day.told("order_unanswered") == []
    assert (await day.view()).phase is SessionPhase.POST_OBS


async def test_an_order_that_was_never_given_cannot_be_acknowledged(clinical: Clinical) -> None:
    day, _ = await stopped(clinical)

    with pytest.raises(Refused) as refused:
        await day.give("acknowledge_order", order_id="order-7")

    assert refused.value.codes == ["unknown_order"]
