"""A decision on record is shown with its signature, and a record that was rewritten shows it."""

from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from clinical.approval import cast, open_task, rule_for
from clinical.approval_rules import STANDARD_APPROVALS
from clinical.decision_signature import Signature, evidence_sha256, signed_content
from records.store import RecordStore
from runtime.decision_keys import DecisionKeys
from schemas.approval import ApprovalKind, Choice, DecideApproval, Task
from schemas.base import SYSTEM, Actor, Role
from schemas.event import AppendEvents, EventKind, Fact, JourneyCard
from service.lookups import Lookups
from service.signing import DecisionSigner

NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
SIGNED_S = NOW.timestamp()
JOURNEY = "journey-" + "q" * 26
KEYS = DecisionKeys.in_memory()
LEE = Actor(id="dr-lee", role=Role.PSYCHIATRIST)
VEGA = Actor(id="dr-vega", role=Role.MEDICAL_SCREENER)


async def not_asked(_: str) -> None:
    raise AssertionError("the record knew the version that was shown")


def a_task() -> Task:
    kind = ApprovalKind.TREATMENT_CLEARANCE
    return open_task(
        task_id=f"{JOURNEY}~treatment_clearance~1",
        kind=kind,
        key="clearance",
        title="Clear Thaddeus Quillfeather",
        rule=rule_for(kind, STANDARD_APPROVALS),
        requested_by=SYSTEM,
        now=NOW,
        evidence={"phq9": "21", "caf\u00e9": "a name with an accent"},
    )


def said(actor: Actor, **changes: Any) -> DecideApproval:
    content: dict[str, Any] = {
        "command_id": f"by-{actor.id}",
        "actor": actor,
        "approval_id": a_task().task_id,
        "decision": Choice.APPROVE,
        "reason": "seen and considered",
        **changes,
    }
    return DecideApproval(**content)


def voted(before: Task, command: DecideApproval, sequence: int) -> tuple[Task, Fact]:
    """As `workflows.approval` puts a vote on record."""
    after = cast(before, command, NOW)
    data = {
        "task_id": after.task_id,
        "kind": after.kind.value,
        "version": after.version,
        "evidence_sha256": evidence_sha256(before),
        "vote": after.votes[-1].model_dump(mode="json"),
    }
    fact = Fact(
        sequence=sequence, kind=EventKind.TASK_VOTED, at=NOW, actor=command.actor, data=data
    )
    return after, fact


@pytest.fixture
async def lookups(pool: asyncpg.Pool) -> Lookups:
    """One clearance; a psychiatrist has signed, and a screener approved without signing."""
    store, found = RecordStore(pool), Lookups(pool, lambda: KEYS.public)
    opened = a_task()
    start = {"training": False, "protocol_version": "1"}
    await append(
        store,
        Fact(sequence=1, kind=EventKind.JOURNEY_STARTED, at=NOW, actor=SYSTEM, data=start),
        Fact(
            sequence=2,
            kind=EventKind.TASK_OPENED,
            at=NOW,
            actor=SYSTEM,
            data=opened.model_dump(mode="json"),
        ),
    )
    signer = DecisionSigner(KEYS, found, required=True, now=lambda: SIGNED_S)
    signed = await signer.signed(said(LEE, expected_version=1), JOURNEY, not_asked)
    once, first = voted(opened, signed, 3)
    _, second = voted(once, said(VEGA), 4)
    await append(store, first, second)
    return found


async def append(store: RecordStore, *facts: Fact) -> None:
    card = JourneyCard(
        journey_id=JOURNEY, clinic="north", phase="SCHEDULED", training=False, protocol_version="1"
    )
    await store.append(
        AppendEvents(
            workflow_id=JOURNEY, journey_id=JOURNEY, clinic="north", facts=facts, card=card
        )
    )


async def standings(lookups: Lookups) -> list[str | None]:
    row = await lookups.task(a_task().task_id, clinics=None)
    assert row is not None
    return [vote.signed for vote in row.votes]


async def test_each_vote_says_whether_its_signature_holds(lookups: Lookups) -> None:
    row = await lookups.task(a_task().task_id, clinics=None)

    assert row is not None
    assert [vote.signed for vote in row.votes] == ["valid", "missing"]
    assert row.votes[0].printed == "dr-lee (psychiatrist), approved, 2026-11-27 09:30:00+00:00"
    assert row.votes[1].meaning == "approved"
    page = await lookups.tasks(clinics=None, now=NOW, only_pending=False)
    assert [vote.signed for vote in page.items[0].votes] == ["valid", "missing"]


async def test_the_timeline_says_it_too(lookups: Lookups) -> None:
    page = await lookups.timeline(JOURNEY, clinics=None)

    votes = [row.data["vote"] for row in page.items if row.kind == "TaskVoted"]
    shown = [(v["signed"], v["meaning"]) for v in votes if isinstance(v, dict)]
    assert shown == [("valid", "approved"), ("missing", "approved")]


@pytest.mark.parametrize(
    "rewrite",
    [
        "UPDATE tasks SET title = 'Clear somebody else'",
        "UPDATE tasks SET evidence = jsonb_set(evidence, '{phq9}', '\"9\"')",
        "UPDATE tasks SET votes = jsonb_set(votes, '{0,reason}', '\"I never said so\"')",
        "UPDATE tasks SET votes = jsonb_set(votes, '{0,actor,id}', '\"dr-other\"')",
        "UPDATE tasks SET votes = jsonb_set(votes, '{0,decision}', '\"decline\"')",
    ],
)
async def test_a_record_that_was_rewritten_shows_it(
    lookups: Lookups, pool: asyncpg.Pool, rewrite: str
) -> None:
    await pool.execute(rewrite)

    assert (await standings(lookups))[0] == "wrong"


async def test_a_signature_of_a_key_that_nobody_knows_is_wrong(
    pool: asyncpg.Pool, lookups: Lookups
) -> None:
    stranger = Lookups(pool, lambda: DecisionKeys.in_memory().public)

    assert await standings(stranger) == ["wrong", "missing"]
    assert await standings(Lookups(pool)) == [None, None]


async def test_what_is_signed_is_what_the_workflow_will_check(lookups: Lookups) -> None:
    row = await lookups.task(a_task().task_id, clinics=None)
    assert row is not None
    found = Signature.parse(row.votes[0].signature or "")
    assert found is not None
    content = signed_content(
        said(LEE),
        approval_id=row.task_id,
        signed_ms=int(SIGNED_S * 1_000),
        version=1,
        evidence=evidence_sha256(a_task()),
    )

    assert KEYS.sign(KEYS.newest, content) == found.value
