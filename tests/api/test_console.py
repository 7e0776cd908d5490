"""The first console: staff only, read-only, nothing that a record says can become markup."""

import re
import time
from datetime import timedelta

import asyncpg
import httpx
import pytest

from api.issuer_keys import build_verifier
from schemas.base import Role
from service.worklist import Worklist
from service.worklist_news import WorklistNews
from tests.api.conftest import Door
from tests.api.fake_record import NORTH_JOURNEY, SOUTH_JOURNEY, FakeFiles, FakeLookups, a_row
from tests.console.an_office import an_office
from tests.service.test_task_handling import CATALOGUE

DAY = timedelta(hours=24)


@pytest.fixture
def rooms(door: Door, pool: asyncpg.Pool) -> Door:
    zones = {"north": "America/New_York", "south": "America/Los_Angeles"}
    verifier = build_verifier(door.settings, door.issuer)
    door.attach_console(
        an_office(
            door.settings,
            verifier,
            zones,
            lookups=door.lookups,
            worklist=Worklist(pool, CATALOGUE),
            news=WorklistNews(pool),
            files=FakeFiles(door.lookups),
        ),
    )
    return door


async def signed_in(rooms: Door, *roles: Role) -> httpx.Response:
    token = rooms.bearer(*roles)["Authorization"].removeprefix("Bearer ")
    return await rooms.http.post("/console/sign-in", data={"token": token})


async def test_without_a_visit_the_way_leads_to_the_sign_in_page(rooms: Door) -> None:
    answer = await rooms.http.get("/console")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/sign-in"


async def test_the_worklist_is_where_everybody_begins(rooms: Door) -> None:
    await signed_in(rooms, Role.NURSE)

    answer = await rooms.http.get("/console")

    assert answer.headers["location"] == "/console/worklist"


async def test_a_visit_is_kept_where_no_script_reads_it(rooms: Door) -> None:
    answer = await signed_in(rooms, Role.NURSE)

    cookie = answer.headers["set-cookie"].lower()
    assert answer.status_code == 303
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize(("lifetime", "least"), [(timedelta(minutes=20), 1_190), (DAY, 28_799)])
async def test_the_page_is_told_when_the_visit_ends_and_nothing_else(
    rooms: Door, lifetime: timedelta, least: int
) -> None:
    """WCAG 2.2.1: as long as the token, and no longer than a working day."""
    token = rooms.issuer.mint("rn-quill", (Role.NURSE,), ("north",), lifetime=lifetime)
    answer = await rooms.http.post("/console/sign-in", data={"token": token})

    visit, ends = answer.headers.get_list("set-cookie")
    lasts = int(re.findall(r"Max-Age=(\d+)", visit)[0])
    assert least <= lasts <= least + 11
    told = int(re.findall(r"journey-visit-ends=(\d+);", ends)[0])
    assert abs(told - time.time() - lasts) < 5
    assert "httponly" not in ends.lower()


async def test_a_refused_token_opens_nothing(rooms: Door) -> None:
    answer = await rooms.http.post("/console/sign-in", data={"token": "nonsense"})

    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


async def test_a_patients_token_opens_no_console(rooms: Door) -> None:
    assert (await signed_in(rooms, Role.PATIENT)).status_code == 401


async def test_a_form_from_another_site_is_refused(rooms: Door) -> None:
    answer = await rooms.http.post(
        "/console/sign-in", data={"token": "x"}, headers={"Origin": "https://evil.example"}
    )

    assert answer.status_code == 403


async def test_the_list_shows_the_visitors_clinics_and_marks_training(rooms: Door) -> None:
    await signed_in(rooms, Role.NURSE)

    answer = await rooms.http.get("/console/journeys")

    assert NORTH_JOURNEY in answer.text
    assert SOUTH_JOURNEY not in answer.text
    assert "TRAINING" in answer.text
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"]


async def test_a_journey_shows_its_timeline_and_its_watermark(rooms: Door) -> None:
    await signed_in(rooms, Role.NURSE)

    answer = await rooms.http.get(f"/console/journeys/{NORTH_JOURNEY}")

    assert "Journey started" in answer.text
    assert "TRAINING" in answer.text


async def test_another_clinics_journey_is_not_there(rooms: Door) -> None:
    await signed_in(rooms, Role.NURSE)

    answer = await rooms.http.get(f"/console/journeys/{SOUTH_JOURNEY}")

    assert answer.status_code == 404


async def test_a_name_cannot_become_markup(rooms: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    row = a_row(NORTH_JOURNEY, "north").model_copy(
        update={"patient_name": "<script>alert(1)</script>"}
    )

    async def journey(*_: object, **__: object) -> object:
        return row

    monkeypatch.setattr(FakeLookups, "journey", journey)
    await signed_in(rooms, Role.NURSE)

    answer = await rooms.http.get(f"/console/journeys/{NORTH_JOURNEY}")

    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text
