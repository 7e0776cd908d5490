"""Connections to the clinical record, and what to do when the server behind them is lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from records.errors import RecordUnavailable

Held: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
"""A connection held for a moment."""

COMMAND_TIMEOUT_S = 30.0
ACQUIRE_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 10.0

SERVER_SETTINGS = {
    "timezone": "UTC",
    # The server gives up before the client does, so that an abandoned statement holds no lock.
    "statement_timeout": "25s",
    "lock_timeout": "10s",
    # A process that froze inside a transaction must not hold a workflow's lock for ever.
    "idle_in_transaction_session_timeout": "30s",
}

READ_ONLY = "25006"
"""The server became a standby: after a failover the pool still holds its old address."""

GOING_AWAY = ("57P01", "57P02", "57P03", "57P05")
"""The server is shutting down, crashed, is starting, or dropped an idle session."""

UNABLE = ("08", "53")
"""Classes of state: the connection broke; disk, memory or connections have run out."""


PLAN_EACH = {"plan_cache_mode": "force_custom_plan", "random_page_cost": "1.1"}
"""For lists with filters that are mostly not asked for: a plan that must suit every filter suits
none and reads whole tables. And pages are read from memory or from a disk without a moving arm."""


async def create_pool(
    database_url: str,
    *,
    min_size: int = 0,
    max_size: int = 10,
    name: str = "journey",
    plan_each: bool = False,
) -> asyncpg.Pool:
    """A pool on the record; `name` is what the server's own lists show. `plan_each`: every
    statement is planned for its values, for whoever reads lists.

    JSON columns arrive as Python values. Raises `RecordUnavailable` when nothing answers and
    `min_size` asks for open connections.
    """
    try:
        return await asyncpg.create_pool(
            database_url,
            min_size=min_size,
            max_size=max_size,
            command_timeout=COMMAND_TIMEOUT_S,
            timeout=CONNECT_TIMEOUT_S,
            max_inactive_connection_lifetime=120.0,
            init=_speak_json,
            server_settings=SERVER_SETTINGS
            | {"application_name": name}
            | (PLAN_EACH if plan_each else {}),
        )
    except Exception as error:
        if lost(error):
            raise RecordUnavailable from error
        raise


@asynccontextmanager
async def connection(pool: asyncpg.Pool) -> AsyncIterator[Held]:
    """A connection for a moment.

    Raises `RecordUnavailable` when the server was lost; then every open connection is retired,
    because after a failover each of them still leads to the demoted server.
    """
    try:
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as held:
            yield held
    except Exception as error:
        if not lost(error):
            raise
        await pool.expire_connections()
        raise RecordUnavailable from error


def lost(error: Exception) -> bool:
    """Whether this error means that the server, not the statement, is the trouble."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state == READ_ONLY or state in GOING_AWAY or state.startswith(UNABLE)
    if isinstance(error, ValueError):
        # The driver refused a value before it was sent: our mistake, and trying again is no help.
        return False
    # TimeoutError and ConnectionError are OSErrors.
    return isinstance(error, (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError))


async def _speak_json(held: asyncpg.Connection) -> None:
    await held.set_type_codec("jsonb", schema="pg_catalog", encoder=_to_json, decoder=orjson.loads)


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()
