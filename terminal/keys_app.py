"""`journey keys` and `journey audit`: what seals and signs, and whether the record is whole."""

from collections.abc import Coroutine
from typing import Annotated

import typer

from terminal.carrying_out import carry_out
from terminal.options import Decisions, Json

audit = typer.Typer(help="The record's audit chain.", no_args_is_help=True)
keys = typer.Typer(help="The keys that seal payloads and sign decisions.", no_args_is_help=True)


@audit.command("verify")
def audit_verify(
    journey: Annotated[str | None, typer.Argument(help="One journey; all without it.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Check that nothing on record was changed or removed."""

    def run() -> Coroutine[object, object, int]:
        from terminal.audit import verify

        return verify(journey, as_json)

    carry_out("audit verify", run)


@keys.command("list")
def keys_list(*, decisions: Decisions = False, as_json: Json = False) -> None:
    """List the payload keys by id, the newest seals; or the keys that sign decisions."""

    def run() -> None:
        from terminal.decision_key_file import list_decision_keys
        from terminal.key_ring import list_keys

        (list_decision_keys if decisions else list_keys)(as_json)

    carry_out("keys list", run)


@keys.command("rotate")
def keys_rotate(*, decisions: Decisions = False, as_json: Json = False) -> None:
    """Make a new payload key, or one that signs decisions; what older ones did stays good."""

    def run() -> None:
        from terminal.decision_key_file import rotate_decision_keys
        from terminal.key_ring import rotate_keys

        (rotate_decision_keys if decisions else rotate_keys)(as_json)

    carry_out("keys rotate", run)


@keys.command("retire")
def keys_retire(key: str, *, as_json: Json = False) -> None:
    """Take out the secret half of an older key that signs decisions; announce the rest first."""

    def run() -> None:
        from terminal.decision_key_file import retire_decision_key

        retire_decision_key(key, as_json)

    carry_out("keys retire", run)


@keys.command("announce")
def keys_announce(
    *,
    per_second: Annotated[
        float, typer.Option("--per-second", min=0.1, max=50, help="Told a second, at most.")
    ] = 5.0,
    as_json: Json = False,
) -> None:
    """Tell every open journey, treatment day and drug cabinet which keys sign decisions."""

    def run() -> Coroutine[object, object, int]:
        from terminal.decision_key_file import announce_decision_keys

        return announce_decision_keys(per_second, as_json)

    carry_out("keys announce", run)


@keys.command("shred")
def keys_shred(journey: str, *, as_json: Json = False) -> None:
    """Seal one journey off: this deployment opens its payloads no more."""

    def run() -> Coroutine[object, object, None]:
        from terminal.key_ring import shred_journey

        return shred_journey(journey, as_json)

    carry_out("keys shred", run)
