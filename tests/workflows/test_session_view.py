"""What the bedside screen is told: when the next moments come, and what keeps the patient here."""

from datetime import timedelta

from schemas.infusion import SessionView
from schemas.screening import Modality
from tests.workflows.conftest import Clinical
from tests.workflows.treatment_day import book


def codes(view: SessionView) -> set[str]:
    return {criterion.code for criterion in view.discharge_missing}


async def test_an_infusion_ends_when_its_ordered_minutes_have_run_and_a_pause_is_added(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.dose()
    began = (await day.view()).dosed_at
    assert began is not None

    assert (await day.view()).infusion_ends_at == began + timedelta(minutes=40)

    await day.pass_(10)
    await day.read()
    await day.give("pause_dosing", reason="nausea")
    assert (await day.view()).infusion_ends_at is None
    await day.pass_(5)
    await day.read()
    await day.give("resume_dosing", reason="settled")
    ends_at = (await day.view()).infusion_ends_at
    assert ends_at is not None
    assert abs(ends_at - began - timedelta(minutes=45)) < timedelta(seconds=5)


async def test_during_observation_the_view_lists_what_no_statement_of_a_person_can_supply(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.dose()
    assert (await day.view()).discharge_missing == ()
    await day.read_every(10, 4)
    await day.end()

    waiting = await day.view()
    assert "observation_time" in codes(waiting)
    assert not {"escort", "gait", "instructions", "signature"} & codes(waiting)
    assert all(not criterion.met for criterion in waiting.discharge_missing)

    await day.read_every(15, 4)
    assert codes(await day.view()) == set()


async def test_after_a_stop_the_amount_given_is_missing_until_somebody_writes_it_down(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.dose()
    await day.give("stop_dosing", reason="stopped at the bedside")

    assert "delivered_amount_missing" in codes(await day.view())

    await day.stop(5)
    assert "delivered_amount_missing" not in codes(await day.view())


async def test_a_dose_that_does_not_add_up_keeps_the_patient_here(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.dose()
    await day.read_every(10, 4)
    await day.give("end_dosing", delivered_mg=day.dose_mg - 5)

    assert "waste" in codes(await day.view())


async def test_after_the_spray_the_pressure_at_forty_minutes_is_announced(
    clinical: Clinical,
) -> None:
    day = await book(clinical, modality=Modality.ESKETAMINE)
    await day.observe()

    view = await day.view()

    assert view.dosing_ended_at is not None
    assert view.peak_reading_at == view.dosing_ended_at + timedelta(minutes=40)
    assert view.infusion_ends_at is None
