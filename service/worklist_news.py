"""What happens to tasks, told to whoever looks at a worklist, as it happens.

One look a second at the feed's own order serves every visitor of this process, and none while
nobody looks. Chosen over LISTEN: a notification says nothing to whoever was away, needs a
connection that survives failovers, and would still have to be read up afterwards; a place in the
feed's order catches up by the very same query.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Final, NamedTuple

import asyncpg
import structlog

from records.errors import RecordUnavailable
from records.pool import connection
from records.queries import sql
from schemas.event import EventKind
from service.lookups import BadCursorError

TASK_KINDS: Final = (
    *(EventKind.TASK_OPENED, EventKind.TASK_REMINDED, EventKind.TASK_ESCALATED),
    *(EventKind.TASK_VOTED, EventKind.TASK_CLOSED),
)
EVERY_S: Final = 1.0
MOST_AT_ONCE: Final = 2_000
LONGEST_MOMENT: Final = 19
SILENCE_S: Final = 15.0

Clinics = frozenset[str] | None
Looks = Callable[[], Awaitable[Clinics]]
"""Asked before anything is told: which clinics a listener may see now, None for all."""

log = structlog.get_logger(__name__)


class News(NamedTuple):
    """One thing that happened to a task; `what` is the fact's kind or the act."""

    task_id: str
    clinic: str
    what: str
    actor_id: str


class Told(NamedTuple):
    """Everything up to a moment of the feed's order. `too_much`: look at the whole list instead."""

    upto: str
    news: tuple[News, ...] = ()
    too_much: bool = False

    @property
    def says_something(self) -> bool:
        """Whether there is more to it than how far it goes."""
        return bool(self.news) or self.too_much


class WorklistNews:
    """One reader of the feed, as many listeners as there are visitors."""

    def __init__(self, pool: asyncpg.Pool, *, every_s: float = EVERY_S) -> None:
        self._pool = pool
        self._every_s = every_s
        self._listeners: set[asyncio.Queue[Told | None]] = set()
        self._reading: asyncio.Task[None] | None = None
        self._closed = False

    async def moment(self) -> str:
        """Where somebody stands who reads the lists after this. Raises `RecordUnavailable`."""
        async with connection(self._pool) as held:
            upto: str = await held.fetchval(sql("worklist_moment"))
            return upto

    async def since(
        self, moment: str, looks: Looks, silence_s: float = SILENCE_S
    ) -> AsyncGenerator[Told, None]:
        """What happened since a moment, then what happens. After a silence, or only others' news,
        just how far it goes. Ends with the program, and with whatever `looks` raises. Raises
        `BadCursorError`."""
        if not (moment.isascii() and moment.isdigit() and len(moment) <= LONGEST_MOMENT):
            raise BadCursorError
        queue: asyncio.Queue[Told | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            # Listening begins first: what both tell is told twice, never not at all.
            await self._begin()
            told: Told | None = await self.read(moment)
            silent_until = monotonic() + silence_s
            while told is not None and not self._closed:
                seen = _seen(told, await looks())
                if seen.says_something or monotonic() >= silent_until:
                    yield seen
                    silent_until = monotonic() + silence_s
                silence = Told(told.upto)
                told = await _next(queue, silence, silent_until)
        finally:
            self._listeners.discard(queue)

    async def read(self, moment: str) -> Told:
        """What happened since a moment. Raises `RecordUnavailable`."""
        async with connection(self._pool) as held:
            kinds = [kind.value for kind in TASK_KINDS]
            rows = await held.fetch(sql("worklist_news"), moment, kinds, MOST_AT_ONCE)
        found = (
            News(row["task_id"], row["clinic"], row["what"], row["actor_id"])
            for row in rows
            if row["task_id"]
        )
        return Told(rows[0]["upto"], tuple(found), len(rows) >= MOST_AT_ONCE)

    def close(self) -> None:
        """Let every listener go: the program ends."""
        self._closed = True
        for queue in self._listeners:
            queue.put_nowait(None)

    async def _begin(self) -> None:
        if self._running:
            return
        moment = await self.moment()
        if not self._running:
            self._reading = asyncio.create_task(self._read_on(moment))

    @property
    def _running(self) -> bool:
        return self._reading is not None and not self._reading.done()

    async def _read_on(self, moment: str) -> None:
        while self._listeners and not self._closed:
            await asyncio.sleep(self._every_s)
            try:
                moment = await self._tell(moment)
            except (RecordUnavailable, asyncpg.PostgresError) as error:
                # Whoever listens would hear silence and take it for news: look again.
                log.warning("worklist_news_waits", error=type(error).__name__)

    async def _tell(self, moment: str) -> str:
        told = await self.read(moment)
        if told.says_something:
            for queue in self._listeners:
                queue.put_nowait(told)
        return told.upto


async def _next(
    queue: asyncio.Queue[Told | None], silence: Told, silent_until: float
) -> Told | None:
    with suppress(TimeoutError):
        return await asyncio.wait_for(queue.get(), max(0.0, silent_until - monotonic()))
    return silence


def _seen(told: Told, clinics: Clinics) -> Told:
    if clinics is None:
        return told
    return told._replace(news=tuple(one for one in told.news if one.clinic in clinics))
