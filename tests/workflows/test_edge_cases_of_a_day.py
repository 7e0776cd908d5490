"""The edge cases of a treatment day, at the day's real workflow: what is refused, who is asked, and
what goes on all the same. Clinical fact sheet, section 11, each under its number.
"""

from datetime import timedelta
from typing import Any

import pytest

from schemas.adverse_event import AdverseEvent
from schemas.base import Role
from schemas.infusion import SessionPhase, VitalsAction
from schemas.screening import Modality
from simulator import papers
from simulator.papers import STAFF
from tests.workflows.bare_chair import BareChair
from tests.workflows.bare_day import TEN

HOUR = timedelta(hours=1)
PREGNANT = AdverseEvent(code="pregnancy", grade=1, description="serum hCG positive")


def stopped_by(chair: BareChair | None = None, **changes: Any) -> tuple[str, Role]:
    """Checked in like this the dose is refused for one reason, of which one role is asked, and
    nothing is drawn: that reason and that role."""
    chair = chair or BareChair()
    (code,) = chair.prepare(**changes)
    assert chair.refused("start_dosing", **chair.draws()) == (code,)
    assert "DoseLogged" not in chair.kinds(), "nothing was drawn"
    return code, chair.waits()[code]


def under_dose(modality: Modality = Modality.IV_KETAMINE) -> BareChair:
    """An infusion that has run for ten minutes."""
    chair = BareChair(modality)
    chair.dose()
    chair.day.pass_(600)
    return chair


# -- at the door ----------------------------------------------------------------------------------


def test_edge_3_who_comes_more_than_twenty_minutes_late_is_rebooked() -> None:
    assert stopped_by(arrived_at=TEN + timedelta(minutes=21)) == ("too_late", Role.CARE_COORDINATOR)


def test_edge_4_without_an_escort_nobody_is_dosed_until_one_is_reached_by_phone() -> None:
    chair = BareChair()
    assert stopped_by(chair, escort_confirmed=False) == ("escort", Role.CARE_COORDINATOR)

    receipt = chair.give("supply_missing", escort=papers.ESCORT, escort_confirmed=True)

    assert receipt.phase is SessionPhase.READY


def test_edge_8_a_positive_pregnancy_test_blocks_the_dose_of_either_medicine() -> None:
    for modality in Modality:
        chair = BareChair(modality, pregnancy_test_needed=True)
        assert stopped_by(chair, pregnancy_test_negative=False) == (
            "pregnancy_test_positive",
            Role.PRESCRIBER,
        )


def test_edge_8_a_pregnancy_reported_at_the_chair_refuses_the_dose_whatever_is_tested_later() -> (
    None
):
    for modality in Modality:
        chair = BareChair(modality)
        chair.prepare()

        chair.give("report_adverse_event", event=PREGNANT)

        assert chair.waits() == {"pregnancy_reported": Role.PRESCRIBER}
        assert chair.refused("start_dosing", **chair.draws()) == ("pregnancy_reported",)
        chair.give("supply_missing", pregnancy_test_negative=True)
        assert chair.refused("start_dosing", **chair.draws()) == ("pregnancy_reported",)


def test_edge_8_a_pregnancy_reported_before_the_patient_came_refuses_the_dose() -> None:
    chair = BareChair()
    chair.give("report_adverse_event", event=PREGNANT)

    assert chair.prepare() == ["pregnancy_reported"]


def test_edge_8_a_pregnancy_reported_while_the_start_is_on_its_way_calls_it_off() -> None:
    chair = BareChair()
    chair.prepare()
    chair.day.record_away = True
    start = chair.say("start_dosing", **chair.draws())

    chair.give("report_adverse_event", event=PREGNANT)
    chair.day.record_away = False
    chair.day.settle()

    assert start.codes == ("pregnancy_reported",)
    assert chair.day.state.dosed_at is None


def test_edge_8_a_positive_test_at_the_chair_reaches_the_journey_with_the_days_end() -> None:
    said = {"pregnancy_test_negative": False}
    for at_the_door in (True, False):
        chair = BareChair()
        chair.prepare(**(said if at_the_door else {}))
        chair.give("supply_missing", **said)

        told = chair.day.state.result().adverse_events

        assert [(event.code, event.grade) for event in told] == [("pregnancy", 1)], "told once"
        assert chair.kinds().count("AdverseEventReported") == 1
        chair.give("supply_missing", pregnancy_test_negative=True)
        assert chair.refused("start_dosing", **chair.draws()) == ("pregnancy_reported",)


def test_edge_8_a_pregnancy_reported_while_dosing_is_kept_for_the_journey_and_stops_nothing() -> (
    None
):
    chair = under_dose()

    chair.give("report_adverse_event", event=PREGNANT)

    assert chair.day.phase is SessionPhase.DOSING
    assert [event.code for event in chair.day.state.result().adverse_events] == ["pregnancy"]


def test_edge_9_a_refused_pregnancy_test_needs_a_documented_alternative() -> None:
    chair = BareChair(pregnancy_test_needed=True)
    assert stopped_by(chair, pregnancy_test_refused=True) == (
        "pregnancy_test_refused",
        Role.PRESCRIBER,
    )

    receipt = chair.give("supply_missing", pregnancy_alternative="physician_waiver")

    assert receipt.phase is SessionPhase.READY


