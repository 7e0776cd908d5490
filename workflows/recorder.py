"""Facts on their way to the record: gathered in the workflow, flushed in order, in batches.

A burst of facts is one activity. The journey does not wait for it, except where a fact must be
on record before the next step (`on_record`).
"""

from collections.abc import Callable
from typing import Protocol

from pydantic import JsonValue
from temporalio import workflow
from temporalio.exceptions import ActivityError, RetryState
from temporalio.exceptions import TimeoutError as OutOfTime

from runtime.names import RECORDS
from schemas.base import SYSTEM, Actor, Command, Reason
from schemas.event import Appended, AppendEvents, EventKind, Fact, JourneyCard
from schemas.identity import PersonKnown
from schemas.protocol import Protocol as TreatmentProtocol
from workflows.deadlines import Clock, after_the_story
from workflows.options import (
    FACTS_IN_A_BATCH,
    RECORD_TURN,
    RECORDS_PATIENCE,
    RECORDS_RETRY,
    RECORDS_SILENCE,
    RECORDS_TIMEOUT,
    ROUTINE_FACTS,
    TROUBLE_PAUSE,
)
from workflows.visible import show_record

ROUTINE = frozenset(
    {
        EventKind.VITALS_RECORDED,
        EventKind.CHECKED_IN,
        EventKind.DOSE_ORDERED,
        EventKind.DOSING_STARTED,
        EventKind.TASK_REMINDED,
        EventKind.MISSING_SUPPLIED,
        EventKind.PRESENCE_RENEWED,
        EventKind.ATTENDANT_ASSIGNED,
        EventKind.CLOCK_ADVANCED,
    }
)
"""Facts that may wait for company: they change nothing that another person has to act on."""


class HasFacts(Protocol):
    """State that carries facts not yet on record. `sequence` never repeats over all runs."""

    sequence: int
    recorded_sequence: int
    unrecorded: list[Fact]


class Recorder:
    """The facts of one workflow, from the moment they are noted until they are on record.

    `introduce`: whose journey it is, where these facts say so; `pinned`: what it is treated by,
    where these facts say so; `heard`: told what the record answered."""

    def __init__(
        self,
        *,
        workflow_id: str,
        journey_id: str,
        clinic: str,
        state: HasFacts,
        clock: Clock,
        card: Callable[[], JourneyCard | None],
        look: Callable[[], None],
    ) -> None:
        self._workflow_id = workflow_id
        self._journey_id = journey_id
        self._clinic = clinic
        self._state = state
        self._clock = clock
        self._card = card
        self._look = look
        self._urgent = bool(state.unrecorded)
        self._leaving = False
        self._resting = False
        self._awaited = 0
        self.busy = False
        self.away = False
        self.lot_blocked: tuple[Reason, ...] = ()
        self.introduce: Callable[[tuple[Fact, ...]], PersonKnown | None] = lambda _facts: None
        self.pinned: Callable[[tuple[Fact, ...]], TreatmentProtocol | None] = lambda _facts: None
        self.heard: Callable[[Appended], None] = lambda _appended: None

    def note(
        self,
        kind: EventKind,
        data: dict[str, JsonValue] | None = None,
        *,
        by: Command | None = None,
        actor: Actor | None = None,
        routine: bool | None = None,
    ) -> int:
        """Take down a fact; returns its sequence. `by`: the command it follows from. `routine`:
        whether it may wait for company; None: as its kind says."""
        self._state.sequence += 1
        spoken_by = actor or (by.actor if by else SYSTEM)
        self._state.unrecorded.append(
            Fact(
                sequence=self._state.sequence,
                kind=kind,
                at=self._clock.now(),
                actor=spoken_by,
                command_id=by.command_id if by else None,
                data=data or {},
            )
        )
        if not (kind in ROUTINE if routine is None else routine):
            self._urgent = True
        return self._state.sequence

    async def on_record(self, sequence: int) -> bool:
        """Wait until the fact of this sequence is on record; False once the record is known to be
        away, which is known `RECORDS_PATIENCE` after it was first asked in vain."""
        await self._awaits(lambda: self._has(sequence) or self.away)
        return self._has(sequence)

    async def at_last_on_record(self, sequence: int) -> None:
        """The same for whoever may not be answered before, however long the record is away: what
        is not on record was not done."""
        if not self._has(sequence):
            await self._awaits(lambda: self._has(sequence))

    def leave(self) -> None:
        """From now on flush everything at once: the workflow is about to end or to turn over."""
        self._leaving = True

    def rest(self) -> None:
        """Begin no more batches that nobody waits for: what is not on record yet goes along to the
        next run."""
        self._resting = True

    @property
    def drained(self) -> bool:
        """Whether every fact is on record."""
        return not self._state.unrecorded

    async def run(self) -> None:
        """Flush for as long as the workflow lives."""
        while True:
            await workflow.wait_condition(self._has_reason)
            await after_the_story(RECORD_TURN)
            if not self._has_reason():
                continue
            self.busy = True
            try:
                await self._flush()
            except ActivityError as error:
                await self._in_trouble(error)
            finally:
                self.busy = False

    async def _in_trouble(self, error: ActivityError) -> None:
        """The first silence says that the record is away; from then on it is waited for without
        end. Anything else is looked at again after a pause."""
        self._urgent = True
        silent = error.retry_state is RetryState.TIMEOUT or isinstance(error.cause, OutOfTime)
        if silent and not self.away:
            self._learn(away=True, lot_blocked=self.lot_blocked)
            return
        workflow.logger.error("append_failed_for_good")
        await workflow.sleep(TROUBLE_PAUSE, summary="record: look again")

    async def _awaits(self, condition: Callable[[], bool]) -> None:
        self._urgent = True
        self._awaited += 1
        await workflow.wait_condition(condition)
        self._awaited -= 1

    def _has(self, sequence: int) -> bool:
        return self._state.recorded_sequence >= sequence

    def _has_reason(self) -> bool:
        resting = self._resting and not self._awaited
        waiting = 0 if resting else len(self._state.unrecorded)
        return waiting > 0 and (self._urgent or self._leaving or waiting >= ROUTINE_FACTS)

    async def _flush(self) -> None:
        facts = tuple(self._state.unrecorded[:FACTS_IN_A_BATCH])
        self._urgent = len(self._state.unrecorded) > len(facts)
        self._look()
        appended: Appended = await workflow.execute_activity(
            "append_events",
            AppendEvents(
                workflow_id=self._workflow_id,
                journey_id=self._journey_id,
                clinic=self._clinic,
                facts=facts,
                card=self._card(),
                person=self.introduce(facts),
                protocol=self.pinned(facts),
            ),
            task_queue=RECORDS,
            result_type=Appended,
            start_to_close_timeout=RECORDS_TIMEOUT,
            heartbeat_timeout=RECORDS_SILENCE,
            schedule_to_close_timeout=None if self.away else RECORDS_PATIENCE,
            retry_policy=RECORDS_RETRY,
            summary=f"record {len(facts)} facts up to {facts[-1].sequence}",
        )
        self._learn(away=False, lot_blocked=appended.lot_blocked)
        del self._state.unrecorded[: len(facts)]
        self._state.recorded_sequence = facts[-1].sequence
        self.heard(appended)

    def _learn(self, *, away: bool, lot_blocked: tuple[Reason, ...]) -> None:
        """What a start is judged by from now on; shown where it changed, so that every worker that
        reads this history finds the change where it was."""
        if (away, lot_blocked) != (self.away, self.lot_blocked):
            show_record(away=away, lot_blocked=lot_blocked)
        self.away, self.lot_blocked = away, lot_blocked
