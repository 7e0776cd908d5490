"""While the record is away no dose starts by itself, a person is told, paper may carry on, and the
watch over who is being treated never waits.

Fact sheet 11.25.
"""

import asyncio
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from runtime.temporal import workflow_runner
from schemas.base import Role
from schemas.infusion import SessionPhase
from simulator import papers
from simulator.papers import STAFF
from tests.workflows.conftest import REAL, Clinical, serving
from tests.workflows.days import ready_to_start
from tests.workflows.doors import Refused
from tests.workflows.outside import Outside
from tests.workflows.places import cleared
from tests.workflows.treatment_day import TreatmentDay, book
from workflows import options

PAPER = {
    "form": "DT-0417",
    "second_signature": STAFF[Role.PRESCRIBER],
    "reason": "the record has been away for five minutes",
}


@pytest.fixture(autouse=True)
def _soon(impatient: None) -> None:
    """Half a minute passes in a moment."""


def test_somebody_at_the_chair_hears_within_half_a_minute_that_the_record_is_away() -> None:
    assert timedelta(seconds=30) >= options.RECORDS_PATIENCE


async def ready_and_away(clinical: Clinical) -> TreatmentDay:
    day = await book(clinical)
    await day.prepare()
    clinical.outside.away = True
    return day


async def test_edge_25_no_dose_starts_while_the_record_is_away_and_people_are_told(
    clinical: Clinical,
) -> None:
    day = await ready_and_away(clinical)

    with pytest.raises(Refused) as refused:
        await day.start()

    assert refused.value.codes == ["record_away"]
    view = await day.view()
    assert view.dosed_at is None
    assert view.phase is SessionPhase.READY
    await day.hears("record_away", Role.NURSE, Role.PRESCRIBER)


async def test_the_dose_does_not_start_by_itself_when_the_record_comes_back(
    clinical: Clinical,
) -> None:
    day = await ready_and_away(clinical)
    with pytest.raises(Refused):
        await day.start()

    clinical.outside.away = False
    await day.sees(lambda view: not view.record_away)

    assert (await day.view()).dosed_at is None
    await day.start()
    assert (await day.view()).phase is SessionPhase.DOSING


async def test_a_start_that_was_refused_is_not_answered_as_given_once_another_began(
    clinical: Clinical,
) -> None:
    day = await ready_and_away(clinical)
    lot = papers.lot(day.plan.modality, await day.now())
    first = day.command("start_dosing", lot=lot, drawn_mg=day.dose_mg)
    with pytest.raises(Refused):
        await day.send("start_dosing", first)
    clinical.outside.away = False
    await day.sees(lambda view: not view.record_away)
    await day.start()

    with pytest.raises(Refused) as refused:
        await day.send("start_dosing", first)

    assert refused.value.codes == ["already_started"]


async def test_edge_25_by_paper_and_two_signatures_the_dose_may_start(clinical: Clinical) -> None:
    day = await ready_and_away(clinical)
    with pytest.raises(Refused):
        await day.start()

    await day.start(downtime=PAPER)

    assert (await day.view()).phase is SessionPhase.DOSING
    await day.pass_(10)
    receipt = await day.read(204, 118)
    assert receipt.phase is SessionPhase.POST_OBS, "the watch does not wait for the record"
    clinical.outside.away = False
    await day.stop(8)
    await day.read_every(15, 4)
    await day.discharge()
    assert (await day.result()).downtime_form == "DT-0417"
    logged = day.facts("DoseLogged")
    assert logged[-1].data["downtime"]


async def test_paper_needs_a_second_clinician(clinical: Clinical) -> None:
    day = await ready_and_away(clinical)
    with pytest.raises(Refused):
        await day.start()

    for second in (STAFF[Role.NURSE], STAFF[Role.CARE_COORDINATOR]):
        with pytest.raises(Refused) as refused:
            await day.start(downtime={**PAPER, "second_signature": second})
        assert refused.value.codes == ["downtime_signature"]


async def test_no_paper_while_nobody_has_found_the_record_away(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.prepare()

    with pytest.raises(Refused) as refused:
        await day.start(downtime=PAPER)

    assert refused.value.codes == ["record_answers"]
    assert (await day.view()).dosed_at is None


async def test_no_paper_while_the_record_answers(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.prepare()
    clinical.outside.away = True
    with pytest.raises(Refused):
        await day.start()
    clinical.outside.away = False
    await day.sees(lambda view: not view.record_away)

    with pytest.raises(Refused) as refused:
        await day.start(downtime=PAPER)

    assert refused.value.codes == ["record_answers"]


async def test_a_worker_that_reads_the_day_anew_knows_that_the_record_is_back(
    real_server: WorkflowEnvironment,
) -> None:
    forgetful = Clinical(real_server, Outside())
    async with serving(real_server, forgetful.outside, cached=0):
        staff = await forgetful.refer(**cleared())
        bedside = await ready_to_start(staff)
        session_id = bedside.session_id
        forgetful.outside.away = True
        with pytest.raises(Refused):
            await bedside.start()

        await asyncio.sleep(0.5)  # by now nobody waits for anything but the record
        forgetful.outside.away = False
        while (await staff.door.session(session_id)).record_away:
            await staff.door.settle()
        await bedside.start()

        assert (await staff.door.session(session_id)).phase is SessionPhase.DOSING
        handle = real_server.client.get_workflow_handle(session_id)
        replayer = Replayer(
            workflows=REAL,
            data_converter=real_server.client.data_converter,
            workflow_runner=workflow_runner(),
        )
        await replayer.replay_workflow(await handle.fetch_history())
        await forgetful.put_away()
