"""What the people of the stored histories do, one act at a time."""

import asyncio
from typing import Any
from uuid import uuid4

from temporalio.client import (
    WorkflowHandle,
)

from clinical.permissions import MAY
from clinical.standard_protocol import standard_protocol
from runtime.names import JOURNEYS
from schemas.approval import DecideApproval
from schemas.base import Actor, Command, Role
from schemas.drug_cabinet import (
    CabinetInput,
    CabinetState,
    CabinetView,
)
from schemas.infusion import (
    SessionPhase,
    StartDosing,
)
from schemas.journey import (
    CloseJourney,
)
from schemas.referral import AcceptReferral
from simulator import papers
from simulator.bedside import Bedside
from simulator.papers import STAFF
from simulator.staff import Staff
from tests.workflows.conftest import NORTH, Clinical

ENDED_WITHIN_S = 30


class Shelf:
    """A drug cabinet of the capture's own, and whoever speaks to it."""

    def __init__(self, engine: Clinical) -> None:
        self.id = "cabinet-north"
        self._client = engine.client
        state = CabinetState(workflow_id=self.id, clinic=NORTH, protocol=standard_protocol())
        self._start = CabinetInput(state=state)
        self.newer = {"clinic": NORTH, "protocol": standard_protocol(), "pins": "newer"}

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(self.id)

    async def open(self) -> None:
        await self._client.start_workflow(
            "DrugCabinet", self._start, id=self.id, task_queue=JOURNEYS
        )

    async def give(self, kind: str, model: type[Command], **content: Any) -> None:
        """Given by the first role that may, unless the content says who."""
        role = next(role for role in Role if role in MAY[kind])
        actor = STAFF.get(role, Actor(id=f"capture-{role.value}", role=role))
        said = {"command_id": uuid4().hex, "actor": actor, **content}
        await self.handle.execute_update(kind, model.model_validate(said))

    async def decide(self, kind: str, actor: Actor, choice: str | None = None) -> None:
        view = await self._view()
        asked = next(p for p in view.pending_approvals if p.kind == kind)
        said = {"approval_id": asked.approval_id, "decision": "approve", "choice": choice}
        reason = "seen and considered"
        await self.give("decide_approval", DecideApproval, **said, reason=reason, actor=actor)

    async def turned(self, runs: int) -> None:
        for _ in range(2000):
            if (await self._view()).runs >= runs:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the cabinet did not turn over")

    async def _view(self) -> CabinetView:
        view: CabinetView = await self.handle.query("state", result_type=CabinetView)
        return view


def by(role: Role) -> dict[str, object]:
    return {"command_id": uuid4().hex, "actor": STAFF[role]}


async def accept(staff: Staff) -> None:
    command = AcceptReferral(**by(Role.CARE_COORDINATOR), referral=papers.referral("R-1"))
    await staff.give("accept_referral", command)


async def close(staff: Staff) -> None:
    await staff.give(
        "close_journey", CloseJourney(**by(Role.CARE_COORDINATOR), reason="moves away")
    )


async def decide_by_signal(engine: Clinical, staff: Staff, approval_id: str, actor: Actor) -> None:
    """The stock command line's payload, one vote at a time."""
    decision = {
        "command_id": uuid4().hex,
        "approval_id": approval_id,
        "decision": "approve",
        "actor": actor.model_dump(mode="json"),
        "reason": "seen and considered",
    }
    before = (await staff.door.journey(staff.journey_id)).version
    await engine.handle(staff).signal("approval_decided", decision)
    await staff.wait(lambda v: v.version > before)


async def unreadable_signals(engine: Clinical, staff: Staff) -> None:
    before = (await staff.door.journey(staff.journey_id)).dead_letter_count
    handle = engine.handle(staff)
    await handle.signal("command_submitted", "no envelope at all")
    await handle.signal("approval_decided")
    await staff.wait(lambda v: v.dead_letter_count == before + 2)


async def under_dose(staff: Staff) -> Bedside:
    """The booked day, as far as the running pump and its first quiet minutes."""
    day = await staff.booked()
    await staff.door.until(day.session_id, day.scheduled_at)
    bedside = Bedside(staff, day)
    await bedside.prepare()
    lot = papers.lot(day.modality, (await staff.door.session(day.session_id)).now)
    start = StartDosing(**by(Role.NURSE), lot=lot, drawn_mg=papers.DOSE_MG)
    await staff.give("start_dosing", start, to=day.session_id)
    return bedside


async def session_reaches(staff: Staff, session_id: str, phase: SessionPhase) -> None:
    for _ in range(2000):
        if (await staff.door.session(session_id)).phase is phase:
            return
        await staff.door.settle()
    raise AssertionError(f"{session_id} did not reach {phase}")


async def ended(engine: Clinical, workflow_id: str) -> None:
    async with asyncio.timeout(ENDED_WITHIN_S):
        await engine.client.get_workflow_handle(workflow_id).result()
