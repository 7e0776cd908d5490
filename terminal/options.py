"""What many commands may be told: each option once, with its help."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
Decisions = Annotated[bool, typer.Option("--decisions", help="The keys that sign decisions.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence; kept on record.")]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar="JOURNEY_TOKEN", help="Bearer token that says who decides."),
]
ActorId = Annotated[
    str | None, typer.Option("--actor", help="Training only: who decides, in place of a token.")
]
ActorRole = Annotated[
    str | None, typer.Option("--role", help="Training only: the role of --actor.")
]
CommandKey = Annotated[
    str | None,
    typer.Option("--command-id", help="Idempotency key: the same key takes effect once."),
]
Version = Annotated[
    int | None,
    typer.Option("--expected-version", help="Refuse if the task has changed since this version."),
]
Choice = Annotated[
    str | None, typer.Option("--choice", help="Which way on, where the task offers several.")
]
Signature = Annotated[
    str | None, typer.Option("--signature", help="Signature, where the deployment requires one.")
]
