"""Every route has its row, and lets in exactly the roles that the row names."""

import pytest
from fastapi.routing import APIRoute

from api.policy import OPEN, POLICY
from schemas.base import Role
from tests.api.conftest import Door
from tests.api.fake_record import NO_JOURNEY, NORTH_JOURNEY, SOUTH_JOURNEY

APPROVAL = "~treatment_clearance~1"
GUARDED = [route for route, roles in POLICY.items() if roles is not OPEN]
OF_ONE_JOURNEY = [
    (method, path)
    for method, path in GUARDED
    if any(part in path for part in ("{journey_id}", "{session_id}", "{approval_id}"))
]


def address(path: str, journey: str = NORTH_JOURNEY) -> str:
    return (
        path.replace("{journey_id}", journey)
        .replace("{session_id}", f"{journey}-infusion-1")
        .replace("{approval_id}", journey + APPROVAL)
        .replace("{command_id:path}", "a-key")
        .replace("{filter_id}", "1")
        .replace("{absence_id}", "1")
        .replace("{name}", "overdue")
    )


def test_no_route_is_without_a_row_in_the_policy_table(door: Door) -> None:
    routes = {
        (method, route.path)
        for held in door.app.routes
        for route in (held.original_router.routes if hasattr(held, "original_router") else [held])
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }

    assert len(routes) > 30
    assert routes - set(POLICY) == set()
    assert set(POLICY) - routes <= {("GET", "/openapi.json")}


def test_the_contract_is_spoken_in_full() -> None:
    spoken = {path for method, path in POLICY if method == "POST"}

    for path in (
        "evaluation", "screening", "consent", "consent/withdrawal", "scores", "journal", "hold",
        "resume", "close", "protocol",
    ):  # fmt: skip
        assert f"/v1/journeys/{{journey_id}}/{path}" in spoken
    for path in (
        "check-in", "order", "start", "vitals", "pause", "resume", "stop", "end",
        "adverse-events", "discharge",
    ):  # fmt: skip
        assert f"/v1/sessions/{{session_id}}/{path}" in spoken


@pytest.mark.parametrize("role", Role)
async def test_a_role_gets_through_exactly_where_the_table_says(door: Door, role: Role) -> None:
    headers = door.bearer(role, journey=NORTH_JOURNEY)

    through, broken = set(), []
    for method, path in GUARDED:
        answer = await door.http.request(method, address(path), headers=headers, json={})
        if answer.status_code >= 500:
            broken.append((method, path))
        elif answer.status_code != 403:
            through.add((method, path))

    assert broken == []
    assert through == {route for route in GUARDED if role in POLICY[route]}


async def test_without_a_token_nobody_gets_through(door: Door) -> None:
    through = []
    for method, path in GUARDED:
        answer = await door.http.request(method, address(path), json={})
        if (answer.status_code, answer.headers.get("www-authenticate")) != (401, "Bearer"):
            through.append((method, path))

    assert through == []


async def test_another_clinics_journey_and_none_at_all_look_the_same(door: Door) -> None:
    everyone = door.bearer(*(set(Role) - {Role.PATIENT}))

    told_apart = []
    for method, path in OF_ONE_JOURNEY:
        theirs, nobodys = [
            await door.http.request(method, address(path, journey), headers=everyone, json={})
            for journey in (SOUTH_JOURNEY, NO_JOURNEY)
        ]
        alike = theirs.status_code == nobodys.status_code == 404
        if not alike or theirs.content != nobodys.content:
            told_apart.append((method, path))

    assert told_apart == []
    assert door.commands.told == []


async def test_a_patient_touches_no_journey_but_their_own(door: Door) -> None:
    patient = door.bearer(Role.PATIENT, clinics=("north",), journey=NO_JOURNEY)
    open_to_patients = [route for route in OF_ONE_JOURNEY if Role.PATIENT in POLICY[route]]

    touched = []
    for method, path in open_to_patients:
        answer = await door.http.request(method, address(path), headers=patient, json={})
        if answer.status_code != 404:
            touched.append((method, path))

    assert open_to_patients
    assert touched == []
    assert door.commands.told == []


async def test_a_token_without_a_role_may_do_nothing(door: Door) -> None:
    answer = await door.http.get("/v1/journeys", headers=door.bearer())

    assert answer.status_code == 403


async def test_lists_show_only_the_clinics_of_the_token(door: Door) -> None:
    north = await door.http.get("/v1/journeys", headers=door.bearer(Role.NURSE))
    every = await door.http.get("/v1/journeys", headers=door.bearer(Role.OPS, clinics=("*",)))
    none = await door.http.get("/v1/journeys", headers=door.bearer(Role.NURSE, clinics=()))

    assert [len(a.json()["items"]) for a in (north, every, none)] == [1, 2, 0]
