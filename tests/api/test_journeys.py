"""What people send to a journey: taken once, refused clearly, never repeated back."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest

from schemas.base import Reason, Role
from schemas.transfer import CarriedEvent, TransferHistory
from service.errors import (
    Busy,
    EngineTrouble,
    Malformed,
    NotYetAnswered,
    Refused,
    Unavailable,
    UnknownWorkflow,
)
from service.rows import CommandRow
from tests.api.conftest import Door
from tests.api.fake_record import A_MOMENT, NORTH_JOURNEY

HOLD = f"/v1/journeys/{NORTH_JOURNEY}/hold"
A_HOLD = {"reason": "Ludovica travels to her sister", "review_on": "2026-12-24"}
REFERRAL = {
    "clinic": "north",
    "identifier": {"system": "urn:test", "value": "REF-7"},
    "patient": {
        "given_name": "Peregrine",
        "family_name": "Oakhollow",
        "birth_date": "1979-05-02",
    },
    "training": True,
}


async def test_a_referral_starts_a_journey_and_then_finds_it(door: Door) -> None:
    coordinator = door.bearer(Role.CARE_COORDINATOR)

    first = await door.http.post("/v1/referrals", json=REFERRAL, headers=coordinator)
    second = await door.http.post("/v1/referrals", json=REFERRAL, headers=coordinator)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["location"] == f"/v1/journeys/{first.json()['journey_id']}"
    assert first.json()["journey_id"] == second.json()["journey_id"]
    assert "Oakhollow" not in first.json()["journey_id"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'"text"', 400),
        (b'{"clinic": NaN}', 400),
        (b'{"clinic": "north", "clinic": "south"}', 400),
        (b'{"clinic": "no\\u0000rth"}', 400),
        (b'{"reason": "\\ud800"}', 400),
        (b"\xff\xfe{}", 400),
        (b"[" * 100_000, 400),
        (b"{}", 422),
        (json.dumps(REFERRAL | {"surprise": 1}).encode(), 422),
        (json.dumps(REFERRAL | {"identifier": {"value": ""}}).encode(), 422),
        (json.dumps({k: v for k, v in REFERRAL.items() if k != "identifier"}).encode(), 422),
        (json.dumps(REFERRAL | {"clinic": "atlantis"}).encode(), 422),
        (json.dumps(REFERRAL | {"reason": "x" * 3_000}).encode(), 422),
        (json.dumps(REFERRAL | {"reason": "x" * 2_000_000}).encode(), 413),
    ],
)
async def test_a_referral_that_cannot_be_taken_changes_nothing(
    door: Door, content: bytes, status: int
) -> None:
    headers = door.bearer(Role.CARE_COORDINATOR) | {"content-type": "application/json"}

    answer = await door.http.post("/v1/referrals", content=content, headers=headers)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"]
    assert door.commands.referred == {}


async def test_another_clinics_referral_looks_like_an_unknown_clinic(door: Door) -> None:
    coordinator = door.bearer(Role.CARE_COORDINATOR, clinics=("north",))
    south, nowhere = [
        await door.http.post("/v1/referrals", json=REFERRAL | {"clinic": c}, headers=coordinator)
        for c in ("south", "atlantis")
    ]

    assert south.content == nowhere.content
    assert south.json()["code"] == "unknown_clinic"


async def test_a_streamed_body_without_a_length_is_limited_too(door: Door) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 16_384

    headers = door.bearer(Role.CARE_COORDINATOR) | {"content-type": "application/json"}
    answer = await door.http.post("/v1/referrals", content=endless(), headers=headers)

    assert answer.status_code == 413


async def test_a_refusal_of_content_never_repeats_the_content(door: Door) -> None:
    content = A_HOLD | {"review_on": "Zephyrine", "Zephyrine Quillfeather 1990": True}

    answer = await door.http.post(HOLD, json=content, headers=door.bearer(Role.NURSE))

    assert answer.status_code == 422
    assert "review_on" in answer.text
    assert "Zephyrine" not in answer.text


async def test_who_speaks_is_whoever_the_token_names(door: Door) -> None:
    headers = door.bearer(Role.NURSE, subject="rn-quill")

    answer = await door.http.post(HOLD, json=A_HOLD, headers=headers)

    assert answer.status_code == 200
    journey, kind, command = door.commands.told[0]
    assert (journey, kind) == (NORTH_JOURNEY, "hold")
    assert (command.actor.id, command.actor.role) == ("rn-quill", Role.NURSE)


@pytest.mark.parametrize(
    "named",
    [
        {"id": "dr-lee", "role": "nurse"},
        {"id": "rn-quill", "role": "psychiatrist"},
        {"id": "rn-quill", "role": "patient"},
    ],
)
async def test_nobody_speaks_as_somebody_else(door: Door, named: dict[str, str]) -> None:
    headers = door.bearer(Role.NURSE, subject="rn-quill")

    answer = await door.http.post(HOLD, json=A_HOLD | {"actor": named}, headers=headers)

    assert answer.status_code == 403
    assert door.commands.told == []


async def test_the_actor_may_be_named_when_it_is_the_tokens(door: Door) -> None:
    headers = door.bearer(Role.NURSE, Role.PRESCRIBER, subject="np-sato")
    named = {"id": "np-sato", "role": "prescriber"}

    await door.http.post(HOLD, json=A_HOLD | {"actor": named}, headers=headers)

    assert door.commands.told[0][2].actor.role is Role.PRESCRIBER


@pytest.mark.parametrize(
    ("header", "content", "expected"),
    [("key-1", None, "key-1"), (None, "key-2", "key-2"), ("key-3", "key-3", "key-3")],
)
async def test_the_idempotency_key_becomes_the_commands_id(
    door: Door, header: str | None, content: str | None, expected: str
) -> None:
    headers = door.bearer(Role.NURSE) | ({"Idempotency-Key": header} if header else {})
    body = A_HOLD | ({"command_id": content} if content else {})

    answer = await door.http.post(HOLD, json=body, headers=headers)

    assert answer.json()["command_id"] == expected


@pytest.mark.parametrize(("header", "content"), [("one", "another"), ("x" * 201, None), ("", None)])
async def test_a_contradicting_or_impossible_key_is_refused(
    door: Door, header: str, content: str | None
) -> None:
    headers = door.bearer(Role.NURSE) | {"Idempotency-Key": header}
    body = A_HOLD | ({"command_id": content} if content else {})

    answer = await door.http.post(HOLD, json=body, headers=headers)

    assert answer.status_code == 400
    assert door.commands.told == []


REASON = Reason(code="not_in_this_phase", text="not now")


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [
        (Refused(REASON, Reason(code="second", text="and this")), 409, "not_in_this_phase"),
        (Refused(Reason(code="journey_closed", text="x")), 409, "journey_closed"),
        (Refused(Reason(code="unknown_approval", text="x")), 404, "unknown_approval"),
        (Refused(Reason(code="wrong_role", text="x")), 403, "wrong_role"),
        (Malformed(REASON), 422, "not_in_this_phase"),
        (UnknownWorkflow(), 404, "unknown"),
        (Busy(), 429, "busy"),
        (Unavailable(), 503, "unavailable"),
        (EngineTrouble(), 500, "engine_trouble"),
        (RuntimeError("Zephyrine"), 500, "fault"),
    ],
)
async def test_every_no_of_the_front_desk_has_its_status_and_code(
    door: Door, trouble: Exception, status: int, code: str
) -> None:
    door.commands.trouble = trouble

    answer = await door.http.post(HOLD, json=A_HOLD, headers=door.bearer(Role.NURSE))

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("retry-after" in answer.headers) == (status in (429, 503))
    assert "Zephyrine" not in answer.text
    if isinstance(trouble, Refused):
        assert len(answer.json()["reasons"]) == len(trouble.reasons)


async def test_a_kept_command_says_where_to_ask_later(door: Door) -> None:
    door.commands.trouble = NotYetAnswered(NORTH_JOURNEY, NORTH_JOURNEY, "key/1 ü")
    nurse = door.bearer(Role.NURSE)

    kept = await door.http.post(HOLD, json=A_HOLD, headers=nurse)
    pending = await door.http.get(kept.headers["location"], headers=nurse)
    door.lookups.commands["key/1 ü"] = CommandRow(
        workflow_id=NORTH_JOURNEY,
        command_id="key/1 ü",
        sequence=4,
        kind="HoldEntered",
        at=A_MOMENT,
        journey_id=NORTH_JOURNEY,
        clinic="north",
    )
    done = await door.http.get(kept.headers["location"], headers=nurse)

    assert kept.status_code == 202
    assert (pending.json()["status"], done.json()["status"]) == ("pending", "done")


async def test_a_decision_goes_to_the_workflow_that_asked(door: Door) -> None:
    approval = f"{NORTH_JOURNEY}~treatment_clearance~1"
    decision = {"decision": "approve", "reason": "stable"}

    answer = await door.http.post(
        f"/v1/approvals/{approval}/decision",
        json=decision,
        headers=door.bearer(Role.PSYCHIATRIST, subject="dr-lee"),
    )

    assert answer.status_code == 200
    assert door.commands.told[0][0] == NORTH_JOURNEY


@pytest.mark.parametrize("approval", ["nonsense", f"{NORTH_JOURNEY}", "journey-X~kind~1", "~~"])
async def test_an_approval_that_cannot_be_is_unknown(door: Door, approval: str) -> None:
    answer = await door.http.post(
        f"/v1/approvals/{approval}/decision",
        json={"decision": "approve", "reason": "stable"},
        headers=door.bearer(Role.PSYCHIATRIST),
    )

    assert answer.status_code == 404


async def test_a_decision_for_another_approval_than_the_address_names_is_refused(
    door: Door,
) -> None:
    answer = await door.http.post(
        f"/v1/approvals/{NORTH_JOURNEY}~treatment_clearance~1/decision",
        json={"decision": "approve", "reason": "stable", "approval_id": "another"},
        headers=door.bearer(Role.PSYCHIATRIST),
    )

    assert answer.status_code == 400


async def test_a_protocol_that_relaxes_a_safety_limit_is_refused_with_the_rule(
    door: Door,
) -> None:
    protocol = {"version": "north-2", "parameters": {"dis.human_signoff": False}}

    answer = await door.http.post(
        f"/v1/journeys/{NORTH_JOURNEY}/protocol",
        json={"protocol": protocol, "reason": "faster"},
        headers=door.bearer(Role.MEDICAL_DIRECTOR),
    )

    assert answer.status_code == 422
    assert answer.json()["reasons"][0]["fact"] == "dis.human_signoff"


async def test_a_live_session_speaks_for_itself(door: Door) -> None:
    session = f"{NORTH_JOURNEY}-infusion-1"
    door.commands.live[session] = {"phase": "DOSING"}

    answer = await door.http.get(f"/v1/sessions/{session}", headers=door.bearer(Role.NURSE))

    assert (answer.json()["phase"], answer.json()["live"]) == ("DOSING", True)


async def test_a_journey_that_the_record_does_not_have_yet_takes_commands(door: Door) -> None:
    young = "journey-" + "y" * 26
    door.commands.clinics[young] = "north"

    answer = await door.http.post(
        f"/v1/journeys/{young}/hold", json=A_HOLD, headers=door.bearer(Role.NURSE)
    )

    assert answer.status_code == 200


async def test_a_journey_that_has_begun_and_is_not_on_record_yet_is_pending(door: Door) -> None:
    young = "journey-" + "y" * 26
    door.commands.clinics[young] = "north"
    path = f"/v1/journeys/{young}"

    ours = await door.http.get(path, headers=door.bearer(Role.NURSE))
    theirs = await door.http.get(path, headers=door.bearer(Role.NURSE, clinics=("south",)))

    assert (ours.status_code, ours.json()["status"]) == (202, "pending")
    assert theirs.status_code == 404


async def test_edge_37_what_was_told_of_treatment_elsewhere_is_shown_to_staff_only(
    door: Door,
) -> None:
    fainted = CarriedEvent(code="syncope", at=datetime(2026, 11, 2, 9, tzinfo=UTC), serious=True)
    told = TransferHistory(source="Harborlight Clinic", adverse_events=(fainted,))
    door.lookups.told_elsewhere = told
    path = f"/v1/journeys/{NORTH_JOURNEY}"

    staff = await door.http.get(path, headers=door.bearer(Role.NURSE))
    patient = await door.http.get(path, headers=door.bearer(Role.PATIENT, journey=NORTH_JOURNEY))

    assert staff.json()["carried"] == told.model_dump(mode="json")
    assert (patient.status_code, "carried" in patient.json()) == (200, False)


async def test_events_are_cloud_events(door: Door) -> None:
    answer = await door.http.get("/v1/events", headers=door.bearer(Role.OPS))

    event = answer.json()["events"][0]
    assert event["specversion"] == "1.0"
    assert {"id", "source", "type", "time", "subject"} <= event.keys()
    assert answer.json()["next"] == "7-1"


@pytest.mark.parametrize(("temporal", "record"), [(True, False), (False, True), (False, False)])
async def test_the_door_says_when_it_is_not_ready(door: Door, temporal: bool, record: bool) -> None:
    door.commands.up, door.record.up = temporal, record

    answer = await door.http.get("/readyz")

    assert answer.status_code == 503
    assert (answer.json()["temporal"], answer.json()["postgresql"]) == (temporal, record)


async def test_what_is_counted_names_routes_and_never_ids(door: Door) -> None:
    await door.http.get(f"/v1/journeys/{NORTH_JOURNEY}", headers=door.bearer(Role.NURSE))

    counted = (await door.http.get("/metrics")).text

    assert 'route="/v1/journeys/{journey_id}"' in counted
    assert NORTH_JOURNEY not in counted


async def test_the_description_names_every_commands_schema(door: Door) -> None:
    document = (await door.http.get("/openapi.json")).json()

    text = json.dumps(document)
    for part in text.split('"$ref": "#/components/schemas/')[1:]:
        assert part.split('"')[0] in document["components"]["schemas"]
    assert "RecordVitals" in document["components"]["schemas"]


async def test_the_training_issuer_publishes_its_public_key_only(
    open_door: Callable[..., Door],
) -> None:
    answer = await open_door().http.get("/.well-known/jwks.json")

    assert answer.json()["keys"][0].keys() >= {"kid", "kty", "x", "y"}
    assert "d" not in answer.json()["keys"][0]
