"""A pause for a pressure that fell ends at a pressure that has risen (4.4)."""

from schemas.infusion import SessionPhase
from simulator import papers
from tests.workflows.bare_chair import BareChair


def test_a_dose_paused_for_a_drop_does_not_resume_at_the_same_pressure() -> None:
    chair = BareChair()
    chair.arrive()
    chair.read(systolic=138, weight_kg=papers.WEIGHT_KG)
    chair.order()
    chair.start()
    chair.day.pass_(600)
    assert chair.read(systolic=95, diastolic=60).phase is SessionPhase.PAUSED
    chair.day.pass_(180)
    chair.read(systolic=95, diastolic=60)

    assert chair.refused("resume_dosing", reason="fluids given") == ("pressure_low",)

    chair.day.pass_(180)
    chair.read(systolic=112, diastolic=68)
    assert chair.give("resume_dosing", reason="fluids given").phase is SessionPhase.DOSING