def test_edge_12_a_changed_weight_needs_a_new_order() -> None:
    chair = BareChair()
    chair.prepare()

    chair.read(weight_kg=papers.WEIGHT_KG + 4)

    assert chair.waits() == {"order_voided_by_weight": Role.PRESCRIBER}
    assert chair.refused("start_dosing", **chair.draws()) == ("order_voided_by_weight",)


def test_edge_13_a_weight_that_may_be_pounds_waits_for_a_second_person() -> None:
    chair = BareChair()
    chair.prepare()

    chair.read(weight_kg=154)  # 70 kg, read in pounds
    assert "weight_second_person" in chair.waits()
    chair.read(weight_kg=papers.WEIGHT_KG)

    assert chair.day.phase is SessionPhase.READY


def test_edge_15_an_emergency_visit_since_the_last_session_voids_the_clearance() -> None:
    stopped = stopped_by(changes_since_last=("emergency_visit",))
    assert stopped == ("clearance_voided", Role.MEDICAL_SCREENER)


def test_edge_19_an_intoxicated_patient_is_not_dosed_today() -> None:
    assert stopped_by(intoxicated=True) == ("intoxicated", Role.PRESCRIBER)


@pytest.mark.parametrize(
    ("ate", "wait_min"), [({"last_solids_at": TEN - HOUR}, 60), ({"last_liquids_at": TEN}, 30)]
)
def test_edge_20_who_ate_or_drank_too_late_waits_within_the_slot(
    ate: dict[str, Any], wait_min: int
) -> None:
    chair = BareChair(Modality.ESKETAMINE)
    (code,) = chair.prepare(**ate)
    assert code in {"food_gap", "liquid_gap"}
    chair.day.pass_((wait_min - 1) * 60)
    assert chair.refused("start_dosing", **chair.draws()) == (code,)

    chair.day.pass_(60)
    chair.read()

    assert chair.start().phase is SessionPhase.DOSING


def test_edge_23_no_spray_begins_while_no_prescriber_is_on_site() -> None:
    chair = BareChair(Modality.ESKETAMINE)
    assert stopped_by(chair, prescriber_on_site=False) == ("prescriber_on_site", Role.PRESCRIBER)

    assert chair.give("supply_missing", prescriber_on_site=True).phase is SessionPhase.READY


def test_edge_36_ketamine_elsewhere_is_reconciled_first() -> None:
    stopped = stopped_by(changes_since_last=("ketamine_elsewhere",))
    assert stopped == ("treated_elsewhere", Role.PRESCRIBER)


def test_edge_40_a_clearance_that_ended_before_the_slot_is_no_clearance() -> None:
    chair = BareChair(clearances_valid_until=TEN - HOUR)
    assert stopped_by(chair) == ("clearance_expired", Role.MEDICAL_SCREENER)


@pytest.mark.parametrize("change", ["fever", "nasal_obstruction", "other_sedation"])
def test_edge_51_fever_or_other_sedation_puts_the_day_off(change: str) -> None:
    chair = BareChair()
    assert chair.prepare(changes_since_last=(change,)) == ["defer_today"]
    assert chair.refused("start_dosing", **chair.draws()) == ("defer_today",)


# -- at the chair ---------------------------------------------------------------------------------


@pytest.mark.parametrize("symptom", ["seizure", "chest_pain", "syncope", "focal_deficit"])
def test_edge_43_a_grave_symptom_stops_the_dose_and_calls_an_ambulance(symptom: str) -> None:
    chair = under_dose()

    decision = chair.read(symptoms=(symptom,)).decision

    assert decision is not None
    assert decision.action is VitalsAction.STOP
    assert "emergency_services" in decision.call
    assert chair.day.phase is SessionPhase.POST_OBS
    assert chair.told("dosing_stopped") == [Role.PRESCRIBER]


def test_edge_28_infiltration_stops_the_infusion_and_what_was_given_is_asked_for() -> None:
    chair = under_dose()

    chair.read(symptoms=("infiltration",))

    assert chair.day.phase is SessionPhase.POST_OBS
    assert chair.going_home().codes == ("delivered_amount_missing",)


def test_edge_10_a_patient_who_asks_to_stop_is_heard_without_a_question() -> None:
    chair = under_dose()

    receipt = chair.give("stop_dosing", reason="asks to stop", actor=STAFF[Role.PATIENT])

    assert receipt.phase is SessionPhase.POST_OBS
    assert chair.refused("resume_dosing", reason="nearly done") == ("not_paused",)


def test_edge_25_a_worker_that_dies_in_mid_infusion_starts_no_second_dose() -> None:
    chair = under_dose()
    chair.day.leave()
    chair.day.pass_(120)

    chair.day.come_back()

    assert chair.day.phase is SessionPhase.DOSING
    assert chair.refused("start_dosing", **chair.draws()) == ("already_started",)
    assert chair.kinds().count("DosingStarted") == 1
