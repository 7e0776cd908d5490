"""The worklist's pages without a script: every act is a form, its answer stands beside it."""

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from api.issuer_keys import build_verifier
from console.pages import Pages
from runtime.settings import Settings
from schemas.approval import DecideApproval
from schemas.base import Reason, Receipt, Role
from service.errors import NotYetAnswered, Refused, Unavailable
from service.task_handling import TaskHandling
from service.worklist import Worklist
from service.worklist_news import WorklistNews
from tests.api.conftest import Door
from tests.api.fake_record import NORTH_JOURNEY
from tests.console.an_office import an_office
from tests.records.waiting import LARKSPUR, TRIAGE, ended, waiting
from tests.service.test_task_handling import CATALOGUE

PLACE = "/console/worklist"
TASK = f"{PLACE}/tasks/{TRIAGE}"


@dataclass
class Deciders:
    """Remembers decisions; answers, or raises `trouble`."""

    told: list[DecideApproval] = field(default_factory=list)
    trouble: Exception | None = None

    async def decide(self, decision: DecideApproval) -> Receipt:
        if self.trouble is not None:
            raise self.trouble
        self.told.append(decision)
        return Receipt(command_id=decision.command_id, version=7)


@pytest.fixture
def deciders() -> Deciders:
    return Deciders()


@pytest.fixture(scope="module")
def pages() -> Pages:
    """Read and compiled once: it takes longer than all that is asked of it here."""
    return Pages(Settings(training_issuer_key=Path("unused")), CATALOGUE.time_zones)


@pytest.fixture
def rooms(door: Door, pool: asyncpg.Pool, deciders: Deciders, pages: Pages) -> Door:
    office = an_office(
        door.settings,
        build_verifier(door.settings, door.issuer),
        dict(CATALOGUE.time_zones),
        pages=pages,
        lookups=door.lookups,
        worklist=Worklist(pool, CATALOGUE),
        handling=TaskHandling(pool),
        news=WorklistNews(pool),
        decisions=deciders,
    )
    door.attach_console(office)
    return door


async def sit_down(rooms: Door, *roles: Role, subject: str = "cc-romero") -> None:
    token = rooms.bearer(*(roles or (Role.CARE_COORDINATOR,)), subject=subject)["Authorization"]
    await rooms.http.post("/console/sign-in", data={"token": token.removeprefix("Bearer ")})


def hidden(page: httpx.Response, act: str) -> dict[str, str]:
    """What a form of the page sends besides what a person writes."""
    form = re.search(rf'<form[^>]*data-act="{act}".*?</form>', page.text, re.DOTALL)
    assert form is not None, page.text
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0])
    return {name: value.replace("&#34;", '"') for name, value in found}


async def press(rooms: Door, act: str, task: str = TASK, **written: Any) -> httpx.Response:
    page = await rooms.http.get(task)
    return await rooms.http.post(f"{task}/{act}", data={**hidden(page, act), **written})


async def test_the_page_shows_what_waits_and_opens_the_first(
    rooms: Door, pool: asyncpg.Pool
) -> None:
    await waiting(pool, title="<b>Accept</b>")
    await sit_down(rooms)

    page = await rooms.http.get(PLACE)

    assert page.status_code == 200
    assert "&lt;b&gt;Accept&lt;/b&gt;" in page.text
    assert "Ottoline Larkspur" in page.text
    assert 'data-act="decision"' in page.text


async def test_a_claim_is_one_form_and_the_second_hears_who_was_first(
    rooms: Door, pool: asyncpg.Pool
) -> None:
    await waiting(pool)
    await sit_down(rooms)
    as_shown = hidden(await rooms.http.get(TASK), "claim")

    won = await rooms.http.post(f"{TASK}/claim", data=as_shown)
    twice = await rooms.http.post(f"{TASK}/claim", data=as_shown)
    await sit_down(rooms, subject="cc-moreau")
    lost = await rooms.http.post(f"{TASK}/claim", data={**as_shown, "command_id": "another"})

    assert (won.status_code, twice.status_code, lost.status_code) == (303, 303, 409)
    assert "cc-romero has had it since" in lost.text
    assert await pool.fetchval("SELECT count(*) FROM task_acts") == 1


