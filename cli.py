"""The `journey` command: what a person may type, and which part of the house does it.

Every command imports its part when it runs, so that `journey --help` stays quick.
"""

import os
import sys
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from terminal.carrying_out import carry_out as _do
from terminal.keys_app import audit, keys
from terminal.looking_app import OF_A_CLINIC, OF_A_JOURNEY
from terminal.options import (
    ActorId,
    ActorRole,
    Choice,
    CommandKey,
    Json,
    Reason,
    Signature,
    Token,
    Version,
)
from terminal.protocol_app import protocol as protocols
from terminal.transfer_app import transfer

if TYPE_CHECKING:
    from runtime.settings import Settings
    from terminal.people import Speaker, Verified

app = typer.Typer(
    name="journey",
    help="Treatment journeys from referral to long-term care. Settings are JOURNEY_* environment "
    "variables; a running `journey up` is found by itself.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(audit, name="audit")
app.add_typer(keys, name="keys")
app.add_typer(protocols, name="protocol")
app.command()(transfer)

Port = Annotated[int | None, typer.Option(min=1, max=65535, show_default=False)]


def main() -> None:
    """The entry point: exit code 0 done, 1 refused or failed, 2 wrong usage."""
    try:
        app()
    except SystemExit as done:
        # The SDK's threads may abort an interpreter that is tearing down after all work is done.
        sys.stdout.flush()
        sys.stderr.flush()
        if "temporalio" in sys.modules and isinstance(done.code, int | None):
            os._exit(done.code or 0)
        raise


@app.command()
def up(
    *,
    ephemeral: Annotated[
        bool, typer.Option("--ephemeral", help="Free ports, a temporary data directory.")
    ] = False,
    data_dir: Annotated[
        Path, typer.Option("--data-dir", help="Where the stack keeps its state.")
    ] = Path(".journey"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the addresses as one JSON line.")
    ] = False,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="Stop when the program that started this dies.")
    ] = False,
    api_port: Port = None,
    temporal_port: Port = None,
    ui_port: Port = None,
    mail_port: Port = None,
    smtp_port: Port = None,
    postgres_port: Port = None,
) -> None:
    """Run the whole stack on this machine until Ctrl-C: Temporal with its UI, PostgreSQL, a mail
    catcher, all workers, API and console. Its state survives a restart."""
    from embedded.up import up as run
    from terminal.addresses import announcer

    ports = {
        "api": api_port,
        "temporal": temporal_port,
        "ui": ui_port,
        "mail": mail_port,
        "smtp": smtp_port,
        "postgres": postgres_port,
    }
    chosen = {name: port for name, port in ports.items() if port is not None}
    raise typer.Exit(
        run(
            data_dir,
            ephemeral=ephemeral,
            ports=chosen,
            announce=announcer(as_json=as_json),
            with_parent=with_parent,
        )
    )


@app.command()
def demo(
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the stack running to look around.")
    ] = False,
) -> None:
    """Follow one synthetic patient from referral to a stable course on real servers."""

    def run() -> int:
        from simulator.demo import run_demo

        return run_demo(keep)

    _do("demo", run)


@app.command()
def worker(
    queues: Annotated[
        str, typer.Option("--queues", help="Task queues to serve, separated by commas.")
    ],
) -> None:
    """Run a worker for some task queues until it is told to stop; it drains first."""

    def run() -> int | None:
        from worker import main as run_worker

        return run_worker(["--queues", queues])

    _do("worker", run)


@app.command()
def server() -> None:
    """Run the HTTP server: API, console and codec routes."""

    def run() -> None:
        from server import main as run_server

        run_server()

    _do("server", run)


@app.command("codec-server")
def codec_server() -> None:
    """Run only the codec routes, for Temporal's UI and command line."""

    def run() -> None:
        from server import codec_main

        codec_main()

    _do("codec-server", run)


@app.command()
def migrate(*, as_json: Json = False) -> None:
    """Prepare a deployment: the record's tables, Temporal's search attributes. Repeatable."""

    def run() -> Coroutine[object, object, None]:
        from terminal.migrations import prepare

        return prepare(as_json)

    _do("migrate", run)


