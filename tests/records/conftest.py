"""Batches of facts about one synthetic journey, as a workflow would send them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from records.store import RecordStore
from schemas.base import Actor, Role
from schemas.event import AppendEvents, EventKind, Fact, JourneyCard

JOURNEY = "journey-mauvebutterfly"
BEGAN_AT = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
NURSE = Actor(id="nurse-octavia-plum", role=Role.NURSE)

Batch = Callable[..., AppendEvents]


def fact(
    sequence: int,
    kind: EventKind = EventKind.JOURNAL_WRITTEN,
    data: dict[str, Any] | None = None,
    **more: Any,
) -> Fact:
    return Fact(
        sequence=sequence,
        kind=kind,
        at=more.pop("at", BEGAN_AT + timedelta(minutes=sequence)),
        actor=more.pop("actor", NURSE),
        data={"mood": 4.0, "words": "slept well"} if data is None else data,
        **more,
    )


def batch(*facts: Fact, workflow_id: str = JOURNEY, **more: Any) -> AppendEvents:
    return AppendEvents(
        workflow_id=workflow_id,
        journey_id=more.pop("journey_id", JOURNEY),
        clinic=more.pop("clinic", "north"),
        facts=facts,
        **more,
    )


def card(**more: Any) -> JourneyCard:
    return JourneyCard(
        **{
            "journey_id": JOURNEY,
            "clinic": "north",
            "phase": "REFERRAL",
            "training": True,
            "protocol_version": "2026.1",
            **more,
        }
    )


@pytest.fixture
def store(pool: asyncpg.Pool) -> RecordStore:
    return RecordStore(pool)