async def test_what_was_written_is_kept_where_it_is_refused(
    rooms: Door, pool: asyncpg.Pool
) -> None:
    await waiting(pool)
    await sit_down(rooms)

    late = await press(rooms, "snooze", until="2049-01-01T09:00", reason="After the holidays")

    assert late.status_code == 409
    assert 'value="After the holidays"' in late.text
    assert "past_due" in late.text or "in_the_past" in late.text


async def test_a_decision_names_the_version_and_leaves_the_list_at_once(
    rooms: Door, pool: asyncpg.Pool, deciders: Deciders
) -> None:
    await waiting(pool)
    await sit_down(rooms)

    done = await press(rooms, "decision", decision="approve")
    listed = await rooms.http.get(PLACE)

    assert done.status_code == 303
    told = deciders.told[0]
    assert (told.decision, told.expected_version) == ("approve", 1)
    assert told.reason == "As shown (version 1)"
    assert told.actor.id == "cc-romero"
    # The record still shows it as waiting.
    assert f'data-task="{TRIAGE}"' not in listed.text
    assert await pool.fetchval("SELECT status FROM tasks") == "pending"


async def test_approving_what_sets_a_rule_aside_needs_words_of_ones_own(
    rooms: Door, pool: asyncpg.Pool, deciders: Deciders
) -> None:
    aside = f"{LARKSPUR}~readiness_override~1"
    await waiting(pool, aside, kind="readiness_override", roles=("medical_director",))
    await sit_down(rooms, Role.MEDICAL_DIRECTOR, subject="dr-osei")
    page = f"{PLACE}/tasks/{aside}"

    bare = await press(rooms, "decision", page, decision="approve")
    whole = await press(
        rooms, "decision", page, decision="approve", reason="The ride is confirmed by phone"
    )

    assert bare.status_code == 422
    assert "this sets a rule aside" in bare.text
    assert whole.status_code == 303
    assert [told.reason for told in deciders.told] == ["The ride is confirmed by phone"]


async def test_another_way_than_the_proposed_one_is_chosen_with_words_of_ones_own(
    rooms: Door, pool: asyncpg.Pool, deciders: Deciders
) -> None:
    asked = f"{LARKSPUR}~reevaluation_decision~1"
    await waiting(pool, asked, kind="reevaluation_decision", roles=("psychiatrist",))
    await pool.execute(
        """UPDATE tasks SET evidence = '{"proposal": "taper"}', options = '{taper,extend}'"""
    )
    await sit_down(rooms, Role.PSYCHIATRIST, subject="dr-lee")
    page = f"{PLACE}/tasks/{asked}"

    bare = await press(rooms, "decision", page, decision="approve", choice="extend")
    proposed = await press(rooms, "decision", page, decision="approve", choice="taper")

    assert (bare.status_code, proposed.status_code) == (422, 303)
    assert [(told.choice, told.reason) for told in deciders.told] == [
        ("taper", "As shown (version 1)")
    ]


async def test_whoever_owes_a_task_is_reminded_also_while_nobody_has_it(
    rooms: Door, pool: asyncpg.Pool
) -> None:
    await waiting(pool)
    await sit_down(rooms, Role.NURSE, subject="rn-quill")

    done = await press(rooms, "remind")

    assert done.status_code == 303
    assert await pool.fetchval("SELECT act FROM task_acts") == "colleague_reminded"


async def test_declining_needs_a_reason_from_the_list_and_a_sentence(
    rooms: Door, pool: asyncpg.Pool, deciders: Deciders
) -> None:
    await waiting(pool)
    await sit_down(rooms)

    bare = await press(rooms, "decision", decision="decline", reason="No letter came along")
    whole = await press(
        rooms, "decision", decision="decline", reason="No letter came along",
        reason_code="no_capacity",
    )  # fmt: skip

    assert bare.status_code == 422
    assert "No letter came along</textarea>" in bare.text
    assert whole.status_code == 303
    (told,) = deciders.told
    assert (told.reason_code, told.reason) == ("no_capacity", "No letter came along")


