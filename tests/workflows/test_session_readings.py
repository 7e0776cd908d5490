"""Readings at the chair: what each is answered with, and what stands when one does not come."""

from datetime import timedelta

import pytest

from schemas.adverse_event import AdverseEvent
from schemas.base import Role
from schemas.infusion import SessionPhase, VitalsAction
from simulator import papers
from simulator.papers import STAFF
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.treatment_day import TreatmentDay, book


async def dosing(clinical: Clinical) -> TreatmentDay:
    """An infusion that has run for ten minutes, its first reading due."""
    day = await book(clinical)
    await day.dose()
    await day.pass_(10)
    return day


async def test_a_quiet_reading_goes_on(clinical: Clinical) -> None:
    day = await dosing(clinical)

    receipt = await day.read()

    assert receipt.decision is not None
    assert receipt.decision.action is VitalsAction.CONTINUE
    assert receipt.phase is SessionPhase.DOSING


async def test_a_high_pressure_is_slowed_and_read_again(clinical: Clinical) -> None:
    day = await dosing(clinical)

    receipt = await day.read(162, 90)

    assert receipt.decision is not None
    assert receipt.decision.action is VitalsAction.SLOW
    assert receipt.decision.repeat_in_min is not None
    assert receipt.phase is SessionPhase.DOSING
    await day.records(lambda kinds: kinds[-1] == "VitalsBreached")


async def test_edge_7_a_pressure_at_the_pause_level_calls_and_pauses_once_confirmed(
    clinical: Clinical,
) -> None:
    day = await dosing(clinical)

    first = await day.read(184, 104)
    assert first.decision is not None
    assert first.decision.action is VitalsAction.CALL
    assert "prescriber" in first.decision.call
    assert first.phase is SessionPhase.DOSING

    await day.pass_(3)
    second = await day.read(186, 106)
    assert second.decision is not None
    assert second.decision.action is VitalsAction.PAUSE
    assert second.phase is SessionPhase.PAUSED
    await day.records(lambda kinds: kinds[-3:] == ["VitalsBreached", "DosingPaused", "OrderGiven"])


async def test_edge_7_one_reading_at_the_stop_level_ends_the_dose_for_good(
    clinical: Clinical,
) -> None:
    day = await dosing(clinical)

    receipt = await day.read(200, 100)

    assert receipt.decision is not None
    assert receipt.decision.action is VitalsAction.STOP
    assert "emergency_services" in receipt.decision.call
    assert receipt.phase is SessionPhase.POST_OBS
    with pytest.raises(Refused) as refused:
        await day.give("resume_dosing", reason="it has settled")
    assert refused.value.codes == ["not_paused"]
    await day.records(lambda kinds: "DosingStopped" in kinds)
    (stopped,) = day.facts("DosingStopped")
    assert stopped.actor.role is Role.SYSTEM
    assert stopped.data["reason"] == "pressure_stop"


async def test_a_pause_holds_until_a_prescriber_resumes_below_the_limit(
    clinical: Clinical,
) -> None:
    day = await dosing(clinical)
    await day.read()
    receipt = await day.give("pause_dosing", reason="the patient asks for a moment")
    assert receipt.phase is SessionPhase.PAUSED
    # The quiet reading from before the pause allows nothing.
    with pytest.raises(Refused) as refused:
        await day.give("resume_dosing", reason="all is well")
    assert refused.value.codes == ["no_reading"]

    await day.pass_(5)
    await day.read(160, 90)
    with pytest.raises(Refused) as refused:
        await day.give("resume_dosing", reason="nearly there")
    assert refused.value.codes == ["pressure_still_high"]

    await day.pass_(5)
    quiet = await day.read(159, 99)
    assert quiet.decision is not None
    assert quiet.decision.action is VitalsAction.REPEAT
    assert quiet.phase is SessionPhase.PAUSED
    with pytest.raises(Refused) as refused:
        await day.give("resume_dosing", reason="at the chair", actor=STAFF[Role.NURSE])
    assert refused.value.codes == ["wrong_role"]
    assert (await day.give("resume_dosing", reason="at the chair")).phase is SessionPhase.DOSING
    await day.end()
    await day.records(lambda kinds: "DosingResumed" in kinds)
    assert day.told("dosing_paused") == [Role.PRESCRIBER]


async def test_a_quiet_reading_during_a_pause_is_no_breach(clinical: Clinical) -> None:
    day = await dosing(clinical)
    await day.give("pause_dosing", reason="the patient asks for a moment")
    await day.read()
    await day.end()

    kinds = await day.records(lambda kinds: "DosingEnded" in kinds)

    assert "VitalsBreached" not in kinds


