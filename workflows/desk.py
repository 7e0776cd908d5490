"""The desk where messages to a journey or session arrive, each judged and taken at most once.

Updates, signals and the stock command line all end in `_carry_out`: the ledger is asked, the rules
are asked, then the command takes effect. Facts, messages to people and errands are kept here too,
and nothing leaves the desk before they are all done.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, TemporalError

from clinical.decision_signature import REFUSED as ABOUT_SIGNATURES
from clinical.parameters import Parameters
from clinical.permissions import judge_role
from schemas.base import Command, Reason, Refusal
from schemas.event import EventKind, JourneyCard
from schemas.journey import ClockAdvanced
from schemas.message import DeadLetter, LedgerEntry
from schemas.protocol import Clinic
from schemas.protocol import Protocol as TreatmentProtocol
from workflows.code_versions import NewerCode
from workflows.deadlines import Clock, HasClock, after_the_story
from workflows.inbox import Envelope, Letter, Unreadable
from workflows.ledger import Ledger, digest_of
from workflows.notifier import HasMessages, Notifier, Told
from workflows.options import (
    DEAD_LETTERS,
    ERRAND_TURN,
    HAND_OVER_PATIENCE,
    NAME_SHOWN,
    REFUSED_REMEMBERED,
)
from workflows.recorder import HasFacts, Recorder
from workflows.run_length import RunLength
from workflows.visible import show_answered, show_ending, show_heard

Judge = Callable[..., tuple[Reason, ...]]
Act = Callable[..., object]
Errand = Callable[[], Awaitable[object]]


class Speaker(Protocol):
    """A clerk who speaks to the outside. What it has not been answered is in the state that is
    carried from run to run, and may be said again: everything out there is told by an id that
    stays, and counts once."""

    @property
    def busy(self) -> bool:
        """Whether an answer is waited for."""

    def rest(self) -> None:
        """Begin nothing more that nobody waits for: it goes along to the next run."""


class DeskState(HasClock, HasFacts, HasMessages, Protocol):
    """What the desk needs of the state it keeps."""

    version: int
    ledger: list[LedgerEntry]
    dead_letters: list[DeadLetter]
    dead_letter_count: int
    refused_commands: list[str]


@dataclass(frozen=True)
class Handler:
    """One kind of command: its shape, why it may be refused, what it does. `act` may be async;
    what it returns goes into the receipt."""

    model: type[Command]
    judge: Judge
    act: Act


R = TypeVar("R")


def refused(reasons: tuple[Reason, ...]) -> ApplicationError:
    """The one error that leaves a handler: codes in its message, every reason as data; no word
    about the patient."""
    codes = ", ".join(reason.code for reason in reasons)
    return ApplicationError(
        f"refused: {codes}",
        [reason.model_dump(mode="json") for reason in reasons],
        type=Refusal.REFUSED.value,
        non_retryable=True,
    )


class Desk(Generic[R]):
    """`R`: the receipt that an accepted command is answered with."""

    def __init__(
        self,
        *,
        workflow_id: str,
        journey_id: str,
        clinic: Clinic,
        protocol: TreatmentProtocol,
        state: DeskState,
        receipt: Callable[[Command, int, bool, object], R],
        card: Callable[[], JourneyCard | None] = lambda: None,
    ) -> None:
        self.state = state
        self.clock = Clock(state)
        self.parameters = Parameters(protocol.parameters)
        self.length = RunLength()
        self.newer_code = NewerCode()
        self.recorder = Recorder(
            workflow_id=workflow_id,
            journey_id=journey_id,
            clinic=clinic.code,
            state=state,
            clock=self.clock,
            card=card,
            look=self.look,
        )
        self.notifier = Notifier(
            workflow_id=workflow_id,
            journey_id=journey_id,
            clinic=clinic,
            state=state,
            given_up=self._not_told,
            recording=lambda: self.recorder.busy,
            look=self.look,
        )
        self._receipt = receipt
        self._ledger = Ledger(state.ledger)
        self._handlers: dict[str, Handler] = {}
        self._letters: deque[Letter] = deque()
        self._errands: deque[Errand] = deque()
        self._refresh = False
        self._clerks: list[asyncio.Task[None]] = []
        self.broken: Exception | None = None

    # -- commands ---------------------------------------------------------------------------

    def serve(self, handlers: Mapping[str, Handler]) -> None:
        """Say which commands this desk takes."""
        self._handlers.update(handlers)

    def check(self, kind: str, command: Command) -> None:
        """Raise what would refuse this command now; a command already taken is let through, to
        be answered again without a second effect. One whose signature is wrong passes here the
        first time, to be refused where that can be put on record: a validator leaves no trace."""
        if self._ledger.find(command.command_id) is not None:
            return
        reasons = self._against(kind, command)
        if reasons and not self._to_be_audited(command, reasons):
            raise refused(reasons)

    async def take(self, kind: str, command: Command) -> R:
        """Take in an update; returns once it has taken effect."""
        self.look()
        return await self._carry_out(kind, command)

    async def _carry_out(self, kind: str, command: Command) -> R:
        """Let a command take effect once. The rules are asked again here: between the check and
        this moment another command may have changed what they rest on."""
        known = self._ledger.find(command.command_id)
        if known is not None:
            return self._receipt(command, known.v, True, None)
        self._insist(kind, command)
        self.state.version += 1
        version = self.state.version
        self._ledger.note(command.command_id, version, self.clock.now())
        answer = self._handlers[kind].act(command)
        if asyncio.iscoroutine(answer):
            answer = await answer
        return self._receipt(command, version, False, answer)

    def _insist(self, kind: str, command: Command) -> None:
        reasons = self._against(kind, command)
        if self._to_be_audited(command, reasons):
            self.state.refused_commands.append(digest_of(command.command_id))
            del self.state.refused_commands[:-REFUSED_REMEMBERED]
            self.dead_letter(kind, reasons[0].code)
        if reasons:
            raise refused(reasons)

    def _against(self, kind: str, command: Command) -> tuple[Reason, ...]:
        return judge_role(kind, command.actor.role) or self._handlers[kind].judge(command)

    def _to_be_audited(self, command: Command, reasons: tuple[Reason, ...]) -> bool:
        """Whether this is refused for its signature, and not on record yet."""
        if not reasons or not reasons[0].code.startswith(ABOUT_SIGNATURES):
            return False
        return digest_of(command.command_id) not in self.state.refused_commands

    # -- signals ----------------------------------------------------------------------------

    def file(self, name: str, raw: RawValue) -> None:
        """Take in a signal. Cannot raise: it shows the name and puts the letter on the pile."""
        show_heard(name)
        self.look()
        self._take_in(Letter.of(name, raw))

    def _take_in(self, letter: Letter) -> None:
        """Put a letter on the pile; for those who override it, unless it cannot wait."""
        self._letters.append(letter)

    async def read_letters(self) -> None:
        """Open letters, in order, for as long as the workflow lives."""
        while True:
            await workflow.wait_condition(lambda: bool(self._letters))
            letter = self._letters[0]
            try:
                await self._open(letter)
            except Unreadable as unreadable:
                self.dead_letter(letter.name, unreadable.code)
            except ApplicationError as error:
                code = _code_of(error)
                if not code.startswith(ABOUT_SIGNATURES):  # that is on record, once a command
                    self.dead_letter(letter.name, code)
            self._letters.popleft()

    async def _open(self, letter: Letter) -> None:
        match letter.name:
            case "approval_decided":
                await self._submit("decide_approval", letter)
            case "command_submitted":
                envelope = letter.read(Envelope)
                await self._submit(envelope.kind, letter, envelope)
            case "clock_advanced":
                self._advance_clock(letter.read(ClockAdvanced))
            case "refresh":
                self._refresh = True
            case _:
                self._other(letter)

    async def _submit(self, kind: str, letter: Letter, envelope: Envelope | None = None) -> None:
        handler = self._handlers.get(kind)
        if handler is None:
            raise Unreadable("unknown_command")
        if envelope is None:
            await self._carry_out(kind, letter.read(handler.model))
            return
        try:
            command = handler.model.model_validate(envelope.command)
        except ValidationError:
            raise Unreadable("malformed") from None
        await self._carry_out(kind, command)

    def _other(self, _letter: Letter, /) -> None:
        """A signal with a name of the engine's own, for those who override it."""
        raise Unreadable("unknown_signal")

    def dead_letter(self, channel: str, code: str) -> None:
        """Keep in sight that a message could not be understood; its content is not kept."""
        entry = DeadLetter(channel=channel[:NAME_SHOWN], code=code, at=self.clock.now())
        self.state.dead_letters.append(entry)
        del self.state.dead_letters[:-DEAD_LETTERS]
        self.state.dead_letter_count += 1
        self.recorder.note(
            EventKind.MESSAGE_DEAD_LETTERED, {"channel": entry.channel, "code": code}
        )

    def _advance_clock(self, jump: ClockAdvanced) -> None:
        """Training only: move the clinical clock; a real patient's cannot be touched."""
        if not (self.state.training and self.state.clock_may_move):
            raise Unreadable("not_training")
        if self._ledger.find(jump.command_id) is not None:
            return
        seconds = jump.by_seconds or 0.0
        if jump.to is not None:
            seconds = (jump.to - self.clock.now()).total_seconds()
        self._ledger.note(jump.command_id, self.state.version, self.clock.now())
        self.clock.advance(seconds)
        self._clock_moved(jump.command_id, max(seconds, 0.0))

    def _clock_moved(self, command_id: str, seconds: float) -> None:
        """What else must hear of a jump, for those who override it."""

    def _not_told(self, messages: Told) -> None:
        """Messages that were given up on are on record, where a person finds them."""
        self.recorder.note(
            EventKind.MESSAGES_GIVEN_UP, {"templates": [message.template for message in messages]}
        )

    # -- errands and leaving ----------------------------------------------------------------

    def send(self, errand: Errand) -> None:
        """Something to tell another workflow, in order, without waiting for it here."""
        self._errands.append(errand)

    async def run_errands(self) -> None:
        """Run errands, in order, for as long as the workflow lives. One that cannot be done
        (its addressee has ended) is dropped: the addressee's end is heard of another way."""
        while True:
            await workflow.wait_condition(lambda: bool(self._errands))
            await after_the_story(ERRAND_TURN)
            try:
                await self._errands[0]()
            except TemporalError:
                workflow.logger.warning("errand_without_addressee")
            self._errands.popleft()
            show_answered("errand")

    def look(self) -> None:
        """Take in what the server says of this run: only in a moment that leaves an event."""
        self.length.look()
        self.newer_code.look()

    @property
    def wants_refresh(self) -> bool:
        """Whether this run is to turn over to the current code: somebody asked for it, or what woke
        the run found newer code."""
        return self._refresh or self.newer_code.found

    @property
    def read(self) -> bool:
        """Whether every message that has come is opened: who may tell of a danger is heard."""
        return not self._letters

    @property
    def quiet(self) -> bool:
        """Whether nothing on the desk is unread, untold or unrecorded."""
        return (
            not self._letters
            and not self._errands
            and self.recorder.drained
            and self.notifier.drained
            and workflow.all_handlers_finished()
        )

    async def clear(self) -> None:
        """Wait until the desk is quiet: before every completion."""
        self.recorder.leave()
        show_ending()
        await workflow.wait_condition(lambda: self.quiet or self.broken is not None)
        self.insist_whole()

    async def put_on_record(self) -> bool:
        """Wait until everything is on record and nobody waits here for an answer, and a while for
        the messages; False where the record is known to be away, or a mailbox has not taken them.
        """
        recorder = self.recorder
        recorder.leave()
        await workflow.wait_condition(
            lambda: (self.idle and (recorder.drained or recorder.away)) or self.broken is not None
        )
        if recorder.drained:
            await self._for_a_while(lambda: self.quiet)
        self.insist_whole()
        return recorder.drained and self.notifier.drained

    async def hand_over(self) -> None:
        """Wait until the next run can take over: when the desk is quiet; or, where messages keep
        it from ever being so and the run's length is pressing, or where somebody outside does not
        answer for long, when nobody waits here for an answer. What is then not on record or not
        handed over goes along in the state, and the next run begins it again: a fact written twice
        is one fact, and a message has its one delivery."""
        self.recorder.leave()
        await self._for_a_while(lambda: self.quiet or self.length.pressing)
        if not self.quiet:
            speakers = self.speakers()
            for speaker in speakers:
                speaker.rest()
            await self._for_a_while(lambda: self.idle and not any(s.busy for s in speakers))
            # Asked again once awake: whoever was woken in the same moment may have an errand.
            while not self.idle and self.broken is None:
                await workflow.wait_condition(lambda: self.idle or self.broken is not None)
        self.insist_whole()

    def speakers(self) -> tuple[Speaker, ...]:
        """Who speaks to the outside; those who override it add their own."""
        return (self.recorder, self.notifier)

    @property
    def idle(self) -> bool:
        """Whether nothing is unread and nobody waits for an answer from here: all that a run may
        not leave behind. It hangs on nobody outside, so it comes in a moment; only who tells a
        drug cabinet something waits for the record."""
        return not self._letters and not self._errands and workflow.all_handlers_finished()

    async def _for_a_while(self, condition: Callable[[], bool]) -> None:
        """By the engine's own time: a machine is waited for."""
        with suppress(asyncio.TimeoutError):
            await workflow.wait_condition(
                lambda: condition() or self.broken is not None,
                timeout=HAND_OVER_PATIENCE,
                timeout_summary="until what is on its way has arrived",
            )

    def open_doors(self) -> None:
        """Start the desk's clerks; they live as long as the run."""
        self._clerks = [asyncio.create_task(self.mind(clerk)) for clerk in self.clerks()]

    def clerks(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """What goes on beside the story; those who override it add their own."""
        return (self.recorder.run, *self.notifier.lanes(), self.read_letters, self.run_errands)

    async def mind(self, clerk: Callable[[], Awaitable[None]]) -> None:
        """Run a clerk; remember what broke it, so that the story stops and shows it instead of
        waiting for ever on work that nobody does."""
        try:
            await clerk()
        except Exception as error:
            self.broken = error
            raise

    def insist_whole(self) -> None:
        """Raise what broke a clerk, if anything did: retried once the code is mended."""
        if self.broken is not None:
            raise self.broken


def _code_of(error: ApplicationError) -> str:
    """The first reason's code of a refusal, as the dead-letter list shows it."""
    details = error.details[0] if error.details else None
    if isinstance(details, list) and details and isinstance(details[0], dict):
        return str(details[0].get("code", "refused"))
    return "refused"
