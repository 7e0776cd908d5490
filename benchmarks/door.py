"""The door to either program: the same commands, as JSON, under the names that each listens to."""

import asyncio
import json
import re
from contextlib import suppress
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from benchmarks.shape import Json, Shape
from benchmarks.sides import Side
from runtime.names import JOURNEYS

DISTANCE = re.compile(r'"@(-?[\d.]+)@"')
BETWEEN_TRIES_S = 0.03

VITALS = "record_vitals"
"""The update whose answer a nurse at the chair waits for; looked at by itself too."""


class Door:
    """Commands in, views out; counts what it needed. Latencies in milliseconds: of every update,
    and once more of the readings among them."""

    def __init__(self, client: Client, side: Side, shape: Shape) -> None:
        self._client = client
        self._ours = side is Side.OURS
        self._shape = shape
        self._refused: dict[str, str] = {}
        self.looks = 0
        self.repeated = 0
        self.update_ms: list[float] = []
        self.vitals_ms: list[float] = []

    async def begin(self, journey_id: str, op: Json, moment: datetime) -> None:
        """The referral starts a journey, in one call."""
        content = self.fill(op["start"], journey_id, moment)
        start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            "PatientJourney" if self._ours else "BareJourney",
            content if self._ours else {"content": content},
            id=journey_id,
            task_queue=JOURNEYS,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=op["summary"],
        )
        await self._client.execute_update_with_start_workflow(
            "accept_referral" if self._ours else "act",
            self.fill(op["args"], journey_id, moment),
            start_workflow_operation=start,
            id="refer-1",
        )

    async def update(self, workflow_id: str, name: str, args: Json) -> None:
        """One command and its answer, timed; again when it came too early."""
        while True:
            began = perf_counter()
            try:
                await self.handle(workflow_id).execute_update(
                    name if self._ours else "act", args, id=args["command_id"]
                )
            except (WorkflowUpdateFailedError, RPCError) as error:
                self.repeated += 1
                self._refused[workflow_id] = str(error.__cause__ or error)[:80]
                await asyncio.sleep(BETWEEN_TRIES_S)
                continue
            self.update_ms.append((perf_counter() - began) * 1000)
            if name == VITALS:
                self.vitals_ms.append(self.update_ms[-1])
            return

    async def jump(self, journey_id: str, args: Json) -> None:
        """The training clock moves."""
        await self.handle(journey_id).signal("clock_advanced" if self._ours else "note", args)

    async def see(self, workflow_id: str, op: Json, moment: datetime) -> None:
        """Look until the workflow stands where it stood when this was recorded."""
        while True:
            if self._arrived(await self.view(workflow_id), op, moment):
                return
            await asyncio.sleep(BETWEEN_TRIES_S)

    async def view(self, workflow_id: str) -> Json:
        """What the workflow shows; nothing while it does not answer."""
        self.looks += 1
        try:
            return await self.handle(workflow_id).query("state", result_type=dict)
        except (RPCError, WorkflowQueryFailedError):
            return {}

    def _arrived(self, view: Json, op: Json, moment: datetime) -> bool:
        if not view:
            return False
        if not self._ours:
            return all(view["seen"][kind] >= n for kind, n in op["seen"].items())
        if op["op"] == "clock":
            return datetime.fromisoformat(view["now"]) >= moment
        return bool(view["facts"] >= op["facts"])

    async def standing(self, workflow_id: str, op: Json) -> str:
        """For a person who asks why a workflow does not go on: what was expected of it, what it
        shows, how far its history has come."""
        view, status = await self.view(workflow_id), "not there"
        with suppress(RPCError):
            described = await self.handle(workflow_id).describe()
            state = described.status.name if described.status else "?"
            status = f"{state}, {described.history_length} events in this run"
        expected = op.get("facts" if self._ours else "seen") or "an answer"
        if self._ours and op["op"] == "clock":
            expected = "its clock to make the jump"
        seen = {k: view[k] for k in ("seen", "facts", "now") if k in view} or "nothing"
        text = f"expected {expected}, seen {seen}; {status}"
        refusal = self._refused.get(workflow_id)
        return f"{text}; last refusal: {refusal}" if refusal else text

    def handle(self, workflow_id: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(workflow_id)

    def fill(self, text: str, journey_id: str, moment: datetime) -> Json:
        """A recorded payload with this journey's id and moments."""

        def at(found: "re.Match[str]") -> str:
            return f'"{(moment + timedelta(seconds=float(found.group(1)))).isoformat()}"'

        return json.loads(DISTANCE.sub(at, text.replace(self._shape.journey_id, journey_id)))