@app.command()
def refer(
    file: Annotated[str, typer.Argument(help="A referral as JSON or FHIR R4; - reads stdin.")],
    *,
    clinic: Annotated[
        str | None, typer.Option("--clinic", help="Clinic of a FHIR referral that names none.")
    ] = None,
    training: Annotated[bool, typer.Option("--training", help="Start a training journey.")] = False,
    as_json: Json = False,
) -> None:
    """Start a journey from a referral, or find the one that it already started."""

    def run() -> Coroutine[object, object, None]:
        from terminal.referrals import refer as body

        return body(file, clinic, training=training, as_json=as_json)

    _do("refer", run)


for of_a_clinic in OF_A_CLINIC:
    app.command()(of_a_clinic)


@app.command()
def approve(
    task_id: Annotated[str, typer.Argument(metavar="ID", help="The task, as `tasks` lists it.")],
    reason: Reason,
    *,
    choice: Choice = None,
    expected_version: Version = None,
    signature: Signature = None,
    token: Token = None,
    actor: ActorId = None,
    role: ActorRole = None,
    command_id: CommandKey = None,
    as_json: Json = False,
) -> None:
    """Approve what waits on a person."""

    def run() -> Coroutine[object, object, None]:
        from terminal.approvals import Ballot, vote

        ballot = Ballot(task_id, "approve", reason, choice, expected_version, signature, command_id)
        return vote(ballot, _speaker(token, actor, role), as_json=as_json)

    _do("approve", run)


@app.command()
def decline(
    task_id: Annotated[str, typer.Argument(metavar="ID", help="The task, as `tasks` lists it.")],
    reason: Reason,
    *,
    expected_version: Version = None,
    signature: Signature = None,
    token: Token = None,
    actor: ActorId = None,
    role: ActorRole = None,
    command_id: CommandKey = None,
    as_json: Json = False,
) -> None:
    """Decline what waits on a person."""

    def run() -> Coroutine[object, object, None]:
        from terminal.approvals import Ballot, vote

        ballot = Ballot(task_id, "decline", reason, None, expected_version, signature, command_id)
        return vote(ballot, _speaker(token, actor, role), as_json=as_json)

    _do("decline", run)


for of_a_journey in OF_A_JOURNEY:
    app.command()(of_a_journey)


@app.command("fast-forward")
def fast_forward(
    journey: str,
    *,
    by: Annotated[str | None, typer.Option("--by", help="How far: 90m, 36h, 3d, 2w.")] = None,
    to_next: Annotated[
        bool, typer.Option("--to-next", help="To the next thing that the journey waits for.")
    ] = False,
    command_id: CommandKey = None,
    as_json: Json = False,
) -> None:
    """Move a training journey's clinical clock forward."""
    if (by is None) == (not to_next):
        raise typer.BadParameter("give one of --by and --to-next")

    def run() -> Coroutine[object, object, None]:
        from terminal.clock import fast_forward as body

        return body(journey, by, command_id, as_json=as_json)

    _do("fast-forward", run)


@app.command()
def simulate(
    patients: Annotated[int, typer.Option("--patients", min=1, help="How many synthetic people.")],
    weeks: Annotated[int, typer.Option("--weeks", min=1, help="Over how many weeks.")],
    seed: Annotated[int, typer.Option("--seed", help="The same seed is the same clinic.")] = 1,
    *,
    as_json: Json = False,
) -> None:
    """Run a clinic of synthetic people."""

    def run() -> object:
        from simulator.clinic import simulate as body

        return body(patients=patients, weeks=weeks, seed=seed, as_json=as_json)

    _do("simulate", run)


@app.command()
def replay(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Histories as JSON files.")],
) -> None:
    """Replay stored histories against this release; fails if one would go another way."""

    def run() -> object:
        from workflows.replay import replay_directory

        if not directory.is_dir():
            raise NotADirectoryError(f"{directory} is no directory")
        return replay_directory(directory)

    _do("replay", run)


