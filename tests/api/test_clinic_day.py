"""The clinic's day is shown to who may see it; monitors hand in batches, reading by reading."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.base import Role
from schemas.infusion import RecordVitals, SessionPhase
from schemas.monitor import MonitoringView
from schemas.screening import Modality
from service.errors import NotYetAnswered, Unavailable
from tests.api.conftest import Door
from tests.api.fake_record import NORTH_JOURNEY

SESSION = f"{NORTH_JOURNEY}-infusion-1"
BATCH = f"/v1/sessions/{SESSION}/vitals:batch"
NOW = datetime.now(UTC)  # noqa: TID251 - a test's clock
CALM = {"spo2_percent": 98, "heart_rate_bpm": 70}
FALLING = {"spo2_percent": 88, "heart_rate_bpm": 70}


def at(second: float, **values: Any) -> dict[str, Any]:
    return {
        "taken_at": (NOW - timedelta(minutes=9) + timedelta(seconds=second)).isoformat(),
        **values,
    }


def dosing(door: Door, **changes: Any) -> None:
    fields = {
        "session_id": SESSION,
        "phase": SessionPhase.DOSING,
        "modality": Modality.IV_KETAMINE,
        **changes,
    }
    door.commands.monitored[SESSION] = MonitoringView(**fields)


async def send(door: Door, *readings: Any, device: Any = "monitor-3", **headers: str) -> Any:
    body = {"device": device, "readings": list(readings)}
    bearer = door.bearer(Role.SYSTEM, subject="monitor-gateway")
    return await door.http.post(BATCH, json=body, headers={**bearer, **headers})


async def test_a_day_is_shown_to_who_may_see_the_clinic(door: Door) -> None:
    north = await door.http.get(
        "/v1/clinic-day?clinic=north&on=2026-12-03", headers=door.bearer(Role.NURSE)
    )
    elsewhere = await door.http.get("/v1/clinic-day?clinic=south", headers=door.bearer(Role.NURSE))
    no_date = await door.http.get(
        "/v1/clinic-day?clinic=north&on=tomorrow", headers=door.bearer(Role.NURSE)
    )

    assert north.status_code == 200
    assert north.json()["on"] == "2026-12-03"
    assert elsewhere.status_code == 404
    assert no_date.status_code == 422


async def test_edge_33_what_a_clinic_must_renew_is_shown_to_who_may_see_it(door: Door) -> None:
    director = door.bearer(Role.MEDICAL_DIRECTOR)
    north = await door.http.get("/v1/clinics/north/alerts", headers=director)
    elsewhere = await door.http.get("/v1/clinics/south/alerts", headers=director)

    assert north.status_code == 200
    assert [alert["code"] for alert in north.json()["alerts"]] == ["expires_soon"]
    assert elsewhere.status_code == 404


async def test_edge_52_the_weeks_overrides_are_the_medical_directors(door: Door) -> None:
    director, nurse = door.bearer(Role.MEDICAL_DIRECTOR), door.bearer(Role.NURSE)
    path = "/v1/clinics/north/overrides?week=2026-W47"
    shown = await door.http.get(path, headers=director)
    refused = await door.http.get(path, headers=nurse)
    no_week = await door.http.get("/v1/clinics/north/overrides?week=47", headers=director)

    assert (shown.status_code, shown.json()["week"]) == (200, "2026-W47")
    assert refused.status_code == 403
    assert no_week.status_code == 422


async def test_a_calm_batch_is_kept_and_tells_nobody(door: Door) -> None:
    dosing(door)

    answer = await send(door, *(at(s, **CALM) for s in range(500)))

    assert answer.status_code == 200, answer.text
    assert answer.json()["accepted"] == 500
    assert answer.json()["told"] == []
    assert door.commands.told == []


async def test_a_breach_goes_to_the_session_and_its_answer_comes_back(door: Door) -> None:
    dosing(door)

    answer = await send(door, at(0, **CALM), at(1, **FALLING), at(2, **FALLING))

    (told,) = answer.json()["told"]
    assert (told["index"], told["because"], told["status"]) == (1, "breach", "answered")
    ((session, kind, command),) = door.commands.told
    assert (session, kind) == (SESSION, "record_vitals")
    assert isinstance(command, RecordVitals)
    assert command.device == "monitor-3"
    assert command.actor.role is Role.SYSTEM


async def test_edge_27_the_same_batch_twice_counts_once(door: Door) -> None:
    dosing(door)
    batch = (at(0, **CALM), at(1, **FALLING), at(2, **FALLING))

    first = await send(door, *batch)
    second = await send(door, *batch)

    assert (first.json()["accepted"], first.json()["duplicates"]) == (3, 0)
    assert (second.json()["accepted"], second.json()["duplicates"]) == (0, 3)
    ids = {command.command_id for _, _, command in door.commands.told}
    assert len(ids) == 1, "the session hears one command, however often it is sent"
    assert second.json()["told"], "and whoever lost the answer gets it again"


async def test_a_bad_reading_is_refused_by_its_index_and_spoils_nothing(door: Door) -> None:
    dosing(door)

    answer = await send(
        door, at(0, **CALM), at(1, spo2_percent=300), at(2), {"spo2_percent": 97}, at(3, **CALM)
    )

    told = answer.json()
    assert answer.status_code == 200
    assert told["accepted"] == 2
    assert [refused["index"] for refused in told["refused"]] == [1, 2, 3]
    assert "300" not in answer.text


async def test_a_device_clock_ahead_is_refused_as_at_the_bedside(door: Door) -> None:
    dosing(door)

    answer = await send(door, at(0, **CALM), at(3_600, **FALLING))

    (refused,) = answer.json()["refused"]
    assert (refused["index"], refused["reasons"][0]["code"]) == (1, "reading_from_future")
    assert door.commands.told == []


@pytest.mark.parametrize(
    "body",
    [
        {"device": "monitor-3"},
        {"device": "monitor-3", "readings": []},
        {"device": "not a code!", "readings": [at(0, **CALM)]},
        {"device": "monitor-3", "readings": [at(s, **CALM) for s in range(501)]},
        {"device": "monitor-3", "readings": {"0": at(0, **CALM)}},
    ],
)
async def test_a_batch_malformed_as_a_whole_changes_nothing(door: Door, body: Any) -> None:
    answer = await door.http.post(BATCH, json=body, headers=door.bearer(Role.NURSE))

    assert answer.status_code == 422
    assert door.commands.told == []


async def test_a_breach_is_told_although_nobody_can_say_where_the_session_stands(
    door: Door,
) -> None:
    answer = await send(door, at(0, **CALM), at(1, **FALLING))

    assert answer.json()["watched"] is False
    assert [told["index"] for told in answer.json()["told"]] == [1]


async def test_a_reading_that_is_due_goes_to_the_session(door: Door) -> None:
    due_at = NOW - timedelta(minutes=9) + timedelta(seconds=5)
    dosing(door, next_reading_due_at=due_at)
    whole = {**CALM, "systolic_mmhg": 124, "diastolic_mmhg": 78}

    answer = await send(door, at(1, **whole), at(6, **CALM), at(7, **whole))

    assert [(t["index"], t["because"]) for t in answer.json()["told"]] == [(2, "scheduled")]


async def test_a_session_that_is_over_is_told_nothing(door: Door) -> None:
    dosing(door, phase=SessionPhase.DISCHARGED)

    answer = await send(door, at(0, **FALLING))

    assert answer.json()["accepted"] == 1
    assert door.commands.told == []


async def test_a_breach_that_could_not_be_told_is_asked_for_again(door: Door) -> None:
    dosing(door)
    door.commands.trouble = Unavailable()
    away = await send(door, at(0, **FALLING))
    door.commands.trouble = None

    again = await send(door, at(0, **FALLING))

    assert away.status_code == 503
    assert away.headers["retry-after"]
    assert [told["status"] for told in again.json()["told"]] == ["answered"]


async def test_a_breach_kept_for_later_says_so(door: Door) -> None:
    dosing(door)
    door.commands.trouble = NotYetAnswered(SESSION, NORTH_JOURNEY, "monitor-1")

    answer = await send(door, at(0, **FALLING))

    assert [told["status"] for told in answer.json()["told"]] == ["kept"]


async def test_while_the_record_is_away_a_breach_is_still_told(door: Door) -> None:
    dosing(door)
    door.evidence.away = True

    answer = await send(door, at(0, **FALLING))

    assert answer.status_code == 503
    assert len(door.commands.told) == 1


async def test_no_batch_for_a_journey_or_from_a_patient(door: Door) -> None:
    body = {"device": "monitor-3", "readings": [at(0, **CALM)]}
    journey = await door.http.post(
        f"/v1/sessions/{NORTH_JOURNEY}/vitals:batch", json=body, headers=door.bearer(Role.NURSE)
    )
    patient = await door.http.post(
        BATCH, json=body, headers=door.bearer(Role.PATIENT, journey=NORTH_JOURNEY)
    )

    assert (journey.status_code, patient.status_code) == (404, 403)


async def test_a_coordinator_announces_on_which_days_their_clinic_is_closed(door: Door) -> None:
    headers = {**door.bearer(Role.CARE_COORDINATOR), "Idempotency-Key": "k-9"}
    said = {"closed_on": ["2026-12-24"], "reason": "snow"}

    told = await door.http.post("/v1/clinics/north/closures", headers=headers, json=said)
    theirs = await door.http.post("/v1/clinics/south/closures", headers=headers, json=said)
    no_day = await door.http.post(
        "/v1/clinics/north/closures", headers=headers, json={**said, "closed_on": []}
    )

    assert (told.status_code, theirs.status_code, no_day.status_code) == (200, 404, 422)
    assert told.json()["told"] == 3
    assert door.closures.told == [("north", ("2026-12-24",), "k-9")]
