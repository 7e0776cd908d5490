"""A day of nasal spray: the same watch as over an infusion, two hours long, at certified sites."""

from datetime import timedelta

import pytest

from schemas.infusion import SessionPhase
from schemas.screening import Modality
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.treatment_day import book


async def test_a_spray_day_is_observed_for_two_hours(clinical: Clinical) -> None:
    day = await book(clinical, Modality.ESKETAMINE)
    await day.observe()
    view = await day.view()
    assert view.dosing_ended_at is not None
    assert view.review_opens_at == view.dosing_ended_at + timedelta(minutes=120)

    await day.pass_(15)
    await day.read()
    await day.pass_(15)
    await day.read()
    await day.pass_(10)
    await day.read()
    await day.read_every(15, 5)
    with pytest.raises(Refused) as refused:
        await day.discharge()
    assert refused.value.codes == ["observation_time"]

    await day.pass_(5)
    await day.read()
    await day.discharge(line_removed=False)
    result = await day.result()
    assert result.phase is SessionPhase.DISCHARGED
    assert result.delivered_mg == 56
    assert "VitalsMissed" not in day.kinds()


async def test_the_peak_reading_at_forty_minutes_is_owed(clinical: Clinical) -> None:
    day = await book(clinical, Modality.ESKETAMINE)
    await day.observe()
    await day.read_every(15, 2)

    view = await day.view()

    assert view.dosing_ended_at is not None
    assert view.next_reading_due_at == view.dosing_ended_at + timedelta(minutes=40)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"site_certified": False}, "site_not_certified"),
        ({"patient_enrolled": False}, "patient_not_enrolled"),
    ],
)
async def test_no_spray_where_the_safety_programme_does_not_hold(
    clinical: Clinical, changes: dict[str, bool], code: str
) -> None:
    day = await book(clinical, Modality.ESKETAMINE, **changes)
    receipt = await day.prepare()
    assert [reason.code for reason in receipt.missing] == [code]

    with pytest.raises(Refused) as refused:
        await day.start()

    assert refused.value.codes == [code]


async def test_a_first_spray_is_two_devices_and_no_other_dose(clinical: Clinical) -> None:
    day = await book(clinical, Modality.ESKETAMINE)
    await day.check_in()
    for dose_mg in (84, 60):
        with pytest.raises(Refused):
            await day.order(dose_mg)

    await day.order()
    await day.read(126, 80)
    await day.start()
    await day.end()

    await day.records(lambda kinds: "DosingEnded" in kinds)
    (ended,) = day.facts("DosingEnded")
    assert ended.data["devices"] == 2


async def test_edge_1_a_spray_day_to_which_nobody_comes_is_missed_like_an_infusion(
    clinical: Clinical,
) -> None:
    day = await book(clinical, Modality.ESKETAMINE)

    assert (await day.result()).phase is SessionPhase.MISSED
