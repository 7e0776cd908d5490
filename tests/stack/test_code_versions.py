"""Two versions of the code on a real server, one a worker process of the product: who is told by
which, how sleepers move on, and when the old version may be switched off.

The server is this file's own: which version is current holds for everybody on a task queue, and
how soon it says that a version is drained is set here to a second.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflow.v1 import VersioningOverride, WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionOptionsRequest
from temporalio.client import Client, WorkflowHistory
from temporalio.common import PinnedVersioningOverride, WorkerDeploymentVersion
from temporalio.worker import Worker

from clinical.standard_protocol import standard_protocol
from runtime.code_versions import CodeVersions, read_code_versions
from runtime.keys import KeyRing
from runtime.names import INTEGRATIONS, JOURNEYS, NOTIFICATIONS, RECORDS
from runtime.settings import Settings
from runtime.temporal import code_version, connect, ensure_search_attributes, worker_options
from runtime.visibility import RunStatus, describe_status, list_runs
from schemas.base import Role
from schemas.drug_cabinet import CabinetInput, CabinetState
from schemas.journal import WriteJournal
from schemas.journey import JourneyInput, Phase
from service.poke import Poked, poke
from simulator.staff import Staff
from terminal.doctor import examine
from terminal.failures import CommandFailedError
from terminal.poke import poke_journeys
from tests.fixtures_temporal import (
    free_port,
    start_server,
    stop_server,
    temporal_command,
    wait_until_serving,
)
from tests.replay.changed_story import A_MOMENT, CHANGED
from tests.workflows.conftest import NORTH, a_journey
from tests.workflows.doors import WorkflowDoor
from tests.workflows.outside import Outside
from tests.workflows.places import by, cleared
from worker import WORKFLOWS
from workflows.code_versions import declared_behaviour
from workflows.replay import problems_in

pytestmark = [pytest.mark.stack, pytest.mark.xdist_group("code-versions")]

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENT = "journeys-under-test"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log, port = tmp_path_factory.mktemp("temporal") / "server.log", free_port()
    started = start_server(
        log,
        port,
        matching__wv__VersionDrainageStatusVisibilityGracePeriod='"1s"',
        matching__wv__VersionDrainageStatusRefreshInterval='"1s"',
    )
    try:
        wait_until_serving(started, f"127.0.0.1:{port}", log)
        yield f"127.0.0.1:{port}"
    finally:
        stop_server(started)


@pytest.fixture
def told(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What every process of this deployment is told; also the one that runs the tests."""
    keys = tmp_path / "keys.json"
    KeyRing.open(keys, create=True)
    variables = {
        "JOURNEY_ENV_FILE": "",
        "JOURNEY_TEMPORAL_ADDRESS": server,
        "JOURNEY_KEYS": str(keys),
        "JOURNEY_DEPLOYMENT_NAME": DEPLOYMENT,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


def in_the_background(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """A process of the product, without a terminal."""
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )


class Deployment:
    """One deployment: its versions, its journeys, and the people who speak to them."""

    def __init__(self, client: Client, told: dict[str, str]) -> None:
        self.client = client
        self.told = told
        self.started: list[str] = []

    @asynccontextmanager
    async def process(self, build_id: str) -> AsyncIterator[subprocess.Popen[bytes]]:
        """The product's own worker of the stories, as a deployment starts it."""
        environment = {**os.environ, **self.told, "JOURNEY_BUILD_ID": build_id}
        command = [sys.executable, "worker.py", "--queues", JOURNEYS]
        started = in_the_background(command, environment)
        try:
            yield started
        finally:
            if started.poll() is None:
                started.kill()
            started.wait()

    def version(self, build_id: str, workflows: tuple[type, ...]) -> Worker:
        """The same in this process, telling these workflows."""
        settings = Settings(build_id=build_id)
        return Worker(
            self.client,
            task_queue=JOURNEYS,
            workflows=workflows,
            deployment_config=code_version(settings, declared_behaviour(workflows)),
            **worker_options(settings),
        )

    async def make_current(self, build_id: str) -> None:
        """With the stock command line, once its worker has come."""
        words = ("worker", "deployment", "set-current-version", "--yes")

        async def made() -> bool:
            version = ("--deployment-name", DEPLOYMENT, "--build-id", build_id)
            return await self.stock(*words, *version) is not None

        await eventually(made, "no worker of the version has come")

    async def refer(self, **changes: Any) -> Staff:
        journey_id = f"journey-{uuid4().hex[:26]}"
        await self.client.start_workflow(
            "PatientJourney",
            JourneyInput(state=a_journey(journey_id, **changes)),
            id=journey_id,
            task_queue=JOURNEYS,
        )
        self.started.append(journey_id)
        return Staff(WorkflowDoor(self.client), journey_id)

    async def open_cabinet(self) -> str:
        """A clinic's drug cabinet, which nobody tells anything."""
        found = f"cabinet-{uuid4().hex[:12]}"
        state = CabinetState(workflow_id=found, clinic=NORTH, protocol=standard_protocol())
        await self.client.start_workflow(
            "DrugCabinet", CabinetInput(state=state), id=found, task_queue=JOURNEYS
        )
        self.started.append(found)
        return found

    async def asleep(self) -> Staff:
        """A journey on record that waits for a coordinator."""
        staff = await self.refer()
        await staff.pending("referral_triage")
        await staff.wait(lambda v: v.unrecorded == 0 and v.unsent == 0)
        return staff

    async def versions(self) -> CodeVersions:
        return await read_code_versions(self.client, DEPLOYMENT)

    async def stands(self, build_id: str, status: str) -> None:
        async def so() -> bool:
            found = (await self.versions()).versions
            return any((v.build_id, v.status) == (build_id, status) for v in found)

        await eventually(so, f"version {build_id} is not {status}")

    async def told_by(self, workflow_id: str) -> str:
        """Whose code tells the open run of a workflow."""
        query = f"WorkflowId = '{workflow_id}' AND ExecutionStatus = 'Running'"
        return "".join([run.code_version async for run in list_runs(self.client, query)])

    async def is_told_by(self, workflow_id: str, build_id: str) -> None:
        """The server's list hears of it a moment later."""

        async def so() -> bool:
            return await self.told_by(workflow_id) == f"{DEPLOYMENT}:{build_id}"

        await eventually(so, f"not told by version {build_id}")

    async def history(self, workflow_id: str) -> WorkflowHistory:
        return await self.client.get_workflow_handle(workflow_id).fetch_history()

    async def export(self, workflow_id: str, folder: Path) -> None:
        """A run that is open now, for the gate, as docs/running.md says."""
        out = await self.stock("workflow", "show", "--workflow-id", workflow_id)
        assert out is not None
        (folder / f"{workflow_id}.json").write_bytes(out)

    async def stock(self, *words: str) -> bytes | None:
        """What the stock `temporal` command line prints; None where it fails."""
        process = await asyncio.create_subprocess_exec(
            *(temporal_command(), *words),
            *("--address", self.told["JOURNEY_TEMPORAL_ADDRESS"], "--output", "json"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        out, _ = await process.communicate()
        return out if process.returncode == 0 else None

    async def put_away(self) -> None:
        for workflow_id in self.started:
            if await describe_status(self.client, workflow_id) is RunStatus.RUNNING:
                await self.client.get_workflow_handle(workflow_id).terminate()


@pytest.fixture
async def deployment(told: dict[str, str]) -> AsyncIterator[Deployment]:
    """Workers of effects, which have no version: one serves all."""
    client = await connect(Settings())
    await ensure_search_attributes(client)
    outside = Outside()
    records = [
        *(outside.append_events, outside.session_result, outside.lot_standing),
        *(places(outside)),
    ]
    found = Deployment(client, told)
    async with (
        Worker(client, task_queue=RECORDS, activities=records),
        Worker(client, task_queue=NOTIFICATIONS, activities=[outside.send_notifications]),
        Worker(client, task_queue=INTEGRATIONS, activities=[outside.file_letter]),
    ):
        yield found
        await found.put_away()


@pytest.fixture
def open_runs(tmp_path: Path) -> Path:
    """Where histories of open runs are kept for the gate."""
    folder = tmp_path / "open"
    folder.mkdir()
    return folder


def places(outside: Outside) -> list[Callable[..., Any]]:
    from activities.appointments import AppointmentsActivities

    book = AppointmentsActivities(outside)
    return [book.reserve_places, book.confirm_places, book.release_places]


async def eventually(so: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    for _ in range(600):
        if await so():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(otherwise)


async def listed_behind(capsys: pytest.CaptureFixture[str], behind: set[str]) -> None:
    """Until a rehearsal names exactly these: the server's lists are a moment behind."""
    for _ in range(600):
        would = outcomes(await poked(capsys, rehearse=True))
        if would.keys() == behind:
            break
        await asyncio.sleep(0.2)
    assert would == dict.fromkeys(behind, "would poke")


async def poked(capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    """What `journey poke --json` answers."""
    capsys.readouterr()
    chosen = {"per_second": 50.0, "at_most": None, "rehearse": False, **options}
    assert await poke_journeys(**chosen, as_json=True) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def outcomes(answer: dict[str, Any]) -> dict[str, str]:
    return {run["workflow_id"]: run["outcome"] for run in answer["runs"]}


async def test_a_sleeping_journey_is_poked_and_goes_on_under_version_2_while_version_1_drains(
    deployment: Deployment, open_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with deployment.process("1") as first:
        await deployment.make_current("1")
        sleeper = await deployment.asleep()
        booked = await deployment.refer(**cleared())
        day = (await booked.booked()).session_id
        cabinet = await deployment.open_cabinet()
        for workflow_id in (sleeper.journey_id, booked.journey_id, day, cabinet):
            await deployment.is_told_by(workflow_id, "1")
        asked = await sleeper.pending("referral_triage")

        # Version 2 is told otherwise from the first event on: the gate says so beforehand.
        await deployment.export(sleeper.journey_id, open_runs)
        assert await problems_in(open_runs, workflows=WORKFLOWS) == []
        (problem,) = [p.problem for p in await problems_in(open_runs, workflows=CHANGED)]
        assert "TMPRL1100" in problem or "Nondeterminism" in problem

        async with deployment.version("2", CHANGED):
            await deployment.make_current("2")
            await deployment.stands("1", "draining")
            behind = {sleeper.journey_id, booked.journey_id, cabinet}
            await listed_behind(capsys, behind)
            assert await deployment.told_by(sleeper.journey_id) == f"{DEPLOYMENT}:1"

            # What something woke meanwhile has gone on under the current code by itself.
            told = outcomes(await poked(capsys))
            assert {sleeper.journey_id, cabinet} <= told.keys() <= behind
            assert set(told.values()) == {"poked"}

            for workflow_id in behind:
                await deployment.is_told_by(workflow_id, "2")
            assert (await sleeper.door.journey(sleeper.journey_id)).runs == 2
            assert await sleeper.pending("referral_triage") == asked
            assert await began_with(deployment, sleeper) == A_MOMENT

            # The day that was booked keeps the code it began with; nobody asks it to turn over.
            assert outcomes(await poked(capsys)) == {}
            assert await deployment.told_by(day) == f"{DEPLOYMENT}:1"
            await deployment.stands("1", "draining")
            await deployment.client.get_workflow_handle(day).terminate()
            await deployment.stands("1", "drained")
            first.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(first.wait, 20) == 0

            await sleeper.approve("referral_triage")
            await sleeper.reach(Phase.PSYCH_EVAL)


@pytest.mark.thorough
async def test_a_journey_that_anything_wakes_moves_on_by_itself_one_held_back_stays_and_back_again(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    async with deployment.version("3", WORKFLOWS), deployment.version("4", CHANGED):
        await deployment.make_current("3")
        woken, held_back = await deployment.asleep(), await deployment.asleep()
        await hold_on(deployment, held_back, "3")
        await deployment.make_current("4")

        nights = iter(range(1, 60))
        while (await woken.door.journey(woken.journey_id)).runs == 1:
            for staff in (woken, held_back):
                await staff.give("write_journal", slept_well(f"night-{next(nights)}"))
            await asyncio.sleep(0.2)  # the server spreads the word of a new version

        await deployment.is_told_by(woken.journey_id, "4")
        await held_back.wait(lambda v: v.unrecorded == 0)
        view = await held_back.door.journey(held_back.journey_id)
        assert view.runs == 1
        assert await deployment.told_by(held_back.journey_id) == f"{DEPLOYMENT}:3"

        # The release is taken back: whoever had moved on returns the same way, asked or woken.
        await deployment.make_current("3")
        assert outcomes(await poked(capsys)).keys() <= {woken.journey_id}
        await deployment.is_told_by(woken.journey_id, "3")
        await woken.approve("referral_triage")
        await woken.reach(Phase.PSYCH_EVAL)


def slept_well(key: str) -> WriteJournal:
    return WriteJournal(**by(Role.PATIENT, key), mood=5, text="Slept well.")


async def began_with(deployment: Deployment, staff: Staff) -> timedelta | None:
    """The first timer of a journey's open run: version 2 waits a moment before all else."""
    for event in (await deployment.history(staff.journey_id)).events:
        if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
            wait = event.timer_started_event_attributes.start_to_fire_timeout
            return wait.ToTimedelta()
    return None


async def hold_on(deployment: Deployment, staff: Staff, build_id: str) -> None:
    """As `temporal workflow update-options --versioning-override-behavior pinned`."""
    override = PinnedVersioningOverride(WorkerDeploymentVersion(DEPLOYMENT, build_id))
    options = WorkflowExecutionOptions(versioning_override=VersioningOverride())
    options.versioning_override.CopyFrom(override._to_proto())
    request = UpdateWorkflowExecutionOptionsRequest(
        namespace=deployment.client.namespace, workflow_execution_options=options
    )
    request.workflow_execution.workflow_id = staff.journey_id
    request.update_mask.paths.append("versioning_override")
    await deployment.client.workflow_service.update_workflow_execution_options(request)


@pytest.mark.thorough
async def test_no_more_journeys_are_asked_than_were_allowed_nor_faster(
    deployment: Deployment,
) -> None:
    """Nobody tells these: they have no version at all, and wait for the first."""
    async with deployment.version("5", WORKFLOWS):
        await deployment.make_current("5")
    waiting = {(await deployment.refer()).journey_id for _ in range(4)}

    async def listed() -> bool:
        asked = poke(deployment.client, await deployment.versions(), per_second=50, rehearse=True)
        return {one.workflow_id async for one in asked} == waiting

    await eventually(listed, "the list does not show all of them")
    began = asyncio.get_running_loop().time()
    told = []
    versions = await deployment.versions()
    async for one in poke(deployment.client, versions, per_second=4, at_most=3):
        told.append(one)
        if len(told) == 1:  # the next ends by itself while the job is at work
            (next_one,) = await upcoming(deployment, told)
            await deployment.client.get_workflow_handle(next_one).terminate()

    assert asyncio.get_running_loop().time() - began >= 3 / 4
    assert [one.outcome for one in told] == ["poked", "gone", "poked"]
    assert {one.was_on for one in told} == {""}


async def upcoming(deployment: Deployment, told: list[Poked]) -> list[str]:
    """Whom the job asks next."""
    asked = poke(deployment.client, await deployment.versions(), per_second=50, rehearse=True)
    ids = [one.workflow_id async for one in asked]
    return ids[len(told) : len(told) + 1]


async def test_a_state_that_a_newer_release_wrote_stands_still_and_says_why(
    deployment: Deployment,
) -> None:
    state = a_journey("journey-from-the-future").model_dump(mode="json")
    async with deployment.version("6", WORKFLOWS):
        await deployment.make_current("6")
        handle = await deployment.client.start_workflow(
            "PatientJourney",
            {"state": {**state, "schema_version": 2}},
            id=state["journey_id"],
            task_queue=JOURNEYS,
        )
        deployment.started.append(handle.id)

        async def failed() -> bool:
            return bool(await failures(deployment, handle.id))

        await eventually(failed, "the state was taken")
    (words, *_) = await failures(deployment, handle.id)
    assert "a newer release wrote this state: schema 2" in words
    assert await describe_status(deployment.client, handle.id) is RunStatus.RUNNING


async def failures(deployment: Deployment, workflow_id: str) -> list[str]:
    """Why workflow tasks failed, opened with the deployment's keys."""
    found = []
    converter = deployment.client.data_converter
    for event in (await deployment.history(workflow_id)).events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            failure = event.workflow_task_failed_event_attributes.failure
            error = await converter.decode_failure(failure)
            found.append(f"{error} {error.__cause__}")
    return found


@pytest.mark.thorough
async def test_the_doctor_says_which_version_is_current_and_misses_one_that_nobody_named(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with deployment.version("7", WORKFLOWS):
        await deployment.make_current("7")
        found = await examined(capsys)
        assert found["code versions"]["well"]
        assert "7 current" in found["code versions"]["found"]
        assert found["workers"]["well"] or JOURNEYS not in found["workers"]["found"]

    monkeypatch.setenv("JOURNEY_DEPLOYMENT_NAME", "never-seen")
    found = await examined(capsys)
    assert not found["code versions"]["well"]
    assert "set-current-version --deployment-name never-seen" in found["code versions"]["do"]


async def examined(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    """What `journey doctor --json` finds, by part."""
    capsys.readouterr()
    await examine(as_json=True)
    return {part["part"]: part for part in json.loads(capsys.readouterr().out)}


async def test_a_deployment_without_a_current_version_is_not_poked(
    told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {
        "per_second": 5.0, "at_most": None, "rehearse": True, "as_json": False
    }  # fmt: skip
    monkeypatch.setenv("JOURNEY_DEPLOYMENT_NAME", "never-seen")
    with pytest.raises(CommandFailedError, match="no version of never-seen is current"):
        await poke_journeys(**options)

    monkeypatch.delenv("JOURNEY_DEPLOYMENT_NAME")
    with pytest.raises(CommandFailedError, match="no code versions"):
        await poke_journeys(**options)
