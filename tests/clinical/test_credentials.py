"""Licence and registration of whoever orders a controlled substance (11.33)."""

from datetime import date, timedelta

import pytest

from clinical.credentials import credential_lapsed, licensed_until
from schemas.base import Role
from schemas.protocol import Clinic, Credential, StaffMember
from tests.clinical.treatment_day import SCHEDULED, judged

LAST = date(2027, 3, 31)
LATER = date(2029, 1, 1)
DAY = timedelta(days=1)


def prescriber(name: str, **last_days: date) -> StaffMember:
    held = tuple(Credential(kind=kind, expires_on=on) for kind, on in last_days.items())
    return StaffMember(id=name, name=name, role=Role.PRESCRIBER, credentials=held)


CLINIC = Clinic(
    code="north",
    name="Northlight Clinic",
    time_zone="America/New_York",
    staff=(
        prescriber("dr-brandt", licence=LATER, dea=LAST),
        prescriber("np-sato", licence=LATER, dea=LATER),
        prescriber("dr-penhallow", licence=LATER),
    ),
)


@pytest.mark.parametrize(
    ("people", "until"),
    [
        (("dr-brandt",), LAST),
        (("np-sato", "dr-brandt"), LAST),
        (("np-sato",), LATER),
        (("dr-penhallow",), date.min),
        (("dr-from-elsewhere",), None),
    ],
)
def test_edge_33_whoever_orders_holds_licence_and_registration(
    people: tuple[str, ...], until: date | None
) -> None:
    assert licensed_until(CLINIC, people) == until


def test_edge_33_a_clinic_that_lists_no_staff_is_not_judged() -> None:
    assert licensed_until(CLINIC.model_copy(update={"staff": ()}), ("dr-brandt",)) is None


@pytest.mark.parametrize(("on", "lapsed"), [(LAST, False), (LAST + DAY, True)])
def test_edge_33_the_last_day_is_a_day_on_which_they_may_order(
    on: date,
    lapsed: bool,
) -> None:
    assert bool(credential_lapsed(LAST, on)) is lapsed


@pytest.mark.parametrize(
    ("on", "stands"), [(SCHEDULED.date(), True), (SCHEDULED.date() - DAY, False)]
)
def test_edge_33_an_order_signed_before_a_lapse_stands_only_for_a_dose_before_it(
    on: date,
    stands: bool,
) -> None:
    ready = judged(order_={"licensed_until": on})

    assert ("credential_lapsed" not in {item.code for item in ready.missing}) is stands
