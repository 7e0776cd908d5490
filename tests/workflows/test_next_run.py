"""A run that has grown long turns over also while the record or a mailbox does not answer: the
story stands still for a moment, never for an outage, and nothing is lost or told otherwise.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from clinical.standard_protocol import standard_protocol
from runtime.temporal import workflow_runner
from schemas.base import Role
from schemas.drug_cabinet import CabinetState
from schemas.health_record import LetterDue, Milestone
from schemas.journal import WriteJournal
from schemas.journey import Phase
from schemas.notification import NotificationClass
from schemas.safety_program import SubmissionWay
from simulator.staff import Staff
from tests.workflows.conftest import NORTH, STOOD_IN, Clinical, serving
from tests.workflows.days import ready_to_start
from tests.workflows.outside import Outside
from tests.workflows.places import adopting, by, cleared, dosed, now
from tests.workflows.test_monitoring_form import sprayed, submit
from tests.workflows.test_places import Away
from workflows.cabinet_desk import CabinetDesk
from workflows.code_versions import NewerCode
from workflows.options import GIVE_UP_AFTER
from workflows.recorder import Recorder

EVERY_KIND = frozenset(NotificationClass)
HURRY_S = 0.5
NO_ALERTS = EVERY_KIND - {NotificationClass.SAFETY}

ON_RECORD = (
    EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
)
TASK = (
    EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
)
Turns = Callable[[pytest.MonkeyPatch, int], None]
UP_TO_THE_LOOK = (*ON_RECORD, *TASK, *TASK[:2])
"""What the history tells between a fact's way to the record and the answer to a look."""


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.desk.HAND_OVER_PATIENCE", timedelta(seconds=HURRY_S))


@pytest.fixture
async def remembering(time_skipping: WorkflowEnvironment) -> AsyncIterator[Clinical]:
    """Journeys in time that skips, at a worker that has every one in memory, whatever was asked
    for: what is looked for comes when another reads the history."""
    engine = Clinical(time_skipping, Outside())
    async with serving(time_skipping, engine.outside, workflows=STOOD_IN):
        yield engine
        await engine.put_away()


async def replayed(engine: Clinical, staff: Staff) -> None:
    """Every run so far, by whoever was not there."""
    replayer = Replayer(
        workflows=STOOD_IN,
        data_converter=engine.client.data_converter,
        workflow_runner=workflow_runner(),
    )
    for run in await engine.runs(staff):
        await replayer.replay_workflow(WorkflowHistory(staff.journey_id, list(run.events)))


def in_danger() -> WriteJournal:
    return WriteJournal(**by(Role.PATIENT, uuid4().hex), mood=1, suicidal_thoughts=3)


async def turned_over(engine: Clinical, staff: Staff) -> None:
    runs = (await staff.door.journey(staff.journey_id)).runs
    await engine.handle(staff).signal("refresh")
    async with asyncio.timeout(60):
        await staff.wait(lambda v: v.runs == runs + 1)


def alerts(engine: Clinical, staff: Staff) -> list[str]:
    return [n.occurrence for n in engine.outside.sent if n.kind is NotificationClass.SAFETY]


async def test_a_mailbox_that_refuses_does_not_hold_the_next_run_back(journeys: Clinical) -> None:
    journeys.outside.refuses = EVERY_KIND
    staff = await journeys.refer()
    await staff.pending("referral_triage")

    await turned_over(journeys, staff)
    await staff.approve("referral_triage")
    await staff.reach(Phase.PSYCH_EVAL)

    journeys.outside.refuses = frozenset()
    await journeys.facts(staff)
    asked = f"{staff.journey_id}~referral_triage"
    while not (told := [n for n in journeys.outside.sent if n.occurrence.startswith(asked)]):
        await staff.door.settle()
    assert [n.to_role for n in told] == [Role.CARE_COORDINATOR]


