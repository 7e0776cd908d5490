"""Which journeys are about one person, and which of them has that person's one active course.

Called inside a transaction of the record: what is claimed is claimed together with what rests on
it, or not at all.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

import structlog

from records.pool import Held
from records.queries import sql
from schemas.identity import CourseClaim, Mark, Match, PersonKnown

log = structlog.get_logger()

UNHEARD = timedelta(days=1)
"""How long after its planned end a treatment day that a patient was admitted to still counts as
going on while no end of it is on record. Its workflow has been lost by then, and people look."""


class Course(NamedTuple):
    """What became of a claim. `held_by`: who has the course instead."""

    taken: bool
    held_by: tuple[Match, ...] = ()


async def introduce(
    held: Held, journey_id: str, clinic: str, person: PersonKnown
) -> tuple[Match, ...]:
    """Make known whose journey this is. Answers the open journeys known before it that may be
    about the same person; the same again while nobody has said who is who."""
    await _know(held, journey_id, clinic, person)
    rows = await held.fetch(sql("earlier_matches"), journey_id)
    return tuple(Match.model_validate(dict(row)) for row in rows)


async def claim_course(held: Held, journey_id: str, clinic: str, claim: CourseClaim) -> Course:
    """Take the one active course of a person; the same claim again is the same course. Not taken,
    nothing has changed but what the claim's `succeeds` and `transferred_from` gave up. A journey
    that the record knows as closed takes nothing, whoever has the course or nobody."""
    await _know(held, journey_id, clinic, claim.person)
    if await held.fetchval(sql("journey_over"), journey_id):
        log.info("course_refused", journey_id=journey_id, closed=True)
        return Course(taken=False, held_by=await _holders(held, journey_id))
    if await held.fetchval(sql("course_held"), journey_id):
        return Course(taken=True)
    in_force = await _give_up(held, claim.succeeds)
    if claim.transferred_from is not None:
        await held.execute(sql("hand_over_course"), claim.transferred_from, clinic)
    holders = await _holders(held, journey_id, in_force)
    if holders:
        log.info("course_refused", journey_id=journey_id, held_by=len(holders))
        return Course(taken=False, held_by=holders)
    await held.execute(sql("take_course"), journey_id)
    return Course(taken=True)


async def _give_up(held: Held, journeys: tuple[str, ...]) -> frozenset[str]:
    """End the course of each of these journeys. Answers those whose course goes on, whatever was
    said of it: a patient may sit in a chair there, or come to it."""
    in_force = set()
    for journey_id in journeys:
        if await held.fetchval(sql("day_in_force"), journey_id, UNHEARD):
            in_force.add(journey_id)
        else:
            await held.execute(sql("give_up_course"), journey_id)
    return frozenset(in_force)


async def _holders(
    held: Held, journey_id: str, in_force: frozenset[str] = frozenset()
) -> tuple[Match, ...]:
    rows = await held.fetch(sql("course_holders"), journey_id)
    return tuple(
        Match.model_validate({**row, "day_booked": row["journey_id"] in in_force}) for row in rows
    )


async def _know(held: Held, journey_id: str, clinic: str, person: PersonKnown) -> None:
    key = await _key(held)
    marks = sorted((_blinded(mark, person, key), mark.kind.value) for mark in person.marks)
    hashes = [mark for mark, _ in marks]
    await held.execute(sql("lock_marks"), hashes)
    await held.execute(sql("know_person"), journey_id, clinic, person.training)
    await held.execute(sql("add_marks"), journey_id, hashes, _kinds(marks))


def _kinds(marks: Iterable[tuple[bytes, str]]) -> list[str]:
    return [kind for _, kind in marks]


async def _key(held: Held) -> bytes:
    """This record's own key. Made once; whoever comes second waits for the first and reads it."""
    key: bytes | None = await held.fetchval(sql("identity_key"))
    while key is None:
        await held.execute(sql("make_identity_key"))
        key = await held.fetchval(sql("identity_key"))
    return key


def _blinded(mark: Mark, person: PersonKnown, key: bytes) -> bytes:
    """Hashed here, so that what the database or its log shows is never a name."""
    content = f"{person.training}\0{mark.kind.value}\0{mark.text}".encode()
    return hmac.new(key, content, hashlib.sha256).digest()
