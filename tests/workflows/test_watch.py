"""The watch over a treatment day: what should have happened by now, and who hears of it."""

from datetime import timedelta

import pytest

from schemas.base import Role
from schemas.infusion import SessionPhase
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.treatment_day import TreatmentDay, book, ten_in_the_morning


def levels(day: TreatmentDay) -> list[object]:
    return [fact.data["level"] for fact in day.facts("VitalsMissed")]


async def missed(day: TreatmentDay, times: int) -> None:
    await day.records(lambda kinds: kinds.count("VitalsMissed") == times)


async def test_a_missing_reading_alerts_after_two_minutes_and_not_before(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.dose()

    await day.pass_(11.9)
    assert (await day.view()).next_reading_due_at is not None
    assert "VitalsMissed" not in day.kinds()
    await day.pass_(0.2)

    await missed(day, 1)
    assert levels(day) == ["alert"]
    assert day.told("vitals_missed") == [Role.NURSE]


async def test_a_missing_reading_escalates_after_five_minutes(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.dose()

    await day.pass_(15.1)

    await missed(day, 2)
    assert levels(day) == ["alert", "escalate"]
    assert day.told("vitals_missed") == [Role.NURSE, Role.MEDICAL_DIRECTOR]
    assert (await day.view()).phase is SessionPhase.DOSING


async def test_two_missing_readings_pause_the_infusion(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.dose()

    await day.pass_(26)

    await missed(day, 4)
    view = await day.sees(lambda view: view.phase is SessionPhase.PAUSED)
    assert view.during == ()
    (paused,) = day.facts("DosingPaused")
    assert paused.data["reason"] == "readings_missed"
    assert paused.actor.role is Role.SYSTEM


async def test_a_reading_in_time_starts_the_count_again(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.dose()
    await day.pass_(15.1)
    await missed(day, 2)

    await day.read()
    await day.pass_(15.1)

    await missed(day, 4)
    assert (await day.view()).phase is SessionPhase.DOSING


async def test_edge_42_a_long_silence_during_observation_escalates_and_never_discharges(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.observe()

    for _ in range(10):
        await day.pass_(30)

    view = await day.sees(lambda view: view.phase is SessionPhase.DISCHARGE_REVIEW)
    assert {Role.PRESCRIBER, Role.MEDICAL_DIRECTOR} <= set(day.told("task_escalated"))
    assert day.told("safety_alert") == [Role.PRESCRIBER]
    assert [entry.kind for entry in view.pending_entries] == ["discharge"]
    assert "DosingPaused" not in day.kinds()


async def test_nobody_is_written_to_about_a_discharge_before_it_is_overdue(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.observe()
    await day.read_every(15, 7)

    assert day.told("task_opened") == []
    assert day.told("task_reminder") == []
    await day.pass_(16)
    await day.records(lambda kinds: "TaskEscalated" in kinds)


async def test_the_review_opens_an_hour_after_the_dose_and_not_before(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.observe()

    await day.read_every(15, 3)
    view = await day.view()
    assert view.phase is SessionPhase.POST_OBS
    assert view.dosing_ended_at is not None
    assert view.review_opens_at == view.dosing_ended_at + timedelta(minutes=60)
    with pytest.raises(Refused) as refused:
        await day.discharge()
    assert "observation_time" in refused.value.codes

    await day.pass_(15)
    await day.read()
    await day.sees(lambda view: view.phase is SessionPhase.DISCHARGE_REVIEW)


async def test_edge_5_a_patient_still_here_an_hour_before_closing_pages_the_nurse(
    clinical: Clinical,
) -> None:
    at = ten_in_the_morning(await clinical.env.get_current_time()) + timedelta(hours=4)
    day = await book(clinical, scheduled_at=at)
    await day.observe()
    while await day.now() < at + timedelta(hours=3):  # the clinic closes an hour later
        assert Role.NURSE not in day.told("safety_alert")
        await day.pass_(15)
        await day.read()

    await day.hears("safety_alert", Role.PRESCRIBER, Role.NURSE)
    assert (await day.view()).phase is SessionPhase.DISCHARGE_REVIEW, "nobody goes home by it"
