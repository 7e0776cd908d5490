"""The protocols that journeys are treated by, each kept once, and which journey is on which."""

import hashlib

import orjson

from records.pool import Held
from records.queries import sql
from schemas.protocol import Protocol


async def pin_protocol(held: Held, journey_id: str, protocol: Protocol, sequence: int) -> None:
    """Keep what this journey is treated by from the fact of this sequence on. Repeatable."""
    content = protocol.model_dump(mode="json")
    digest = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()
    await held.execute(sql("keep_protocol"), digest, protocol.code, protocol.version, content)
    await held.execute(sql("journey_pinned"), journey_id, digest, sequence)
