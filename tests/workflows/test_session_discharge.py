"""The way home: a person judges every criterion, and nothing leaves that is not on record."""

from datetime import timedelta

import pytest

from schemas.base import Role
from schemas.infusion import DoseOutcome, SessionPhase
from schemas.screening import Modality
from simulator import papers
from simulator.papers import STAFF
from tests.workflows.bare_chair import BareChair
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.treatment_day import book


async def test_a_discharge_before_its_time_is_refused_with_every_reason(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.observe()
    await day.read_every(15, 1)

    with pytest.raises(Refused) as refused:
        await day.discharge(escort_present=False, gait_steady=False, aldrete=None)

    assert {"observation_time", "escort", "gait", "aldrete"} <= set(refused.value.codes)
    assert (await day.view()).phase is SessionPhase.POST_OBS


async def test_one_unmet_criterion_keeps_the_patient_here(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.observe()
    await day.read_every(15, 4)

    with pytest.raises(Refused) as refused:
        await day.discharge(escort_present=False)

    assert refused.value.codes == ["escort"]
    await day.discharge()
    assert (await day.result()).phase is SessionPhase.DISCHARGED


async def test_the_result_says_what_was_given_and_how_it_went(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.observe()
    await day.read_every(15, 3)
    await day.pass_(15)
    await day.read(138, 88)
    await day.discharge()

    result = await day.result()

    assert result.outcome is DoseOutcome.COMPLETED
    assert (result.ordered_mg, result.delivered_mg) == (papers.DOSE_MG, papers.DOSE_MG)
    assert result.peak_systolic_mmhg == 138
    assert (result.pauses, result.stop_events, result.serious_events) == (0, 0, 0)
    assert not result.against_advice
    assert result.dosed_at is not None
    assert result.dosed_at < result.ended_at
    (last,) = day.facts("Discharged")
    assert last.data["result"] == result.model_dump(mode="json")
    assert day.kinds()[-2:] == ["TaskClosed", "Discharged"]


@pytest.mark.parametrize(
    ("delivered_mg", "outcome"), [(12, DoseOutcome.PARTIAL), (3, DoseOutcome.ABORTED)]
)
async def test_a_third_of_the_dose_is_partial_and_a_tenth_is_aborted(
    clinical: Clinical, delivered_mg: float, outcome: DoseOutcome
) -> None:
    day = await book(clinical)

    await day.observe(delivered_mg=delivered_mg)

    assert (await day.view()).outcome is outcome


async def test_nobody_leaves_before_the_amount_given_is_written_down(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.dose()
    await day.give("stop_dosing", reason="the patient asks to stop")
    await day.read_every(15, 4)

    with pytest.raises(Refused) as refused:
        await day.discharge(against_advice=True)
    assert refused.value.codes == ["delivered_amount_missing"]

    await day.stop(20)
    await day.discharge()
    result = await day.result()
    assert (result.delivered_mg, result.stop_events) == (20, 1)


async def test_edge_11_a_patient_may_leave_against_advice_awake_and_signed_for(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.observe()
    await day.read_every(15, 1)

    await day.discharge(against_advice=True, escort_present=False)

    result = await day.result()
    assert result.phase is SessionPhase.DISCHARGED
    assert result.against_advice


async def test_edge_11_not_even_against_advice_does_a_drowsy_patient_leave(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.observe()
    await day.pass_(15)
    await day.read(moaas=3)

    with pytest.raises(Refused) as refused:
        await day.discharge(against_advice=True)

    assert "sedation" in refused.value.codes


@pytest.mark.parametrize("modality", Modality)
async def test_a_transfer_to_hospital_waits_for_nothing_but_a_clinician(
    clinical: Clinical, modality: Modality
) -> None:
    day = await book(clinical, modality)
    await day.observe()
    with pytest.raises(Refused) as refused:
        await day.discharge(transferred_to="St Aldhelm", actor=STAFF[Role.CARE_COORDINATOR])
    assert refused.value.codes == ["wrong_role"]

    await day.discharge(transferred_to="St Aldhelm", escort_present=False, aldrete=None)

    assert (await day.result()).phase is SessionPhase.TRANSFERRED


async def test_nothing_is_taken_from_observation_back_to_the_dose(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.observe()

    for kind, more in (
        ("pause_dosing", {"reason": "late"}),
        ("end_dosing", {"delivered_mg": 35.0}),
        ("order_dose", {"dose_mg": 35.0, "weight_kg": 70.0}),
    ):
        with pytest.raises(Refused):
            await day.give(kind, **more)
    with pytest.raises(Refused) as refused:
        await day.start()
    assert refused.value.codes == ["already_started"]


async def test_the_day_does_not_end_before_its_last_fact_is_on_record(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.observe()
    await day.read_every(15, 4)
    day.outside.away = True

    await day.discharge()
    for _ in range(3):
        await day.pass_(1)
        assert "Discharged" not in day.kinds()
    # It is over for the staff, and still here until the record has heard of it.
    assert (await day.handle.describe()).status is not None
    with pytest.raises(Refused) as refused:
        await day.read()
    assert refused.value.codes == ["session_closed"]

    day.outside.away = False
    assert (await day.result()).phase is SessionPhase.DISCHARGED
    assert day.kinds()[-1] == "Discharged"


@pytest.mark.parametrize("modality", Modality)
def test_the_journey_hears_of_the_day_although_the_record_is_away(modality: Modality) -> None:
    """The evening call, the one of the day after and the ladder begin with it."""
    chair = BareChair(modality)
    chair.dose()
    chair.end()
    chair.recover(135)
    chair.day.record_away = True

    assert chair.going_home().receipt is not None
    chair.day.pass_(30)

    (told,) = chair.day.reported
    assert (told.phase, told.dosed_at) == (SessionPhase.DISCHARGED, chair.day.state.dosed_at)
    waited = not chair.day.over
    chair.day.record_away = False
    chair.day.pass_(1)
    assert (waited, chair.day.over) == (True, True), "it ends when the record has it"
    assert chair.kinds()[-1] == "Discharged"
    assert chair.day.facts[-1].data["result"] == told.model_dump(mode="json")


def test_the_journey_is_told_only_by_the_days_end_while_the_record_answers() -> None:
    chair = BareChair()
    chair.dose()
    chair.end()
    chair.recover(60)

    chair.going_home()

    assert chair.day.over
    assert chair.day.reported == []


async def test_a_rescue_sedative_keeps_the_patient_an_hour_longer(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.observe()
    await day.read_every(15, 4)
    await day.sees(lambda view: view.phase is SessionPhase.DISCHARGE_REVIEW)
    given_at = await day.now()

    reading = papers.calm(given_at)
    receipt = await day.give("record_vitals", vitals=reading, sedative_given_at=given_at)

    assert receipt.phase is SessionPhase.POST_OBS
    assert (await day.view()).review_opens_at == given_at + timedelta(minutes=60)
    await day.read_every(15, 3)
    with pytest.raises(Refused) as refused:
        await day.discharge()
    assert refused.value.codes == ["observation_time"]
    await day.read_every(15, 1)
    await day.discharge()
    assert (await day.result()).phase is SessionPhase.DISCHARGED


async def test_a_sedative_is_never_given_in_the_future(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.observe()
    now = await day.now()

    with pytest.raises(Refused) as refused:
        await day.give(
            "record_vitals",
            vitals=papers.calm(now),
            sedative_given_at=now + timedelta(minutes=5),
        )

    assert refused.value.codes == ["sedative_from_future"]
