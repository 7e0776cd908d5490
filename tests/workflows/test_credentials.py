"""A prescriber whose licence or registration has lapsed orders no dose (11.33)."""

from datetime import timedelta

from clinical.clinic_hours import local_date
from schemas.base import Actor, Role
from schemas.infusion import SessionPhase
from schemas.protocol import Clinic
from simulator.papers import STAFF
from tests.clinical.test_credentials import prescriber
from tests.workflows.bare_chair import BareChair
from tests.workflows.bare_day import NORTH, TEN

TODAY = local_date(TEN, NORTH)
YESTERDAY = TODAY - timedelta(days=1)
LATER = TODAY + timedelta(days=900)
BRANDT = STAFF[Role.PRESCRIBER].id
COVER = Actor(id="np-sato", role=Role.PRESCRIBER)


def with_staff(**dea: object) -> Clinic:
    """Two prescribers; the one who is always here has a registration up to this day."""
    staff = (
        prescriber(BRANDT, licence=LATER, dea=dea["until"]),
        prescriber(COVER.id, licence=LATER, dea=LATER),
    )
    return NORTH.model_copy(update={"staff": staff})


def order(chair: BareChair, **changes: object) -> dict[str, object]:
    return {"dose_mg": chair.dose_mg, "weight_kg": 70.0, "duration_min": 40, **changes}


def test_edge_33_an_order_after_the_lapse_is_refused_and_a_covering_prescriber_signs() -> None:
    chair = BareChair(clinic=with_staff(until=YESTERDAY))
    chair.arrive()
    chair.read(weight_kg=70.0)

    assert chair.refused("order_dose", **order(chair)) == ("credential_lapsed",)
    assert chair.day.state.order is None

    receipt = chair.give("order_dose", **order(chair, actor=COVER))
    assert receipt.phase is SessionPhase.READY


def test_edge_33_a_second_signature_that_has_lapsed_is_none() -> None:
    chair = BareChair(clinic=with_staff(until=YESTERDAY))
    chair.arrive()
    second = Actor(id=BRANDT, role=Role.PRESCRIBER)

    refused = chair.refused("order_dose", **order(chair, actor=COVER, co_signed_by=second))

    assert refused == ("credential_lapsed",)


def test_edge_33_what_the_front_desk_read_today_stands_over_an_older_file() -> None:
    chair = BareChair(clinic=with_staff(until=YESTERDAY))
    chair.arrive()
    chair.read(weight_kg=70.0)

    receipt = chair.give("order_dose", **order(chair, licensed_until=LATER))

    assert receipt.phase is SessionPhase.READY
