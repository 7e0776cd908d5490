"""Bringing the record's tables up to date: forward only, once, whoever asks and how often."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import stamina
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import parse_uri
from yoyo.migrations import default_migration_table

from records.errors import RecordUnavailable

MIGRATIONS = Path(__file__).parent / "migrations"
STARTS_WITHIN_S = 60.0
LOCK = 7_245_319_600_311
"""The advisory lock of migrations. Unlike a row it dies with the process that holds it."""


def migrate(database_url: str) -> tuple[str, ...]:
    """Apply what is missing and return its ids, in order; nothing when all is there.

    Waits while PostgreSQL still starts (at most a minute) and while another process migrates.
    Raises `RecordUnavailable` when the server does not answer in that time.
    """
    with _alone(database_url), _backend(database_url) as backend:
        # Whoever left yoyo's lock row behind was killed: we hold the lock that cannot be left.
        backend.break_lock()
        missing = backend.to_apply(read_migrations(str(MIGRATIONS)))
        with backend.lock():
            backend.apply_migrations(missing)
        return tuple(migration.id for migration in missing)


def pending(database_url: str) -> tuple[str, ...]:
    """Ids of the migrations that are not applied yet, in order.

    Raises `RecordUnavailable` when the server does not answer within a minute.
    """
    with _alone(database_url), _backend(database_url) as backend:
        return tuple(m.id for m in backend.to_apply(read_migrations(str(MIGRATIONS))))


@contextmanager
def _alone(database_url: str) -> Iterator[None]:
    """Hold the migration lock on a connection of its own."""
    connection = _connect(database_url)
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        yield
    finally:
        connection.close()


@contextmanager
def _backend(database_url: str) -> Iterator["_Backend"]:
    backend = _Backend(database_url)
    backend.init_database()
    try:
        yield backend
    finally:
        backend.connection.close()


def _connect(database_url: str) -> "psycopg.Connection[tuple[object, ...]]":
    waiting = stamina.retry_context(
        on=psycopg.OperationalError, attempts=None, timeout=STARTS_WITHIN_S, wait_max=2.0
    )
    try:
        for attempt in waiting:
            with attempt:
                return psycopg.connect(database_url, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        raise RecordUnavailable from error
    raise RecordUnavailable


class _Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo carries no types
    """yoyo over an ordinary PostgreSQL address: it takes addresses apart and loses what libpq
    knows of them (several hosts, escaped passwords, sockets), so libpq gets the whole."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        super().__init__(parse_uri("postgresql+psycopg:///"), default_migration_table)

    def copy(self) -> "_Backend":
        return _Backend(self._database_url)

    def connect(self, _dburi: object) -> "psycopg.Connection[tuple[object, ...]]":
        return _connect(self._database_url)
