"""A dangerous decision is taken by somebody who has just signed in; what was signed is shown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.ports import Reception
from clinical.approval import cast, judge_vote, open_task, rule_for
from clinical.approval_rules import STANDARD_APPROVALS
from clinical.permissions import judge_role
from clinical.standard_protocol import standard_protocol
from schemas.approval import ApprovalKind, DecideApproval, Task
from schemas.base import Actor, Receipt, Role
from service.errors import Refused
from service.manifestation import show_task
from service.rows import Page, TaskRow, VoteRow
from service.step_up import StepUp
from tests.api.conftest import Door
from tests.api.fake_record import A_MOMENT, NORTH_JOURNEY, FakeLookups
from tests.api.fakes import FakeCommands

DANGEROUS = sorted(kind for kind, rule in STANDARD_APPROVALS.items() if rule.step_up)
REQUESTER = "whoever-asked"


async def decide(
    door: Door, kind: str, role: Role, subject: str = "dr-lee", *, signed_in_ago: timedelta
) -> Any:
    token = door.issuer.mint(subject, (role,), ("north",), signed_in_ago=signed_in_ago)
    return await door.http.post(
        f"/v1/approvals/{NORTH_JOURNEY}~{kind}~1/decision",
        json={"decision": "approve", "reason": "seen and considered"},
        headers={"Authorization": f"Bearer {token}"},
    )


@pytest.mark.parametrize("kind", DANGEROUS)
async def test_a_dangerous_decision_needs_a_recent_sign_in(door: Door, kind: str) -> None:
    old = await decide(door, kind, Role.PSYCHIATRIST, signed_in_ago=timedelta(minutes=16))

    assert (old.status_code, old.json()["code"]) == (401, "step_up_required")
    assert old.headers["content-type"] == "application/problem+json"
    challenge = old.headers["www-authenticate"]
    assert challenge.startswith('Bearer error="insufficient_user_authentication"')
    assert 'max_age="900"' in challenge
    assert door.commands.told == []

    fresh = await decide(door, kind, Role.PSYCHIATRIST, signed_in_ago=timedelta(minutes=14))

    assert fresh.status_code == 200


async def test_other_decisions_do_not_ask_to_sign_in_again(door: Door) -> None:
    hours = timedelta(hours=7)

    answer = await decide(door, "series_start", Role.CARE_COORDINATOR, signed_in_ago=hours)

    assert answer.status_code == 200


async def test_a_role_that_decides_nothing_is_told_so_first(door: Door) -> None:
    answer = await decide(door, "dose_exception", Role.PATIENT, signed_in_ago=timedelta(hours=1))

    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_role")


async def test_a_clinic_may_ask_it_of_more_kinds_and_more_often(door: Door) -> None:
    protocol = standard_protocol()
    stricter = protocol.approvals["series_start"].model_copy(update={"step_up": True})
    ours = protocol.model_copy(update={"approvals": {"series_start": stricter}})
    _set(door, step_up=StepUp([ours], timedelta(minutes=5)))

    late = timedelta(minutes=6)
    asked = await decide(door, "series_start", Role.CARE_COORDINATOR, signed_in_ago=late)
    standard = await decide(door, "dose_exception", Role.PRESCRIBER, signed_in_ago=late)

    assert (asked.status_code, standard.status_code) == (401, 401)
    assert 'max_age="300"' in asked.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("signed_in_at", "recent"),
    [
        (None, False),
        (timedelta(0), True),
        (timedelta(minutes=-15), True),
        (timedelta(minutes=-15, seconds=-1), False),
        (timedelta(seconds=60), True),
        (timedelta(hours=1), False),
    ],
)
def test_when_nobody_knows_when_somebody_signed_in_it_was_not_recent(
    signed_in_at: timedelta | None, recent: bool
) -> None:
    at = None if signed_in_at is None else A_MOMENT + signed_in_at

    assert StepUp().recent(at, A_MOMENT) is recent


# -- every role, every kind ---------------------------------------------------------------------


class Judging(FakeCommands):
    """A desk that judges as the workflows do, over one approval of every kind."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks = {kind.value: _asked(kind) for kind in ApprovalKind}

    async def decide(self, decision: DecideApproval) -> Receipt:
        kind = decision.approval_id.split("~")[1]
        task, rule = self.tasks[kind], STANDARD_APPROVALS[kind]
        reasons = judge_role("decide_approval", decision.actor.role) or judge_vote(
            task, decision, rule
        )
        if reasons:
            raise Refused(*reasons)
        self.tasks[kind] = cast(task, decision, A_MOMENT)
        return Receipt(command_id=decision.command_id, version=2)


