"""The front desk as the command line reaches it: built once a command, from the settings."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.client import Client

from records.pool import create_pool
from runtime.keys import KeyRing, open_keyring
from runtime.settings import Settings, load_settings
from runtime.temporal import connect
from service.commands import Commands
from service.errors import Unavailable
from service.lookups import Lookups
from service.past import RecordedPast
from service.protocols import load_catalogue
from terminal.failures import CommandFailedError


class Engine:
    """The engine's client, connected when it is first needed: lists need only the record."""

    def __init__(self, settings: Settings, ring: KeyRing) -> None:
        self._settings = settings
        self._ring = ring
        self._client: Client | None = None

    async def client(self) -> Client:
        """The client.

        Raises:
            Unavailable: when the engine does not answer.
        """
        if self._client is None:
            try:
                self._client = await connect(
                    self._settings, keyring=self._ring, identity="journey-cli"
                )
            except RuntimeError as error:
                raise Unavailable from error
        return self._client


@dataclass(frozen=True)
class FrontDesk:
    """What a command may use."""

    settings: Settings
    engine: Engine
    commands: Commands
    lookups: Lookups
    clinic_codes: tuple[str, ...]


@asynccontextmanager
async def front_desk() -> AsyncIterator[FrontDesk]:
    """Open the front desk for one command.

    Raises:
        CommandFailedError: when no database is named.
    """
    settings = load_settings()
    if not settings.database_url:
        raise CommandFailedError(
            "JOURNEY_DATABASE_URL is not set and no stack runs here: start one with `journey up`"
        )
    ring = open_keyring(settings)
    engine = Engine(settings, ring)
    pool = await create_pool(settings.database_url, max_size=2, name="journey-cli")
    try:
        lookups = Lookups(pool)
        today = datetime.fromtimestamp(time.time(), UTC).date()
        catalogue = load_catalogue(settings.protocols_dir, settings.clinics_dir, today)
        commands = Commands(engine, catalogue, ring.referral_key, past=RecordedPast(lookups))
        yield FrontDesk(settings, engine, commands, lookups, catalogue.clinic_codes)
    finally:
        await pool.close()
