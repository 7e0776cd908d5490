"""The front desk shows what waits on whom, and nothing of another clinic."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from records.deliveries import DeliveryStore
from records.store import RecordStore
from schemas.approval import ApprovalKind, EntryKind, Task, TaskStatus
from schemas.base import SYSTEM, Role
from schemas.event import AppendEvents, EventKind, Fact, JourneyCard
from schemas.notification import DeliveryStatus, Notification
from service.lookups import BadCursorError, Lookups
from service.rows import EventRow, Page

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
NORTH = frozenset({"north"})
SOUTH = frozenset({"south"})
IDA = "journey-ida"
OTTO = "journey-otto"
SASKIA = "journey-saskia"


def fact(sequence: int, kind: EventKind, command_id: str | None = None, /, **data: Any) -> Fact:
    return Fact(
        sequence=sequence, kind=kind, at=NOW, actor=SYSTEM, command_id=command_id, data=data
    )


def task(journey: str, kind: ApprovalKind | EntryKind, due_in_h: float, *slots: Role) -> Any:
    due_at = NOW + timedelta(hours=due_in_h)
    return Task(
        task_id=f"{journey}~{kind}~1",
        kind=kind,
        key=kind,
        title="Look at it",
        slots=slots,
        requested_by=SYSTEM,
        requested_at=NOW - timedelta(days=3),
        due_at=due_at,
        next_at=due_at,
        owed_to=slots[0],
    ).model_dump(mode="json")


async def begin(store: RecordStore, journey: str, clinic: str, *facts: Fact, **card: Any) -> None:
    start = fact(1, EventKind.JOURNEY_STARTED, "refer-1", training=False, protocol_version="1")
    shown = {"phase": "REFERRAL", "training": False, "protocol_version": "1", **card}
    await store.append(
        AppendEvents(
            workflow_id=journey,
            journey_id=journey,
            clinic=clinic,
            facts=(start, *facts),
            card=JourneyCard(journey_id=journey, clinic=clinic, **shown),
        )
    )


@pytest.fixture
async def lookups(pool: asyncpg.Pool) -> Lookups:
    """Ida and Otto in the north, Saskia in the south, each with something that waits."""
    store = RecordStore(pool)
    clearance = task(
        IDA, ApprovalKind.TREATMENT_CLEARANCE, -5, Role.PSYCHIATRIST, Role.MEDICAL_SCREENER
    )
    evaluation = task(OTTO, EntryKind.RECORD_EVALUATION, 8, Role.PSYCHIATRIST)
    triage = task(SASKIA, ApprovalKind.REFERRAL_TRIAGE, 2, Role.CARE_COORDINATOR)
    await begin(
        store,
        IDA,
        "north",
        fact(2, EventKind.TASK_OPENED, **clearance),
        phase="SCHEDULED",
        attention=True,
        next_action_at=NOW + timedelta(hours=1),
    )
    await begin(
        store,
        OTTO,
        "north",
        fact(2, EventKind.TASK_OPENED, **evaluation),
        phase="PSYCH_EVAL",
        awaiting_role="psychiatrist",
    )
    await begin(
        store,
        SASKIA,
        "south",
        fact(2, EventKind.TASK_OPENED, **triage),
        next_action_at=NOW,
    )
    return Lookups(pool)


async def names(lookups: Lookups, **filters: Any) -> list[str]:
    page = await lookups.journeys(**{"clinics": None, **filters})
    return [row.journey_id for row in page.items]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, [SASKIA, IDA, OTTO]),
        ({"phase": "PSYCH_EVAL"}, [OTTO]),
        ({"clinic": "south"}, [SASKIA]),
        ({"awaiting_role": "psychiatrist"}, [IDA, OTTO]),
        ({"awaiting_role": "medical_screener"}, [IDA]),
        ({"attention": True}, [IDA]),
        ({"attention": False}, [SASKIA, OTTO]),
        ({"clinics": NORTH}, [IDA, OTTO]),
        ({"clinics": NORTH, "clinic": "south"}, []),
        ({"clinics": frozenset()}, []),
    ],
)
async def test_journeys_are_listed_by_when_they_act_next(
    lookups: Lookups, filters: dict[str, Any], found: list[str]
) -> None:
    assert await names(lookups, **filters) == found


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, [IDA, SASKIA, OTTO]),
        ({"role": "medical_screener"}, [IDA]),
        ({"role": "psychiatrist"}, [IDA, OTTO]),
        ({"role": "nurse"}, []),
        ({"overdue": True}, [IDA]),
        ({"kind": "referral_triage"}, [SASKIA]),
        ({"journey": OTTO}, [OTTO]),
        ({"only_approvals": True}, [IDA, SASKIA]),
        ({"clinic": "north"}, [IDA, OTTO]),
        ({"clinics": SOUTH}, [SASKIA]),
    ],
)
async def test_tasks_are_listed_by_deadline(
    lookups: Lookups, filters: dict[str, Any], found: list[str]
) -> None:
    page = await lookups.tasks(**{"clinics": None, "now": NOW, **filters})

    assert [row.journey_id for row in page.items] == found


async def test_a_decided_task_leaves_the_list_and_can_still_be_read(
    lookups: Lookups, pool: asyncpg.Pool
) -> None:
    task_id = f"{SASKIA}~referral_triage~1"
    closed = fact(3, EventKind.TASK_CLOSED, task_id=task_id, status="expired", version=2)
    await RecordStore(pool).append(
        AppendEvents(workflow_id=SASKIA, journey_id=SASKIA, clinic="south", facts=(closed,))
    )

    assert (await lookups.tasks(clinics=SOUTH, now=NOW)).items == ()
    (past,) = (await lookups.tasks(clinics=SOUTH, now=NOW, only_pending=False)).items
    assert past.status is TaskStatus.EXPIRED
    assert await lookups.task(task_id, clinics=SOUTH) == past


async def every_page(ask: Callable[[str | None], Awaitable[Page[Any]]]) -> list[Any]:
    rows: list[Any] = []
    cursor: str | None = None
    while True:
        page = await ask(cursor)
        assert len(page.items) == 1
        rows.extend(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return rows


async def test_pages_follow_one_another_without_loss_or_repeat(lookups: Lookups) -> None:
    journeys = await every_page(lambda c: lookups.journeys(clinics=None, cursor=c, limit=1))
    tasks = await every_page(lambda c: lookups.tasks(clinics=None, now=NOW, cursor=c, limit=1))
    told = await every_page(lambda c: lookups.timeline(IDA, clinics=None, after=c, limit=1))

    assert [row.journey_id for row in journeys] == [SASKIA, IDA, OTTO]
    assert [row.journey_id for row in tasks] == [IDA, SASKIA, OTTO]
    assert [row.sequence for row in told] == [1, 2]


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGpzb24", "WzEsIDJd", "\0", "W10", "é"])
async def test_an_invented_cursor_is_refused(lookups: Lookups, cursor: str) -> None:
    with pytest.raises(BadCursorError):
        await lookups.journeys(clinics=None, cursor=cursor)
    with pytest.raises(BadCursorError):
        await lookups.timeline(IDA, clinics=None, after=cursor)
    with pytest.raises(BadCursorError):
        await lookups.events_after(cursor or "-", clinics=None)


async def test_another_clinics_journey_looks_like_none_at_all(
    lookups: Lookups, pool: asyncpg.Pool
) -> None:
    session = f"{IDA}-infusion-1"
    await RecordStore(pool).append(
        AppendEvents(
            workflow_id=session,
            journey_id=IDA,
            clinic="north",
            facts=(fact(1, EventKind.CHECKED_IN, session_phase="PRE_CHECK"),),
        )
    )
    notification = Notification(occurrence="due-1", template="task_due", to_role=Role.NURSE)
    deliveries = DeliveryStore(pool)
    await deliveries.claim(IDA, IDA, "north", notification, "nurses@north.invalid")
    await deliveries.settle(IDA, "due-1", DeliveryStatus.SENT, "p-1")

    async def everything(clinics: frozenset[str]) -> list[bool]:
        found: list[Any] = [
            await lookups.journey(IDA, clinics=clinics),
            (await lookups.timeline(IDA, clinics=clinics)).items,
            await lookups.task(f"{IDA}~treatment_clearance~1", clinics=clinics),
            await lookups.session(session, clinics=clinics),
            await lookups.sessions(IDA, clinics=clinics),
            await lookups.notifications(IDA, clinics=clinics),
            await lookups.command(IDA, "refer-1", clinics=clinics),
        ]
        return [bool(answer) for answer in found]

    assert await everything(NORTH) == [True] * 7
    assert await everything(SOUTH) == [False] * 7


async def test_a_timeline_holds_the_sessions_too(lookups: Lookups, pool: asyncpg.Pool) -> None:
    session = f"{OTTO}-spray-1"
    await RecordStore(pool).append(
        AppendEvents(
            workflow_id=session,
            journey_id=OTTO,
            clinic="north",
            facts=(fact(1, EventKind.CHECKED_IN, session_phase="PRE_CHECK"),),
        )
    )

    told = (await lookups.timeline(OTTO, clinics=NORTH)).items

    assert [(row.workflow_id, row.kind) for row in told] == [
        (OTTO, "JourneyStarted"),
        (OTTO, "TaskOpened"),
        (session, "CheckedIn"),
    ]


async def test_scores_are_read_back(lookups: Lookups, pool: asyncpg.Pool) -> None:
    score = {"instrument": "phq9", "total": 21, "taken_at": NOW.isoformat(), "suicidality": 0}
    await RecordStore(pool).append(
        AppendEvents(
            workflow_id=IDA,
            journey_id=IDA,
            clinic="north",
            facts=(fact(3, EventKind.SCORES_RECORDED, scores=[score]),),
        )
    )

    (row,) = await lookups.scores(IDA, clinics=NORTH)

    assert (row.instrument, row.total, row.suicidality) == ("phq9", 21, 0)


def seen(page: Page[EventRow]) -> list[tuple[str, int]]:
    return [(row.workflow_id, row.sequence) for row in page.items]


async def test_the_feed_does_not_skip_what_commits_late(
    lookups: Lookups, pool: asyncpg.Pool, database_url: str
) -> None:
    start = (await lookups.events_after(None, clinics=None)).next_cursor
    slow = await asyncpg.connect(database_url, ssl=False)
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute(
        """INSERT INTO journey_events (workflow_id, journey_id, clinic, sequence, kind, at,
               actor_id, actor_role, data, previous_hash, hash)
           SELECT 'journey-slow', 'journey-slow', 'north', 1, kind, at, actor_id, actor_role,
               data, previous_hash, hash
           FROM journey_events LIMIT 1"""
    )
    quick = fact(3, EventKind.JOURNAL_WRITTEN)
    await RecordStore(pool).append(
        AppendEvents(workflow_id=IDA, journey_id=IDA, clinic="north", facts=(quick,))
    )

    early = await lookups.events_after(start, clinics=None)
    await transaction.commit()
    await slow.close()
    late = await lookups.events_after(early.next_cursor, clinics=None)

    assert seen(early) == []
    assert seen(late) == [("journey-slow", 1), (IDA, 3)]
    assert seen(await lookups.events_after(late.next_cursor, clinics=None)) == []


LOOKS, WRITTEN = 1_000, 6


async def test_the_feed_gives_every_fact_once_in_small_pages(lookups: Lookups) -> None:
    """The server's own housekeeping may hold the newest facts back for a moment."""
    facts: list[tuple[str, int]] = []
    cursor: str | None = None
    for _ in range(LOOKS):
        page = await lookups.events_after(cursor, clinics=None, limit=1)
        facts.extend(seen(page))
        cursor = page.next_cursor
        if len(facts) == WRITTEN:
            break
        await asyncio.sleep(0 if page.items else 0.01)

    assert not (await lookups.events_after(cursor, clinics=None, limit=1)).items
    assert facts == [(name, n) for name in (IDA, OTTO, SASKIA) for n in (1, 2)]
    south = await lookups.events_after(None, clinics=SOUTH)
    assert seen(south) == [(SASKIA, 1), (SASKIA, 2)]
    assert seen(await lookups.events_after(None, clinics=NORTH, clinic="south")) == []