@app.command()
def poke(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list which journeys would be asked.")
    ] = False,
    per_second: Annotated[
        float, typer.Option("--per-second", min=0.1, max=100, help="How many journeys a second.")
    ] = 5.0,
    at_most: Annotated[
        int | None, typer.Option("--at-most", min=1, help="Stop after so many; all without it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """After a release: ask sleeping journeys on older code to go on under the current one. Safe to
    break off and to repeat."""

    def run() -> Coroutine[object, object, int]:
        from terminal.poke import poke_journeys

        return poke_journeys(
            per_second=per_second, at_most=at_most, rehearse=dry_run, as_json=as_json
        )

    _do("poke", run)


@app.command()
def token(
    role: Annotated[str, typer.Option("--role", help="The role that the token speaks for.")],
    clinic: Annotated[str, typer.Option("--clinic", help="The clinic that it may act in.")],
    subject: Annotated[
        str | None, typer.Option("--subject", help="Who it names; a training person by default.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Print a bearer token of the training issuer. Refused in production."""

    def run() -> None:
        from terminal.tokens import print_token

        print_token(role, clinic, subject, as_json=as_json)

    _do("token", run)


@app.command()
def decide(
    kind: Annotated[
        str,
        typer.Argument(
            help="eligibility, screening, consent, readiness, dose, vitals, discharge, instrument, "
            "suicide-risk, reevaluation or schedule."
        ),
    ],
    file: Annotated[str | None, typer.Argument(help="Facts as JSON; - reads stdin.")] = None,
    *,
    protocol: Annotated[
        Path | None, typer.Option("--protocol", help="A protocol file; the standard otherwise.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of the facts.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The medical director's test bench: facts in, the decision with every reason out, from the
    same functions that the journeys call."""
    from terminal.decisions import known

    try:
        known(kind)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if (file is None) == (not schema):
        raise typer.BadParameter("give either FILE or --schema")

    def run() -> None:
        from terminal.decisions import decide as body
        from terminal.decisions import print_schema

        if file is None:
            print_schema(kind)
        else:
            body(kind, file, protocol, as_json=as_json)

    _do("decide", run)


@app.command()
def example(
    kind: Annotated[str, typer.Argument(help="A command, for example record_evaluation.")],
) -> None:
    """Print a synthetic patient's papers for `journey send`, dated now."""

    def run() -> None:
        from simulator.examples import example as body

        sys.stdout.write(body(kind, datetime.fromtimestamp(time.time(), UTC)) + "\n")

    _do("example", run)


@app.command()
def send(
    workflow: Annotated[
        str, typer.Argument(help="A journey, a session, or cabinet-CLINIC for its drug cabinet.")
    ],
    kind: Annotated[str, typer.Argument(help="The command, for example record_evaluation.")],
    file: Annotated[str, typer.Argument(help="Its content as JSON; - reads stdin.")],
    *,
    token: Token = None,
    actor: ActorId = None,
    role: ActorRole = None,
    command_id: CommandKey = None,
    as_json: Json = False,
) -> None:
    """Send any other command to a journey, a session or a clinic's drug cabinet."""

    def run() -> Coroutine[object, object, None]:
        from terminal.entries import send as body

        return body(workflow, kind, file, _speaker(token, actor, role), command_id, as_json=as_json)

    _do("send", run)


@app.command()
def doctor(*, as_json: Json = False) -> None:
    """Check this deployment: settings, keys, record, engine, mail; say what to do."""

    def run() -> Coroutine[object, object, int]:
        from terminal.doctor import examine

        return examine(as_json)

    _do("doctor", run)


@app.command(hidden=True)
def docs(
    *,
    check: Annotated[bool, typer.Option("--check", help="Only compare.")] = False,
) -> None:
    """Write the documents that are generated from the code."""

    def run() -> None:
        from terminal.documents import write_documents

        write_documents(check)

    _do("docs", run)


def _speaker(token: str | None, actor: str | None, role: str | None) -> "Speaker":
    """Who types; the front door's own check of tokens is handed to the command."""
    from terminal.people import Speaker

    return Speaker(token, actor, role, _verified)


async def _verified(settings: "Settings", token: str) -> "Verified":
    from api.issuer_keys import build_verifier
    from service.training_issuer import TrainingIssuer

    # As in the server: the built-in issuer counts only where no other one is named.
    built_in = settings.training and settings.oidc_jwks_url is None
    issuer = TrainingIssuer.open(settings) if built_in else None
    return await build_verifier(settings, issuer).verify(f"Bearer {token}")


if __name__ == "__main__":
    main()
