"""The reevaluation packet: what a psychiatrist decides on, frozen by its hash."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest

from records.errors import RecordUnavailable
from schemas.base import Reason, Role
from schemas.event import EventKind
from service.errors import NotYetAnswered, Refused, Unavailable
from service.lookups import Lookups
from tests.console.paper_journey import (
    DECISION,
    FIRST_DOSE,
    MARIGOLD,
    SEAL,
    Paper,
    Rooms,
    open_rooms,
    paper,
    rooms,
)

__all__ = ["open_rooms", "paper", "rooms"]

PAGE = f"/journeys/{MARIGOLD}/packet"


@pytest.fixture
async def asked(paper: Paper) -> Paper:
    """Six infusions, PHQ-9 in remission, MADRS not taken again; a decision is owed."""
    await paper.begin()
    await paper.score("phq9", (22, -2), (12, 9), (4, 22))
    await paper.score("madrs", (34, -2))
    await paper.treat(0, 3, 7, 10, 14, 17, pauses=1)
    await paper.ask(tolerability="good")
    return paper


def form(**changed: str) -> dict[str, str]:
    return {
        "task_id": DECISION,
        "version": "1",
        "seal": SEAL,
        "choice": "taper",
        "reason": "remission that held",
        "command_id": "console-1",
        **changed,
    }


async def test_each_scale_is_told_against_its_own_baseline(rooms: Rooms, asked: Paper) -> None:
    rooms.sign_in(Role.PSYCHIATRIST)

    text = re.sub(r"\s+", " ", (await rooms.page(PAGE)).text)

    assert (
        '<th scope="row">PHQ-9</th> <td class="number">22</td><td class="number">12</td>'
        '<td class="number">4</td> <td class="number">-81.8 %</td> <td><strong>Remission</strong>'
    ) in text
    assert re.search(
        r'<th scope="row">MADRS</th> <td class="number">34</td>.*?cannot be told', text
    )
    assert 'MADRS: <span lang="en">not taken again since the last dose' in text


async def test_the_proposal_names_the_row_that_fired_and_the_hash_it_rests_on(
    rooms: Rooms, asked: Paper
) -> None:
    rooms.sign_in(Role.PSYCHIATRIST)

    text = (await rooms.page(PAGE)).text

    assert "by row 1 of the decision table" in text
    assert "Remission: taper, then stop or maintain" in text
    assert f"SHA-256 {SEAL}" in text


async def test_every_way_on_says_why_and_shows_its_dates_before_anybody_decides(
    rooms: Rooms, asked: Paper
) -> None:
    rooms.sign_in(Role.PSYCHIATRIST)

    text = (await rooms.page(PAGE)).text

    assert text.count("3 dates if it is chosen now") == 2  # taper and maintenance
    assert "this clinic may not give the spray" in text
    assert "row 1 does not offer it on these facts" in text  # to extend
    assert "Fri 4 Dec 2026" in text


async def test_a_journey_that_does_not_answer_in_time_leaves_the_dates_out_and_says_so(
    rooms: Rooms, asked: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> Any:
        await asyncio.sleep(60)

    monkeypatch.setattr(rooms.courses, "plan", never)
    rooms.sign_in(Role.PSYCHIATRIST)

    text = (await rooms.page(PAGE)).text

    assert "The dates cannot be shown now" in text
    assert '<button class="primary">Decide</button>' in text


async def test_a_decision_goes_out_with_the_version_that_was_seen_and_counts_once(
    rooms: Rooms, asked: Paper
) -> None:
    rooms.sign_in(Role.PSYCHIATRIST)
    page = (await rooms.page(PAGE)).text
    keys = re.findall(r'name="command_id" value="(console-[0-9a-f]{32})"', page)

    async def decided_once_told() -> None:
        while not rooms.courses.told:  # noqa: ASYNC110 - the desk tells nobody
            await asyncio.sleep(0.01)
        await asked.decided()

    await asyncio.gather(
        decided_once_told(),
        rooms.http.post(f"/console{PAGE}", data=form(command_id=keys[0])),
    )

    (told,) = rooms.courses.told

    assert (told.approval_id, told.choice, told.expected_version) == (DECISION, "taper", 1)
    assert (told.actor.id, told.actor.role) == ("dr-quillfeather", Role.PSYCHIATRIST)
    assert told.command_id == keys[0]


async def test_a_record_that_goes_away_after_the_decision_does_not_take_it_back(
    rooms: Rooms, asked: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, real = asyncio.Event(), Lookups.task

    async def task(*told: Any, **more: Any) -> Any:
        if first.is_set():
            raise RecordUnavailable
        first.set()
        return await real(*told, **more)

    monkeypatch.setattr(Lookups, "task", task)
    rooms.sign_in(Role.PSYCHIATRIST)

    answer = await rooms.http.post(f"/console{PAGE}", data=form())

    assert answer.status_code == 303
    assert len(rooms.courses.told) == 1


async def test_once_decided_the_packet_shows_the_decision_beside_its_hash_and_what_was_seen(
    rooms: Rooms, asked: Paper
) -> None:
    await asked.decided("maintenance")
    await asked.score("phq9", (19, 60))
    rooms.sign_in(Role.PSYCHIATRIST)

    text = (await rooms.page(PAGE)).text

    assert "Decided: Maintenance" in text
    assert "This departs from what the table proposed" in text
    assert f"SHA-256 {SEAL}" in text
    assert '<td class="number">19</td>' not in text
    assert "Decide</button>" not in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seal": "0" * 64}, "the facts have changed since this packet was shown"),
        ({"choice": "switch"}, "choose one of the ways on offered"),
        ({"choice": ""}, "choose one of the ways on offered"),
        ({"reason": "  "}, "a decision has its reason in words"),
        ({"reason": "x" * 2001}, "at most 2000 characters"),
        ({"version": "one"}, "choose a way on and say why"),
        ({"task_id": f"{MARIGOLD}~referral_triage~1"}, "no reevaluation waits on a decision here"),
    ],
)
async def test_what_cannot_be_decided_so_is_refused_in_words_and_the_text_is_kept(
    rooms: Rooms, asked: Paper, changed: dict[str, str], said: str
) -> None:
    rooms.sign_in(Role.PSYCHIATRIST)

    answer = await rooms.http.post(f"/console{PAGE}", data=form(**changed))

    assert answer.status_code == 409
    assert said in answer.text
    assert changed.get("reason", "remission that held") in answer.text
    assert rooms.courses.told == []


@pytest.mark.parametrize(
    ("trouble", "status", "said"),
    [
        (Refused(Reason(code="stale", text="version 2 by now")), 409, "version 2 by now"),
        (NotYetAnswered(MARIGOLD, MARIGOLD, "c"), 202, "Your decision is kept"),
        (Unavailable(), 503, "nothing was decided"),
    ],
)
async def test_an_engine_that_says_no_or_nothing_is_told_beside_the_form(
    rooms: Rooms, asked: Paper, trouble: Exception, status: int, said: str
) -> None:
    rooms.courses.trouble = trouble
    rooms.sign_in(Role.PSYCHIATRIST)

    answer = await rooms.http.post(f"/console{PAGE}", data=form())

    assert answer.status_code == status
    assert said in answer.text
    assert "remission that held" in answer.text


async def test_another_role_sees_the_packet_and_cannot_decide_on_it(
    rooms: Rooms, asked: Paper
) -> None:
    rooms.sign_in(Role.NURSE)

    page = (await rooms.page(PAGE)).text
    answer = await rooms.http.post(f"/console{PAGE}", data=form())

    assert "Waits for Psychiatrist" in re.sub(r"\s+", " ", page)
    assert "Decide</button>" not in page
    assert answer.status_code == 409
    assert rooms.courses.told == []


async def test_a_packet_that_was_made_anew_is_no_longer_the_one_that_was_shown(
    rooms: Rooms, asked: Paper
) -> None:
    moved = {"task_id": DECISION, "kind": "reevaluation_decision", "version": 2}
    at = FIRST_DOSE + timedelta(days=24)
    await asked.note(EventKind.TASK_CLOSED, at, **moved, status="cancelled")
    rooms.sign_in(Role.PSYCHIATRIST)

    answer = await rooms.http.post(f"/console{PAGE}", data=form())

    assert answer.status_code == 409
    assert "the facts have changed since" in answer.text
    assert "You had written: remission that held" in answer.text


async def test_without_a_reevaluation_there_is_nothing_to_decide(
    rooms: Rooms, paper: Paper
) -> None:
    await paper.begin(training=True)
    rooms.sign_in(Role.PSYCHIATRIST)

    text = (await rooms.page(PAGE)).text

    assert "No reevaluation has been asked for yet" in text
    assert "TRAINING - about nobody real" in text


async def test_a_decision_from_another_site_is_refused(rooms: Rooms, asked: Paper) -> None:
    rooms.sign_in(Role.PSYCHIATRIST)
    elsewhere = {"Origin": "https://evil.example"}

    answer = await rooms.http.post(f"/console{PAGE}", data=form(), headers=elsewhere)

    assert answer.status_code == 403
