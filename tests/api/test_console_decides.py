"""Every role and every kind of approval at the console: only whom the table names decides, and the
one who asked, the one who decided first and the one who decides next are never one person."""

from uuid import uuid4

import asyncpg
import pytest

from api.issuer_keys import build_verifier
from clinical.approval_rules import STANDARD_APPROVALS
from console.pages import Pages
from console.worklist import PART
from schemas.approval import ApprovalKind
from schemas.base import Role
from service.task_handling import TaskHandling
from service.worklist import Worklist
from service.worklist_news import WorklistNews
from tests.api.conftest import Door
from tests.api.fake_record import NORTH_JOURNEY
from tests.api.test_console_worklist import pages
from tests.api.test_step_up import REQUESTER, Judging
from tests.console.an_office import an_office
from tests.records.waiting import waiting
from tests.service.test_task_handling import CATALOGUE

__all__ = ["pages"]
REFUSED = frozenset({303, 403, 404, 409})
"""303: whoever may not come in at all is led to the sign-in page."""
RECORDED = "UPDATE tasks SET version = version + 1, still_needed = $1"


@pytest.fixture
def judging(door: Door, pool: asyncpg.Pool, pages: Pages) -> Judging:
    """The console before a desk that judges as the workflows do."""
    desk = Judging()
    office = an_office(
        door.settings,
        build_verifier(door.settings, door.issuer),
        dict(CATALOGUE.time_zones),
        pages=pages,
        lookups=door.lookups,
        worklist=Worklist(pool, CATALOGUE),
        handling=TaskHandling(pool),
        news=WorklistNews(pool),
        decisions=desk,
    )
    door.attach_console(office)
    return desk


async def decide(door: Door, kind: str, role: Role, person: str) -> int:
    """Somebody who has just signed in sends the decision form of this task."""
    token = door.issuer.mint(person, (role,), ("north",))
    answer = await door.http.post(
        f"/console/worklist/tasks/{NORTH_JOURNEY}~{kind}~1/decision",
        data={"command_id": uuid4().hex, "decision": "approve", "reason": "seen and considered"},
        headers={"Cookie": f"journey-visit={token}", PART: "true"},
    )
    return answer.status_code


@pytest.mark.parametrize("kind", ApprovalKind)
async def test_at_the_console_only_whom_the_table_names_decides_and_nobody_twice(
    door: Door, pool: asyncpg.Pool, judging: Judging, kind: ApprovalKind
) -> None:
    needed = list(STANDARD_APPROVALS[kind.value].slots)
    voted: list[str] = []
    await waiting(
        pool, f"{NORTH_JOURNEY}~{kind.value}~1", kind=kind.value, roles=tuple(map(str, needed))
    )

    strangers = [(f"somebody-{role}", role) for role in Role if role not in needed]
    while needed:
        again = [(person, role) for person in (REQUESTER, *voted) for role in needed]
        for person, role in (*strangers, *again):
            assert await decide(door, kind.value, role, person) in REFUSED, (person, role)
        assert [vote.actor.id for vote in judging.tasks[kind.value].votes] == voted
        strangers = [("somebody-late", needed[0])] if needed.count(needed[0]) == 1 else []
        await decide(door, kind.value, needed.pop(0), f"person-{len(voted)}")
        voted.append(f"person-{len(voted)}")
        await pool.execute(RECORDED, list(map(str, needed)))

    assert judging.tasks[kind.value].status.value == "approved"
    assert [vote.actor.id for vote in judging.tasks[kind.value].votes] == voted
