"""The doors before a front desk that only remembers what it was told, and tokens of every kind."""

import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.codec_routes import CodecDesk
from api.issuer_keys import build_verifier
from api.ports import Reception
from console.office import Office
from runtime.codec import SealingCodec
from runtime.keys import KeyRing
from runtime.settings import Settings
from schemas.base import Role
from service.monitor import MonitorStream
from service.training_issuer import TrainingIssuer
from tests.api.fake_record import (
    FakeAlerts,
    FakeDays,
    FakeLookups,
    FakeOverrides,
    FakeRecord,
    FakeReports,
    FakeShortages,
    FakeStock,
    FakeTransfers,
)
from tests.api.fakes import (
    FakeCertifications,
    FakeClosures,
    FakeCommands,
    FakeEvidence,
    FakeHandling,
    FakeLinks,
    FakeProtocols,
    FakeWorklist,
)
from tests.fixtures_temporal import temporal_server
from tests.one_program import seat, the_api


@dataclass(frozen=True)
class Door:
    """The whole API with everything a test may want to reach behind it."""

    transport: httpx.ASGITransport
    http: httpx.AsyncClient
    commands: FakeCommands
    lookups: FakeLookups
    stock: FakeStock
    record: FakeRecord
    certifications: FakeCertifications
    closures: FakeClosures
    evidence: "FakeEvidence"
    issuer: TrainingIssuer
    ring: KeyRing
    settings: Settings
    links: FakeLinks

    @property
    def app(self) -> FastAPI:
        """The program behind this door."""
        app: FastAPI = self.transport.app  # type: ignore[assignment]
        return app

    def attach_console(self, office: Office) -> None:
        """Add the console's pages, with this office behind them."""
        seat(office)
        codec: CodecDesk = self.app.state.codec
        self.transport.app = the_api(self.app.state.reception, codec.codec, console=True)

    def bearer(
        self,
        *roles: Role,
        clinics: tuple[str, ...] = ("north",),
        subject: str = "cc-romero",
        journey: str | None = None,
    ) -> dict[str, str]:
        token = self.issuer.mint(subject, roles, clinics, journey=journey)
        return {"Authorization": f"Bearer {token}"}


@pytest.fixture(autouse=True)
def _no_stack_of_mine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings in tests come from the test, not from a stack that happens to run."""
    monkeypatch.setenv("JOURNEY_ENV_FILE", "")


@cache
def issuer_key() -> Path:
    """Where this process's issuer keeps its key."""
    folder = tempfile.mkdtemp(prefix="journey-issuer-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder) / "issuer.pem"


@pytest.fixture
def settings() -> Settings:
    return Settings(
        training_issuer_key=issuer_key(),
        codec_origins="https://temporal-ui.example",
        accept_plain_payloads=False,
    )


@pytest.fixture
async def open_door(settings: Settings) -> AsyncIterator[Callable[..., Door]]:
    """Builds the door, with other settings if a test says so."""
    clients: list[httpx.AsyncClient] = []

    def build(**changed: Any) -> Door:
        ours = settings.model_copy(update=changed)
        issuer = TrainingIssuer.open(ours)
        ring = KeyRing.in_memory()
        commands, lookups, record = FakeCommands(), FakeLookups(), FakeRecord()
        stock = FakeStock()
        certifications, closures = FakeCertifications(), FakeClosures()
        evidence = FakeEvidence()
        links = FakeLinks()
        reception = Reception(
            settings=ours,
            commands=commands,
            lookups=lookups,
            stock=stock,
            verifier=build_verifier(ours, issuer),
            record=record,
            certifications=certifications,
            closures=closures,
            days=FakeDays(),
            alerts=FakeAlerts(),
            overrides=FakeOverrides(),
            protocols=FakeProtocols(),
            transfers=FakeTransfers(),
            links=links,
            shortages=FakeShortages(),
            reports=FakeReports(),
            monitor=MonitorStream(evidence, commands),
            worklist=FakeWorklist(),
            handling=FakeHandling(),
            issuer=issuer,
        )
        codec = SealingCodec(ring, ours.temporal_namespace, accept_plain=ours.accept_plain_payloads)
        app = the_api(reception, codec)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://door")
        clients.append(client)
        return Door(
            *(
                transport,
                client,
                commands,
                lookups,
                stock,
                record,
                certifications,
                closures,
                evidence,
            ),
            *(issuer, ring, ours, links),
        )

    yield build
    for client in clients:
        await client.aclose()


@pytest.fixture
def door(open_door: Callable[..., Door]) -> Door:
    return open_door()


__all__ = ["temporal_server"]
