"""What a name is worth that somebody else wrote: a co-signer, a second signature, a second reader
of the scale, a psychiatrist's disposition (fact sheet 1.3, 4.1, 4.6; edge cases 13, 25, 33).
"""

from datetime import timedelta
from typing import Any

import pytest

from clinical.clinic_hours import local_date
from schemas.base import Actor, Role
from schemas.infusion import SessionPhase
from schemas.protocol import Clinic, Credential, StaffMember
from simulator import papers
from simulator.papers import STAFF
from tests.workflows.bare_chair import BareChair
from tests.workflows.bare_day import NORTH, TEN

LATER = local_date(TEN, NORTH) + timedelta(days=900)
HELD = tuple(Credential(kind=kind, expires_on=LATER) for kind in ("licence", "dea"))
SECOND = Actor(id="np-sato", role=Role.PRESCRIBER)
LOCUM = Actor(id="dr-never-here", role=Role.PRESCRIBER)
OTHER_NURSE = Actor(id="rn-abara", role=Role.NURSE)
PSYCHIATRIST = STAFF[Role.PSYCHIATRIST]
HERE = (STAFF[Role.NURSE], OTHER_NURSE, STAFF[Role.PRESCRIBER], SECOND, PSYCHIATRIST)


def with_staff(*people: Actor) -> Clinic:
    staff = tuple(StaffMember(id=a.id, name=a.id, role=a.role, credentials=HELD) for a in people)
    return NORTH.model_copy(update={"staff": staff})


def chair_with_staff() -> BareChair:
    return BareChair(clinic=with_staff(*HERE), observer=STAFF[Role.NURSE].id)


def big_order(co_signer: Actor, **more: Any) -> dict[str, Any]:
    """60 mg at a first infusion: above the cap without a second prescriber."""
    fields = {"dose_mg": 60, "weight_kg": 120.0, "duration_min": 40, "co_signed_by": co_signer}
    return {**fields, **more}


def arrived(chair: BareChair) -> BareChair:
    chair.arrive()
    chair.read(weight_kg=120.0, weight_confirmed_by=OTHER_NURSE.id)
    return chair


@pytest.mark.parametrize(
    "co_signer",
    [
        Actor(id="front-desk", role=Role.CARE_COORDINATOR),
        OTHER_NURSE,
        STAFF[Role.MEDICAL_DIRECTOR],
    ],
)
def test_a_dose_above_the_first_cap_is_co_signed_by_a_prescriber_and_nobody_else(
    co_signer: Actor,
) -> None:
    chair = arrived(BareChair())

    assert chair.refused("order_dose", **big_order(co_signer)) == ("wrong_role",)
    assert chair.day.state.order is None


def test_a_prescriber_does_not_co_sign_their_own_order() -> None:
    chair = arrived(BareChair())

    own = big_order(STAFF[Role.PRESCRIBER])
    assert chair.refused("order_dose", **own) == ("same_person",)


def test_where_the_clinic_lists_its_staff_a_co_signer_is_one_of_them_in_that_role() -> None:
    chair = arrived(chair_with_staff())
    nurse_as_prescriber = Actor(id=OTHER_NURSE.id, role=Role.PRESCRIBER)

    assert chair.refused("order_dose", **big_order(LOCUM)) == ("not_on_staff",)
    assert chair.refused("order_dose", **big_order(nurse_as_prescriber)) == ("not_on_staff",)
    chair.give("order_dose", **big_order(SECOND))
    assert chair.day.state.order_allowed


def test_where_no_staff_is_listed_role_and_another_id_is_all_that_can_be_asked() -> None:
    chair = arrived(BareChair())

    chair.give("order_dose", **big_order(LOCUM))

    assert chair.day.state.order_allowed


def test_whom_the_newest_file_lists_may_sign_although_the_journeys_own_does_not() -> None:
    chair = arrived(chair_with_staff())

    gone = big_order(SECOND, on_staff=())
    assert chair.refused("order_dose", **gone) == ("not_on_staff",)
    chair.give("order_dose", **big_order(LOCUM, on_staff=(LOCUM,)))


