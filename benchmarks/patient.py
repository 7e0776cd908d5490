"""The journey that is measured: referral, clearance, one infusion, then closed after its calls.

Told once by the synthetic clinic's staff on the real program and taken down as a list of commands;
`benchmarks/drive.py` then gives the same list to both programs.
"""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from string import ascii_lowercase
from time import time
from typing import Any

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy

from benchmarks.shape import Json, Part, Shape, read_part
from clinical.standard_protocol import standard_protocol
from runtime.names import JOURNEYS
from schemas.base import Command, Role
from schemas.infusion import SessionView
from schemas.journey import CloseJourney, JourneyInput, JourneyState, JourneyView, Phase
from schemas.protocol import Clinic
from schemas.referral import AcceptReferral
from simulator import papers
from simulator.papers import STAFF
from simulator.staff import Staff

RECORD_WITHIN_S = 150

JUMP_TRIES = 1000

MARGIN_S = 5.0
"""A jump of the clock goes this much too far, because a busy run's clock stands elsewhere."""

MOMENT = re.compile(r'"(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))"')

CLINIC = Clinic(
    code="north",
    name="Northlight Clinic",
    time_zone="America/New_York",
    opening_hours=dict.fromkeys(range(6), ("08:00", "18:00")),
    spray_certified=True,
    after_hours_phone="+1-212-555-0142",
)


async def record(client: Client, side_by_side: int) -> Shape:
    """Live so many journeys at once, through our own program, and read what its histories made
    of the middle one. A busy engine gathers more facts into one activity than an idle one does,
    so the shape is taken at the load that is measured.

    Raises TimeoutError when none comes to its end: most often a queue that nobody serves."""
    ids = ["journey-" + letter * 26 for letter in ascii_lowercase[:side_by_side]]
    lives = [asyncio.create_task(_record(client, journey_id)) for journey_id in ids]
    done, late = await asyncio.wait(lives, timeout=RECORD_WITHIN_S)
    for life in late:
        life.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    if not done:
        raise TimeoutError("no journey came to its end: is there a queue that nobody serves?")
    shapes = [life.result() for life in done]
    return sorted(shapes, key=lambda shape: shape.counts.total())[len(shapes) // 2]


async def _record(client: Client, journey_id: str) -> Shape:
    door = RecordingDoor(client, journey_id)
    await door.refer()
    staff = Staff(door, journey_id)
    await staff.prepare()
    await staff.treat()
    await staff.booked()
    by = STAFF[Role.CARE_COORDINATOR]
    command = CloseJourney(command_id="close-1", actor=by, reason="moves to another city")
    await staff.give("close_journey", command)
    await staff.reach(Phase.FOLLOW_UP)
    await staff.follow_up()
    await staff.third_day()
    names = ("", "-infusion-1", "-infusion-2")
    for name in names:
        await client.get_workflow_handle(journey_id + name).result()
    parts = {name: await read_part(client, journey_id + name) for name in names}
    return door.shape(parts)


class RecordingDoor:
    """The staff's door to the workflows; writes down what passes, moments as distances from now."""

    def __init__(self, client: Client, journey_id: str) -> None:
        self._client = client
        self._id = journey_id
        self._ops: list[dict[str, Json]] = []
        self._ahead_s = 0.0
        self._open: str | None = None
        self._views: dict[str, Json] = {}
        self._tries = 0

    async def refer(self) -> None:
        """The referral starts the journey, in one call."""
        referral = papers.referral(f"R-{self._id[-1]}")
        state = JourneyState(
            journey_id=self._id,
            workflow_id=self._id,
            clinic=CLINIC,
            protocol=standard_protocol(),
            training=True,
            clock_may_move=True,
            referral=referral,
        )
        by = STAFF[Role.CARE_COORDINATOR]
        accept = AcceptReferral(command_id="refer-1", actor=by, referral=referral)
        start = JourneyInput(state=state)
        op = {
            "op": "start",
            "start": start.model_dump_json(),
            "args": accept.model_dump_json(),
            "summary": "journey of clinic north",
        }
        self._ops.append(op)
        starting: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            "PatientJourney",
            start,
            id=self._id,
            task_queue=JOURNEYS,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=op["summary"],
        )
        await self._client.execute_update_with_start_workflow(
            "accept_referral", accept, start_workflow_operation=starting, id="refer-1"
        )

    async def send(self, workflow_id: str, kind: str, command: Command) -> dict[str, Any]:
        text = MOMENT.sub(self._distance, command.model_dump_json())
        self._ops.append(
            {"op": "update", "on": self._part(workflow_id), "name": kind, "args": text}
        )
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            answer: dict[str, Any] = await handle.execute_update(
                kind, command, id=command.command_id, result_type=dict[str, Any]
            )
        except WorkflowUpdateFailedError as error:
            raise RuntimeError(f"{kind} refused: {getattr(error.cause, 'details', '')}") from error
        return answer

    async def journey(self, workflow_id: str) -> JourneyView:
        handle = self._client.get_workflow_handle(workflow_id)
        view: JourneyView = await handle.query("state", result_type=JourneyView)
        self._look(workflow_id, view, waited=view.open_session != self._open)
        self._open = view.open_session
        return view

    async def session(self, session_id: str) -> SessionView:
        handle = self._client.get_workflow_handle(session_id)
        view: SessionView = await handle.query("state", result_type=SessionView)
        self._look(session_id, view, waited=False)
        return view

    async def until(self, workflow_id: str, moment: datetime) -> None:
        seconds = round((moment - self._now()).total_seconds() + MARGIN_S, 3)
        jump = {"command_id": f"jump-{len(self._ops)}", "by_seconds": seconds}
        self._ops.append({"op": "jump", "args": jump, "seconds": seconds, "on": ""})
        self._ahead_s += seconds
        await self._client.get_workflow_handle(self._id).signal("clock_advanced", jump)
        handle = self._client.get_workflow_handle(workflow_id)
        for _ in range(JUMP_TRIES):
            if datetime.fromisoformat((await handle.query("state"))["now"]) >= moment:
                break
            await self.settle()
        self._tries = 0
        self._ops.append({"op": "clock", "on": self._part(workflow_id), "at": time()})

    async def settle(self) -> None:
        self._tries += 1
        await asyncio.sleep(0.01)

    def shape(self, parts: dict[str, Part]) -> Shape:
        """What was recorded, each look with how far the bare program must have come."""
        for name, part in parts.items():
            part.view = self._views.get(name)
        for op in self._ops:
            if "at" in op:
                op["seen"] = parts[op["on"]].seen_by(op["at"])
        return Shape(self._id, self._ops, parts)

    def _look(self, workflow_id: str, view: JourneyView | SessionView, *, waited: bool) -> None:
        """Only a look that had to wait is kept: the others a person would not need either."""
        on = self._part(workflow_id)
        self._views[on] = view.model_dump(mode="json")
        if not waited and self._tries == 0:
            return
        self._tries = 0
        if self._ops and self._ops[-1]["op"] == "look" and self._ops[-1]["on"] == on:
            self._ops.pop()
        self._ops.append({"op": "look", "on": on, "facts": view.facts, "at": time()})

    def _distance(self, found: "re.Match[str]") -> str:
        moment = datetime.fromisoformat(found.group(1))
        return f'"@{(moment - self._now()).total_seconds():.3f}@"'

    def _part(self, workflow_id: str) -> str:
        return workflow_id.removeprefix(self._id)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(time(), UTC) + timedelta(seconds=self._ahead_s)
