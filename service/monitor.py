"""A monitor's stream at the front desk: every reading kept, the few that matter told.

Readings go straight to the record, as evidence; only what breaches, recovers or answers a reading
that is due becomes a message to the session (decision 18). Telling never waits for the record.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic, time
from typing import Final, Protocol

import structlog
from pydantic import ValidationError

from clinical.monitor_stream import (
    STRETCH,
    Told,
    is_quiet,
    judge_monitored,
    told_now,
    worth_telling,
)
from clinical.parameters import Parameters
from records.errors import RecordUnavailable
from schemas.base import Actor, Command, Reason
from schemas.infusion import RecordVitals, SessionPhase, SessionReceipt, VitalSigns
from schemas.monitor import (
    BatchAnswer,
    Because,
    MonitoringView,
    MonitorReading,
    ReadingBatch,
    RefusedReading,
    ToldReading,
    ToldStatus,
)
from service.errors import NotYetAnswered, Refused, Unavailable

LOOK_AGAIN_AFTER_S: Final = 3.0
"""How long a session's own word about itself is taken for true; a breach never waits for it."""

REMEMBERED: Final = timedelta(minutes=6)
"""How far back a stream is remembered: a little more than the longest rule about time."""

SESSIONS: Final = 1_000
KEYS: Final = 500

log = structlog.get_logger(__name__)


class SessionsPort(Protocol):
    """What is told to sessions and asked of them."""

    async def send_to_session(
        self, session: str, kind: str, command: Command
    ) -> SessionReceipt: ...

    async def monitoring(self, session_id: str) -> MonitoringView | None: ...


class EvidencePort(Protocol):
    """Where readings are kept."""

    async def keep(
        self, session_id: str, device: str, readings: Sequence[MonitorReading]
    ) -> frozenset[datetime]: ...

    async def recent(self, session_id: str, since: datetime) -> Sequence[MonitorReading]: ...


@dataclass
class Watched:
    """One session as this process watches its stream."""

    view: MonitoringView | None = None
    looked_at: float = float("-inf")
    told: Told | None = None
    unsaid: VitalSigns | None = None
    recent: deque[VitalSigns] = field(default_factory=lambda: deque(maxlen=400))
    said: dict[datetime, Because] = field(default_factory=dict)
    remembered: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def phase(self) -> SessionPhase:
        """Where the session stands; while nobody can say, as if it were dosing."""
        return self.view.phase if self.view else SessionPhase.DOSING

    @property
    def parameters(self) -> Parameters:
        """The limits of the session's protocol, else the standard ones."""
        return Parameters(self.view.parameters) if self.view else Parameters.default()


