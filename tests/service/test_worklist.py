"""The worklist before a real record: whose and due, counted, paged, filtered, gone once decided."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO

import asyncpg
import pytest

from records.store import RecordStore
from schemas.base import SYSTEM, Actor, Role
from schemas.event import EventKind
from schemas.worklist import ClaimTask, Priority
from service.lookups import LARGEST_PAGE, BadCursorError
from service.task_handling import TaskHandling
from service.worklist import Worklist
from service.worklist_csv import as_csv
from service.worklist_rows import Asker, Due, Filters, Preset
from tests.records.conftest import batch, fact
from tests.records.waiting import LARKSPUR, NOON, TRIAGE, ended, waiting
from tests.service.test_task_handling import CATALOGUE, ROMERO, SOUTH

EVERYWHERE = Asker("ops", frozenset({Role.OPS}), None)
PSYCHIATRIST = Asker("dr-lee", frozenset({Role.PSYCHIATRIST}), frozenset({"north"}))


@pytest.fixture
def worklist(pool: asyncpg.Pool) -> Worklist:
    return Worklist(pool, CATALOGUE, now=lambda: NOON)


def task(number: int, kind: str = "referral_triage") -> str:
    return f"{LARKSPUR}~{kind}~{number}"


async def ids(
    worklist: Worklist, preset: Preset, asker: Asker = ROMERO, **more: object
) -> list[str]:
    filters = Filters(preset=preset).model_copy(update=more)
    return [row.task_id for row in (await worklist.page(asker, filters)).items]


async def a_busy_day(pool: asyncpg.Pool) -> dict[str, str]:
    """One task of every sort at north, one at south."""
    day = {
        "late": await waiting(pool, task(1), due_in=-timedelta(minutes=1)),
        "today": await waiting(pool, task(2), due_in=timedelta(hours=11, minutes=59)),
        "tomorrow": await waiting(pool, task(3), due_in=timedelta(hours=12)),
        "risk": await waiting(
            pool, task(4, "suicide_risk_review"), kind="suicide_risk_review",
            roles=("psychiatrist",), due_in=timedelta(hours=1),
        ),
        "consent": await waiting(
            pool, task(5, "sign_consent"), kind="sign_consent", due_in=timedelta(days=9)
        ),
        "south": await waiting(
            pool, "journey-" + "s" * 26 + "~referral_triage~1", clinic="south",
            due_in=timedelta(hours=14),
        ),
    }  # fmt: skip
    day["done"] = await waiting(pool, task(6))
    await ended(pool, day["done"], at=NOON - timedelta(hours=2))
    day["yesterday"] = await waiting(pool, task(7))
    await ended(pool, day["yesterday"], at=NOON - timedelta(hours=13))
    day["expired"] = await waiting(pool, task(8))
    await ended(pool, day["expired"], "expired")
    return day


async def test_every_preset_shows_what_it_says_and_counts_what_it_shows(
    pool: asyncpg.Pool, worklist: Worklist
) -> None:
    day = await a_busy_day(pool)
    shown = {preset: set(await ids(worklist, preset)) for preset in Preset}

    assert shown[Preset.NOW] == {day["risk"]}
    assert shown[Preset.OVERDUE] == {day["late"]}
    assert shown[Preset.DUE_TODAY] == {day["late"], day["today"], day["risk"]}
    assert shown[Preset.MY_ROLES] == {day[k] for k in ("late", "today", "tomorrow", "consent")}
    assert shown[Preset.WAITING_ON_PATIENT] == {day["consent"]}
    assert shown[Preset.WAITING_ON_PAYER] == set()
    assert shown[Preset.MINE] == set()
    assert shown[Preset.DONE_TODAY] == {day["done"]}
    counts = (await worklist.counts(ROMERO)).model_dump()
    assert {preset: len(rows) for preset, rows in shown.items()} == {
        preset: counts[preset.value] for preset in Preset
    }


async def test_a_day_is_the_clinics_own(pool: asyncpg.Pool, worklist: Worklist) -> None:
    day = await a_busy_day(pool)

    # Two hours past midnight in New York it is still eleven in the evening in Los Angeles.
    assert day["south"] in await ids(worklist, Preset.DUE_TODAY, SOUTH)
    assert day["tomorrow"] not in await ids(worklist, Preset.DUE_TODAY, EVERYWHERE)


async def test_what_is_overdue_on_a_journey_that_needs_attention_is_for_now(
    pool: asyncpg.Pool, worklist: Worklist
) -> None:
    late = await waiting(pool, due_in=-timedelta(hours=1), attention=True)
    await waiting(pool, task(2), attention=True)

    assert await ids(worklist, Preset.NOW) == [late]
    assert (await worklist.counts(ROMERO)).now == 1


async def test_another_clinics_tasks_are_not_there(pool: asyncpg.Pool, worklist: Worklist) -> None:
    day = await a_busy_day(pool)

    assert await ids(worklist, Preset.EVERYTHING, SOUTH) == [day["south"]]
    assert await worklist.task(day["late"], SOUTH) is None
    nobody = Asker("x", frozenset({Role.NURSE}), frozenset())
    assert await ids(worklist, Preset.EVERYTHING, nobody) == []
    assert (await worklist.counts(nobody)).everything == 0


async def test_what_one_has_voted_on_waits_on_the_other(
    pool: asyncpg.Pool, worklist: Worklist
) -> None:
    two = await waiting(pool, roles=("psychiatrist", "psychiatrist"))
    other = PSYCHIATRIST._replace(person="dr-vale")
    vote = [{"actor": {"id": "dr-lee", "role": "psychiatrist"}, "decision": "approve",
             "reason": "as shown", "at": NOON.isoformat()}]  # fmt: skip
    await pool.execute("UPDATE tasks SET votes = $1, version = 2", vote)

    assert await ids(worklist, Preset.MY_ROLES, PSYCHIATRIST) == []
    assert await ids(worklist, Preset.MY_ROLES, other) == [two]


async def test_a_decided_task_is_gone_at_once_though_the_record_is_behind(
    pool: asyncpg.Pool, worklist: Worklist
) -> None:
    await waiting(pool)
    seen = {TRIAGE: 2}
    filters = Filters(preset=Preset.MY_ROLES)

    assert (await worklist.page(ROMERO, filters, seen=seen)).items == ()
    assert (await worklist.counts(ROMERO, seen=seen)).my_roles == 0
    # One of two voted: at the version that was promised it waits on the other.
    await pool.execute("UPDATE tasks SET version = 2")
    assert len((await worklist.page(ROMERO, filters, seen=seen)).items) == 1


async def test_pages_lose_nothing_and_repeat_nothing_while_rows_leave(
    pool: asyncpg.Pool, worklist: Worklist
) -> None:
    for number in range(1, 8):
        await waiting(pool, task(number), due_in=timedelta(hours=number // 2))
    filters = Filters(preset=Preset.MY_ROLES)

    first = await worklist.page(ROMERO, filters, limit=3)
    await ended(pool, first.items[-1].task_id)
    second = await worklist.page(ROMERO, filters, cursor=first.next_cursor, limit=3)
    third = await worklist.page(ROMERO, filters, cursor=second.next_cursor, limit=3)

    told = [row.task_id for page in (first, second, third) for row in page.items]
    assert told == [task(number) for number in range(1, 8)]
    assert third.next_cursor is None
    with pytest.raises(BadCursorError):
        await worklist.page(ROMERO, filters, cursor="nonsense")


async def test_done_today_is_paged_backwards(pool: asyncpg.Pool, worklist: Worklist) -> None:
    for number in range(1, 4):
        await ended(pool, await waiting(pool, task(number)), at=NOON - timedelta(hours=number))
    filters = Filters(preset=Preset.DONE_TODAY)

    first = await worklist.page(ROMERO, filters, limit=2)
    rest = await worklist.page(ROMERO, filters, limit=2, cursor=first.next_cursor)

    assert [row.task_id for row in (*first.items, *rest.items)] == [task(1), task(2), task(3)]
    assert {row.due for row in first.items} == {Due.ENDED}


async def test_filters_narrow_and_their_signs_are_only_signs(
    pool: asyncpg.Pool, worklist: Worklist
) -> None:
    plain = await waiting(pool, task(1), title="Triage 50% of it")
    other = await waiting(pool, task(2), kind="close_review", title="Close review")
    held = TaskHandling(pool, now=lambda: NOON)
    claim = {
        "command_id": "c",
        "approval_id": other,
        "actor": Actor(id="cc-romero", role=Role.CARE_COORDINATOR),
    }
    await held.act(ClaimTask.model_validate(claim), ROMERO)
    everything = Preset.EVERYTHING

    assert await ids(worklist, everything, text="50%") == [plain]
    assert await ids(worklist, everything, text="_") == []
    assert await ids(worklist, everything, kind="close_review") == [other]
    assert await ids(worklist, everything, assignee="cc-romero") == [other]
    assert await ids(worklist, everything, assignee="-") == [plain]
    assert await ids(worklist, everything, priority=Priority.LOW) == [other]
    assert await ids(worklist, everything, priority=Priority.NORMAL) == [plain]
    assert await ids(worklist, everything, role=Role.NURSE) == []
    assert await ids(worklist, everything, clinic="south") == []
    assert await ids(worklist, everything, journey=LARKSPUR) == [plain, other]


@pytest.mark.parametrize(
    "kind", ["suicide_risk_review", "evening_call", "referral_triage", "close_review"]
)
@pytest.mark.parametrize("due_in", [timedelta(hours=-1), timedelta(hours=1)])
async def test_the_record_filters_by_the_priority_that_the_rule_says(
    pool: asyncpg.Pool, worklist: Worklist, kind: str, due_in: timedelta
) -> None:
    one = await waiting(pool, kind=kind, due_in=due_in)
    row = await worklist.task(one, ROMERO)
    assert row is not None

    found = {word for word in Priority if await ids(worklist, Preset.EVERYTHING, priority=word)}

    assert found == {row.priority}


async def test_what_has_no_deadline_is_a_group_of_its_own(
    pool: asyncpg.Pool, worklist: Worklist
) -> None:
    await waiting(pool, due_in=-timedelta(hours=1))
    await waiting(pool, task(2), due_in=timedelta(hours=1))
    await waiting(pool, task(3), due_in=timedelta(days=2))
    await waiting(pool, task(4))
    await pool.execute("UPDATE tasks SET due_at = 'infinity' WHERE task_id = $1", task(4))

    await waiting(pool, task(5))
    await pool.execute("UPDATE tasks SET due_at = 'infinity' WHERE task_id = $1", task(5))
    everything = Filters(preset=Preset.EVERYTHING)

    page = await worklist.page(ROMERO, everything, limit=4)
    rest = await worklist.page(ROMERO, everything, limit=4, cursor=page.next_cursor)

    assert [row.task_id for row in rest.items] == [task(5)]
    assert [row.due for row in page.items] == [Due.OVERDUE, Due.TODAY, Due.LATER, Due.NO_DEADLINE]


async def test_the_history_of_a_task_tells_people_and_the_engine_in_order(
    pool: asyncpg.Pool, worklist: Worklist
) -> None:
    await waiting(pool)
    said = {"command_id": "c", "actor": Actor(id="cc-romero", role=Role.CARE_COORDINATOR)}
    claim = ClaimTask(**said, approval_id=TRIAGE)
    await TaskHandling(pool, now=lambda: NOON).act(claim, ROMERO)
    about = {"task_id": TRIAGE, "owed_to": "medical_director"}
    hour = timedelta(hours=1)
    told = batch(
        fact(1, EventKind.TASK_REMINDED, about, at=NOON - hour, actor=SYSTEM),
        fact(2, EventKind.TASK_REMINDED, about, at=NOON),  # a colleague's: told as their act
        fact(3, EventKind.TASK_ESCALATED, about, at=NOON + hour, actor=SYSTEM),
        fact(4, EventKind.TASK_REMINDED, {**about, "task_id": task(2)}, at=NOON, actor=SYSTEM),
        workflow_id=LARKSPUR, journey_id=LARKSPUR,
    )  # fmt: skip
    await RecordStore(pool).append(told)

    lines = await worklist.history(TRIAGE, ROMERO)

    assert [str(getattr(one, "kind", None) or getattr(one, "act", "")) for one in lines] == [
        *("TaskReminded", "task_claimed", "TaskEscalated")
    ]
    assert await worklist.history(TRIAGE, SOUTH) == ()


async def test_how_many_are_behind_a_filter_is_counted_up_to_a_page(
    pool: asyncpg.Pool, worklist: Worklist
) -> None:
    for number in range(LARGEST_PAGE + 1):
        await waiting(pool, task(number), kind="series_start" if number == 0 else "referral_triage")

    one = await worklist.size(ROMERO, Filters(kind="series_start"))
    many = await worklist.size(ROMERO, Filters())

    assert (one, many) == ("1", f"{LARGEST_PAGE}+")
    assert await worklist.size(SOUTH, Filters()) == "0"


def test_a_filter_is_its_address_and_an_old_bookmark_still_opens() -> None:
    filters = Filters(preset=Preset.OVERDUE, text="50% & more", snoozed=True)

    assert Filters.of_query(filters.query()) == filters
    assert Filters().query() == ""
    assert Filters.of_query("preset=gone&priority=urgent&kind=x") == Filters(kind="x")


async def test_no_cell_of_the_table_becomes_a_formula(
    pool: asyncpg.Pool, worklist: Worklist
) -> None:
    nasty = ('=cmd|"/C calc"!A0', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", 'a"b\n=2')
    for number, title in enumerate(nasty):
        await waiting(pool, task(number), title=title)
    page = await worklist.page(ROMERO, Filters(preset=Preset.EVERYTHING))

    table = list(csv.DictReader(StringIO(as_csv(page.items), newline="")))

    assert {row["title"].lstrip("'") for row in table} == set(nasty)
    for row in table:
        assert not any(cell.startswith(tuple("=+-@\t\r＝")) for cell in row.values())
    assert "Larkspur" not in as_csv(page.items)


async def test_a_stale_look_waits_a_moment_for_the_record(
    pool: asyncpg.Pool, worklist: Worklist
) -> None:
    await waiting(pool)
    await ended(pool, TRIAGE)

    row = await worklist.shown_after(TRIAGE, 1, ROMERO)

    assert row is not None
    assert row.status == "approved"
    assert row.closed_at == datetime(2026, 11, 27, 17, tzinfo=UTC)
