"""From the door to the pump: what stands between a patient and today's dose."""

import asyncio
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest

from schemas.approval import Choice
from schemas.base import Role
from schemas.controlled_substance import DrugLot
from schemas.infusion import SessionPhase, VitalsAction
from schemas.journey import Event
from simulator.papers import STAFF
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.treatment_day import SECOND_PRESCRIBER, TreatmentDay, book

OVER_FIRST_CAP_MG = 70.0
HEAVY_KG = 140.0


def minutes_after_booking(day: TreatmentDay, moment: datetime) -> int:
    """Whole minutes: the server's clock runs on for some milliseconds around a timer."""
    return int((moment - day.plan.scheduled_at) / timedelta(minutes=1))


def in_date(now: datetime) -> DrugLot:
    return DrugLot(lot="KET-2231", expires_on=now.date() + timedelta(days=90))


async def over_the_cap(clinical: Clinical) -> tuple[TreatmentDay, str]:
    """A first dose that needs a second prescriber; the day and the approval's id."""
    day = await book(clinical, dosing_weight_kg=HEAVY_KG)
    await day.check_in()
    await day.read(126, 80, weight_kg=HEAVY_KG)
    receipt = await day.order(OVER_FIRST_CAP_MG, weight_kg=HEAVY_KG)
    assert [reason.code for reason in receipt.missing] == ["order_not_allowed"]
    (asked,) = (await day.view()).pending_approvals
    return day, asked.approval_id


async def test_check_in_answers_with_everything_that_is_missing(clinical: Clinical) -> None:
    day = await book(clinical)

    receipt = await day.check_in(escort=None, escort_confirmed=False, medicines_reconciled=False)

    assert receipt.phase is SessionPhase.PRE_CHECK
    codes = {reason.code for reason in receipt.missing}
    assert {"escort", "medicines_not_reconciled", "order_missing"} <= codes
    assert {missing.code for missing in (await day.view()).missing} == codes


async def test_a_complete_day_is_ready_and_says_so(clinical: Clinical) -> None:
    day = await book(clinical)

    receipt = await day.prepare()

    assert receipt.phase is SessionPhase.READY
    assert receipt.missing == ()


