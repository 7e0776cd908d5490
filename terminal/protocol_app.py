"""`journey protocol ...`: two versions compared, who would feel one, and the way to ask for it."""

from collections.abc import Coroutine
from typing import Annotated

import typer

from terminal.carrying_out import carry_out

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
File = Annotated[str, typer.Argument(help="A protocol file, or a version on record.")]

protocol = typer.Typer(help="Treatment protocols and their versions.", no_args_is_help=True)


@protocol.command()
def diff(old: File, new: File, *, as_json: Json = False) -> None:
    """Say what changed between two protocols: each parameter with its unit, stricter or laxer,
    each rule of the approval table, what patients are told. Files, or versions on record as
    VERSION or CODE@VERSION."""

    def run() -> Coroutine[object, object, None]:
        from terminal.protocols import show_difference

        return show_difference(old, new, as_json=as_json)

    carry_out("protocol diff", run)


@protocol.command()
def preview(
    new: File,
    *,
    clinic: Annotated[str | None, typer.Option("--clinic", help="Only this clinic's.")] = None,
    as_json: Json = False,
) -> None:
    """Say which open journeys would feel a protocol, and how, were they moved to it. Read from the
    record: no journey is asked, none is moved."""

    def run() -> Coroutine[object, object, None]:
        from terminal.protocols import show_preview

        return show_preview(new, clinic, as_json=as_json)

    carry_out("protocol preview", run)


@protocol.command()
def propose(
    new: File,
    reason: Annotated[str, typer.Option("--reason", help="Why, in a sentence; kept on record.")],
    *,
    from_version: Annotated[
        str | None,
        typer.Option("--from", help="Refused by a journey that is on another version than this."),
    ] = None,
) -> None:
    """Print the command that asks two people to move a journey to this protocol, for
    `journey send JOURNEY change_protocol -`."""

    def run() -> Coroutine[object, object, None]:
        from terminal.protocols import print_proposal

        return print_proposal(new, reason, from_version)

    carry_out("protocol propose", run)