async def test_a_stale_decision_is_refused_and_shows_both_versions(
    rooms: Door, pool: asyncpg.Pool, deciders: Deciders
) -> None:
    await waiting(pool, roles=("care_coordinator", "care_coordinator"))
    await pool.execute("""UPDATE tasks SET evidence = '{"line": "first letter"}'""")
    await sit_down(rooms)
    page = await rooms.http.get(TASK)
    vote = {"actor": {"id": "cc-sato", "role": "care_coordinator"}, "decision": "approve",
            "reason": "I know the family", "at": "2026-11-27T17:00:00Z"}  # fmt: skip
    await pool.execute(
        "UPDATE tasks SET version = 2, votes = $1, evidence = $2", [vote], {"line": "second letter"}
    )
    deciders.trouble = Refused(Reason(code="stale", text="it changed since version 1 was shown"))

    late = await rooms.http.post(
        f"{TASK}/decision",
        data={**hidden(page, "decision"), "decision": "decline", "reason": "Not the right clinic",
              "reason_code": "not_our_service"},
    )  # fmt: skip

    assert late.status_code == 409
    for word in ("What changed", "first letter", "second letter", "I know the family"):
        assert word in late.text
    assert "Not the right clinic</textarea>" in late.text
    assert 'name="version" value="2"' in late.text


@pytest.mark.parametrize("shown", ["", "nonsense", json.dumps([1]), json.dumps({"version": "x"})])
async def test_a_form_that_does_not_say_what_was_shown_is_refused_all_the_same(
    rooms: Door, pool: asyncpg.Pool, deciders: Deciders, shown: str
) -> None:
    await waiting(pool)
    await ended(pool, TRIAGE)
    await sit_down(rooms)
    deciders.trouble = Refused(Reason(code="already_decided", text="this approval is over"))

    late = await rooms.http.post(
        f"{TASK}/decision",
        data={"command_id": "c", "decision": "approve", "version": "1", "shown": shown},
    )

    assert late.status_code == 409
    assert "already_decided" in late.text


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (NotYetAnswered(NORTH_JOURNEY, NORTH_JOURNEY, "c"), 303),
        (Unavailable(), 503),
        (Refused(Reason(code="own_request", text="nobody decides on their own request")), 409),
    ],
)
async def test_trouble_is_said_beside_the_form(
    rooms: Door, pool: asyncpg.Pool, deciders: Deciders, trouble: Exception, status: int
) -> None:
    await waiting(pool)
    await sit_down(rooms)
    deciders.trouble = trouble

    answer = await press(rooms, "decision", decision="approve", reason="The letter is complete")

    assert answer.status_code == status
    assert status == 303 or "The letter is complete</textarea>" in answer.text


async def test_whoever_may_not_decide_sees_no_form_and_another_clinics_task_is_not_there(
    rooms: Door, pool: asyncpg.Pool
) -> None:
    await waiting(pool, roles=("psychiatrist",))
    south = await waiting(pool, "journey-" + "s" * 26 + "~referral_triage~1", clinic="south")
    await sit_down(rooms)

    assert 'data-act="decision"' not in (await rooms.http.get(TASK)).text
    theirs = await rooms.http.get(f"{PLACE}/tasks/{south}")
    assert "Nothing waits here" in theirs.text
    claimed = await rooms.http.post(f"{PLACE}/tasks/{south}/claim", data={"command_id": "c"})
    assert claimed.status_code == 404


async def test_the_role_chosen_is_one_that_the_task_waits_on(
    rooms: Door, pool: asyncpg.Pool, deciders: Deciders
) -> None:
    await waiting(pool, roles=("psychiatrist",))
    await sit_down(rooms, Role.MEDICAL_DIRECTOR, Role.PSYCHIATRIST, subject="dr-lee")

    await press(rooms, "decision", decision="approve")

    assert deciders.told[0].actor.role is Role.PSYCHIATRIST


async def test_many_are_looked_at_first_and_then_done(rooms: Door, pool: asyncpg.Pool) -> None:
    await waiting(pool)
    await sit_down(rooms)
    form = {"act": "assign", "person": "cc-sato", "task": TRIAGE}

    looked = await rooms.http.post(f"{PLACE}/bulk", data=form)
    assert await pool.fetchval("SELECT count(*) FROM task_acts") == 0
    key = re.search(r'name="command_id" value="([^"]+)"', looked.text)
    assert key is not None
    done = await rooms.http.post(f"{PLACE}/bulk", data={**form, "apply": "1", "command_id": key[1]})
    lacking = await rooms.http.post(f"{PLACE}/bulk", data={"act": "snooze", "task": TRIAGE})
    decided = await rooms.http.post(f"{PLACE}/bulk", data={**form, "act": "approve"})

    assert "Applied" in looked.text
    assert "What became of each" in done.text
    assert await pool.fetchval("SELECT claimed_by FROM task_handling") == "cc-sato"
    assert (lacking.status_code, decided.status_code) == (409, 422)