async def test_only_a_running_dose_is_paused_and_only_a_paused_one_resumed(
    clinical: Clinical,
) -> None:
    day = await dosing(clinical)

    with pytest.raises(Refused) as refused:
        await day.give("resume_dosing", reason="nothing was paused")
    assert refused.value.codes == ["not_paused"]
    await day.give("pause_dosing", reason="the patient asks for a moment")
    with pytest.raises(Refused) as refused:
        await day.give("pause_dosing", reason="again")
    assert refused.value.codes == ["not_dosing"]


async def test_a_stop_by_hand_may_be_told_before_the_amount_is_known(clinical: Clinical) -> None:
    day = await dosing(clinical)

    receipt = await day.give("stop_dosing", reason="the patient asks to stop")
    assert receipt.phase is SessionPhase.POST_OBS
    assert (await day.view()).delivered_mg is None
    await day.stop(9)

    view = await day.view()
    assert (view.delivered_mg, view.outcome.value) == (9, "partial")
    with pytest.raises(Refused) as refused:
        await day.give("stop_dosing", reason="a third time", delivered_mg=20)
    assert refused.value.codes == ["not_dosing"]
    kinds = await day.records(lambda kinds: "DosingEnded" in kinds)
    assert kinds.count("DosingStopped") == 1
    assert day.told("dosing_stopped") == [Role.PRESCRIBER]


async def test_edge_27_the_same_reading_from_a_device_counts_once(clinical: Clinical) -> None:
    day = await dosing(clinical)
    reading = papers.calm(await day.now(), systolic=184, diastolic=104)
    await day.give("record_vitals", vitals=reading)

    again = await day.give("record_vitals", vitals=reading)

    assert again.decision is not None
    assert [reason.code for reason in again.decision.reasons] == ["duplicate_reading"]
    assert again.phase is SessionPhase.DOSING
    assert len((await day.view()).during) == 1


async def test_a_reading_from_the_future_is_refused(clinical: Clinical) -> None:
    day = await dosing(clinical)

    with pytest.raises(Refused) as refused:
        await day.give("record_vitals", vitals=papers.calm(await day.now() + timedelta(minutes=2)))

    assert refused.value.codes == ["reading_from_future"]
    assert (await day.view()).during == ()


async def test_a_reading_without_a_device_time_is_taken_now(clinical: Clinical) -> None:
    day = await dosing(clinical)
    reading = papers.calm(await day.now()).model_copy(update={"taken_at": None})

    await day.give("record_vitals", vitals=reading)

    (kept,) = (await day.view()).during
    assert kept.taken_at is not None
    assert kept.taken_at >= day.plan.scheduled_at + timedelta(minutes=10)


async def test_edge_27_a_late_reading_alerts_and_does_not_pause_what_has_settled_since(
    clinical: Clinical,
) -> None:
    day = await dosing(clinical)
    now = await day.now()
    high = {"systolic": 186, "diastolic": 106}
    await day.give("record_vitals", vitals=papers.calm(now - timedelta(minutes=5), **high))
    await day.give("record_vitals", vitals=papers.calm(now))

    receipt = await day.give(
        "record_vitals", vitals=papers.calm(now - timedelta(minutes=2), **high)
    )

    assert receipt.decision is not None
    assert "late_reading" in [reason.code for reason in receipt.decision.reasons]
    assert receipt.phase is SessionPhase.DOSING
    times = [reading.taken_at for reading in (await day.view()).during]
    assert times == sorted(times)


async def test_edge_46_a_late_reading_is_not_the_baseline(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.check_in()
    await day.pass_(5)
    now = await day.now()
    await day.read(126, 80, weight_kg=papers.WEIGHT_KG)
    late = papers.calm(now - timedelta(minutes=4), systolic=150, diastolic=94)
    await day.give("record_vitals", vitals=late)
    await day.order()

    assert (await day.view()).before[-1].systolic_mmhg == 126


async def test_edge_43_a_serious_adverse_event_is_told_at_once_and_counted(
    clinical: Clinical,
) -> None:
    day = await dosing(clinical)
    await day.read()
    mild = {"code": "nausea", "grade": 1, "description": "queasy for some minutes"}
    grave = {"code": "laryngospasm", "grade": 4, "serious": True, "description": "resolved"}
    await day.give("report_adverse_event", event=mild)
    await day.give("report_adverse_event", event=grave)
    await day.end()
    await day.read_every(15, 4)
    await day.discharge()

    assert (await day.result()).serious_events == 1
    assert day.told("safety_alert") == [Role.MEDICAL_DIRECTOR]
    assert len(day.facts("AdverseEventReported")) == 2


async def test_a_life_threatening_event_is_serious_whatever_the_reporter_ticked(
    clinical: Clinical,
) -> None:
    day = await dosing(clinical)

    event = AdverseEvent(code="laryngospasm", grade=4, description="stridor, settled with oxygen")
    await day.give("report_adverse_event", event=event)

    await day.hears("safety_alert", Role.MEDICAL_DIRECTOR)
    assert day.told("safety_alert") == [Role.MEDICAL_DIRECTOR]