def test_edge_13_a_weight_is_confirmed_by_somebody_who_works_at_the_chair() -> None:
    chair = chair_with_staff()
    chair.arrive()
    read = {"vitals": papers.calm(TEN, weight_kg=120.0, weight_confirmed_by="front-desk")}

    assert chair.refused("record_vitals", **read) == ("not_on_staff",)
    chair.read(weight_kg=120.0, weight_confirmed_by=OTHER_NURSE.id)


def test_edge_13_a_coordinator_on_the_list_does_not_confirm_a_weight() -> None:
    desk = Actor(id="cc-romero", role=Role.CARE_COORDINATOR)
    chair = BareChair(clinic=with_staff(*HERE, desk), observer=STAFF[Role.NURSE].id)
    chair.arrive()
    read = {"vitals": papers.calm(TEN, weight_kg=120.0, weight_confirmed_by=desk.id)}

    assert chair.refused("record_vitals", **read) == ("wrong_role",)


def observed(chair: BareChair) -> BareChair:
    chair.dose()
    chair.end()
    chair.recover(60)
    return chair


def test_a_discharge_is_seconded_by_somebody_of_this_clinic() -> None:
    chair = observed(chair_with_staff())

    away = chair.going_home(second_signature=LOCUM)
    assert away.codes == ("not_on_staff", "second_signature")
    posing = chair.going_home(second_signature=Actor(id="cc-romero", role=Role.NURSE))
    assert posing.codes == ("not_on_staff", "second_signature")
    assert chair.day.phase is SessionPhase.DISCHARGE_REVIEW

    assert chair.going_home(second_signature=OTHER_NURSE).receipt is not None


@pytest.mark.parametrize(
    ("named", "why"),
    [
        (Actor(id="dr-never-here", role=Role.PSYCHIATRIST), "not_on_staff"),
        (Actor(id=OTHER_NURSE.id, role=Role.PSYCHIATRIST), "not_on_staff"),
        (Actor(id=STAFF[Role.NURSE].id, role=Role.PSYCHIATRIST), "same_person"),
        (STAFF[Role.PRESCRIBER], "wrong_role"),
    ],
)
def test_edge_17_a_disposition_is_a_psychiatrists_of_this_clinic_and_not_the_senders_own(
    named: Actor, why: str
) -> None:
    chair = observed(chair_with_staff())

    update = chair.going_home(suicide_risk="high", disposition_by=named)

    assert update.codes == (why, "suicide_risk")
    placed = chair.going_home(suicide_risk="high", disposition_by=PSYCHIATRIST)
    assert placed.receipt is not None


def test_edge_17_without_a_list_the_sender_still_is_not_the_psychiatrist_they_name() -> None:
    chair = observed(BareChair())
    herself = Actor(id=STAFF[Role.NURSE].id, role=Role.PSYCHIATRIST)

    update = chair.going_home(suicide_risk="high", disposition_by=herself)

    assert update.codes == ("same_person", "suicide_risk")


def test_an_ambulance_waits_for_nobodys_name() -> None:
    chair = observed(chair_with_staff())

    update = chair.going_home(transferred_to="Saint Brannock's", second_signature=LOCUM)

    assert update.receipt is not None
    assert chair.day.phase is SessionPhase.TRANSFERRED


def test_edge_25_a_paper_form_is_seconded_by_somebody_of_this_clinic() -> None:
    chair = BareChair(clinic=with_staff(*HERE), observer=STAFF[Role.NURSE].id)
    chair.prepare()
    paper = {"form": "DT-0417", "reason": "the record has been away for five minutes"}

    by_locum = chair.draws(downtime={**paper, "second_signature": LOCUM})
    assert chair.refused("start_dosing", **by_locum) == ("not_on_staff",)

    seconded = chair.draws(downtime={**paper, "second_signature": OTHER_NURSE})
    assert chair.refused("start_dosing", **seconded) == ("record_answers",)


def test_no_reading_of_a_running_dose_is_turned_away_for_a_name() -> None:
    chair = chair_with_staff()
    chair.dose()
    chair.day.pass_(60)

    chair.read(systolic_mmhg=205, weight_kg=70.0, weight_confirmed_by="front-desk")

    assert chair.day.phase is SessionPhase.POST_OBS, "stopped"
