"""Each thing that is missing before a dose is a task of the role that can supply it."""

import pytest

from schemas.approval import RemindTask
from schemas.base import Role
from schemas.infusion import SessionPhase
from simulator import papers
from simulator.papers import STAFF
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.treatment_day import TreatmentDay, book

ESCORT = "An adult escort, by name and phone, confirmed for the way home."
HIGH_RISK = "High suicide risk: do not leave alone; a psychiatrist sees the patient now."


async def waits(day: TreatmentDay) -> dict[str, Role]:
    """What is missing, in words -> whose it is."""
    entries = (await day.view()).pending_entries
    return {e.title.split(": ", 1)[1]: e.roles[0] for e in entries if e.kind == "supply_missing"}


async def test_each_missing_item_waits_on_the_role_that_can_supply_it(clinical: Clinical) -> None:
    day = await book(clinical)

    await day.check_in(escort=None, escort_confirmed=False, suicide_risk=None)

    asked = await waits(day)
    assert asked[ESCORT] is Role.CARE_COORDINATOR
    assert asked["A prescriber's signed order for today."] is Role.PRESCRIBER
    assert asked["The C-SSRS screener, done today."] is Role.NURSE


async def test_what_is_supplied_is_no_longer_asked_for(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.check_in(escort=None, escort_confirmed=False)

    receipt = await day.give("supply_missing", escort=papers.ESCORT, escort_confirmed=True)

    assert "escort" not in {reason.code for reason in receipt.missing}
    assert ESCORT not in await waits(day)
    await day.read(126, 80, weight_kg=papers.WEIGHT_KG)
    assert (await day.order()).phase is SessionPhase.READY
    assert await waits(day) == {}


async def test_what_is_still_missing_after_minutes_is_told_to_its_role(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.check_in()
    await day.read(126, 80, weight_kg=papers.WEIGHT_KG)
    assert day.told("task_reminder") == []

    await day.pass_(5.2)

    await day.hears("task_reminder", Role.PRESCRIBER)
    assert "TaskOpened" in await day.records(lambda kinds: "TaskReminded" in kinds)


async def test_a_colleague_reminds_of_what_a_treatment_day_waits_for(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.check_in(escort=None, escort_confirmed=False)
    view = await day.view()
    escort = next(e for e in view.pending_entries if e.roles[0] is Role.CARE_COORDINATOR)
    said = RemindTask(command_id="r-1", actor=STAFF[Role.NURSE], approval_id=escort.approval_id)

    await day.send("remind_task", said)
    await day.signal("remind_task", said)

    await day.hears("task_reminder", Role.CARE_COORDINATOR)


async def test_edge_17_a_high_risk_is_reviewed_only_by_the_psychiatrist_who_says_so(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.check_in(suicide_risk="high")
    assert (await waits(day))[HIGH_RISK] is Role.PSYCHIATRIST

    with pytest.raises(Refused) as refused:
        await day.give("supply_missing", suicide_risk_reviewed=True)  # a nurse
    assert refused.value.codes == ["wrong_role"]
    assert HIGH_RISK in await waits(day)
    await day.give("supply_missing", suicide_risk_reviewed=True, actor=STAFF[Role.PSYCHIATRIST])

    assert HIGH_RISK not in await waits(day)


async def test_edge_14_a_nurse_does_not_review_a_new_medicine(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.check_in(new_medicines=("lorazepam",))

    with pytest.raises(Refused) as refused:
        await day.give("supply_missing", medicines_reviewed=True)

    assert refused.value.codes == ["wrong_role"]


async def test_nothing_is_supplied_before_check_in_or_after_the_dose_began(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    with pytest.raises(Refused) as early:
        await day.give("supply_missing", medicines_reconciled=True)
    assert early.value.codes == ["not_checked_in"]

    await day.dose()
    with pytest.raises(Refused) as late:
        await day.give("supply_missing", medicines_reconciled=True)

    assert late.value.codes == ["not_checked_in"]


async def test_edge_21_certification_lost_after_booking_forbids_the_spray_at_once(
    clinical: Clinical,
) -> None:
    day = await book(clinical, papers.Modality.ESKETAMINE)
    await day.prepare()
    assert (await day.view()).phase is SessionPhase.READY

    await day.handle.signal("site_certified", {"certified": False})

    view = await day.sees(lambda view: view.phase is SessionPhase.PRE_CHECK)
    assert "site_not_certified" in {missing.code for missing in view.missing}
    with pytest.raises(Refused):
        await day.start()


async def test_edge_21_who_is_being_treated_when_it_is_lost_is_treated_to_the_end(
    clinical: Clinical,
) -> None:
    day = await book(clinical, papers.Modality.ESKETAMINE)
    await day.dose()

    await day.handle.signal("site_certified", {"certified": False})
    await day.end()

    assert (await day.view()).phase is SessionPhase.POST_OBS


async def test_a_consent_renewed_after_booking_is_what_the_gate_sees(clinical: Clinical) -> None:
    day = await book(clinical, consent_valid_until=None)
    receipt = await day.prepare()
    assert "consent_not_in_force" in {reason.code for reason in receipt.missing}

    until = day.plan.clearances_valid_until
    change = {
        "consent_valid_until": until.isoformat() if until else None,
        "clearances_valid_until": until.isoformat() if until else None,
        "pdmp_queried_at": (day.plan.scheduled_at - papers.QUERIED_BEFORE).isoformat(),
    }
    await day.handle.signal("plan_changed", change)

    assert (await day.sees(lambda view: view.phase is SessionPhase.READY)).missing == ()


async def test_edge_25_a_long_gap_in_the_readings_asks_for_a_clinical_review(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.dose()
    await day.pass_(10)
    await day.read()

    await day.pass_(16)
    await day.read()

    kinds = {approval.kind for approval in (await day.view()).pending_approvals}
    assert "gap_review" in kinds
