"""Preparing a deployment: keys on first use, the record's tables, search attributes."""

import asyncio

from records.migrate import migrate
from runtime.keys import open_keyring
from runtime.temporal import connect, ensure_search_attributes
from terminal.failures import CommandFailedError
from terminal.output import print_json, print_line
from terminal.settings import command_settings

ENGINE_WITHIN_S = 60.0


async def prepare(as_json: bool) -> None:
    """Apply what is missing; nothing is changed where all is there.

    Raises:
        CommandFailedError: when there is no database to prepare.
    """
    settings = command_settings()
    if not settings.database_url:
        raise CommandFailedError("JOURNEY_DATABASE_URL is not set: there is no record to prepare")
    ring = open_keyring(settings)
    applied = await asyncio.to_thread(migrate, settings.database_url)
    client = await connect(
        settings, keyring=ring, identity="journey-migrate", wait_s=ENGINE_WITHIN_S
    )
    await ensure_search_attributes(client)
    if as_json:
        print_json({"applied": list(applied), "search_attributes": "registered"})
    else:
        print_line(f"record: {len(applied)} migrations applied; search attributes registered")