def _asked(kind: ApprovalKind) -> Task:
    return open_task(
        task_id=f"{NORTH_JOURNEY}~{kind.value}~1",
        kind=kind,
        key=kind.value,
        title="Decide",
        rule=rule_for(kind, STANDARD_APPROVALS),
        requested_by=Actor(id=REQUESTER, role=Role.CARE_COORDINATOR),
        now=A_MOMENT,
    )


@pytest.mark.parametrize("kind", ApprovalKind)
async def test_through_the_api_only_whom_the_table_names_decides_and_nobody_twice(
    door: Door, kind: ApprovalKind
) -> None:
    judging = Judging()
    _set(door, commands=judging)
    now = timedelta(0)
    needed = list(STANDARD_APPROVALS[kind.value].slots)
    voted: list[str] = []

    while needed:
        wrong = [(f"somebody-{role}", role) for role in Role if role not in needed]
        wrong += [(person, role) for person in (REQUESTER, *voted) for role in Role]
        for person, role in wrong:
            refused = await decide(door, kind.value, role, person, signed_in_ago=now)
            assert refused.status_code in (403, 409), (person, role)
        assert [vote.actor.id for vote in judging.tasks[kind.value].votes] == voted
        place = needed.pop(0)
        taken = await decide(door, kind.value, place, f"person-{len(voted)}", signed_in_ago=now)
        assert taken.status_code == 200
        voted.append(f"person-{len(voted)}")

    assert judging.tasks[kind.value].status.value == "approved"
    assert len({REQUESTER, *voted}) == 1 + len(STANDARD_APPROVALS[kind.value].slots)


# -- shown --------------------------------------------------------------------------------------


class WithVotes(FakeLookups):
    async def tasks(self, **_: Any) -> Page[TaskRow]:
        vote = VoteRow(
            actor=Actor(id="dr-lee", role=Role.PSYCHIATRIST),
            decision="approve",
            choice="taper",
            reason="seen and considered",
            at=datetime(2026, 11, 27, 9, 30, tzinfo=UTC),
        )
        row = TaskRow(
            task_id=f"{NORTH_JOURNEY}~reevaluation_decision~1",
            workflow_id=NORTH_JOURNEY,
            journey_id=NORTH_JOURNEY,
            clinic="north",
            kind="reevaluation_decision",
            is_approval=True,
            key="reevaluation",
            title="How to go on",
            slots=(Role.PSYCHIATRIST,),
            still_needed=(),
            owed_to=Role.PSYCHIATRIST,
            requested_by_id="engine",
            requested_by_role=Role.SYSTEM,
            requested_at=A_MOMENT,
            due_at=A_MOMENT,
            next_at=A_MOMENT,
            on_expiry="stay",
            reminded=0,
            escalated=0,
            version=2,
            status="approved",
            votes=(vote,),
        )
        return Page(items=(show_task(row, {}),))


async def test_a_decision_is_shown_with_who_in_which_role_when_and_what_it_means(
    door: Door,
) -> None:
    _set(door, lookups=WithVotes())

    answer = await door.http.get("/v1/approvals", headers=door.bearer(Role.NURSE))

    ((vote,),) = [item["votes"] for item in answer.json()["items"]]
    assert vote["signed"] == "missing"
    assert vote["meaning"] == "approved: taper"
    assert vote["printed"] == ("dr-lee (psychiatrist), approved: taper, 2026-11-27 09:30:00+00:00")


def _set(door: Door, **changes: Any) -> None:
    reception: Reception = door.app.state.reception
    door.app.state.reception = replace(reception, **changes)
