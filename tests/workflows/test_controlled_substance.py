"""What was drawn is given or wasted before a witness; until it adds up, the day does not close.

Fact sheet 8.1, 4.6 criterion 8, edge case 30.
"""

import pytest

from schemas.approval import ApprovalKind, Choice
from schemas.base import Role
from schemas.controlled_substance import Waste
from schemas.infusion import SessionPhase
from simulator.papers import STAFF
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.treatment_day import SECOND_PRESCRIBER, TreatmentDay, book

WITNESS = STAFF[Role.PRESCRIBER]


async def partly_given(clinical: Clinical) -> TreatmentDay:
    """35 mg drawn, 20 mg given, nothing said of the rest; observed for an hour."""
    day = await book(clinical)
    await day.dose()
    await day.read_every(10, 2)
    await day.give("stop_dosing", reason="the patient asks to stop", delivered_mg=20)
    await day.read_every(15, 4)
    return day


async def decide(day: TreatmentDay, choice: Choice, *roles: Role) -> None:
    """The pending approval, decided by one person of each role."""
    (asked,) = (await day.view()).pending_approvals
    for role in roles:
        await day.give(
            "decide_approval",
            approval_id=asked.approval_id,
            decision=choice,
            reason="recounted with the pump's log",
            actor=STAFF[role],
        )


async def test_edge_30_a_dose_that_does_not_add_up_is_recounted_by_two_and_blocks_the_close(
    clinical: Clinical,
) -> None:
    day = await partly_given(clinical)

    view = await day.view()
    assert not view.reconciled
    (asked,) = view.pending_approvals
    assert asked.kind == ApprovalKind.SUBSTANCE_VARIANCE
    assert set(asked.roles) == {Role.NURSE, Role.PRESCRIBER}
    with pytest.raises(Refused) as refused:
        await day.discharge()
    assert refused.value.codes == ["waste"]


async def test_the_waste_told_afterwards_before_a_witness_makes_it_add_up(
    clinical: Clinical,
) -> None:
    day = await partly_given(clinical)

    await day.give("record_waste", waste=Waste(wasted_mg=15, witness=WITNESS))

    view = await day.view()
    assert view.reconciled
    assert view.pending_approvals == ()
    await day.discharge()
    assert (await day.result()).phase is SessionPhase.DISCHARGED


@pytest.mark.parametrize(
    "waste",
    [
        pytest.param(Waste(wasted_mg=15), id="no witness"),
        pytest.param(Waste(wasted_mg=15, witness=STAFF[Role.NURSE]), id="witness of their own"),
        pytest.param(
            Waste(wasted_mg=15, witness=STAFF[Role.CARE_COORDINATOR]), id="witness not licensed"
        ),
        pytest.param(Waste(wasted_mg=14, witness=WITNESS), id="a milligram short"),
    ],
)
async def test_waste_without_a_second_licensed_person_does_not_add_up(
    clinical: Clinical, waste: Waste
) -> None:
    day = await partly_given(clinical)

    await day.give("record_waste", waste=waste)

    assert not (await day.view()).reconciled
    with pytest.raises(Refused) as refused:
        await day.discharge()
    assert refused.value.codes == ["waste"]


async def test_a_variance_that_two_people_explain_lets_the_patient_go(clinical: Clinical) -> None:
    day = await partly_given(clinical)

    await decide(day, Choice.APPROVE, Role.NURSE, Role.PRESCRIBER)

    await day.discharge()
    assert (await day.result()).owed == ()


async def test_a_variance_that_two_people_cannot_explain_outlives_the_day(
    clinical: Clinical,
) -> None:
    day = await partly_given(clinical)

    await decide(day, Choice.DECLINE, Role.PRESCRIBER)

    (asked,) = (await day.view()).pending_approvals
    assert asked.roles == (Role.MEDICAL_DIRECTOR,)
    await day.discharge()
    assert (await day.result()).owed == (ApprovalKind.SUBSTANCE_VARIANCE,)


async def test_what_was_drawn_for_a_start_that_did_not_come_is_not_drawn_again(
    clinical: Clinical, impatient: None
) -> None:
    day = await book(clinical)
    await day.prepare()
    clinical.outside.away = True
    with pytest.raises(Refused):
        await day.start()
    clinical.outside.away = False
    await day.sees(lambda view: not view.record_away)

    await day.start()

    await day.records(lambda kinds: kinds.count("DoseLogged") == 2)
    logged = day.facts("DoseLogged")
    assert [fact.data["drawn_before"] for fact in logged] == [False, True]


async def test_a_second_prescriber_may_witness_too(clinical: Clinical) -> None:
    day = await partly_given(clinical)

    await day.give("record_waste", waste=Waste(wasted_mg=15, witness=SECOND_PRESCRIBER))

    assert (await day.view()).reconciled
