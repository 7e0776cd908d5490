"""Writing facts down once, in order, each bound to the one before, and showing them at once."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

import asyncpg
import orjson
import structlog
from pydantic import JsonValue, TypeAdapter

from records.errors import SequenceConflict, SequenceGap
from records.identity import introduce
from records.lines import Change, Line
from records.pool import Held, connection
from records.projections import changes
from records.protocols import pin_protocol
from records.queries import sql
from records.stock import lots_blocked
from schemas.event import Appended, AppendEvents, EventKind, Fact, JourneyCard
from schemas.identity import Match
from schemas.infusion import SessionResult

log = structlog.get_logger()

FACTS = TypeAdapter(tuple[Fact, ...])
NUL = b"\\u0000"
REBUILD_TIMEOUT_S = 3_600.0
REBUILD_AT_ONCE = 1_000


class RecordStore:
    """The clinical record, as the activities reach it."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def append(self, batch: AppendEvents) -> Appended:
        """Put a workflow's facts on record, all or none; what is there already is left as it is.

        Raises:
            SequenceGap: facts before this batch are missing; nothing was written.
            SequenceConflict: another fact stands under one of the sequences; nothing was written.
            RecordUnavailable: the database is away; whether it was written is unknown, ask again.
        """
        facts = tuple(sorted(batch.facts, key=attrgetter("sequence")))
        async with connection(self._pool) as held, held.transaction():
            head = await held.fetchrow(sql("lock_chain"), batch.workflow_id)
            assert head is not None
            last: int = head["last_sequence"]
            if not facts:
                return Appended(last_sequence=last)
            _refuse_gap(batch, facts, last)
            matches = await _beside_the_facts(held, batch, facts[-1].sequence)
            written = _written(facts)
            await _refuse_conflict(held, batch, facts, written, last)
            new = tuple(fact for fact in facts if fact.sequence > last)
            if new:
                whose = (batch.workflow_id, batch.journey_id, batch.clinic)
                await held.execute(sql("append_lines"), *whose, written, last, head["last_hash"])
                await _apply(held, _changes(batch, new))
                last = new[-1].sequence
            if batch.card is not None:
                await _show(held, batch.card, facts[-1].sequence)
            if new:
                await held.execute(sql("tell_listeners"), batch.journey_id)
            blocked = await lots_blocked(held, batch.clinic, _lots_drawn_from(facts))
        return Appended(last_sequence=last, lot_blocked=blocked, matches=matches)

    async def session_result(self, session_id: str) -> SessionResult | None:
        """How a session ended, as its own last fact says; None while it has not.

        Raises `RecordUnavailable` when the database is away."""
        async with connection(self._pool) as held:
            result = await held.fetchval(sql("session_result"), session_id)
        return None if result is None else SessionResult.model_validate(result)

    async def rebuild(self) -> int:
        """Derive tasks, sessions, scores and the journeys' facts anew; returns the facts read.

        Appends wait meanwhile. What only a card says (attention, next action) stays as shown.
        """
        count = 0
        async with connection(self._pool) as held, held.transaction():
            await held.execute(sql("hold_all_chains"))
            for table in ("forget_tasks", "forget_sessions", "forget_assessments"):
                await held.execute(sql(table))
            due: list[Change] = []
            async for row in held.cursor(sql("every_line"), timeout=REBUILD_TIMEOUT_S):
                due.extend(changes(Line(**row)))
                count += 1
                if len(due) >= REBUILD_AT_ONCE:
                    await _apply(held, due)
                    due.clear()
            await _apply(held, due)
        return count


async def _beside_the_facts(held: Held, batch: AppendEvents, sequence: int) -> tuple[Match, ...]:
    """What a batch says besides: by what its journey is treated, and whose it is. Answers who
    else that may be."""
    if batch.protocol is not None:
        await pin_protocol(held, batch.journey_id, batch.protocol, sequence)
    if batch.person is None:
        return ()
    return await introduce(held, batch.journey_id, batch.clinic, batch.person)


def _lots_drawn_from(facts: Iterable[Fact]) -> tuple[str, ...]:
    """The lots that the dose logs among these facts name."""
    lots = (f.data.get("lot") for f in facts if f.kind is EventKind.DOSE_LOGGED)
    return tuple(str(lot["lot"]) for lot in lots if isinstance(lot, dict))


def _refuse_gap(batch: AppendEvents, facts: tuple[Fact, ...], last: int) -> None:
    """Sequences must follow one another, from the end of what is on record or before it."""
    first = facts[0].sequence
    unbroken = all(fact.sequence == first + n for n, fact in enumerate(facts))
    if first > last + 1 or not unbroken:
        log.warning("sequence_gap", workflow_id=batch.workflow_id, first=first, last=last)
        raise SequenceGap


async def _refuse_conflict(
    held: Held, batch: AppendEvents, facts: tuple[Fact, ...], written: str, last: int
) -> None:
    if facts[0].sequence > last:
        return
    whose = (batch.workflow_id, batch.journey_id, batch.clinic)
    different = await held.fetch(sql("conflicting_sequences"), *whose, written, last)
    if different:
        sequences = [row["sequence"] for row in different]
        log.critical("sequence_conflict", workflow_id=batch.workflow_id, sequences=sequences)
        raise SequenceConflict


async def _show(held: Held, card: JourneyCard, sequence: int) -> None:
    await held.execute(
        sql("show_card"),
        card.journey_id,
        card.clinic,
        card.phase,
        card.training,
        card.protocol_version,
        card.awaiting_role,
        card.attention,
        card.hold_reason,
        card.next_action_at,
        card.closed,
        sequence,
    )


def _changes(batch: AppendEvents, facts: Iterable[Fact]) -> Iterator[Change]:
    for fact in facts:
        yield from changes(
            Line(
                workflow_id=batch.workflow_id,
                journey_id=batch.journey_id,
                clinic=batch.clinic,
                sequence=fact.sequence,
                kind=fact.kind,
                at=fact.at,
                data=_storable(fact.data),
            )
        )


async def _apply(held: Held, all_changes: Iterable[Change]) -> None:
    """Run the statements in order; neighbours of one name share a round trip."""
    for query, group in groupby(all_changes, key=attrgetter("query")):
        await held.executemany(sql(query), [change.arguments for change in group])


def _written(facts: tuple[Fact, ...]) -> str:
    """The facts as the JSON that PostgreSQL takes."""
    content = FACTS.dump_json(facts)
    if NUL in content:
        content = orjson.dumps(_without_nul(orjson.loads(content)))
    return content.decode()


def _storable(data: dict[str, JsonValue]) -> dict[str, JsonValue]:
    cleaned: dict[str, JsonValue] = _without_nul(data)
    return cleaned


def _without_nul(value: Any) -> Any:
    """PostgreSQL's text cannot hold U+0000; a replacement sign says that something stood there.
    A fact must never stay off the record for it."""
    match value:
        case str():
            return value.replace("\0", "\ufffd")
        case list():
            return [_without_nul(item) for item in value]
        case dict():
            return {_without_nul(key): _without_nul(item) for key, item in value.items()}
        case _:
            return value
