"""What somebody at the pump asked for and nobody answered is never carried out later by itself."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.testing import WorkflowEnvironment

from schemas.base import Role
from schemas.infusion import ResumeDosing, SessionPhase, StartDosing
from schemas.screening import Modality
from simulator import papers
from tests.workflows.bare_chair import BareChair
from tests.workflows.conftest import REAL, Clinical, serving
from tests.workflows.days import ready_to_start
from tests.workflows.outside import Outside
from tests.workflows.places import cleared

MOMENT = timedelta(seconds=1)


def test_a_start_whose_asker_was_told_that_nobody_answered_starts_nothing() -> None:
    chair = BareChair()
    chair.prepare()

    codes = chair.refused("start_dosing", **chair.draws(answer_by=chair.day.now - MOMENT))

    assert codes == ("no_longer_waited_for",)
    assert "DoseLogged" not in chair.kinds()


def test_a_start_is_no_longer_waited_for_once_its_log_took_too_long() -> None:
    chair = BareChair()
    chair.prepare()
    chair.day.record_away = True
    asked = chair.say("start_dosing", **chair.draws(answer_by=chair.day.now + 5 * MOMENT))
    chair.day.pass_(8)

    chair.day.record_away = False
    chair.day.pass_(4)

    assert asked.codes == ("no_longer_waited_for",)
    assert chair.day.state.dosed_at is None


def test_a_paused_dose_is_not_resumed_by_what_nobody_waits_for_any_more() -> None:
    chair = BareChair()
    chair.dose()
    chair.give("pause_dosing", reason="the patient feels sick")
    chair.day.pass_(60)
    chair.read()

    late = {"reason": "settled", "answer_by": chair.day.now - MOMENT}
    assert "no_longer_waited_for" in chair.refused("resume_dosing", **late)


def test_a_start_that_is_still_waited_for_begins_the_dose() -> None:
    chair = BareChair()
    chair.prepare()

    receipt = chair.start(answer_by=chair.day.now + 5 * MOMENT)

    assert receipt.phase is SessionPhase.DOSING


@pytest.mark.parametrize("command", [StartDosing, ResumeDosing])
def test_both_know_until_when_somebody_waits(command: type[StartDosing | ResumeDosing]) -> None:
    assert "answer_by" in command.model_fields


async def test_a_start_asked_for_while_no_worker_runs_is_not_carried_out_when_one_comes_back(
    real_server: WorkflowEnvironment,
) -> None:
    outside = Outside()
    clinical = Clinical(real_server, outside)
    async with serving(real_server, outside, workflows=REAL):
        staff = await clinical.refer(**cleared())
        bedside = await ready_to_start(staff)
        now = (await staff.door.session(bedside.session_id)).now
    session = real_server.client.get_workflow_handle(bedside.session_id)
    command = StartDosing(
        **staff.by(Role.NURSE),
        lot=papers.lot(Modality.IV_KETAMINE, now),
        drawn_mg=papers.DOSE_MG,
        answer_by=datetime.now(UTC) + MOMENT,  # noqa: TID251 - the real server's
    )
    with pytest.raises((TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError)):
        async with asyncio.timeout(2):
            await session.execute_update("start_dosing", command, id="start-in-vain")

    async with serving(real_server, outside, workflows=REAL):
        view = await staff.door.session(bedside.session_id)
        assert (view.phase, view.dosed_at) == (SessionPhase.READY, None)
        assert "DoseLogged" not in outside.kinds(bedside.session_id)
        await clinical.put_away()