async def test_counts_leave_training_out_of_reports(lookups: Lookups, pool: asyncpg.Pool) -> None:
    await begin(RecordStore(pool), "journey-practice", "north", training=True, phase="CONSENT")

    everything = await lookups.counts(clinics=None, now=NOW)
    report = await lookups.counts(clinics=NORTH, now=NOW, include_training=False)

    assert everything.journeys == 4
    assert report.by_phase == {"PSYCH_EVAL": 1, "SCHEDULED": 1}
    assert (report.attention, report.closed) == (1, 0)
    assert report.pending_tasks == {"psychiatrist": 2}
    assert report.overdue_tasks == {"psychiatrist": 1}


async def test_forms_and_open_adverse_events_are_read_from_the_record(
    pool: asyncpg.Pool,
) -> None:
    store, lookups = RecordStore(pool), Lookups(pool)
    event = {"code": "syncope", "grade": 3, "serious": True, "description": "fainted at home"}
    opened = fact(
        2,
        EventKind.ADVERSE_EVENT_OPENED,
        event_id="ae-1",
        version=1,
        known_at=NOW.isoformat(),
        event=event,
        deadlines=[{"to": "medical_director"}],
    )
    await begin(store, IDA, "north", opened)

    (shown,) = await lookups.adverse_events(IDA, clinics=NORTH)

    assert shown.event.code == "syncope"
    assert await lookups.adverse_events(IDA, clinics=SOUTH) == ()
    assert await lookups.monitoring_forms(IDA, clinics=NORTH) == ()
