"""A prescriber is on site while the spray works: whoever leaves is an incident (5.3, 11.23)."""

from schemas.base import Role
from schemas.infusion import SessionPhase
from schemas.screening import Modality
from simulator.papers import STAFF
from tests.workflows.bare_chair import BareChair
from tests.workflows.clockwork import Update

SPRAY = Modality.ESKETAMINE
NURSES = {"second_signature": STAFF[Role.NURSE].model_copy(update={"id": "rn-abara"})}
"""Two who sign, and neither prescribes."""


def observed(modality: Modality = SPRAY) -> BareChair:
    """Dosed to the end; observation has begun."""
    chair = BareChair(modality)
    chair.dose()
    chair.day.pass_(540)
    chair.read()
    chair.end()
    return chair


def test_edge_23_a_prescriber_who_leaves_during_the_observation_is_an_incident_told_at_once() -> (
    None
):
    chair = observed()

    chair.give("supply_missing", prescriber_on_site=False)

    (left,) = [fact for fact in chair.day.facts if fact.kind == "PrescriberLeft"]
    assert left.data["incident"] == "prescriber_left"
    assert chair.told("safety_alert") == [Role.NURSE, Role.MEDICAL_DIRECTOR]
    assert chair.waits() == {"prescriber_on_site": Role.PRESCRIBER}
    assert chair.day.phase is SessionPhase.POST_OBS, "the watch goes on"


def test_edge_23_nobody_goes_home_after_the_spray_while_no_prescriber_is_there() -> None:
    chair = observed()
    chair.give("supply_missing", prescriber_on_site=False)
    chair.recover(120)

    assert chair.going_home(**NURSES).codes == ("prescriber_on_site",)
    chair.give("supply_missing", prescriber_on_site=True)
    assert chair.waits() == {}
    assert chair.going_home(**NURSES).receipt is not None
    assert chair.day.phase is SessionPhase.DISCHARGED


def test_edge_23_a_prescriber_who_signs_the_discharge_is_there() -> None:
    chair = observed()
    chair.give("supply_missing", prescriber_on_site=False)
    chair.recover(120)

    assert chair.going_home(second_signature=STAFF[Role.PRESCRIBER]).receipt is not None


def test_edge_23_without_a_prescriber_an_ambulance_is_not_kept_waiting() -> None:
    chair = observed()
    chair.give("supply_missing", prescriber_on_site=False)

    going = chair.going_home(transferred_to="St Aldhelm", second_signature=None)

    assert going.receipt is not None
    assert chair.day.phase is SessionPhase.TRANSFERRED


def test_edge_23_between_two_devices_dosing_waits_for_another_prescriber() -> None:
    chair = BareChair(SPRAY)
    chair.dose()

    assert chair.give("supply_missing", prescriber_on_site=False).phase is SessionPhase.PAUSED
    chair.day.pass_(120)
    chair.read()
    assert chair.refused("resume_dosing", reason="all is calm") == ("prescriber_on_site",)
    chair.give("supply_missing", prescriber_on_site=True)

    assert chair.give("resume_dosing", reason="here now").phase is SessionPhase.DOSING


def test_edge_23_a_second_leaving_is_told_again_and_one_said_twice_is_not() -> None:
    chair = observed()
    for here in (False, False, True, False):
        chair.give("supply_missing", prescriber_on_site=here)

    assert chair.told("safety_alert") == [Role.NURSE, Role.MEDICAL_DIRECTOR] * 2
    assert chair.kinds().count("PrescriberLeft") == 3
    assert chair.waits() == {"prescriber_on_site": Role.PRESCRIBER}


def test_edge_23_an_infusion_needs_no_prescriber_on_site_but_two_people_then_sign() -> None:
    chair = observed(Modality.IV_KETAMINE)

    chair.give("supply_missing", prescriber_on_site=False)

    assert chair.told("safety_alert") == []
    assert chair.waits() == {}
    chair.recover(60)
    assert chair.going_home(second_signature=None).codes == ("signature", "second_signature")
    assert chair.going_home(**NURSES).receipt is not None


def test_once_the_dose_has_begun_nothing_else_is_supplied() -> None:
    chair = observed()

    said = {"prescriber_on_site": True, "escort_confirmed": True}

    assert chair.refused("supply_missing", **said) == ("not_checked_in",)
    assert chair.refused("supply_missing", escort_confirmed=True) == ("not_checked_in",)


def starting(modality: Modality = SPRAY) -> tuple[BareChair, Update]:
    """Leave to start is asked for; the dose log is on its way to a record that is slow."""
    chair = BareChair(modality)
    chair.prepare()
    chair.day.record_away = True
    return chair, chair.say("start_dosing", **chair.draws())


def answered(chair: BareChair) -> None:
    chair.day.record_away = False
    chair.day.settle()


def test_edge_23_a_prescriber_who_leaves_while_the_start_is_on_its_way_calls_it_off() -> None:
    chair, start = starting()

    chair.give("supply_missing", prescriber_on_site=False)
    answered(chair)

    assert start.codes == ("prescriber_on_site",)
    assert chair.day.state.dosed_at is None
    (left,) = [fact for fact in chair.day.facts if fact.kind == "PrescriberLeft"]
    assert left.data["incident"] == "prescriber_left"
    assert chair.told("safety_alert") == [Role.NURSE, Role.MEDICAL_DIRECTOR]
    assert chair.waits() == {"prescriber_on_site": Role.PRESCRIBER}
    assert chair.refused("start_dosing", **chair.draws()) == ("prescriber_on_site",)

    receipt = chair.give("supply_missing", prescriber_on_site=True)

    assert receipt.phase is SessionPhase.READY
    assert chair.waits() == {}
    assert chair.start().phase is SessionPhase.DOSING
    assert not chair.day.state.prescriber_left


def test_edge_23_another_prescriber_who_comes_in_time_lets_the_start_go_on() -> None:
    chair, start = starting()

    for here in (False, False, True):
        chair.give("supply_missing", prescriber_on_site=here)
    answered(chair)

    assert start.receipt is not None
    assert chair.day.phase is SessionPhase.DOSING
    assert chair.waits() == {}
    assert chair.told("safety_alert") == [Role.NURSE, Role.MEDICAL_DIRECTOR], (
        "said twice, told once"
    )


def test_edge_23_an_infusion_starts_whether_or_not_the_prescriber_stays() -> None:
    chair, start = starting(Modality.IV_KETAMINE)

    chair.give("supply_missing", prescriber_on_site=False)
    answered(chair)

    assert start.receipt is not None
    assert chair.told("safety_alert") == []


def test_while_the_start_is_on_its_way_nothing_else_is_supplied() -> None:
    chair, _start = starting()

    assert chair.refused("supply_missing", escort_confirmed=True) == ("already_started",)
