"""One treatment day without a server: its real workflow, a clock, a record and a mailbox by hand.

The worker can go and come back (everything is read again from the beginning), the record can be
away, answer into the void, or be slow; nothing else is stood in for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from clinical.standard_protocol import standard_protocol
from schemas.base import Command
from schemas.event import Appended, AppendEvents, Fact
from schemas.infusion import SessionPhase, SessionPlan, SessionResult
from schemas.notification import Notification, SendNotifications
from schemas.risk_alert import RiskTold
from schemas.screening import Modality
from simulator import papers
from tests.workflows.clockwork import (
    Activation,
    ActivityEnded,
    Clockwork,
    Errand,
    Job,
    Signal,
    TimerFired,
    Update,
)
from tests.workflows.conftest import NORTH
from workflows.infusion_session import InfusionSession
from workflows.nasal_spray_session import NasalSpraySession
from workflows.session_state import SessionState

WORKFLOW = {Modality.IV_KETAMINE: InfusionSession, Modality.ESKETAMINE: NasalSpraySession}
TEN = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
"""Ten in the morning in New York."""
TOLD_TO_THE_JOURNEY = frozenset({"session_closed", "suicide_risk_told"})
"""Signals: the engine takes them whatever is away."""
IN_TURN = timedelta(milliseconds=20)
"""How long an outside that answers takes."""


def a_plan(modality: Modality, **changes: object) -> SessionPlan:
    word = "infusion" if modality is Modality.IV_KETAMINE else "spray"
    fields: dict[str, object] = {
        "session_id": f"journey-ottoline-{word}-1",
        "journey_id": "journey-ottoline",
        "clinic": NORTH,
        "protocol": standard_protocol(),
        "modality": modality,
        "number": 1,
        "scheduled_at": TEN,
        "training": True,
        "clock_may_move": True,
        "consent_valid_until": TEN + timedelta(days=90),
        "clearances_valid_until": TEN + timedelta(days=60),
        "pdmp_queried_at": TEN - papers.QUERIED_BEFORE,
        "dosing_weight_kg": papers.WEIGHT_KG,
        "site_certified": True,
        "patient_enrolled": True,
        **changes,
    }
    return SessionPlan.model_validate(fields)


@dataclass
class BareDay:
    """A day as the server keeps it: what happened, in order; and the worker, while there is one.

    `forgetful`: the worker keeps nothing in memory, and reads the day anew wherever that is not the
    same as to go on with it. `record_first`: the record answers before the mailbox does."""

    plan: SessionPlan
    now: datetime
    record_away: bool = False
    into_the_void: bool = False
    kept: dict[int, Fact] = field(default_factory=dict)
    sent: list[Notification] = field(default_factory=list)
    reported: list[SessionResult] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    blind: list[tuple[datetime, datetime]] = field(default_factory=list)
    history: list[Activation] = field(default_factory=list)
    backlog: list[Job] = field(default_factory=list)
    working: bool = True
    mailbox_away: bool = False
    forgetful: bool = False
    record_first: bool = False

    def __post_init__(self) -> None:
        self.began = self.now
        self._done: set[int] = set()
        self._fired: set[int] = set()
        self._left_at = self.now
        self.worker = self._start()

    # -- looking --------------------------------------------------------------------------------

    @property
    def state(self) -> SessionState:
        return self.worker.day._state

    @property
    def over(self) -> bool:
        return self.worker.main.done()

    @property
    def clinical_now(self) -> datetime:
        return self.now + timedelta(seconds=self.state.clock_offset_s)

    @property
    def phase(self) -> SessionPhase:
        return self.state.phase

    @property
    def facts(self) -> list[Fact]:
        """What was noted so far, on record or on its way there."""
        own = {fact.sequence: fact for fact in self.state.unrecorded}
        return [(self.kept | own)[n] for n in sorted(self.kept | own)]

    @property
    def told(self) -> list[Notification]:
        """What people were told, or are just being told."""
        handed = {message.occurrence for message in self.sent}
        return [*self.sent, *(m for m in self.state.unsent if m.occurrence not in handed)]

    @property
    def unseen(self) -> list[tuple[datetime, datetime]]:
        """Stretches of the clinical clock in which nobody could look: a worker was away, or the
        training clock leapt over them."""
        away = [] if self.working else [(self._left_at, self.clinical_now)]
        return sorted([*self.blind, *away])

    # -- messages -------------------------------------------------------------------------------

    def update(self, kind: str, command: Command) -> Update:
        update = Update(kind, command, self.clinical_now)
        self.updates.append(update)
        self.deliver(update)
        return update

    def signal(self, name: str, content: str) -> None:
        payload = Payload(metadata={"encoding": b"json/plain"}, data=content.encode())
        self.deliver(Signal(name, RawValue(payload)))

    def deliver(self, *jobs: Job) -> None:
        """Hear it now, or when there is a worker again. Nobody hears anything of an ended day."""
        if self.over:
            return
        if not self.working:
            self.backlog += jobs
            return
        if self.forgetful and self._silence_before(jobs):
            self.backlog += jobs
            self.come_back()
            return
        self._activate(jobs)

    # -- time -----------------------------------------------------------------------------------

    def pass_(self, seconds: float) -> None:
        """Time passes; whatever is due on the way happens at its moment."""
        until = self.now + timedelta(seconds=seconds)
        self.settle()
        while (due := self._next_due()) is not None and due[0] <= until:
            self.now = max(self.now, due[0])
            self._mark(due[1])
            self.deliver(due[1])
            self.settle()
        self.now = until

    def settle(self) -> None:
        """The outside answers what it was asked, unless it is away."""
        while waiting := [e for e in self.worker.errands if self._answers(e)]:
            self.now += IN_TURN
            if self.record_first:
                waiting.sort(key=lambda errand: errand.name != "append_events")
            for errand in waiting:
                result = self._do(errand)
                self._done.add(errand.number)
                self.deliver(ActivityEnded(errand.number, errand.name, result))

    def _answers(self, errand: Errand) -> bool:
        if errand.number in self._done or self.over:
            return False
        if errand.name in TOLD_TO_THE_JOURNEY:
            return True
        if errand.name != "append_events":
            return not self.mailbox_away
        if self.into_the_void and errand.gives_up_at is not None:
            self._do(errand)
            return False
        return not self.record_away

    def _do(self, errand: Errand) -> object:
        match errand.argument:
            case AppendEvents(facts=facts):
                for fact in facts:
                    kept = self.kept.setdefault(fact.sequence, fact)
                    assert kept == fact, "a fact changed under its number"
                assert max(self.kept) == len(self.kept), "the record has a gap"
                return Appended(last_sequence=max(self.kept))
            case SendNotifications(notifications=notifications):
                self.sent.extend(notifications)
                return ()
            case SessionResult():
                self.reported.append(errand.argument)
                return None
            case RiskTold():
                return None
            case _:
                raise AssertionError(f"a treatment day does not ask for {errand.name}")

    def _next_due(self) -> tuple[datetime, TimerFired | ActivityEnded] | None:
        due: list[tuple[datetime, TimerFired | ActivityEnded]] = [
            (at, TimerFired(number))
            for number, (at, _) in self.worker.timers.items()
            if number not in self._fired
        ]
        due += [
            (errand.gives_up_at, ActivityEnded(errand.number, errand.name, timed_out=True))
            for errand in self.worker.errands
            if errand.gives_up_at is not None and errand.number not in self._done
        ]
        return min(due, key=lambda moment: moment[0], default=None)

    def _mark(self, job: TimerFired | ActivityEnded) -> None:
        (self._fired if isinstance(job, TimerFired) else self._done).add(job.number)

    # -- the worker -----------------------------------------------------------------------------

    def leave(self) -> None:
        """The worker dies; messages and the hour go on without it."""
        if self.working:
            self.working, self._left_at = False, self.clinical_now

    def come_back(self) -> None:
        """A new worker reads everything again, then hears all that came meanwhile at once. What
        it makes of the past must be what the dead one made of it."""
        jobs, self.backlog = tuple(self.backlog), []
        silence = self._silence_before(jobs)
        lost, self.worker = self.worker, self._start()
        for activation in self.history[: len(self.history) - len(silence)]:
            self.worker.activate(activation, replaying=True)
        if not silence:
            self._insist_on_the_same_as(lost)
        lost.put_away()
        if jobs and not self.over:
            self._activate(jobs, silence)
        if not self.working:
            self.blind.append((self._left_at, self.clinical_now))
        self.working = True

    def _silence_before(self, jobs: tuple[Job, ...]) -> list[Activation]:
        """The last moment, if nothing came of it and only updates came since: the engine's library
        may make one moment of them, once (it needs two silent ones in a row for it, here one is
        enough). Whoever reads on later is told them apart."""
        only_updates = jobs and all(isinstance(job, Update) for job in jobs)
        last = self.history[-1:]
        return last if only_updates and last and last[0].silent else []

    def _insist_on_the_same_as(self, lost: Clockwork) -> None:
        assert vars(self.state) == vars(lost.day._state), "read again, the day is another one"
        assert self.worker.errands == lost.errands, "read again, the day asks for something else"
        assert self.worker.timers.keys() == lost.timers.keys(), "read again, it waits otherwise"

    def end(self) -> None:
        self.worker.put_away()

    def _start(self) -> Clockwork:
        return Clockwork(WORKFLOW[self.plan.modality], self.plan, self.began)

    def _activate(self, jobs: tuple[Job, ...], silence: Sequence[Activation] = ()) -> None:
        heard = tuple(job for activation in silence for job in activation.jobs)
        activation, before = Activation(self.now, (*heard, *jobs)), self.clinical_now
        self.worker.activate(activation)
        if self.clinical_now > before:
            self.blind.append((before, self.clinical_now))
        activation.jobs = tuple(j for j in jobs if not isinstance(j, Update) or j.accepted)
        if activation.jobs:
            self.history.append(activation)
