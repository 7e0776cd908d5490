"""Which journeys are about one person, and which of them has that person's one active course.

Called inside a transaction of the record: what is claimed is claimed together with what rests on
it, or not at all.
"""

import hashlib
import hmac
from collections.abc import Iterable

import structlog

from records.pool import Held
from records.queries import sql
from schemas.identity import CourseClaim, Mark, Match, PersonKnown

log = structlog.get_logger()


async def introduce(
    held: Held, journey_id: str, clinic: str, person: PersonKnown
) -> tuple[Match, ...]:
    """Make known whose journey this is. Answers the open journeys known before it that may be
    about the same person; the same again while nobody has said who is who."""
    await _know(held, journey_id, clinic, person)
    rows = await held.fetch(sql("earlier_matches"), journey_id)
    return tuple(Match.model_validate(dict(row)) for row in rows)


async def claim_course(
    held: Held, journey_id: str, clinic: str, claim: CourseClaim
) -> tuple[Match, ...]:
    """Take the one active course of a person; the same claim again is the same course. Answers
    who has it instead, and then nothing was taken; empty when it is this journey's."""
    await _know(held, journey_id, clinic, claim.person)
    if await held.fetchval(sql("course_held"), journey_id):
        return ()
    for other in claim.succeeds:
        await held.execute(sql("give_up_course"), other)
    if claim.transferred_from is not None:
        await held.execute(sql("hand_over_course"), claim.transferred_from, clinic)
    rows = await held.fetch(sql("course_holders"), journey_id)
    if rows:
        log.info("course_refused", journey_id=journey_id, held_by=len(rows))
        return tuple(Match.model_validate(dict(row)) for row in rows)
    await held.execute(sql("take_course"), journey_id)
    return ()


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
