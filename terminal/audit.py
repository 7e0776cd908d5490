"""Checking at the command line that the record is what was written."""

from dataclasses import asdict

from records.audit import verify as find_breaks
from records.pool import create_pool
from service.errors import UnknownWorkflow
from service.lookups import Lookups
from terminal.failures import CommandFailedError
from terminal.output import print_json, print_line, print_table
from terminal.settings import command_settings


async def verify(journey: str | None, as_json: bool) -> int:
    """Check one journey with its sessions, or the whole record; returns 1 when it is broken.

    Raises:
        UnknownWorkflow: when there is no such journey on record.
    """
    settings = command_settings()
    if not settings.database_url:
        raise CommandFailedError("JOURNEY_DATABASE_URL is not set: there is no record to check")
    pool = await create_pool(settings.database_url, max_size=2, name="journey-audit")
    try:
        breaks = []
        for workflow_id in await _workflows(Lookups(pool), journey):
            breaks += await find_breaks(pool, workflow_id)
    finally:
        await pool.close()
    if as_json:
        print_json({"whole": not breaks, "breaks": [asdict(found) for found in breaks]})
    elif breaks:
        rows = [(found.workflow_id, found.sequence, found.fault.value) for found in breaks]
        print_table("The record is broken", ("workflow", "line", "fault"), rows)
    else:
        print_line(f"{journey or 'the record'}: every line is as it was written")
    return 1 if breaks else 0


async def _workflows(lookups: Lookups, journey: str | None) -> list[str | None]:
    """The workflows to check; None stands for all of them."""
    if journey is None:
        return [None]
    if await lookups.journey(journey, clinics=None) is None:
        raise UnknownWorkflow
    sessions = await lookups.sessions(journey, clinics=None)
    return [journey, *(session.session_id for session in sessions)]