async def test_a_filter_is_kept_and_somebody_stands_in(rooms: Door, pool: asyncpg.Pool) -> None:
    await sit_down(rooms)

    kept = await rooms.http.post(
        f"{PLACE}/filters", data={"name": "Late ones", "query": "preset=overdue", "shared_with": ""}
    )
    away = {"delegate": "rn-quill", "from_at": "2026-11-01T08:00", "until_at": "2049-01-01T08:00"}
    gone = await rooms.http.post(f"{PLACE}/away", data=away)
    wrong = await rooms.http.post(f"{PLACE}/away", data={**away, "until_at": "soon"})
    page = await rooms.http.get(PLACE)

    assert kept.headers["location"] == f"{PLACE}?preset=overdue"
    assert (gone.status_code, wrong.status_code) == (303, 422)
    assert "Late ones" in page.text
    assert "cc-romero → rn-quill" in page.text
    # The clinic's own time: New York in winter is five hours behind.
    from_at = await pool.fetchval("SELECT from_at FROM absences")
    assert from_at.hour == 13


async def test_beside_each_saved_filter_stands_how_many_are_behind_it(
    rooms: Door, pool: asyncpg.Pool
) -> None:
    await waiting(pool)
    await sit_down(rooms)
    for name, query in (("Triage", "kind=referral_triage"), ("Consents", "kind=sign_consent")):
        await rooms.http.post(f"{PLACE}/filters", data={"name": name, "query": query})

    page, sizes = await rooms.http.get(PLACE), await rooms.http.get(f"{PLACE}/filters")

    counted = dict(re.findall(r'data-size-of="(\d+)">(\S+)</li>', sizes.text))
    assert sorted(counted.values()) == ["0", "1"]
    assert set(re.findall(r'data-filter="(\d+)"', page.text)) == set(counted)


async def test_a_form_from_another_site_changes_nothing(rooms: Door, pool: asyncpg.Pool) -> None:
    await waiting(pool)
    await sit_down(rooms)

    answer = await rooms.http.post(
        f"{TASK}/claim", data={"command_id": "c"}, headers={"Origin": "https://evil.example"}
    )

    assert answer.status_code == 403
    assert await pool.fetchval("SELECT count(*) FROM task_acts") == 0


async def test_a_part_has_the_row_the_counts_and_the_task(rooms: Door, pool: asyncpg.Pool) -> None:
    await waiting(pool)
    await sit_down(rooms)

    one = await rooms.http.get(TASK, headers={"X-Part": "1"})
    rows = await rooms.http.get(f"{PLACE}/rows", params={"ids": TRIAGE})

    assert "<html" not in one.text
    for word in ("data-presets", "data-rows", "data-detail"):
        assert word in one.text
    assert "data-detail" not in rows.text
    assert f'data-task="{TRIAGE}"' in rows.text


async def test_the_table_is_a_table(rooms: Door, pool: asyncpg.Pool) -> None:
    await waiting(pool)
    await sit_down(rooms)

    answer = await rooms.http.get("/console/worklist.csv")

    assert answer.headers["content-type"].startswith("text/csv")
    assert TRIAGE in answer.text


CLEARANCE = f"{NORTH_JOURNEY}~treatment_clearance~1"


@pytest.mark.parametrize(("signed_in_min_ago", "taken"), [(14, 1), (16, 0)])
async def test_a_dangerous_decision_is_taken_from_whoever_has_just_signed_in(
    rooms: Door, pool: asyncpg.Pool, deciders: Deciders, signed_in_min_ago: int, taken: int
) -> None:
    await waiting(pool, CLEARANCE, kind="treatment_clearance", roles=("psychiatrist",))
    token = rooms.issuer.mint(
        "dr-abara",
        (Role.PSYCHIATRIST,),
        ("north",),
        signed_in_ago=timedelta(minutes=signed_in_min_ago),
    )
    await rooms.http.post("/console/sign-in", data={"token": token})
    page = f"{PLACE}/tasks/{CLEARANCE}"

    answer = await press(rooms, "decision", page, decision="approve", reason="Fit for treatment")

    assert len(deciders.told) == taken
    if not taken:
        assert answer.status_code == 409
        assert "sign in again" in answer.text
        assert "Fit for treatment</textarea>" in answer.text
