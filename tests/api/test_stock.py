"""The drug cabinet's door: who may tell it what, and nothing of another clinic's."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.base import Reason, Role
from service.errors import NotYetAnswered, Refused
from tests.api.conftest import Door

WITNESS = {"id": "rn-halloran", "role": "nurse"}
TOLD: dict[str, tuple[str, Role, dict[str, Any]]] = {
    "receipts": (
        "receive_stock",
        Role.PHARMACIST,
        {"lot": "ket-2231", "expires_on": "2027-06-30", "amount_mg": 500},
    ),
    "counts": (
        "count_stock",
        Role.NURSE,
        {"counts": [{"lot": "KET-2231", "counted_mg": 450}], "second": WITNESS},
    ),
    "waste": (
        "waste_stock",
        Role.NURSE,
        {"lot": "KET-2231", "amount_mg": 500, "why": "breakage", "witness": WITNESS},
    ),
    "returns": (
        "return_stock",
        Role.PHARMACIST,
        {"lot": "KET-2231", "amount_mg": 5, "returned_to": "Reverse Ltd", "witness": WITNESS},
    ),
    "losses": (
        "report_loss",
        Role.NURSE,
        {"lot": "KET-2231", "amount_mg": 50, "reason": "the shelf is bare", "witness": WITNESS},
    ),
    "recalls": ("recall_lot", Role.PHARMACIST, {"lot": "KET-2231", "reason": "notice 77"}),
    "freezes": ("freeze_lot", Role.NURSE, {"lot": "KET-2231", "incident": "labels differ"}),
    "releases": ("unfreeze_lot", Role.PHARMACIST, {"lot": "KET-2231", "reason": "answered"}),
}


@pytest.mark.parametrize("path", TOLD)
async def test_what_is_told_reaches_the_cabinet_of_the_tokens_clinic(door: Door, path: str) -> None:
    kind, role, content = TOLD[path]
    headers = {**door.bearer(role), "Idempotency-Key": "delivery-44"}

    answer = await door.http.post(f"/v1/stock/{path}", json=content, headers=headers)

    assert answer.status_code == 200, answer.text
    ((told, said, command),) = door.commands.told
    assert (told, said, command.command_id) == ("cabinet-north", kind, "delivery-44")
    assert command.actor.id == "cc-romero"
    assert command.actor.role is role


@pytest.mark.parametrize("path", TOLD)
@pytest.mark.parametrize("role", [Role.CARE_COORDINATOR, Role.OPS, Role.PATIENT])
async def test_edge_30_whoever_is_not_licensed_tells_the_cabinet_nothing(
    door: Door, path: str, role: Role
) -> None:
    answer = await door.http.post(
        f"/v1/stock/{path}", json=TOLD[path][2], headers=door.bearer(role)
    )

    assert answer.status_code == 403
    assert door.commands.told == []


@pytest.mark.parametrize("path", TOLD)
async def test_another_clinics_cabinet_is_not_there(door: Door, path: str) -> None:
    _, role, content = TOLD[path]

    answer = await door.http.post(
        f"/v1/stock/{path}?clinic=south", json=content, headers=door.bearer(role)
    )

    assert answer.status_code == 404
    assert door.commands.told == []


async def test_a_token_of_several_clinics_names_the_one_it_means(door: Door) -> None:
    several = door.bearer(Role.PHARMACIST, clinics=("north", "south"))
    content = TOLD["receipts"][2]

    unsaid = await door.http.post("/v1/stock/receipts", json=content, headers=several)
    said = await door.http.post("/v1/stock/receipts?clinic=south", json=content, headers=several)

    assert (unsaid.status_code, unsaid.json()["code"]) == (422, "clinic_missing")
    assert said.status_code == 200
    assert [told[0] for told in door.commands.told] == ["cabinet-south"]


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("receipts", {"amount_mg": 0}),
        ("receipts", {"amount_mg": -5}),
        ("receipts", {"lot": "KET 2231"}),
        ("receipts", {"expires_on": "soon"}),
        ("counts", {"counts": [{"lot": "KET-2231", "counted_mg": -1}]}),
        ("counts", {"second": None}),
        ("waste", {"why": "curiosity"}),
        ("waste", {"session_id": "Ludovica Featherstone"}),
        ("losses", {"reason": ""}),
    ],
)
async def test_what_cannot_be_true_is_refused_and_tells_nothing(
    door: Door, path: str, changed: dict[str, Any]
) -> None:
    _, role, content = TOLD[path]

    answer = await door.http.post(
        f"/v1/stock/{path}", json={**content, **changed}, headers=door.bearer(role)
    )

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Ludovica" not in answer.text
    assert door.commands.told == []


async def test_edge_30_a_shift_that_does_not_close_is_a_refusal_with_every_reason(
    door: Door,
) -> None:
    door.commands.trouble = Refused(
        Reason(code="variance", text="recount", fact="KET-2231: -50 mg", source="8.1"),
        Reason(code="not_counted", text="count it", fact="KET-9", source="8.1"),
    )

    answer = await door.http.post(
        "/v1/stock/counts", json=TOLD["counts"][2], headers=door.bearer(Role.NURSE)
    )

    assert answer.status_code == 409
    assert [r["fact"] for r in answer.json()["reasons"]] == ["KET-2231: -50 mg", "KET-9"]


async def test_a_count_that_nobody_answers_yet_says_where_to_ask(door: Door) -> None:
    door.commands.trouble = NotYetAnswered("cabinet-north", "cabinet-north", "shift-7")
    nurse = door.bearer(Role.NURSE)

    answer = await door.http.post("/v1/stock/counts", json=TOLD["counts"][2], headers=nurse)
    later = await door.http.get(answer.headers["location"], headers=nurse)
    theirs = await door.http.get("/v1/commands/cabinet-south/shift-7", headers=nurse)

    assert answer.status_code == 202
    assert (later.status_code, later.json()["status"]) == (200, "pending")
    assert theirs.status_code == 404


async def test_an_incident_of_the_cabinet_is_decided_by_its_id(door: Door) -> None:
    nurse = door.bearer(Role.NURSE)
    decision = {"decision": "approve", "choice": "miscounted", "reason": "counted again"}

    ours = await door.http.post(
        "/v1/approvals/cabinet-north~substance_variance~1/decision", json=decision, headers=nurse
    )
    theirs = await door.http.post(
        "/v1/approvals/cabinet-south~substance_variance~1/decision", json=decision, headers=nurse
    )

    assert (ours.status_code, theirs.status_code) == (200, 404)
    assert [told[0] for told in door.commands.told] == ["cabinet-north"]


async def test_a_cabinet_is_no_journey(door: Door) -> None:
    hold = {"reason": "travelling", "review_on": "2026-12-24"}

    answer = await door.http.post(
        "/v1/journeys/cabinet-north/hold", json=hold, headers=door.bearer(Role.NURSE)
    )

    assert answer.status_code == 404
    assert door.commands.told == []


# -- reading --------------------------------------------------------------------------------------


async def test_stock_shows_only_the_clinics_of_the_token(door: Door) -> None:
    north = await door.http.get("/v1/stock", headers=door.bearer(Role.PHARMACIST))
    south = await door.http.get("/v1/stock?clinic=south", headers=door.bearer(Role.PHARMACIST))
    every = await door.http.get("/v1/stock", headers=door.bearer(Role.OPS, clinics=("*",)))

    assert [row["lot"] for row in north.json()["items"]] == ["KET-2231"]
    assert north.json()["items"][0]["standing"]["usable"]
    assert south.json()["items"] == []
    assert len(every.json()["items"]) == 2


async def test_a_lots_log_is_asked_from_day_to_day(door: Door) -> None:
    answer = await door.http.get(
        "/v1/stock/KET-2231/log?from=2024-11-27&to=2026-11-27", headers=door.bearer(Role.NURSE)
    )

    assert answer.status_code == 200
    assert answer.json()["on_hand_mg"] == 450
    assert door.stock.asked["since"] == datetime(2024, 11, 27, tzinfo=UTC)
    assert door.stock.asked["until"] == datetime(2026, 11, 28, tzinfo=UTC)


async def test_an_unknown_lot_and_another_clinics_look_the_same(door: Door) -> None:
    nurse = door.bearer(Role.NURSE)

    unknown = await door.http.get("/v1/stock/NO-SUCH/log", headers=nurse)
    theirs = await door.http.get("/v1/stock/KET-77/log?clinic=south", headers=nurse)

    assert unknown.status_code == theirs.status_code == 404
    assert unknown.content == theirs.content


async def test_the_whole_clinics_log_needs_no_lot(door: Door) -> None:
    answer = await door.http.get("/v1/stock/log?limit=10", headers=door.bearer(Role.PHARMACIST))

    assert answer.status_code == 200
    assert (door.stock.asked["clinic"], door.stock.asked["limit"]) == ("north", 10)
    assert door.stock.asked.get("lot") is None


@pytest.mark.parametrize("role", [Role.CARE_COORDINATOR, Role.PATIENT, Role.MEDICAL_SCREENER])
async def test_who_handles_no_stock_reads_none(door: Door, role: Role) -> None:
    for path in ("/v1/stock", "/v1/stock/log", "/v1/stock/KET-2231/log"):
        assert (await door.http.get(path, headers=door.bearer(role))).status_code == 403
