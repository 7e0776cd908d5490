"""A monitor's stream through the real API, on real PostgreSQL and a real session."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from api.app import create_app
from api.issuer_keys import build_verifier
from api.ports import Reception
from benchmarks.stream import session_in_dosing
from clinical.standard_protocol import standard_protocol
from records.appointments import AppointmentStore
from records.certifications import CertificationStore
from records.monitor_readings import MonitorReadings
from records.patient_links import PatientLinkStore
from runtime.codec import SealingCodec
from runtime.settings import Settings
from schemas.base import Role
from schemas.infusion import SessionPhase, SessionView
from service.certification import Certifications
from service.clinic_alerts import ClinicAlerts
from service.clinic_day import ClinicDays
from service.closure import Closures
from service.commands import Commands
from service.lookups import Lookups
from service.monitor import MonitorStream
from service.override_report import OverrideReports
from service.patient_links import PatientLinks
from service.probe import Record
from service.protocol_preview import ProtocolBook
from service.protocols import Catalogue
from service.reports import Reports
from service.shortage import Shortages
from service.stock import StockLookups
from service.task_handling import TaskHandling
from service.training_issuer import TrainingIssuer
from service.transfer import Transfers
from service.worklist import Worklist
from tests.activities.test_appointments import TEN, confirm, release, wish
from tests.workflows.conftest import NORTH, RING, Clinical, real_server, whole

pytestmark = pytest.mark.stack
__all__ = ["real_server", "whole"]
CATALOGUE = Catalogue({"standard": standard_protocol()}, {"north": NORTH})


class Connected:
    def __init__(self, clinical: Clinical) -> None:
        self._clinical = clinical

    async def client(self) -> Any:
        return self._clinical.client


@pytest.fixture
async def http(
    whole: Clinical, pool: asyncpg.Pool, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """The API over this engine and this database, spoken to as a monitor gateway."""
    settings = Settings(training_issuer_key=tmp_path / "issuer.pem")
    issuer = TrainingIssuer.open(settings)
    lookups = Lookups(pool)
    commands = Commands(Connected(whole), CATALOGUE, b"k" * 32)
    reception = Reception(
        settings=settings,
        commands=commands,
        lookups=lookups,
        verifier=build_verifier(settings, issuer),
        record=Record(pool),
        days=ClinicDays(lookups, CATALOGUE),
        monitor=MonitorStream(MonitorReadings(pool), commands),
        stock=StockLookups(pool),
        certifications=Certifications(commands, lookups, CertificationStore(pool)),
        closures=Closures(commands, lookups),
        protocols=ProtocolBook(pool),
        transfers=Transfers(commands, lookups),
        links=PatientLinks(PatientLinkStore(pool), lookups, settings),
        reports=Reports(pool, CATALOGUE),
        worklist=Worklist(pool, CATALOGUE),
        alerts=ClinicAlerts(CATALOGUE),
        overrides=OverrideReports(pool, CATALOGUE),
        shortages=Shortages(pool, CATALOGUE),
        handling=TaskHandling(pool),
        issuer=issuer,
    )
    app = create_app(reception, SealingCodec(RING, "default", accept_plain=True))
    token = issuer.mint("monitor-gateway", (Role.SYSTEM, Role.NURSE), ("*",))
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://door", headers=headers
    ) as client:
        yield client


class Ward:
    """Asks one session; time passes by its training clock."""

    def __init__(self, whole: Clinical, session_id: str) -> None:
        self.id = session_id
        self.handle = whole.client.get_workflow_handle(session_id)

    async def view(self) -> SessionView:
        view: SessionView = await self.handle.query("state", result_type=SessionView)
        return view

    async def until(self, moment: datetime) -> None:
        await self.handle.signal("clock_advanced", {"command_id": uuid4().hex, "to": moment})
        for _ in range(2000):
            if (await self.view()).now >= moment:
                return
            await asyncio.sleep(0.005)
        raise AssertionError("the session's clock did not move")


async def dosing(whole: Clinical) -> tuple[Ward, SessionView]:
    """A patient whose infusion began five minutes ago."""
    ward = Ward(whole, await session_in_dosing(whole.client))
    whole.started.append(ward.id)
    for _ in range(2000):
        view = await ward.view()
        if view.dosed_at is not None and view.now >= view.dosed_at + timedelta(minutes=4):
            return ward, view
        await asyncio.sleep(0.005)
    raise AssertionError("the infusion never began")


def batch(day: SessionView, *values: dict[str, int], after_s: float = 0) -> dict[str, Any]:
    """Readings a tenth of a second apart, from the start of the dose on."""
    assert day.dosed_at is not None
    begins = day.dosed_at + timedelta(seconds=after_s)
    return {
        "device": "monitor-3",
        "readings": [
            {"taken_at": (begins + timedelta(seconds=n / 10)).isoformat(), **one}
            for n, one in enumerate(values)
        ],
    }


async def send(http: httpx.AsyncClient, day: SessionView, body: dict[str, Any]) -> dict[str, Any]:
    answer = await http.post(f"/v1/sessions/{day.session_id}/vitals:batch", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


CALM = {"spo2_percent": 98, "heart_rate_bpm": 74}


async def test_a_calm_stream_is_kept_and_adds_no_event_to_the_session(
    whole: Clinical, http: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    ward, day = await dosing(whole)
    before = (await ward.handle.describe()).history_length

    first = await send(http, day, batch(day, *([CALM] * 500)))
    again = await send(http, day, batch(day, *([CALM] * 500)))

    assert (first["accepted"], again["accepted"], again["duplicates"]) == (500, 0, 500)
    assert first["watched"] is True
    assert first["phase"] == "DOSING"
    assert await pool.fetchval("SELECT count(*) FROM monitor_readings") == 500
    assert (await ward.handle.describe()).history_length == before


async def test_a_breach_stops_the_dose_and_the_sessions_answer_comes_back(
    whole: Clinical, http: httpx.AsyncClient
) -> None:
    ward, day = await dosing(whole)
    crisis = {"systolic_mmhg": 205, "diastolic_mmhg": 118, "heart_rate_bpm": 96}

    answer = await send(http, day, batch(day, CALM, CALM, crisis, CALM))

    (told,) = [t for t in answer["told"] if t["index"] == 2]
    assert told["decision"]["action"] == "stop"
    assert told["phase"] == "POST_OBS"
    after = await ward.view()
    assert after.phase is SessionPhase.POST_OBS
    again = await send(http, day, batch(day, CALM, CALM, crisis, CALM))
    assert [t["decision"]["action"] for t in again["told"] if t["index"] == 2] == ["stop"]
    assert (await ward.view()).facts == after.facts


async def test_an_oximeter_alone_never_puts_off_the_next_pressure_that_is_due(
    whole: Clinical, http: httpx.AsyncClient
) -> None:
    ward, day = await dosing(whole)
    due_at = day.next_reading_due_at

    answer = await send(http, day, batch(day, {"spo2_percent": 92}))

    assert [told["because"] for told in answer["told"]] == ["breach"]
    assert (await ward.view()).next_reading_due_at == due_at


async def test_a_whole_reading_from_the_monitor_answers_the_one_that_is_due(
    whole: Clinical, http: httpx.AsyncClient
) -> None:
    ward, day = await dosing(whole)
    assert day.next_reading_due_at is not None
    assert day.dosed_at is not None
    await ward.until(day.next_reading_due_at + timedelta(minutes=1))
    pressure = {**CALM, "systolic_mmhg": 131, "diastolic_mmhg": 80}
    late_s = (day.next_reading_due_at - day.dosed_at).total_seconds() + 5

    answer = await send(http, day, batch(day, CALM, pressure, after_s=late_s))

    assert [(told["index"], told["because"]) for told in answer["told"]] == [(1, "scheduled")]
    after = await ward.view()
    assert after.next_reading_due_at is not None
    assert after.next_reading_due_at > day.next_reading_due_at


async def test_no_such_session_is_not_found(http: httpx.AsyncClient, pool: asyncpg.Pool) -> None:
    missing = "journey-" + "q" * 26 + "-infusion-1"
    body = {
        "device": "monitor-3",
        "readings": [{"taken_at": "2026-11-27T10:00:00Z", "spo2_percent": 98}],
    }

    answer = await http.post(f"/v1/sessions/{missing}/vitals:batch", json=body)

    assert answer.status_code == 404
    assert await pool.fetchval("SELECT count(*) FROM monitor_readings") == 0


async def test_two_batches_at_once_count_each_reading_once(
    whole: Clinical, http: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    _, day = await dosing(whole)
    body = batch(day, *([CALM] * 200))

    answers = await asyncio.gather(*(send(http, day, body) for _ in range(5)))

    assert sum(answer["accepted"] for answer in answers) == 200
    assert sum(answer["duplicates"] for answer in answers) == 800


async def test_a_day_shows_its_stays_by_opaque_ids(
    http: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    book = AppointmentStore(pool)
    await book.reserve(wish("plum"))
    await book.confirm(confirm("plum"))
    await book.reserve(wish("quince", TEN + timedelta(hours=3)))
    await book.reserve(wish("medlar", TEN + timedelta(days=1)))
    await book.reserve(wish("sorb", TEN + timedelta(hours=6)))
    await book.release(release("sorb"))

    answer = await http.get(
        "/v1/clinic-day", params={"clinic": "north", "on": date(2026, 12, 3).isoformat()}
    )

    day = answer.json()
    assert [(stay["session_id"], stay["status"], stay["phase"]) for stay in day["stays"]] == [
        ("journey-plum-infusion-1", "confirmed", "BOOKED"),
        ("journey-quince-infusion-1", "held", "BOOKED"),
    ]
    places = day["stays"][0]["places"]
    assert [(p["purpose"], p["place"]) for p in places] == [
        ("chair", "chair-1"),
        ("care", "rn-quill"),
        ("observation", "rn-quill"),
        ("care", "rn-quill"),
    ]
