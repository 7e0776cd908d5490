"""The payload keys on the command line: which there are, a new one, one journey sealed off."""

from records.pool import create_pool
from runtime.keys import open_keyring
from runtime.settings import Settings
from service.errors import UnknownWorkflow
from service.intake import JOURNEY_ID
from service.lookups import Lookups
from terminal.output import print_json, print_line, print_table
from terminal.settings import command_settings


def list_keys(as_json: bool) -> None:
    """Every key by id; the last one seals. Never a key itself."""
    ring = open_keyring(command_settings())
    newest, _ = ring.newest
    keys = [(key.id, key.made_at, key.id == newest) for key in ring.list()]
    if as_json:
        print_json(
            [{"id": i, "made_at": made.isoformat(), "seals": seals} for i, made, seals in keys]
        )
        return
    print_table("Payload keys", ("id", "made", "seals"), keys)


def rotate_keys(as_json: bool) -> None:
    """Make a new key that seals from now on; what is sealed already stays readable."""
    made = open_keyring(command_settings()).rotate()
    if as_json:
        print_json({"id": made})
    else:
        print_line(f"new payload key {made}; running processes take it up by themselves")


async def shred_journey(journey: str, as_json: bool) -> None:
    """Seal one journey off: this deployment opens its payloads no more. Its clinical record and
    other copies of the keys are not touched.

    Raises:
        UnknownWorkflow: when there is no such journey; a mistyped id must not look like done.
    """
    settings = command_settings()
    if not JOURNEY_ID.match(journey):
        raise UnknownWorkflow
    if settings.database_url and not await _on_record(settings, journey):
        raise UnknownWorkflow
    open_keyring(settings).shred(journey)
    if as_json:
        print_json({"journey_id": journey, "shredded": True})
    else:
        print_line(f"{journey}: sealed off; its payloads are no longer opened by this deployment")


async def _on_record(settings: Settings, journey: str) -> bool:
    pool = await create_pool(settings.database_url, max_size=1, name="journey-keys")
    try:
        return await Lookups(pool).journey(journey, clinics=None) is not None
    finally:
        await pool.close()