async def test_nobody_checks_in_twice(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.check_in()

    with pytest.raises(Refused) as refused:
        await day.check_in()

    assert refused.value.codes == ["already_checked_in"]


async def test_nothing_is_ordered_started_or_read_before_check_in(clinical: Clinical) -> None:
    day = await book(clinical)

    for step in (day.order, day.start, day.read):
        with pytest.raises(Refused) as refused:
            await step()
        assert refused.value.codes == ["not_checked_in"]
    for step in (day.end, day.discharge):
        with pytest.raises(Refused):
            await step()


async def test_a_nurse_cannot_order_and_a_coordinator_cannot_start(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.check_in()

    with pytest.raises(Refused) as refused:
        await day.order(actor=STAFF[Role.NURSE])
    assert refused.value.codes == ["wrong_role"]
    with pytest.raises(Refused) as refused:
        await day.start(actor=STAFF[Role.CARE_COORDINATOR])
    assert refused.value.codes == ["wrong_role"]


async def test_an_order_over_every_cap_is_refused_whoever_signs(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.check_in()

    with pytest.raises(Refused) as refused:
        await day.order(200, co_signed_by=SECOND_PRESCRIBER)

    assert "over_cap" in refused.value.codes
    assert (await day.view()).order is None


async def test_a_prescriber_cannot_co_sign_their_own_order(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.check_in()

    with pytest.raises(Refused) as refused:
        await day.order(co_signed_by=STAFF[Role.PRESCRIBER])

    assert refused.value.codes == ["same_person"]


async def test_a_dose_over_the_first_cap_waits_for_a_second_prescriber(clinical: Clinical) -> None:
    day, approval_id = await over_the_cap(clinical)
    decision = {"approval_id": approval_id, "decision": Choice.APPROVE, "reason": "weighed"}

    with pytest.raises(Refused) as refused:
        await day.give("decide_approval", **decision)
    assert "own_request" in refused.value.codes
    with pytest.raises(Refused) as refused:
        await day.start()
    assert "order_not_allowed" in refused.value.codes

    receipt = await day.give("decide_approval", **decision, actor=SECOND_PRESCRIBER)
    assert receipt.phase is SessionPhase.READY
    assert (await day.start(drawn_mg=OVER_FIRST_CAP_MG)).phase is SessionPhase.DOSING


async def test_a_declined_exception_leaves_the_order_without_force(clinical: Clinical) -> None:
    day, approval_id = await over_the_cap(clinical)

    receipt = await day.give(
        "decide_approval",
        approval_id=approval_id,
        decision=Choice.DECLINE,
        reason="too much for a first dose",
        actor=SECOND_PRESCRIBER,
    )

    assert receipt.phase is SessionPhase.PRE_CHECK
    with pytest.raises(Refused) as refused:
        await day.start()
    assert "order_not_allowed" in refused.value.codes


async def test_leave_for_one_order_is_not_leave_for_the_next(clinical: Clinical) -> None:
    day, approval_id = await over_the_cap(clinical)

    await day.order(66, weight_kg=HEAVY_KG, actor=SECOND_PRESCRIBER)

    decision = {"decision": Choice.APPROVE, "reason": "weighed", "actor": SECOND_PRESCRIBER}
    with pytest.raises(Refused) as refused:
        await day.give("decide_approval", approval_id=approval_id, **decision)
    assert refused.value.codes == ["already_decided"]
    (asked,) = (await day.view()).pending_approvals
    with pytest.raises(Refused) as refused:
        await day.give("decide_approval", approval_id=asked.approval_id, **decision)
    assert "own_request" in refused.value.codes


async def test_a_new_order_within_the_cap_needs_nobody_elses_leave(clinical: Clinical) -> None:
    day, _approval_id = await over_the_cap(clinical)

    receipt = await day.order(50, weight_kg=HEAVY_KG)

    assert receipt.phase is SessionPhase.READY
    assert (await day.view()).pending_approvals == ()


async def test_a_start_is_refused_with_every_reason(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.check_in(escort_confirmed=False, suicide_risk=None)

    with pytest.raises(Refused) as refused:
        await day.start(lot=DrugLot(lot="KET-0001", expires_on=date(2020, 1, 31)))

    assert {"escort", "suicide_risk_missing", "order_missing", "lot_expired"} <= set(
        refused.value.codes
    )
    assert (await day.view()).phase is SessionPhase.PRE_CHECK


async def test_edge_32_a_start_needs_the_lot_by_name(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.prepare()

    with pytest.raises(Refused) as refused:
        await day.start(lot=None)

    assert refused.value.codes == ["lot_missing"]


async def test_edge_32_a_compounded_lot_waits_for_a_new_order_and_a_consent_of_its_own(
    clinical: Clinical,
) -> None:
    day = await book(clinical, compounded_consented=True)
    await day.prepare()
    compounded = in_date(await day.now()).model_copy(update={"compounded": True})
    with pytest.raises(Refused) as refused:
        await day.start(lot=compounded)
    assert refused.value.codes == ["product_not_ordered"]

    await day.order(compounded=True)

    assert (await day.start(lot=compounded)).phase is SessionPhase.DOSING


async def test_the_dose_log_is_on_record_before_the_pump_may_start(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.prepare()
    day.outside.away = True

    starting = asyncio.create_task(day.start())
    await day.sees(lambda view: view.facts > len(day.kinds()) + 3)
    assert not starting.done()
    assert (await day.view()).phase is SessionPhase.READY

    day.outside.away = False
    assert (await starting).phase is SessionPhase.DOSING
    assert "DoseLogged" in day.kinds()


async def test_one_dose_is_started_once_even_while_its_log_is_on_the_way(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.prepare()
    day.outside.away = True
    command = day.command("start_dosing", lot=in_date(await day.now()))

    first = asyncio.create_task(day.send("start_dosing", command))
    await day.sees(lambda view: view.version == 4)
    again = asyncio.create_task(day.send("start_dosing", command))
    with pytest.raises(Refused) as refused:
        await day.start()
    assert refused.value.codes == ["already_started"]
    with pytest.raises(Refused) as refused:
        await day.order(30)
    assert refused.value.codes == ["already_started"]
    assert not again.done()

    day.outside.away = False
    assert not (await first).duplicate
    assert (await again).duplicate
    assert (await again).phase is SessionPhase.DOSING
    assert day.kinds().count("DoseLogged") == 1


async def test_a_withdrawal_while_the_log_is_on_the_way_refuses_the_start(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.prepare()
    day.outside.away = True
    command = day.command("start_dosing", lot=in_date(await day.now()))
    starting = asyncio.create_task(day.send("start_dosing", command))
    await day.sees(lambda view: view.version == 4)
    await day.interrupt(Event.CONSENT_WITHDRAWN)
    await day.sees(lambda view: view.phase is SessionPhase.ABORTED)
    again = asyncio.create_task(day.send("start_dosing", command))
    await asyncio.sleep(0.02)

    day.outside.away = False
    for answer in (starting, again):
        with pytest.raises(Refused) as refused:
            await answer
        assert refused.value.codes == ["session_closed"]
    result = await day.result()
    assert result.phase is SessionPhase.ABORTED
    assert result.consent_withdrawn
    assert result.dosed_at is None


async def test_a_stop_while_the_log_is_on_the_way_calls_the_start_off(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.prepare()
    day.outside.away = True
    starting = asyncio.create_task(day.start())
    await day.sees(lambda view: view.version == 4)

    await day.give("stop_dosing", reason="the patient asks to wait", delivered_mg=0)
    day.outside.away = False

    with pytest.raises(Refused) as refused:
        await starting
    assert refused.value.codes == ["called_off"]
    view = await day.view()
    assert (view.phase, view.delivered_mg, view.dosed_at) == (SessionPhase.READY, None, None)
    kinds = await day.records(lambda kinds: kinds.count("ReadinessJudged") == 2)
    assert "DosingStopped" not in kinds
    assert (await day.start()).phase is SessionPhase.DOSING


async def test_edge_6_a_reading_that_forbids_the_dose_refuses_a_start_under_way(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.prepare()
    day.outside.away = True
    starting = asyncio.create_task(day.start())
    await day.sees(lambda view: view.version == 4)

    receipt = await day.read(192, 112)
    assert receipt.decision is not None
    assert receipt.decision.action is not VitalsAction.CONTINUE
    day.outside.away = False

    with pytest.raises(Refused):
        await starting
    view = await day.view()
    assert view.phase is SessionPhase.PRE_CHECK
    assert view.dosed_at is None
    # Settled and read again, the dose may be started after all.
    await day.pass_(15)
    await day.read(126, 80)
    assert (await day.start()).phase is SessionPhase.DOSING


async def test_a_start_days_before_the_booked_hour_is_judged_at_that_moment(
    clinical: Clinical,
) -> None:
    now = await clinical.env.get_current_time()
    dosed_at = now - timedelta(hours=1)
    day = await book(
        clinical, number=2, last_dose_at=dosed_at, scheduled_at=now + timedelta(days=4)
    )
    day.until = _at_once  # type: ignore[method-assign]
    with pytest.raises(Refused) as refused:
        await day.check_in()
    assert refused.value.codes == ["not_today"]


async def _at_once(_moment: object) -> None:
    """No time passes."""


async def test_edge_1_a_patient_who_does_not_come_is_missed_and_cannot_check_in_any_more(
    clinical: Clinical,
) -> None:
    day = await book(clinical)

    result = await day.result()

    assert result.phase is SessionPhase.MISSED
    assert minutes_after_booking(day, result.ended_at) == 20
    assert day.kinds() == ["SessionMissed"]


async def test_a_patient_who_is_never_dosed_is_not_kept_overnight(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.check_in()

    result = await day.result()

    assert result.phase is SessionPhase.ABORTED
    (last,) = day.facts("SessionCancelled")
    assert last.data["because"] == "day_ended"
    assert minutes_after_booking(day, last.at) == 12 * 60


async def test_a_session_reports_its_end_even_when_its_journey_is_gone(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.handle.signal("report_to_journey", {})

    assert (await day.result()).phase is SessionPhase.MISSED


async def test_command_ids_are_the_callers_own(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.until(day.plan.scheduled_at)
    command = day.command("check_in", command_id=f"door-{uuid4().hex}")

    first = await day.send("check_in", command)
    second = await day.send("check_in", command)

    assert (first.duplicate, second.duplicate) == (False, True)
    assert first.version == second.version