class MonitorStream:
    """Takes batches of readings. Safe to repeat: a reading counts once, on record and in the
    session."""

    def __init__(
        self,
        evidence: EvidencePort,
        sessions: SessionsPort,
        *,
        now: Callable[[], datetime] = lambda: datetime.fromtimestamp(time(), UTC),
    ) -> None:
        self._evidence = evidence
        self._sessions = sessions
        self._now = now
        self._watched: dict[str, Watched] = {}

    async def take(self, session_id: str, batch: ReadingBatch, actor: Actor) -> BatchAnswer:
        """Keep every reading of a batch and tell the session what matters of it.

        Raises `UnknownWorkflow` for no such session; `RecordUnavailable` or `Unavailable` when
        readings could not be kept or a breach not be told: then the same batch again does both,
        and nothing counts twice."""
        readings, refused = _read(batch)
        watched = self._session(session_id)
        async with watched.lock:
            await self._look(session_id, watched)
            readings, ahead = self._not_ahead(readings, watched)
            told, new = await asyncio.gather(
                self._tell(session_id, batch.device, readings, watched, actor),
                self._evidence.keep(session_id, batch.device, [r for _, r in readings]),
                return_exceptions=True,
            )
        if isinstance(told, BaseException):
            raise told
        if isinstance(new, BaseException):
            raise new
        return BatchAnswer(
            session_id=session_id,
            device=batch.device,
            accepted=len(new),
            duplicates=len(readings) - len(new),
            refused=tuple(sorted((*refused, *ahead), key=lambda r: r.index)),
            told=tuple(told),
            phase=watched.view.phase if watched.view else None,
            watched=watched.view is not None,
        )

    # -- looking --------------------------------------------------------------------------------

    def _session(self, session_id: str) -> Watched:
        if session_id not in self._watched and len(self._watched) >= SESSIONS:
            idle = [name for name, w in self._watched.items() if not w.lock.locked()]
            self._watched.pop(min(idle, key=lambda name: self._watched[name].looked_at))
        return self._watched.setdefault(session_id, Watched())

    async def _look(self, session_id: str, watched: Watched) -> None:
        """Ask the session where it stands, every few seconds; what it said last stays true while
        it cannot be asked."""
        if monotonic() - watched.looked_at < LOOK_AGAIN_AFTER_S:
            return
        view = await self._sessions.monitoring(session_id)
        if view is None:
            log.warning("session_not_asked", session_id=session_id)
        watched.view = view or watched.view
        watched.looked_at = monotonic()
        for taken_at in list(watched.said)[:-KEYS]:
            del watched.said[taken_at]
        if not watched.remembered:
            await self._remember(session_id, watched)

    async def _remember(self, session_id: str, watched: Watched) -> None:
        """What this stream said before this process heard it."""
        since = self._clinical_now(watched) - REMEMBERED
        try:
            kept = await self._evidence.recent(session_id, since)
        except RecordUnavailable:
            return
        watched.recent.extend(reading.vitals() for reading in kept)
        watched.remembered = True

    def _clinical_now(self, watched: Watched) -> datetime:
        offset = watched.view.clock_offset_s if watched.view else 0.0
        return self._now() + timedelta(seconds=offset)

    def _not_ahead(
        self, readings: list[tuple[int, MonitorReading]], watched: Watched
    ) -> tuple[list[tuple[int, MonitorReading]], list[RefusedReading]]:
        """A reading is never from the future, by the session's own clock; while nobody can say
        what that clock shows, the session decides itself."""
        if watched.view is None:
            return readings, []
        now = self._clinical_now(watched)
        reason = Reason(code="reading_from_future", text="the reading's time lies ahead")
        ahead = [
            RefusedReading(index=i, reasons=(reason,)) for i, r in readings if r.taken_at > now
        ]
        return [(i, r) for i, r in readings if r.taken_at <= now], ahead

    # -- telling --------------------------------------------------------------------------------

    async def _tell(
        self,
        session_id: str,
        device: str,
        readings: list[tuple[int, MonitorReading]],
        watched: Watched,
        actor: Actor,
    ) -> list[ToldReading]:
        told: list[ToldReading] = []
        for index, reading in sorted(readings, key=lambda numbered: numbered[1].taken_at):
            vitals = reading.vitals()
            if watched.view is not None and watched.phase not in STRETCH:
                continue
            for number, due, because in self._due(index, vitals, watched):
                command = _command(session_id, device, due, actor)
                answer = await self._send(session_id, command, number, because)
                told.append(answer)
                if number is not None:
                    watched.said[reading.taken_at] = because
                moved = answer.phase is not None and answer.phase is not watched.phase
                if moved or because is Because.SCHEDULED:
                    watched.looked_at = float("-inf")
                    await self._look(session_id, watched)
        return told

    def _due(
        self, index: int, reading: VitalSigns, watched: Watched
    ) -> list[tuple[int | None, VitalSigns, Because]]:
        """What the session must hear on this reading, in order: first, if an alarm comes back
        that had settled meanwhile without a word, the reading on which it had."""
        assert reading.taken_at is not None, "a monitor says when it measured"
        view, parameters = watched.view, watched.parameters
        if (again := watched.said.get(reading.taken_at)) is not None:
            return [(index, reading, again)]  # sent again: its answer is given again
        decision = judge_monitored(
            reading,
            phase=watched.phase,
            baseline=view.baseline if view else None,
            readings=_together(watched),
            parameters=parameters,
        )
        watched.recent.append(reading)
        due_at = view.next_reading_due_at if view else None
        observing = STRETCH.get(watched.phase) == "post"
        because = worth_telling(reading, decision, watched.told, due_at, observing=observing)
        if because is None:
            told = watched.told
            if told is not None and is_quiet(decision) and reading.taken_at > told.at:
                watched.unsaid = reading
            return []
        before = watched.unsaid
        watched.unsaid = None
        watched.told = told_now(reading, decision, watched.told, parameters)
        first = [] if before is None or is_quiet(decision) else [(None, before, Because.RECOVERY)]
        return [*first, (index, reading, because)]

    async def _send(
        self, session_id: str, command: RecordVitals, index: int | None, because: Because
    ) -> ToldReading:
        taken_at = command.vitals.taken_at
        assert taken_at is not None, "a monitor says when it measured"
        told = {"index": index, "taken_at": taken_at, "because": because}
        try:
            receipt = await self._sessions.send_to_session(session_id, "record_vitals", command)
        except NotYetAnswered:
            return ToldReading(**told, status=ToldStatus.KEPT)
        except Unavailable:
            self._watched.pop(session_id, None)  # told nothing: begin again with the next batch
            raise
        except Refused as refused:
            return ToldReading(**told, status=ToldStatus.REFUSED, reasons=refused.reasons)
        return ToldReading(
            **told,
            status=ToldStatus.ANSWERED,
            phase=receipt.phase,
            decision=receipt.decision,
            duplicate=receipt.duplicate,
            reasons=receipt.reasons,
        )


def _read(
    batch: ReadingBatch,
) -> tuple[list[tuple[int, MonitorReading]], list[RefusedReading]]:
    """The readings that can be true, by their place in the batch, and the others with why."""
    good: list[tuple[int, MonitorReading]] = []
    bad: list[RefusedReading] = []
    for index, content in enumerate(batch.readings):
        try:
            good.append((index, MonitorReading.model_validate(content)))
        except ValidationError as error:
            bad.append(RefusedReading(index=index, reasons=_reasons(error)))
    return good, bad


def _reasons(error: ValidationError) -> tuple[Reason, ...]:
    """What is wrong and where; never what was sent."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    names = MonitorReading.model_fields
    return tuple(
        Reason(
            code=problem["type"],
            text=problem["msg"],
            fact=".".join(str(part) if part in names else "?" for part in problem["loc"]) or None,
        )
        for problem in found
    )


def _together(watched: Watched) -> tuple[VitalSigns, ...]:
    """The stream's readings and those of the bedside."""
    bedside = watched.view.readings if watched.view else ()
    return (*bedside, *watched.recent)


def _command(session_id: str, device: str, reading: VitalSigns, actor: Actor) -> RecordVitals:
    """The same reading of the same device is the same command, whoever sends it how often."""
    assert reading.taken_at is not None, "a monitor says when it measured"
    moment = reading.taken_at.astimezone(UTC).isoformat()
    digest = hashlib.sha256(f"{session_id}\0{device}\0{moment}".encode()).hexdigest()[:40]
    return RecordVitals(command_id=f"monitor-{digest}", actor=actor, vitals=reading, device=device)
