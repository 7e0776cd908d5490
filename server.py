"""Process 2: the doors. API, console and codec routes as one program, put together here.

It starts while Temporal or PostgreSQL are still away (`/readyz` says so) and finds them later. On
SIGTERM it takes no new requests and finishes the ones it has.
"""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from types import FrameType

import asyncpg
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.codec_routes import create_codec_app
from api.issuer_keys import build_verifier
from api.ports import Reception
from console.app import attach_console
from console.office import Office
from console.pages import Pages
from console.visitors import Guard
from records.certifications import CertificationStore
from records.monitor_readings import MonitorReadings
from records.patient_links import PatientLinkStore
from records.pool import create_pool
from runtime import logs
from runtime.codec import SealingCodec
from runtime.decision_keys import open_decision_keys
from runtime.keys import KeyRing, open_keyring
from runtime.settings import Settings, load_settings
from service.certification import Certifications
from service.clinic_alerts import ClinicAlerts
from service.clinic_day import ClinicDays
from service.closure import Closures
from service.commands import Commands
from service.day_board import DayBoards, RecordedPatients
from service.engine import Engine
from service.intake import Deployment
from service.journey_file import JourneyFiles
from service.licences import Licences
from service.lookups import Lookups
from service.manifestation import PublicKeys
from service.monitor import MonitorStream
from service.override_report import OverrideReports
from service.packet import Packets
from service.past import RecordedPast, RecordedSites
from service.patient_links import PatientLinks
from service.patient_visits import PatientVisits
from service.probe import Record
from service.protocol_preview import ProtocolBook
from service.protocols import Catalogue, load_catalogue
from service.reports import Reports
from service.shortage import Shortages
from service.signing import public_keys, signer
from service.step_up import StepUp
from service.stock import StockLookups
from service.task_handling import TaskHandling
from service.training_issuer import TrainingIssuer
from service.transfer import Transfers
from service.worklist import Worklist
from service.worklist_news import WorklistNews

DRAIN_WITHIN_S = 10


def main() -> None:
    """Serve until told to stop. Raises `SettingsError`, `KeysError` or `CatalogueRefused` when
    the deployment is not fit to start."""
    settings = load_settings()
    logs.configure(settings, "server")
    asyncio.run(_serve_all(settings))


def codec_main() -> None:
    """Serve the codec routes alone: they need the keys and the issuer, nothing else."""
    settings = load_settings()
    logs.configure(settings, "codec-server")
    ring = open_keyring(settings)
    verifier = build_verifier(settings, _issuer(settings))
    asyncio.run(_serve(create_codec_app(settings, _codec(settings, ring), verifier), settings))


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[FastAPI]:
    """The whole program for these settings; what it opened is closed at the end."""
    today = datetime.fromtimestamp(time.time(), UTC).date()
    catalogue = load_catalogue(settings.protocols_dir, settings.clinics_dir, today)
    ring = open_keyring(settings)
    signing = open_decision_keys(settings)
    issuer = _issuer(settings)
    engine = Engine(settings, ring, "server")
    pool = await create_pool(
        settings.database_url, min_size=0, name="journey-server", plan_each=True
    )
    try:
        keys = public_keys(signing)
        lookups = Lookups(pool, keys)
        book = CertificationStore(pool)
        commands = Commands(
            engine,
            catalogue,
            ring.referral_key,
            past=RecordedPast(lookups),
            sites=RecordedSites(book),
            licences=Licences(lookups, catalogue),
            deployment=Deployment.of(settings, signing),
            signer=signer(signing, Lookups(pool), settings),
        )
        handling = TaskHandling(pool, desk=commands)
        reception = Reception(
            settings=settings,
            commands=commands,
            lookups=lookups,
            stock=StockLookups(pool, with_training=settings.training),
            certifications=Certifications(commands, lookups, book),
            closures=Closures(commands, lookups),
            verifier=build_verifier(settings, issuer),
            record=Record(pool),
            days=ClinicDays(lookups, catalogue),
            alerts=ClinicAlerts(catalogue),
            overrides=OverrideReports(pool, catalogue, with_training=settings.training),
            shortages=Shortages(pool, catalogue, with_training=settings.training),
            monitor=MonitorStream(MonitorReadings(pool), commands),
            transfers=Transfers(commands, lookups),
            links=PatientLinks(PatientLinkStore(pool), lookups, settings),
            protocols=ProtocolBook(pool, catalogue.protocols),
            worklist=Worklist(pool, catalogue, keys),
            handling=handling,
            reports=Reports(pool, catalogue, with_training=settings.training),
            issuer=issuer,
            step_up=StepUp(catalogue.protocols, settings.step_up_within),
        )
        app = create_app(reception, _codec(settings, ring))
        visits = PatientVisits(
            PatientLinkStore(pool), commands, lookups, catalogue.clinics, ring.referral_key
        )
        office = _office(reception, catalogue, pool, keys, visits, handling=handling)
        app.state.ends = office.news.close
        attach_console(app, office)
        yield app
    finally:
        await pool.close()


def _office(
    reception: Reception,
    catalogue: Catalogue,
    pool: asyncpg.Pool,
    keys: PublicKeys,
    visits: PatientVisits,
    *,
    handling: TaskHandling,
) -> Office:
    zones, lookups = catalogue.time_zones, Lookups(pool, keys)
    return Office(
        settings=reception.settings,
        guard=Guard(reception.verifier.verify),
        pages=Pages(reception.settings, zones),
        lookups=lookups,
        zones=zones,
        worklist=Worklist(pool, catalogue, keys),
        handling=handling,
        news=WorklistNews(pool),
        decisions=reception.commands,
        step_up=reception.step_up,
        commands=reception.commands,
        boards=DayBoards(reception.days, RecordedPatients(pool), reception.commands),
        files=JourneyFiles(pool, lookups),
        packets=Packets(pool, lookups, reception.commands),
        reports=reception.reports,
        visits=visits,
    )


async def _serve_all(settings: Settings) -> None:
    async with build(settings) as app:
        await _serve(app, settings)


async def _serve(app: FastAPI, settings: Settings) -> None:
    server = Doors(
        uvicorn.Config(
            app,
            host=settings.api_host,
            port=settings.api_port,
            log_config=None,
            log_level=logging.WARNING,
            access_log=False,
            server_header=False,
            date_header=True,
            lifespan="off",
            timeout_graceful_shutdown=DRAIN_WITHIN_S,
            h11_max_incomplete_event_size=64 * 1024,
        )
    )
    server.ends = getattr(app.state, "ends", None)
    await server.serve()


class Doors(uvicorn.Server):
    """The HTTP server; a stop that was asked for ends the process with success. `ends`: lets go
    of whoever listens, who would otherwise keep the door open until the drain is over."""

    ends: Callable[[], None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.ends is not None:
            self.ends()
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Drain on SIGTERM and SIGINT. The library's own way raises the signal once more at the
        end, and a supervisor would then read a clean stop as a crash."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)


def _issuer(settings: Settings) -> TrainingIssuer | None:
    """The built-in issuer, unless the deployment names another one."""
    if not settings.training or settings.oidc_jwks_url is not None:
        return None
    return TrainingIssuer.open(settings)


def _codec(settings: Settings, ring: KeyRing) -> SealingCodec:
    return SealingCodec(
        ring, settings.temporal_namespace, accept_plain=settings.accept_plain_payloads
    )


if __name__ == "__main__":
    main()
