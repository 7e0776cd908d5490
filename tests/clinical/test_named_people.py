"""What a name is worth that somebody else wrote (1.3, 4.1, 4.6)."""

import pytest

from clinical.named_people import Named, judge_name, listed, people_named
from schemas.base import Actor, Command, Role
from schemas.infusion import Discharge, Downtime, OrderDose, RecordVitals, StartDosing, VitalSigns
from schemas.protocol import StaffMember
from tests.clinical.recovery import COMMAND
from tests.clinical.treatment_day import CHECK_IN, NORTH, NURSE, PRESCRIBER

SENDER = {"command_id": "c", "actor": NURSE}
SECOND = Actor(id="np-sato", role=Role.PRESCRIBER)
PSYCHIATRIST = Actor(id="dr-lee", role=Role.PSYCHIATRIST)
PAPER = Downtime(form="DT-1", second_signature=SECOND, reason="the record is away")
WEIGHED = VitalSigns(weight_kg=70, weight_confirmed_by="rn-abara")


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (OrderDose(**SENDER, dose_mg=60, co_signed_by=SECOND), {"co_signed_by": "np-sato"}),
        (OrderDose(**SENDER, dose_mg=35), {}),
        (StartDosing(**SENDER, downtime=PAPER), {"second_signature": "np-sato"}),
        (StartDosing(**SENDER), {}),
        (RecordVitals(**SENDER, vitals=WEIGHED), {"weight_confirmed_by": "rn-abara"}),
        (RecordVitals(**SENDER, vitals=VitalSigns()), {}),
        (
            COMMAND.model_copy(update={"disposition_by": PSYCHIATRIST}),
            {"second_signature": "rn-fellowes", "disposition_by": "dr-lee"},
        ),
        (COMMAND.model_copy(update={"second_signature": None}), {}),
        (CHECK_IN, {}),
    ],
)
def test_whom_a_command_names_as_having_agreed(command: Command, named: dict[str, str]) -> None:
    assert {name.field: name.person for name in people_named(command)} == named


def name(role: Role | None, *roles: Role) -> Named:
    return Named("field", "somebody", role, "whoever signs", frozenset(roles))


BOTH = (Role.NURSE, Role.PRESCRIBER)


@pytest.mark.parametrize(
    ("named", "on_staff", "codes"),
    [
        (name(Role.NURSE, *BOTH), None, []),
        (name(Role.OPS, *BOTH), None, ["wrong_role"]),
        (name(None, *BOTH), None, []),
        (name(Role.NURSE, *BOTH), (), ["not_on_staff"]),
        (name(Role.NURSE, *BOTH), (Actor(id="somebody", role=Role.NURSE),), []),
        (
            name(Role.NURSE, *BOTH),
            (Actor(id="somebody", role=Role.PRESCRIBER),),
            ["not_on_staff"],
        ),
        (name(Role.NURSE, *BOTH), (Actor(id="another", role=Role.NURSE),), ["not_on_staff"]),
        (name(None, *BOTH), (Actor(id="somebody", role=Role.PRESCRIBER),), []),
        (name(None, *BOTH), (Actor(id="somebody", role=Role.OPS),), ["wrong_role"]),
        (name(None, *BOTH), (), ["not_on_staff"]),
    ],
)
def test_a_name_counts_for_another_person_in_a_role_that_may_of_this_clinic(
    named: Named, on_staff: tuple[Actor, ...] | None, codes: list[str]
) -> None:
    assert [reason.code for reason in judge_name(named, NURSE, on_staff)] == codes


def test_nobody_is_their_own_second_person() -> None:
    herself = Actor(id="somebody", role=Role.PRESCRIBER)

    (reason,) = judge_name(name(Role.NURSE, *BOTH), herself, (herself,))

    assert (reason.code, reason.text) == ("same_person", "whoever signs is another person")


def test_the_clinics_file_says_in_which_role_each_of_them_works() -> None:
    staff = tuple(StaffMember(id=a.id, name=a.id, role=a.role) for a in (SECOND, PRESCRIBER, NURSE))
    clinic = NORTH.model_copy(update={"staff": staff})
    order = OrderDose(
        **SENDER, dose_mg=60, co_signed_by=Actor(id="np-sato", role=Role.MEDICAL_DIRECTOR)
    )

    assert listed(clinic, people_named(order)) == (SECOND,)
    assert listed(clinic, ()) == ()
    assert listed(NORTH, people_named(order)) is None


def test_a_discharge_names_nobody_by_itself() -> None:
    bare = Discharge(**SENDER, escort_present=True, instructions_given=True)

    assert people_named(bare) == ()
