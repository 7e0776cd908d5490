"""The worklist through the API: claims by version, what a loser is told, many at once, a table."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from schemas.base import Role
from service.task_handling import TaskHandling
from service.worklist import Worklist
from tests.api.conftest import Door
from tests.api.fake_record import NORTH_JOURNEY
from tests.records.waiting import NOON, TRIAGE, ended, waiting
from tests.service.test_task_handling import CATALOGUE

Says = Callable[..., Any]


@pytest.fixture
def desk(door: Door, pool: asyncpg.Pool) -> Door:
    """The door before a real record, at noon."""
    real = {
        "worklist": Worklist(pool, CATALOGUE, now=lambda: NOON),
        "handling": TaskHandling(pool, now=lambda: NOON),
    }
    door.app.state.reception = replace(door.app.state.reception, **real)
    return door


async def tell(
    desk: Door,
    act: str,
    who: str = "cc-romero",
    task_id: str = TRIAGE,
    tag: str = "",
    **said: object,
) -> httpx.Response:
    headers = desk.bearer(Role.CARE_COORDINATOR, subject=who)
    if tag:
        headers["If-Match"] = tag
    return await desk.http.post(f"/v1/approvals/{task_id}/{act}", headers=headers, json=said)


async def ask(desk: Door, path: str, who: str = "cc-romero", **asked: object) -> httpx.Response:
    headers = desk.bearer(Role.CARE_COORDINATOR, subject=who)
    return await desk.http.get(path, headers=headers, params=asked)


async def test_the_worklist_has_rows_counts_and_where_it_goes_on(
    desk: Door, pool: asyncpg.Pool
) -> None:
    await waiting(pool)
    await waiting(pool, f"{NORTH_JOURNEY}~referral_triage~2", due_in=timedelta(days=2))

    first = (await ask(desk, "/v1/worklist", limit=1)).json()
    rest = (await ask(desk, "/v1/worklist", limit=1, cursor=first["next_cursor"])).json()

    assert [row["task_id"] for row in first["items"]] == [TRIAGE]
    assert rest["next_cursor"] is None
    assert first["counts"]["my_roles"] == 2
    assert first["items"][0]["priority"] == "normal"
    assert first["items"][0]["due"] == "today"


async def test_a_claim_by_version_answers_with_the_next_and_the_loser_hears_who_has_it(
    desk: Door, pool: asyncpg.Pool
) -> None:
    await waiting(pool)

    won = await tell(desk, "claim", tag='"0"')
    lost = await tell(desk, "claim", "cc-moreau", tag='"0"')

    assert (won.status_code, won.headers["etag"]) == (200, '"1"')
    assert won.json()["claimed_by"] == "cc-romero"
    assert lost.status_code == 409
    reasons = {reason["code"]: reason for reason in lost.json()["reasons"]}
    assert reasons["claimed"]["fact"] == "cc-romero"
    assert "task claimed by cc-romero" in reasons["since_then"]["text"]


async def test_a_version_that_is_none_is_refused(desk: Door, pool: asyncpg.Pool) -> None:
    await waiting(pool)

    assert (await tell(desk, "claim", tag="nonsense")).status_code == 400
    assert (await tell(desk, "claim", tag='"1"', expected_version=0)).status_code == 400
    assert (await tell(desk, "claim", expected_version=-1)).status_code == 422
    assert await pool.fetchval("SELECT count(*) FROM task_acts") == 0


async def test_work_is_put_off_raised_handed_on_and_given_back(
    desk: Door, pool: asyncpg.Pool
) -> None:
    await waiting(pool)
    until = (NOON + timedelta(hours=1)).isoformat()
    late = (NOON + timedelta(hours=3)).isoformat()

    answers = [
        await tell(desk, "assign", person="cc-sato", reason="knows the family"),
        await tell(desk, "snooze", until=late, reason="later"),
        await tell(desk, "snooze", until=until),
        await tell(desk, "snooze", until=until, reason="after the call"),
        await tell(desk, "priority", priority="critical", reason="her mother called twice"),
        await tell(desk, "remind"),
        await tell(desk, "release"),
    ]

    assert [one.status_code for one in answers] == [200, 409, 422, 200, 200, 200, 200]
    assert answers[1].json()["code"] == "past_due"
    assert answers[-1].json()["version"] == 5


async def test_another_role_is_told_whom_it_waits_on(desk: Door, pool: asyncpg.Pool) -> None:
    await waiting(pool, roles=("psychiatrist",))

    answer = await tell(desk, "claim")

    assert answer.status_code == 403
    assert "psychiatrist" in answer.json()["reasons"][0]["text"]


async def test_a_task_that_is_not_there_cannot_be_claimed(desk: Door) -> None:
    assert (await tell(desk, "claim")).status_code == 404
    assert (await tell(desk, "claim", task_id="no-id-of-ours")).status_code == 404


async def test_many_at_once_answer_one_by_one_and_decisions_are_not_among_them(
    desk: Door, pool: asyncpg.Pool
) -> None:
    await waiting(pool)
    over = await waiting(pool, f"{NORTH_JOURNEY}~referral_triage~2")
    await ended(pool, over)
    headers = desk.bearer(Role.CARE_COORDINATOR)
    many = {"act": "assign", "person": "cc-sato", "task_ids": [TRIAGE, over]}

    done = await desk.http.post("/v1/worklist:bulk", headers=headers, json=many)
    decided = await desk.http.post(
        "/v1/worklist:bulk", headers=headers, json={**many, "act": "approve"}
    )

    assert [one["outcome"] for one in done.json()["items"]] == ["applied", "refused"]
    assert decided.status_code == 422
    assert desk.commands.told == []


async def test_a_decided_task_is_left_out_by_its_version(desk: Door, pool: asyncpg.Pool) -> None:
    await waiting(pool)

    gone = (await ask(desk, "/v1/worklist", min_version=f"{TRIAGE}:2")).json()
    wrong = await ask(desk, "/v1/worklist", min_version="nonsense")

    assert (gone["items"], gone["counts"]["my_roles"]) == ([], 0)
    assert wrong.status_code == 422


async def test_the_table_goes_on_over_its_pages(
    desk: Door, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.worklist.LARGEST_PAGE", 2)
    for number in range(1, 6):
        await waiting(pool, f"{NORTH_JOURNEY}~referral_triage~{number}", title="=1+1")

    answer = await ask(desk, "/v1/worklist.csv", preset="everything")

    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.count(",'=1+1,") == 5


async def test_filters_and_absences_are_kept_and_taken_back(desk: Door) -> None:
    headers = desk.bearer(Role.CARE_COORDINATOR)
    away = {
        "person": "cc-romero", "delegate": "cc-sato", "from_at": NOON.isoformat(),
        "until_at": (NOON + timedelta(days=2)).isoformat(),
    }  # fmt: skip

    kept = await desk.http.post(
        "/v1/worklist/filters", headers=headers, json={"name": "Late", "query": "preset=overdue"}
    )
    gone = await desk.http.post("/v1/absences", headers=headers, json=away)
    listed = [
        (await ask(desk, path)).json()["items"] for path in ("/v1/worklist/filters", "/v1/absences")
    ]
    ends = [
        await desk.http.delete(path, headers=headers)
        for path in (
            f"/v1/worklist/filters/{kept.json()['filter_id']}",
            f"/v1/absences/{gone.json()['absence_id']}",
        )
    ]

    assert (kept.status_code, gone.status_code) == (201, 201)
    assert [len(items) for items in listed] == [1, 1]
    assert [end.status_code for end in ends] == [204, 204]
