"""The line to the engine: opened at the first need, tried again while it is away."""

import asyncio
from time import monotonic
from typing import Final

import structlog
from temporalio.client import Client

from runtime.keys import KeyRing
from runtime.settings import Settings
from runtime.temporal import connect
from service.errors import Unavailable

CONNECT_WITHIN_S: Final = 5.0
TRY_AGAIN_AFTER_S: Final = 1.0

log = structlog.get_logger(__name__)


class Engine:
    """One client for the whole process. It starts without the engine and finds it later."""

    def __init__(self, settings: Settings, keyring: KeyRing, identity: str) -> None:
        self._settings = settings
        self._keyring = keyring
        self._identity = identity
        self._client: Client | None = None
        self._failed_at: float | None = None
        self._one_at_a_time = asyncio.Lock()

    async def client(self) -> Client:
        """The client. Raises `Unavailable` while the engine cannot be reached."""
        if self._client is not None:
            return self._client
        async with self._one_at_a_time:
            if self._client is None:
                self._client = await self._connect()
            return self._client

    async def _connect(self) -> Client:
        if self._failed_at is not None and monotonic() - self._failed_at < TRY_AGAIN_AFTER_S:
            raise Unavailable
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                return await connect(self._settings, keyring=self._keyring, identity=self._identity)
        except (RuntimeError, TimeoutError) as error:
            self._failed_at = monotonic()
            log.warning("engine_unreachable", error_type=type(error).__name__)
            raise Unavailable from None
