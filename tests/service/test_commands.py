"""The front desk on a real server, before a stand-in journey that keeps its promises."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from clinical.standard_protocol import standard_protocol
from runtime.keys import KeyRing
from runtime.names import JOURNEYS
from runtime.settings import Settings
from runtime.temporal import connect, ensure_search_attributes
from schemas.approval import RemindTask
from schemas.base import Actor, Reason, Receipt, Refusal, Role
from schemas.course_plan import PlannedCourse
from schemas.journey import HoldJourney, JourneyInput
from schemas.people import Person
from schemas.protocol import Clinic
from schemas.referral import AcceptReferral, Referral, ReferralIdentifier
from service.commands import Commands
from service.errors import Malformed, NotYetAnswered, Refused, Unavailable, UnknownWorkflow
from service.protocols import Catalogue

pytestmark = pytest.mark.stack

KEY = b"k" * 32
COORDINATOR = Actor(id="cc-romero", role=Role.CARE_COORDINATOR)
NORTH = Clinic(code="north", name="Northlight", time_zone="America/New_York")
CATALOGUE = Catalogue({"standard": standard_protocol()}, {"north": NORTH})


@workflow.defn(name="PatientJourney", sandboxed=False)
class StandInJourney:
    """Accepts its referral once, holds, turns over, refuses and ends, as it is told."""

    @workflow.init
    def __init__(self, begun: JourneyInput) -> None:
        self._state = begun.state
        self._ended = False
        self._turn = False

    @workflow.run
    async def run(self, begun: JourneyInput) -> int:
        await workflow.wait_condition(lambda: self._ended or self._turn)
        if self._turn:
            workflow.continue_as_new(begun.model_copy(update={"state": self._state}))
        return self._state.version

    @workflow.update
    async def accept_referral(self, command: AcceptReferral) -> Receipt:
        self._state.accepted_by = self._state.accepted_by or command.command_id
        if self._state.referral.patient is None:
            self._state.referral = command.referral
        self._state.version += 1
        return Receipt(command_id=self._state.accepted_by, version=self._state.version)

    # It leaves a command unanswered at a turnover on purpose.
    @workflow.update(unfinished_policy=workflow.HandlerUnfinishedPolicy.ABANDON)
    async def hold(self, command: HoldJourney) -> Receipt:
        if command.reason == "refuse me":
            reason = Reason(code="not_in_this_phase", text="not now", source="clinical 2")
            raise ApplicationError(
                "refused",
                [reason.model_dump(mode="json")],
                type=Refusal.REFUSED.value,
                non_retryable=True,
            )
        if command.reason == "turn over before you answer" and self._state.runs == 1:
            self._state.runs, self._turn = 2, True
            await workflow.wait_condition(lambda: False)
        self._state.version += 1
        return Receipt(command_id=command.command_id, version=self._state.version)

    @workflow.signal
    def command_submitted(self, envelope: RawValue) -> None:
        self._state.version += 100

    @workflow.signal
    def end(self) -> None:
        self._ended = True

    @workflow.query
    def state(self) -> dict[str, int | str]:
        patient = self._state.referral.patient
        return {"version": self._state.version, "patient": patient.given_name if patient else ""}


@pytest.fixture
async def client(temporal_server: str) -> Client:
    settings = Settings(temporal_address=temporal_server)
    found = await connect(settings, keyring=KeyRing.in_memory(), wait_s=10)
    await ensure_search_attributes(found)
    return found


class Line:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def client(self) -> Client:
        return self._client


class Away:
    async def client(self) -> Client:
        raise Unavailable


class Past:
    def __init__(self, *known: str) -> None:
        self._known = known

    async def knows(self, journey_id: str) -> bool:
        return journey_id in self._known


def desk(client: Client, answer_within_s: float = 15.0, past: Past | None = None) -> Commands:
    return Commands(
        Line(client), CATALOGUE, KEY, past=past, answer_within_s=answer_within_s, now=a_tuesday
    )


def a_tuesday() -> datetime:
    return datetime(2026, 11, 24, 12, tzinfo=UTC)


def a_referral(value: str | None = None, born: date = date(1984, 3, 9)) -> Referral:
    return Referral(
        clinic="north",
        identifier=ReferralIdentifier(system="urn:test", value=value or uuid.uuid4().hex),
        patient=Person(given_name="Marisol", family_name="Featherstone-Quill", birth_date=born),
        training=True,
    )


def a_hold(reason: str = "travelling", command_id: str | None = None) -> HoldJourney:
    return HoldJourney(
        command_id=command_id or uuid.uuid4().hex,
        actor=COORDINATOR,
        reason=reason,
        review_on=date(2026, 12, 24),
    )


Working = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture
async def working(client: Client) -> Working:
    @asynccontextmanager
    async def worker() -> AsyncIterator[None]:
        async with Worker(
            client,
            task_queue=JOURNEYS,
            workflows=[StandInJourney],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            yield

    return worker


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await check():  # noqa: ASYNC110 - the far side cannot tell us
            await asyncio.sleep(0.05)


async def test_three_doors_with_the_same_referral_at_once_start_one_journey(
    client: Client, working: Working
) -> None:
    referral = a_referral()

    async with working():
        accepted = await asyncio.gather(*(desk(client).refer(referral, COORDINATOR) for _ in "123"))

    assert len({each.journey_id for each in accepted}) == 1
    assert sorted(each.created for each in accepted) == [False, False, True]


async def test_the_engines_own_pages_say_what_kind_of_journey_it_is(
    client: Client, working: Working
) -> None:
    async with working():
        accepted = await desk(client).refer(a_referral(), COORDINATOR)
        shown = await client.get_workflow_handle(accepted.journey_id).describe()

    assert await shown.static_summary() == "Treatment journey (training, clinic north)"


async def test_the_same_referral_later_finds_the_journey_it_started(
    client: Client, working: Working
) -> None:
    referral = a_referral()

    async with working():
        first = await desk(client).refer(referral, COORDINATOR)
        second = await desk(client).refer(referral, COORDINATOR)

    assert (first.created, second.created) == (True, False)
    assert first.journey_id == second.journey_id


async def test_a_referral_that_names_the_missing_patient_reaches_the_journey(
    client: Client, working: Working
) -> None:
    referral = a_referral()
    without = referral.model_copy(update={"patient": None, "patient_reference": "Patient/7"})

    async with working():
        first = await desk(client).refer(without, COORDINATOR)
        second = await desk(client).refer(referral, COORDINATOR)
        told = await desk(client).state(first.journey_id)

    assert (first.created, second.created) == (True, False)
    assert told is not None
    assert told["patient"] == "Marisol"


async def test_a_referral_whose_journey_ended_starts_no_other(
    client: Client, working: Working
) -> None:
    referral = a_referral()
    async with working():
        first = await desk(client).refer(referral, COORDINATOR)
        handle = client.get_workflow_handle(first.journey_id)
        await handle.signal("end")
        await handle.result()

        again = await desk(client).refer(referral, COORDINATOR)

    assert again.journey_id == first.journey_id
    assert not again.created


async def test_a_journey_that_only_the_record_remembers_is_not_started_again(
    client: Client, working: Working
) -> None:
    referral = a_referral()
    async with working():
        first = await desk(client).refer(referral, COORDINATOR)
    again = await desk(client, past=Past(first.journey_id)).refer(referral, COORDINATOR)

    assert not again.created


async def test_a_referral_is_kept_while_no_worker_runs(client: Client, working: Working) -> None:
    referral = a_referral()

    with pytest.raises(NotYetAnswered) as kept:
        await desk(client, answer_within_s=1.0).refer(referral, COORDINATOR)
    async with working():
        found = await desk(client).refer(referral, COORDINATOR)

    assert found.journey_id == kept.value.journey_id


async def test_a_birth_date_in_the_future_starts_nothing(client: Client) -> None:
    with pytest.raises(Malformed) as refused:
        await desk(client).refer(a_referral(born=date(2026, 11, 25)), COORDINATOR)

    assert refused.value.code == "birth_date_in_future"


async def test_an_unknown_clinic_starts_nothing(client: Client) -> None:
    referral = a_referral().model_copy(update={"clinic": "atlantis"})

    with pytest.raises(Refused) as refused:
        await desk(client).refer(referral, COORDINATOR)

    assert refused.value.code == "unknown_clinic"


async def test_a_command_is_answered_in_the_same_call(client: Client, working: Working) -> None:
    async with working():
        journey = (await desk(client).refer(a_referral(), COORDINATOR)).journey_id
        receipt = await desk(client).send(journey, "hold", a_hold())

    assert receipt.accepted
    assert receipt.version == 2


async def test_a_command_sent_twice_takes_effect_once(client: Client, working: Working) -> None:
    hold = a_hold(command_id="the same\nkey for Ludovica 🌿")
    async with working():
        journey = (await desk(client).refer(a_referral(), COORDINATOR)).journey_id

        first = await desk(client).send(journey, "hold", hold)
        second = await desk(client).send(journey, "hold", hold)

    assert first == second


async def test_a_refusal_arrives_with_every_reason(client: Client, working: Working) -> None:
    async with working():
        journey = (await desk(client).refer(a_referral(), COORDINATOR)).journey_id

        with pytest.raises(Refused) as refused:
            await desk(client).send(journey, "hold", a_hold("refuse me"))

    assert [reason.code for reason in refused.value.reasons] == ["not_in_this_phase"]
    assert refused.value.reasons[0].source == "clinical 2"


async def test_a_command_lost_at_a_turnover_is_asked_again_of_the_next_run(
    client: Client, working: Working
) -> None:
    async with working():
        journey = (await desk(client).refer(a_referral(), COORDINATOR)).journey_id

        receipt = await desk(client).send(journey, "hold", a_hold("turn over before you answer"))

    assert receipt.accepted


async def test_a_command_that_nobody_answers_is_kept_and_takes_effect_later(
    client: Client, working: Working
) -> None:
    async with working():
        journey = (await desk(client).refer(a_referral(), COORDINATOR)).journey_id

    with pytest.raises(NotYetAnswered) as kept:
        await desk(client, answer_within_s=1.0).send(journey, "hold", a_hold())

    assert kept.value.journey_id == journey
    async with working():

        async def arrived() -> bool:
            told = await desk(client).state(journey)
            return told is not None and int(str(told["version"])) > 100

        await eventually(arrived)


async def test_a_word_is_left_while_no_worker_runs_and_to_nobody_it_is_unknown(
    client: Client, working: Working
) -> None:
    async with working():
        journey = (await desk(client).refer(a_referral(), COORDINATOR)).journey_id
    owed = f"{journey}~referral_triage~1"
    reminder = RemindTask(command_id="r-1", actor=COORDINATOR, approval_id=owed)

    await desk(client, answer_within_s=1.0).leave(journey, "remind_task", reminder)

    async with working():

        async def arrived() -> bool:
            told = await desk(client).state(journey)
            return told is not None and int(str(told["version"])) > 100

        await eventually(arrived)
    with pytest.raises(UnknownWorkflow):
        await desk(client).leave("journey-" + "a" * 26, "remind_task", reminder)


async def test_a_command_to_an_ended_journey_is_refused(client: Client, working: Working) -> None:
    async with working():
        journey = (await desk(client).refer(a_referral(), COORDINATOR)).journey_id
        handle = client.get_workflow_handle(journey)
        await handle.signal("end")
        await handle.result()

        with pytest.raises(Refused) as refused:
            await desk(client).send(journey, "hold", a_hold())

    assert refused.value.code == "journey_closed"


async def test_a_command_to_a_paused_journey_is_kept(client: Client, working: Working) -> None:
    from temporalio.api.workflowservice.v1 import PauseWorkflowExecutionRequest

    async with working():
        journey = (await desk(client).refer(a_referral(), COORDINATOR)).journey_id
        await client.workflow_service.pause_workflow_execution(
            PauseWorkflowExecutionRequest(
                namespace=client.namespace, workflow_id=journey, reason="test"
            )
        )

        with pytest.raises(NotYetAnswered):
            await desk(client, answer_within_s=2.0).send(journey, "hold", a_hold())
        again = await desk(client).clinic_of(journey)

    assert again == "north"


async def test_a_command_to_nobody_is_unknown(client: Client) -> None:
    nobody = "journey-" + "a" * 26

    with pytest.raises(UnknownWorkflow):
        await desk(client).send(nobody, "hold", a_hold())
    assert await desk(client).clinic_of(nobody) is None


async def test_while_the_engine_is_away_nothing_is_taken() -> None:
    commands = Commands(Away(), CATALOGUE, KEY, now=a_tuesday)

    with pytest.raises(Unavailable):
        await commands.refer(a_referral(), COORDINATOR)
    assert not await commands.reachable()


async def test_a_journey_that_cannot_look_ahead_says_so_and_one_that_is_none_is_unknown(
    client: Client, working: Working
) -> None:
    """This stand-in is a journey of an earlier release: it does not know the question."""
    async with working():
        first = await desk(client).refer(a_referral(), COORDINATOR)

        with pytest.raises(Refused) as refused:
            await desk(client).plan(first.journey_id, PlannedCourse.TAPER)
        with pytest.raises(UnknownWorkflow):
            await desk(client).plan("journey-" + "q" * 26, PlannedCourse.TAPER)

    assert refused.value.code == "plan_not_shown"
