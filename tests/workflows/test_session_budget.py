"""How many events one treatment day may cost: a session never turns to a new run."""

from schemas.infusion import SessionPhase
from tests.workflows.conftest import Clinical
from tests.workflows.treatment_day import book

EVENT_BUDGET = 120
PAUSED_BUDGET = 180
"""Five more commands at the chair, and facts that other people must hear of at once."""


async def test_a_full_infusion_day_stays_under_its_event_budget(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.observe()
    await day.read_every(15, 4)
    await day.discharge()

    assert (await day.result()).phase is SessionPhase.DISCHARGED
    events = await day.events()
    print(f"a full infusion day: {events} events")
    assert events < EVENT_BUDGET


async def test_a_day_with_a_pause_and_a_resume_stays_under_its_own_budget(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.dose()
    await day.pass_(10)
    await day.read(184, 104)
    await day.pass_(3)
    paused = await day.read(186, 106)
    assert paused.phase is SessionPhase.PAUSED
    assert paused.order is not None
    await day.give("acknowledge_order", order_id=paused.order.order_id)
    await day.pass_(5)
    await day.read(142, 88)
    await day.give("resume_dosing", reason="settled, at the chair")
    await day.read_every(10, 3)
    await day.end()
    await day.read_every(15, 4)
    await day.discharge()

    assert (await day.result()).phase is SessionPhase.DISCHARGED
    events = await day.events()
    print(f"a day with a pause and a resume: {events} events")
    assert events < PAUSED_BUDGET
