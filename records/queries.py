"""The record's statements by name; each lives in `queries/*.sql` with a word on what it does."""

import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent / "queries"
NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


def sql(name: str) -> str:
    """The statement of this name. Raises `KeyError` for a name that no file has."""
    return _STATEMENTS[name]


def _read(folder: Path) -> dict[str, str]:
    statements: dict[str, str] = {}
    for path in sorted(folder.glob("*.sql")):
        for name, statement in _split(path.read_text()):
            if name in statements:
                message = f"{path.name}: the query {name} is written twice"
                raise ValueError(message)
            statements[name] = statement
    return statements


def _split(text: str) -> Iterator[tuple[str, str]]:
    _, *parts = NAME.split(text)
    for name, statement in zip(parts[::2], parts[1::2], strict=True):
        yield name, statement.strip()


_STATEMENTS = _read(FOLDER)
