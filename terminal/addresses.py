"""The addresses of a stack that has come up: a table for a person, one line for a program."""

import sys
from collections.abc import Callable
from typing import Protocol


class Answering(Protocol):
    """What a stack that answers can say about itself."""

    api: str
    console: str
    temporal: str
    temporal_ui: str
    mail: str
    database: str

    def as_json(self) -> str: ...


def announcer(*, as_json: bool) -> "Callable[[Answering], None]":
    """How to tell that everything answers, and where."""
    return _one_line if as_json else _table


def _one_line(stack: Answering) -> None:
    sys.stdout.write(stack.as_json() + "\n")
    sys.stdout.flush()


def _table(stack: Answering) -> None:
    from terminal.output import print_pairs

    print_pairs(
        "Everything answers; Ctrl-C stops it",
        (
            ("console", stack.console),
            ("API", stack.api),
            ("Temporal UI", stack.temporal_ui),
            ("Temporal", stack.temporal),
            ("mail", stack.mail),
            ("PostgreSQL", stack.database),
        ),
    )
    sys.stdout.flush()
