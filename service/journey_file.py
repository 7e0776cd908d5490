"""The file of one journey: everything its page shows, read at once and never more than a page."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import asyncpg
from pydantic import ValidationError

from clinical.parameters import Parameters
from schemas.adverse_event import AdverseEvent
from schemas.approval import ApprovalKind, Vote
from schemas.base import Role
from schemas.event import EventKind
from schemas.notification import DeliveryStatus
from schemas.protocol import Protocol
from schemas.reevaluation import Instrument
from schemas.transfer import TransferHistory
from service.commands import wall_clock
from service.fact_words import SAFETY_FACTS, FactTold, tell
from service.lookups import BadCursorError, Clinics, Lookups, read
from service.rows import EventRow, JourneyRow, Page, Row, ScoreRow, SessionRow, TaskRow

ROWS: Final = 200
"""What a page holds of anything."""
LARGEST_ID: Final = 19
HOLD_FACTS = (EventKind.HOLD_ENTERED.value, EventKind.HOLD_CHANGED.value)
CONSENT_FACTS = (
    *(EventKind.CONSENT_SIGNED.value, EventKind.CONSENT_DECLINED.value),
    *(EventKind.CONSENT_WITHDRAWN.value, EventKind.CONSENT_EXPIRED.value),
)
EVENT_FACTS = (
    *(EventKind.ADVERSE_EVENT_OPENED.value, EventKind.ADVERSE_EVENT_AMENDED.value),
    EventKind.ADVERSE_EVENT_SIGNED_OFF.value,
)


class Told(StrEnum):
    """Whose facts a timeline shows."""

    ALL = "all"
    PEOPLE = "people"
    MACHINE = "machine"
    SAFETY = "safety"


class HoldShown(Row):
    """Why a journey is on hold, whose it is, when it is looked at again."""

    reason_code: str
    reason: str
    owner: Role
    since: datetime
    review_at: datetime


class EventShown(Row):
    """One adverse event in its last version. `open`: somebody must still be told of it."""

    event_id: str
    version: int
    session_id: str | None = None
    known_at: datetime
    event: AdverseEvent
    open: bool


class DecisionShown(Row):
    """One person's decision as it is printed: who, in which role, when, and what it meant."""

    task_id: str
    kind: str
    title: str
    vote: Vote


class MessageRow(Row):
    """One message that was owed to somebody, and what became of it; neither address nor words.
    `recipient_role` None: the patient."""

    template: str
    channel: str
    kind: str
    recipient_role: str | None = None
    status: DeliveryStatus
    attempts: int
    claimed_at: datetime
    sent_at: datetime | None = None


class JourneyFile(Row):
    """One journey as its page shows it. `remission`: the highest whole score of each scale that
    counts as remission by the protocol of this journey. `consents`: facts, the newest first."""

    journey: JourneyRow
    waiting: tuple[TaskRow, ...]
    hold: HoldShown | None
    carried: TransferHistory | None
    scores: tuple[ScoreRow, ...]
    remission: dict[Instrument, float]
    sessions: tuple[SessionRow, ...]
    consents: tuple[FactTold, ...]
    adverse_events: tuple[EventShown, ...]
    decisions: tuple[DecisionShown, ...]
    messages: tuple[MessageRow, ...]
    story: tuple[FactTold, ...]
    next_cursor: str | None = None


