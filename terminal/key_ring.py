"""The payload keys on the command line: which there are, a new one, one journey sealed off."""

from runtime.keys import open_keyring
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


def shred_journey(journey: str, as_json: bool) -> None:
    """Seal one journey off: this deployment opens its payloads no more. Its clinical record and
    other copies of the keys are not touched."""
    open_keyring(command_settings()).shred(journey)
    if as_json:
        print_json({"journey_id": journey, "shredded": True})
    else:
        print_line(f"{journey}: sealed off; its payloads are no longer opened by this deployment")