async def test_an_alert_that_nobody_took_yet_goes_along_and_a_new_one_waits_for_neither(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer()
    await staff.pending("referral_triage")
    journeys.outside.refuses = EVERY_KIND
    await staff.give("write_journal", in_danger())

    await turned_over(journeys, staff)
    journeys.outside.refuses = frozenset()
    await staff.give("write_journal", in_danger())

    await staff.wait(lambda v: v.unrecorded == 0)
    told = await asyncio.wait_for(_both_told(journeys, staff), 60)
    assert len(told) >= 2


async def _both_told(engine: Clinical, staff: Staff) -> set[str]:
    """What comes before the first colon tells two alerts apart, behind it come their steps."""
    while len(told := {one.split(":")[0] for one in alerts(engine, staff)}) < 2:
        await staff.door.settle()
    return told


async def test_a_record_that_is_away_does_not_hold_the_next_run_back(journeys: Clinical) -> None:
    staff = await journeys.refer()
    await staff.pending("referral_triage")
    journeys.outside.away = True
    await staff.approve("referral_triage")

    await turned_over(journeys, staff)
    view = await staff.reach(Phase.PSYCH_EVAL)
    assert view.unrecorded > 0

    journeys.outside.away = False
    facts = await journeys.facts(staff)
    assert [fact.sequence for fact in facts] == list(range(1, len(facts) + 1))


async def test_a_health_record_that_does_not_answer_does_not_hold_the_next_run_back(
    journeys: Clinical,
) -> None:
    """What was entered meanwhile goes on record and the story goes on; each letter is written
    once, as it was owed."""
    journeys.outside.silent = frozenset({"file_letter"})
    staff = await journeys.refer()
    await staff.approve("referral_triage")
    await staff.evaluate()
    await staff.reach(Phase.MED_SCREEN)
    await journeys.facts(staff)

    await turned_over(journeys, staff)
    await staff.screen()
    await staff.give("write_journal", in_danger())
    await staff.pending("suicide_risk_review")
    told = await journeys.facts(staff)
    assert {"ScreeningRecorded", "JournalWritten"} <= {fact.kind for fact in told}
    assert journeys.outside.letters == {}

    journeys.outside.silent = frozenset()
    letters = await journeys.filed(staff, at_least=2)
    assert {letter.letter_id: letter.milestone for letter in letters} == {
        f"{staff.journey_id}-letter-1": Milestone.EVALUATED,
        f"{staff.journey_id}-letter-2": Milestone.SUICIDE_RISK_HIGH,
    }
    assert (await journeys.kinds(staff)).count("JournalWritten") == 1


async def test_a_letter_has_three_days_in_all_whatever_runs_it_lives_through(
    journeys: Clinical,
) -> None:
    journeys.outside.silent = frozenset({"file_letter"})
    owed = LetterDue(letter_id="letter-1", milestone=Milestone.SERIES_FINISHED, at=now())
    staff = await journeys.refer(letters=[owed])

    await tried(journeys, staff, "file_letter")
    await turned_over(journeys, staff)

    first, second = await tried(journeys, staff, "file_letter", times=2)
    assert first == GIVE_UP_AFTER
    assert GIVE_UP_AFTER - timedelta(minutes=5) < second < GIVE_UP_AFTER


async def tried(
    engine: Clinical, staff: Staff, activity: str, *, times: int = 1
) -> list[timedelta]:
    """Once an activity was begun so many times, over all runs: how long each time has."""
    while True:
        begun = [
            event.activity_task_scheduled_event_attributes
            for run in await engine.runs(staff)
            for event in run.events
            if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        ]
        found = [
            one.schedule_to_close_timeout.ToTimedelta()
            for one in begun
            if one.activity_type.name == activity
        ]
        if len(found) >= times:
            return found
        await staff.door.settle()


async def test_a_fax_that_nobody_takes_does_not_hold_the_next_run_back(
    journeys: Clinical,
) -> None:
    staff, owed = await sprayed(journeys)
    await journeys.facts(staff)
    journeys.outside.silent = frozenset({"fax_monitoring_form"})
    await submit(staff, owed, how=SubmissionWay.FAX_SERVICE)

    await turned_over(journeys, staff)
    view = await staff.door.journey(staff.journey_id)
    assert [form.sending for form in view.monitoring_forms] == [True]

    journeys.outside.silent = frozenset()
    await staff.wait(lambda v: not v.monitoring_forms)
    assert list(journeys.outside.faxes) == [f"{owed.form.session_id}-form-1"]


async def test_a_clinic_book_that_is_away_does_not_hold_the_next_run_back(
    journeys: Clinical,
) -> None:
    book = journeys.outside.book = Away()
    staff = await journeys.refer(**cleared())
    await journeys.facts(staff)

    await turned_over(journeys, staff)
    assert (await staff.door.journey(staff.journey_id)).open_session is None

    book.away = False
    view = await staff.wait(lambda v: v.open_session is not None)
    assert list(book.kept) == [view.open_session], "one day, one place"


async def test_a_day_whose_end_cannot_be_read_does_not_hold_the_next_run_back(
    journeys: Clinical,
) -> None:
    """Its end was not heard, and the record that has it is away."""
    session_id = f"journey-{uuid4().hex}-infusion-1"
    journeys.outside.silent = frozenset({"session_result"})
    journeys.outside.results[session_id] = dosed(1, 0.1, session_id=session_id)
    staff = await journeys.refer(**adopting(session_id))
    await journeys.facts(staff)

    await turned_over(journeys, staff)
    assert (await staff.door.journey(staff.journey_id)).open_session == session_id

    journeys.outside.silent = frozenset()
    view = await staff.wait(lambda v: len(v.sessions) == 1)
    assert [given.session_id for given in view.sessions] == [session_id]
    assert (await journeys.kinds(staff)).count("SessionClosed") == 1


async def test_an_errand_given_in_the_moment_of_leaving_is_run_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever waited for the same moment may be woken first, and what they have to tell another
    workflow would be lost: the state says that it was told."""
    waits = Waits(monkeypatch)
    desk = CabinetDesk(
        CabinetState(workflow_id="cabinet-north", clinic=NORTH, protocol=standard_protocol())
    )
    let_go, told = asyncio.Event(), asyncio.Event()
    desk.send(let_go.wait)

    async def tell_at_the_end() -> None:
        await waits.until(lambda: desk.idle)
        desk.send(_told(told))

    async with asyncio.TaskGroup() as clerks:
        alive = [clerks.create_task(run()) for run in (waits.ask, desk.run_errands)]
        clerks.create_task(tell_at_the_end())
        leaving = clerks.create_task(desk.hand_over())
        await asyncio.sleep(3 * HURRY_S)
        let_go.set()
        await leaving
        for clerk in alive:
            clerk.cancel()

    assert told.is_set()


def _told(told: asyncio.Event) -> Callable[[], Awaitable[None]]:
    async def tell() -> None:
        told.set()

    return tell


class Waits:
    """Conditions asked as the engine's library asks them: all of them once nothing else moves,
    whoever waits the longest is woken first."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        monkeypatch.setattr(workflow, "wait_condition", self.until)
        monkeypatch.setattr(workflow, "all_handlers_finished", lambda: True)
        monkeypatch.setattr(workflow, "upsert_memo", lambda _: None)
        monkeypatch.setattr(NewerCode, "_seen", False)

    async def until(
        self, condition: Callable[[], bool], *, timeout: timedelta | None = None, **_: str
    ) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((condition, woken))
        await asyncio.wait_for(woken, timeout.total_seconds() if timeout else None)

    async def ask(self) -> None:
        while True:
            for _ in range(20):
                await asyncio.sleep(0)
            self._waiting = [w for w in self._waiting if not w[1].done()]
            for _, woken in [w for w in self._waiting if w[0]()]:
                woken.set_result(None)


async def test_when_it_is_time_to_turn_over_is_told_alike_by_a_worker_that_keeps_nothing(
    real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of an activity says so, and the next decision comes before anything else happens."""
    monkeypatch.setattr("workflows.story.RUN_EVENT_BUDGET", 30)
    monkeypatch.setattr("workflows.desk.HAND_OVER_PATIENCE", timedelta(minutes=1))
    engine = Clinical(real_server, Outside())
    engine.outside.refuses = NO_ALERTS
    async with serving(real_server, engine.outside, cached=0):
        staff = await engine.refer()
        await staff.pending("referral_triage")
        await asyncio.sleep(0.7)
        engine.outside.slow_s = 0.7
        await staff.give("write_journal", in_danger())
        await asyncio.sleep(1.5)
        engine.outside.slow_s = 0
        await staff.approve("referral_triage")
        await asyncio.sleep(1)

        await replayed(engine, staff)
        assert (await staff.door.journey(staff.journey_id)).version >= 2
        await engine.put_away()


def budget_ends(monkeypatch: pytest.MonkeyPatch, events: int) -> None:
    monkeypatch.setattr("workflows.story.RUN_EVENT_BUDGET", events)


def newer_code_comes(monkeypatch: pytest.MonkeyPatch, events: int) -> None:
    """The server says so with the start of a task; here with the one of that many events."""
    said = property(lambda _: workflow.info().get_current_history_length() >= events)
    monkeypatch.setattr(NewerCode, "_seen", said)


@pytest.mark.parametrize("turns_over", [budget_ends, newer_code_comes])
async def test_a_task_in_which_the_story_heard_nothing_does_not_change_when_a_run_turns_over(
    remembering: Clinical, monkeypatch: pytest.MonkeyPatch, turns_over: Turns
) -> None:
    """Somebody looks at the journey while it takes in that a fact is on record: the server writes
    down a task of its own for the answer, and a worker that reads the history anew is handed it
    together with the task before."""
    staff = await remembering.refer()
    await remembering.facts(staff)
    remembering.outside.slow_s = 1.5
    for moment in ("note", "_learn"):
        monkeypatch.setattr(Recorder, moment, _thinking(getattr(Recorder, moment)))
    async with asyncio.TaskGroup() as looking:
        entry = WriteJournal(**by(Role.PATIENT, "today"), mood=5)
        looking.create_task(staff.give("write_journal", entry))
        for _ in range(50):
            looking.create_task(staff.door.journey(staff.journey_id))
            await asyncio.sleep(0.02)
        written = (await remembering.runs(staff))[-1].length
        turns_over(monkeypatch, written + len(UP_TO_THE_LOOK))
        for _ in range(50):
            looking.create_task(staff.door.journey(staff.journey_id))
            await asyncio.sleep(0.02)
    await remembering.handle(staff).signal("anything")
    await staff.wait(lambda v: v.dead_letter_count == 1)

    run = (await remembering.runs(staff))[0]
    told = [event.event_type for event in run.events[written:]]
    assert tuple(told[: len(UP_TO_THE_LOOK)]) == UP_TO_THE_LOOK
    await replayed(remembering, staff)


def _thinking(real: Callable[..., None]) -> Callable[..., None]:
    def slowly(*args: Any, **known: Any) -> None:
        time.sleep(0.15)
        real(*args, **known)

    return slowly


@pytest.mark.usefixtures("impatient")
async def test_a_patient_is_followed_up_although_the_record_is_away_from_the_discharge_on(
    clinical: Clinical,
) -> None:
    """The message of the evening is owed at its hour, and the call where nobody answers."""
    staff = await clinical.refer(**cleared())
    bedside = await ready_to_start(staff)
    await bedside.dose(pause=True)
    await bedside.observe()
    clinical.outside.away = True
    await bedside.discharge()

    async with asyncio.timeout(60):
        view = await staff.wait(lambda v: bool(v.follow_ups))
    assert view.open_session is None
    await clinical.jump(staff, timedelta(hours=6))
    await staff.pending("evening_call")
    assert bedside.session_id not in _ended_on_record(clinical)

    clinical.outside.away = False
    async with asyncio.timeout(60):
        await clinical.client.get_workflow_handle(bedside.session_id).result()
    assert bedside.session_id in _ended_on_record(clinical)
    kinds = await clinical.kinds(staff)
    assert kinds.count("SessionClosed") == 1, "heard twice, once"
    assert len((await staff.door.journey(staff.journey_id)).follow_ups) == 1


def _ended_on_record(engine: Clinical) -> list[str]:
    return [one for one in engine.outside.facts if "Discharged" in engine.outside.kinds(one)]


async def test_a_patient_is_followed_up_although_a_mailbox_took_none_of_the_days_alerts(
    clinical: Clinical,
) -> None:
    """What was owed to people waits on; the evening call does not wait for it."""
    staff = await clinical.refer(**cleared())
    bedside = await ready_to_start(staff)
    clinical.outside.refuses = EVERY_KIND
    await bedside.dose(pause=True)
    await bedside.observe()
    await bedside.discharge()

    view = await staff.wait(lambda v: bool(v.follow_ups))

    assert view.open_session != bedside.session_id
    assert [given.session_id for given in view.sessions] == [bedside.session_id]
    clinical.outside.refuses = frozenset()
    async with asyncio.timeout(60):
        await clinical.client.get_workflow_handle(bedside.session_id).result()
    assert len((await staff.door.journey(staff.journey_id)).sessions) == 1, "heard twice, once"