class JourneyFiles:
    """Opens files. Every call may raise `RecordUnavailable`, after trying for a few seconds."""

    def __init__(self, pool: asyncpg.Pool, lookups: Lookups) -> None:
        self._pool = pool
        self._lookups = lookups

    async def open(
        self,
        journey_id: str,
        *,
        clinics: Clinics,
        told: Told = Told.ALL,
        cursor: str | None = None,
    ) -> JourneyFile | None:
        """A journey's file; None where there is none or it is not the asker's to see. Raises
        `BadCursorError`."""
        before = _number(cursor)
        row = await self._lookups.journey(journey_id, clinics=clinics)
        if row is None:
            return None
        standing, past = await asyncio.gather(
            asyncio.gather(
                self._waiting(journey_id, clinics),
                self._lookups.carried(journey_id, clinics=clinics),
                self.facts(journey_id, (*HOLD_FACTS, *CONSENT_FACTS, *EVENT_FACTS), clinics),
                self._story(journey_id, clinics, told, before),
                self.parameters(journey_id, clinics),
            ),
            asyncio.gather(
                self._decided(journey_id, clinics),
                self._sent(journey_id, clinics),
                self.scores(journey_id, clinics),
                self.sessions(journey_id, clinics),
            ),
        )
        waiting, carried, facts, story, parameters = standing
        decided, sent, scores, sessions = past
        return JourneyFile(
            journey=row,
            waiting=waiting,
            hold=_hold(facts, waiting) if row.hold_reason else None,
            carried=carried,
            scores=scores,
            remission=remission_of(parameters),
            sessions=sessions,
            consents=tuple(tell(fact) for fact in facts if fact.kind in CONSENT_FACTS),
            adverse_events=events_of(facts),
            decisions=decided,
            messages=sent,
            story=tuple(map(tell, story.items)),
            next_cursor=story.next_cursor,
        )

    async def facts(
        self, journey_id: str, kinds: Iterable[str], clinics: Clinics
    ) -> tuple[EventRow, ...]:
        """The newest facts of some kinds, the newest first."""
        rows = await read(self._pool, "newest_facts", clinics, journey_id, list(kinds), ROWS)
        return tuple(EventRow.model_validate(dict(row)) for row in rows)

    async def scores(self, journey_id: str, clinics: Clinics) -> tuple[ScoreRow, ...]:
        """The last scores, oldest first."""
        rows = await read(self._pool, "newest_scores", clinics, journey_id, ROWS)
        return tuple(ScoreRow.model_validate(dict(row)) for row in rows)

    async def sessions(self, journey_id: str, clinics: Clinics) -> tuple[SessionRow, ...]:
        """The last treatment days, by appointment."""
        rows = await read(self._pool, "newest_sessions", clinics, journey_id, ROWS)
        return tuple(SessionRow.model_validate(dict(row)) for row in rows)

    async def parameters(self, journey_id: str, clinics: Clinics) -> Parameters:
        """What this journey is treated by; the standard values where the record has none."""
        rows = await read(self._pool, "protocol_of_journey", clinics, journey_id)
        try:
            protocol = Protocol.model_validate(rows[0]["content"]) if rows else None
        except ValidationError:
            protocol = None
        return Parameters(protocol.parameters) if protocol else Parameters.default()

    async def _decided(self, journey_id: str, clinics: Clinics) -> tuple[DecisionShown, ...]:
        rows = await read(self._pool, "newest_decisions", clinics, journey_id, ROWS)
        return _decisions(TaskRow.model_validate(dict(row)) for row in rows)

    async def _sent(self, journey_id: str, clinics: Clinics) -> tuple[MessageRow, ...]:
        rows = await read(self._pool, "newest_messages", clinics, journey_id, ROWS)
        return tuple(MessageRow.model_validate(dict(row)) for row in rows)

    async def _waiting(self, journey_id: str, clinics: Clinics) -> tuple[TaskRow, ...]:
        page = await self._lookups.tasks(
            clinics=clinics, now=wall_clock(), journey=journey_id, limit=ROWS
        )
        return page.items

    async def _story(
        self, journey_id: str, clinics: Clinics, told: Told, before: int | None
    ) -> Page[EventRow]:
        asked = (journey_id, before, told.value, sorted(SAFETY_FACTS), ROWS + 1)
        rows = await read(self._pool, "journey_story", clinics, *asked)
        found = tuple(EventRow.model_validate(dict(row)) for row in rows[:ROWS])
        return Page(items=found, next_cursor=str(found[-1].id) if len(rows) > ROWS else None)


def _hold(facts: Iterable[EventRow], waiting: Iterable[TaskRow]) -> HoldShown | None:
    """The hold in force. Its owner may have looked at it and let it stand: the date is then that
    of the review that is asked for next."""
    told = next((fact for fact in facts if fact.kind in HOLD_FACTS), None)
    if told is None:
        return None
    try:
        hold = HoldShown.model_validate(told.data)
    except ValidationError:
        return None
    asked = (t.opens_at for t in waiting if t.kind == ApprovalKind.HOLD_REVIEW and t.opens_at)
    return hold.model_copy(update={"review_at": next(asked, hold.review_at)})


def events_of(facts: Sequence[EventRow]) -> tuple[EventShown, ...]:
    """Every adverse event that these facts tell of; facts and events the newest first."""
    events: dict[str, EventShown] = {}
    for fact in reversed(facts):
        if fact.kind not in EVENT_FACTS:
            continue
        event_id = str(fact.data.get("event_id"))
        known = events.get(event_id)
        if fact.kind == EventKind.ADVERSE_EVENT_SIGNED_OFF.value:
            if known is not None:
                events[event_id] = known.model_copy(update={"open": False})
            continue
        asks = bool(fact.data.get("deadlines")) or (known is not None and known.open)
        try:
            events[event_id] = EventShown.model_validate({**fact.data, "open": asks})
        except ValidationError:
            continue  # what another release wrote otherwise stays on the timeline
    return tuple(reversed(events.values()))


def _decisions(tasks: Iterable[TaskRow]) -> tuple[DecisionShown, ...]:
    """Every vote, the newest first."""
    votes = [
        DecisionShown(task_id=task.task_id, kind=task.kind, title=task.title, vote=vote)
        for task in tasks
        for vote in task.votes
    ]
    return tuple(sorted(votes, key=lambda one: one.vote.at, reverse=True)[:ROWS])


def remission_of(parameters: Parameters) -> dict[Instrument, float]:
    """The highest whole score of each symptom scale that counts as remission (6.1)."""
    return {
        Instrument.PHQ9: parameters.number("instr.remission_phq9") - 1,
        Instrument.MADRS: parameters.number("instr.remission_madrs"),
        Instrument.QIDS_SR16: parameters.number("instr.remission_qids"),
    }


def _number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < LARGEST_ID):
        raise BadCursorError
    return int(cursor)
