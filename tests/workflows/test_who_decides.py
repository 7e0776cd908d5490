"""Every role, every kind of approval, both raw doors: only whom the table names decides, and the
one who asked, the one who decided first and the one who decides next are never one person."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from clinical.approval_rules import STANDARD_APPROVALS
from clinical.standard_protocol import standard_protocol
from runtime.decision_keys import DecisionKeys
from runtime.names import JOURNEYS
from schemas.approval import ApprovalKind, Choice, DecideApproval, PendingApproval
from schemas.base import Actor, Role
from schemas.drug_cabinet import CabinetInput, CabinetState
from tests.workflows.asking import REQUESTER, Asking
from tests.workflows.conftest import NORTH, serving
from tests.workflows.outside import Outside
from tests.workflows.signed import begins_with, sign

KEYS = DecisionKeys.in_memory()
TOGETHER = 8
"""Commands under way at once: the server takes ten updates of one workflow."""
OF_EACH_PEOPLE = tuple(
    {STANDARD_APPROVALS[kind.value].slots: kind for kind in ApprovalKind}.values()
)
"""One kind for each set of people that the table asks for: every door leads to the same rule, and
through one of them every kind goes."""


class Door:
    """One way straight to a workflow, and what came of each command that went through it."""

    def __init__(self, handle: WorkflowHandle[Any, Any], *, signs: bool) -> None:
        self.handle = handle
        self._signs = signs
        self._together = asyncio.Semaphore(TOGETHER)
        self.sent = 0

    async def stands(self, kind: ApprovalKind) -> dict[str, Any]:
        told: dict[str, Any] = await self.handle.query("stands", kind.value)
        return told

    def decision(self, kind: ApprovalKind, actor: Actor, seen: dict[str, Any]) -> DecideApproval:
        decision = DecideApproval(
            command_id=uuid4().hex,
            actor=actor,
            approval_id=f"{self.handle.id}~{kind.value}~1",
            decision=Choice.APPROVE,
            reason="seen and considered",
        )
        if not self._signs:
            return decision
        shown = PendingApproval.model_validate(seen["shown"])
        now_ms = int(datetime.now(UTC).timestamp() * 1_000)  # noqa: TID251 - the real server's
        return sign(KEYS, decision, shown, at_ms=now_ms)

    async def all_refused(self, kind: ApprovalKind, actors: list[Actor]) -> None:
        """Nobody of these changes anything."""
        before = await self.stands(kind)
        await self._send(kind, [self.decision(kind, actor, before) for actor in actors], before)
        after = await self.stands(kind)
        assert (after["version"], after["votes"]) == (before["version"], before["votes"]), kind

    async def taken(self, kind: ApprovalKind, actor: Actor) -> None:
        """This one counts."""
        before = await self.stands(kind)
        await self._give(self.decision(kind, actor, before))
        async with asyncio.timeout(60):
            while (after := await self.stands(kind))["version"] == before["version"]:
                assert after["dead"] == before["dead"], f"{actor} was refused {kind}"
                await asyncio.sleep(0.005)
        assert after["votes"] == [*before["votes"], actor.id]

    async def _send(
        self, kind: ApprovalKind, decisions: list[DecideApproval], before: dict[str, Any]
    ) -> None:
        raise NotImplementedError

    async def _give(self, decision: DecideApproval) -> None:
        raise NotImplementedError


class ByUpdate(Door):
    async def _send(
        self, kind: ApprovalKind, decisions: list[DecideApproval], before: dict[str, Any]
    ) -> None:
        refused = await asyncio.gather(*(self._refused(one) for one in decisions))
        assert all(refused)

    async def _refused(self, decision: DecideApproval) -> bool:
        async with self._together:
            try:
                await self._give(decision)
            except WorkflowUpdateFailedError:
                return True
        return False

    async def _give(self, decision: DecideApproval) -> None:
        await self.handle.execute_update("decide_approval", decision, id=decision.command_id)


class BySignal(Door):
    async def _send(
        self, kind: ApprovalKind, decisions: list[DecideApproval], before: dict[str, Any]
    ) -> None:
        await asyncio.gather(*(self._give(one) for one in decisions))
        async with asyncio.timeout(60):
            while (await self.stands(kind))["dead"] < before["dead"] + len(decisions):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def _give(self, decision: DecideApproval) -> None:
        self.sent += 1
        if self.sent % 2:
            await self.handle.signal("approval_decided", decision)
            return
        command = decision.model_dump(mode="json")
        await self.handle.signal(
            "command_submitted", {"kind": "decide_approval", "command": command}
        )


@asynccontextmanager
async def asking(env: WorkflowEnvironment, door: type[Door], *, signs: bool) -> AsyncIterator[Door]:
    workflow_id = f"cabinet-{uuid4().hex[:20]}"
    state = CabinetState(
        workflow_id=workflow_id,
        clinic=NORTH,
        protocol=standard_protocol(),
        **begins_with(KEYS, required=signs),
    )
    async with serving(env, Outside(), workflows=(Asking,)):
        handle = await env.client.start_workflow(
            "Asking", CabinetInput(state=state), id=workflow_id, task_queue=JOURNEYS
        )
        yield door(handle, signs=signs)
        await handle.terminate()


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("door", "signs", "kinds"),
    [(ByUpdate, False, tuple(ApprovalKind)), (BySignal, True, OF_EACH_PEOPLE)],
    ids=["update-unsigned", "signal-signed"],
)
async def test_only_whom_the_table_names_decides_and_nobody_twice(
    real_server: WorkflowEnvironment,
    door: type[Door],
    signs: bool,
    kinds: tuple[ApprovalKind, ...],
) -> None:
    async with asking(real_server, door, signs=signs) as way:
        for kind in kinds:
            await _decide_as_everybody(way, kind)

            stands = await way.stands(kind)
            assert stands["status"] == "approved"
            people = {REQUESTER.id, *stands["votes"]}
            assert len(people) == 1 + len(STANDARD_APPROVALS[kind.value].slots)


async def _decide_as_everybody(way: Door, kind: ApprovalKind) -> None:
    """Each place of this approval in turn: first all who may not fill it, then one who may."""
    slots = STANDARD_APPROVALS[kind.value].slots
    needed = list(slots)
    voted: list[str] = []
    while needed:
        wrong = [
            *(Actor(id=f"somebody-{role}", role=role) for role in Role if role not in needed),
            *(Actor(id=person, role=role) for person in (REQUESTER.id, *voted) for role in slots),
        ]
        await way.all_refused(kind, wrong)
        place = needed.pop(0)
        await way.taken(kind, Actor(id=f"person-{len(voted)}", role=place))
        voted.append(f"person-{len(voted)}")
    late = [Actor(id=f"late-{role}", role=role) for role in slots]
    await way.all_refused(kind, late)
