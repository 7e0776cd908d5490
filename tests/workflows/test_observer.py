"""One observer for each patient who is dosing: the one the clinic's book keeps, or a change that is
said (1.3, 11.34)."""

from schemas.base import Role
from schemas.infusion import SessionPhase
from simulator.papers import STAFF
from tests.workflows.bare_chair import BareChair

QUILL, ABARA = STAFF[Role.NURSE].id, "rn-abara"


def test_edge_34_another_nurse_than_the_booked_one_does_not_observe_in_silence() -> None:
    chair = BareChair(observer=ABARA)

    missing = chair.prepare(observer=QUILL)

    assert missing == ["observer_not_booked"]
    assert chair.waits() == {"observer_not_booked": Role.NURSE}
    assert chair.refused("start_dosing", **chair.draws()) == ("observer_not_booked",)


def test_edge_34_the_booked_observer_needs_no_word() -> None:
    assert BareChair(observer=QUILL).arrive() == []


def test_edge_34_a_change_of_observer_is_said_and_on_record() -> None:
    chair = BareChair(observer=ABARA)

    missing = chair.arrive(observer=QUILL, observer_change="Nurse Abara is ill")

    assert missing == []
    (arrived,) = [fact for fact in chair.day.facts if fact.kind == "CheckedIn"]
    assert arrived.data["observer"] == QUILL
    assert arrived.data["observer_change"] == "Nurse Abara is ill"


def test_edge_34_the_booked_observer_is_named_after_all_and_stays_with_the_patient() -> None:
    chair = BareChair(observer=ABARA)
    chair.prepare(observer=QUILL)

    receipt = chair.give("supply_missing", observer=ABARA)

    assert receipt.phase is SessionPhase.READY
    chair.start()
    assert chair.day.state.attendant is not None
    assert chair.day.state.attendant.id == ABARA


def test_edge_34_where_the_book_names_nobody_whoever_is_named_observes() -> None:
    assert BareChair().arrive(observer=ABARA) == []


def test_edge_34_nobody_named_at_the_door_is_named_before_the_dose() -> None:
    chair = BareChair()
    assert chair.prepare(observer=None) == ["observer"]

    assert chair.give("supply_missing", observer=QUILL).phase is SessionPhase.READY


def test_edge_34_a_second_change_of_observer_needs_a_word_of_its_own() -> None:
    chair = BareChair(observer=ABARA)
    chair.prepare(observer=QUILL, observer_change="Nurse Abara is ill")

    receipt = chair.give("supply_missing", observer="rn-mbeki")

    assert [reason.code for reason in receipt.missing] == ["observer_not_booked"]
    assert chair.refused("start_dosing", **chair.draws()) == ("observer_not_booked",)
    why = {"observer": "rn-mbeki", "observer_change": "Nurse Quill is called to a fall"}
    assert chair.give("supply_missing", **why).phase is SessionPhase.READY


def test_edge_34_naming_the_same_observer_again_is_no_change() -> None:
    chair = BareChair(observer=ABARA)
    chair.prepare(observer=QUILL, observer_change="Nurse Abara is ill")

    assert chair.give("supply_missing", observer=QUILL).phase is SessionPhase.READY
