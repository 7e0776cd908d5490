"""Going home on what was measured lately: one look at the patient stands for nothing it did not
measure (4.3, 4.6, 5.3)."""

from datetime import datetime

from schemas.infusion import SessionPhase, VitalSigns
from schemas.screening import Modality
from tests.workflows.bare_chair import BareChair


def awake_only(chair: BareChair) -> None:
    """A person looks at the patient, and measures nothing else."""
    reading = VitalSigns(moaas=5, taken_at=chair.day.clinical_now)
    chair.give("record_vitals", vitals=reading)


def due_at(chair: BareChair) -> datetime:
    """When the next reading is owed."""
    due = chair.day.worker.day._watch.reading_due_at
    assert due is not None
    return due


def after_the_spray() -> BareChair:
    chair = BareChair(Modality.ESKETAMINE)
    chair.dose()
    chair.end()
    return chair


def test_nobody_goes_home_two_hours_after_the_last_pressure_because_they_were_awake_since() -> None:
    chair = after_the_spray()
    chair.read()
    for _ in range(8):
        chair.day.pass_(900)
        awake_only(chair)

    assert set(chair.going_home().codes) == {
        "blood_pressure", "heart_rate", "oxygen", "breathing", "dissociation", "peak_pressure",
    }  # fmt: skip


def test_after_the_spray_who_was_read_all_along_goes_home() -> None:
    chair = after_the_spray()
    chair.recover(120)

    assert chair.going_home().receipt is not None
    assert chair.day.state.phase is SessionPhase.DISCHARGED


def test_a_discharge_of_an_earlier_form_that_did_not_ask_the_patient_is_refused() -> None:
    chair = BareChair()
    chair.dose()
    chair.end()
    chair.recover(60)

    assert chair.going_home(effects_gone=None, orientation=None).codes == (
        "dissociation", "orientation",
    )  # fmt: skip


def test_a_look_without_pressure_and_oxygen_does_not_answer_a_reading_that_is_due() -> None:
    chair = BareChair()
    chair.dose()
    chair.end()
    due = due_at(chair)
    chair.day.pass_(14 * 60)

    awake_only(chair)
    assert due_at(chair) == due

    chair.read(spo2_percent=None)
    assert due_at(chair) == due

    chair.read()
    assert due_at(chair) > due


def test_while_dosing_pressure_and_heart_rate_answer_a_reading_that_is_due() -> None:
    chair = BareChair()
    chair.dose()
    due = due_at(chair)
    chair.day.pass_(9 * 60)

    awake_only(chair)
    assert due_at(chair) == due

    chair.read(spo2_percent=None, moaas=None, respiratory_rate_per_min=None)
    assert due_at(chair) > due
