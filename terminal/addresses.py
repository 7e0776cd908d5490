"""The addresses of a stack that has come up: a table for a person, one line for a program."""

import json
import sys
from collections.abc import Callable, Mapping

NAMES = {
    "console": "console",
    "api": "API",
    "temporal_ui": "Temporal UI",
    "temporal": "Temporal",
    "codec": "codec",
    "mail": "mail",
    "database": "PostgreSQL",
}


def announcer(*, as_json: bool) -> Callable[[Mapping[str, str]], None]:
    """How to tell that everything answers, and where."""
    return _one_line if as_json else _table


def _one_line(addresses: Mapping[str, str]) -> None:
    sys.stdout.write(json.dumps(dict(addresses)) + "\n")
    sys.stdout.flush()


def _table(addresses: Mapping[str, str]) -> None:
    from terminal.output import print_pairs

    pairs = [(shown, addresses[name]) for name, shown in NAMES.items()]
    print_pairs("Everything answers; Ctrl-C stops it", pairs)
    sys.stdout.flush()
