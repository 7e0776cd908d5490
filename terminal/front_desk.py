"""The front desk as the command line reaches it: built once a command, from the settings."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from records.certifications import CertificationStore
from records.pool import create_pool
from runtime.decision_keys import open_decision_keys
from runtime.keys import open_keyring
from runtime.settings import Settings
from service.commands import Commands
from service.engine import Engine
from service.intake import Deployment
from service.lookups import Lookups
from service.past import RecordedPast, RecordedSites
from service.protocols import Catalogue, load_catalogue
from service.signing import public_keys, signer
from service.stock import StockLookups
from terminal.failures import CommandFailedError
from terminal.settings import command_settings


@dataclass(frozen=True)
class FrontDesk:
    """What a command may use."""

    settings: Settings
    engine: Engine
    commands: Commands
    lookups: Lookups
    stock: StockLookups
    catalogue: Catalogue
    pool: asyncpg.Pool

    @property
    def clinic_codes(self) -> tuple[str, ...]:
        """Every clinic of this deployment."""
        return self.catalogue.clinic_codes


@asynccontextmanager
async def front_desk() -> AsyncIterator[FrontDesk]:
    """Open the front desk for one command.

    Raises:
        CommandFailedError: when no database is named.
    """
    settings = command_settings()
    if not settings.database_url:
        raise CommandFailedError(
            "JOURNEY_DATABASE_URL is not set and no stack runs here: start one with `journey up`"
        )
    ring = open_keyring(settings)
    signing = open_decision_keys(settings)
    engine = Engine(settings, ring, "journey-cli")
    pool = await create_pool(settings.database_url, max_size=2, name="journey-cli")
    try:
        lookups = Lookups(pool, public_keys(signing))
        today = datetime.fromtimestamp(time.time(), UTC).date()
        catalogue = load_catalogue(settings.protocols_dir, settings.clinics_dir, today)
        commands = Commands(
            engine,
            catalogue,
            ring.referral_key,
            past=RecordedPast(lookups),
            sites=RecordedSites(CertificationStore(pool)),
            deployment=Deployment.of(settings, signing),
            signer=signer(signing, Lookups(pool), settings),
        )
        stock = StockLookups(pool, with_training=settings.training)
        yield FrontDesk(settings, engine, commands, lookups, stock, catalogue, pool)
    finally:
        await pool.close()
