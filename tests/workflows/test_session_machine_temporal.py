"""Fifty shorter days of random, doubled and reordered messages on the real server, by the training
clock; in half of them the workers are restarted again and again, and read each day from its first
event. The same sentences hold as without a server.
"""

import asyncio
import random
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from schemas.infusion import SessionReceipt, SessionView
from schemas.journey import ClockAdvanced, Event
from schemas.screening import Modality
from tests.workflows.conftest import Clinical, serving
from tests.workflows.doors import Refused
from tests.workflows.outside import Outside
from tests.workflows.random_moves import Chair, People, Said, Salt
from tests.workflows.session_invariants import Answer, Evidence, judge
from tests.workflows.treatment_day import TreatmentDay, book, ten_in_the_morning
from workflows.session_state import OPEN

DAYS, AT_ONCE, MOVES_A_DAY = 25, 5, 16
ASKED_AGAIN = 5
WRITTEN_WITHIN_S = 30
MISSED_AFTER = timedelta(seconds=0.3)
KINDS = (
    *("go_on",) * 20,
    *("wait",) * 2,
    *("odd",) * 3,
    *("odd_reading",) * 2,
    *("odd_discharge",) * 2,
    *("two_starts",) * 2,
    *("somebody_else",) * 1,
    *("again",) * 3,
    *("hold",) * 1,
    *("nonsense",) * 1,
)


class Over(Exception):  # noqa: N818 - how a day ends
    """The day has closed: nobody hears anything any more."""


@dataclass
class RandomDay:
    """One day on the server, driven move by move."""

    day: TreatmentDay
    people: People
    answers: list[Answer] = field(default_factory=list)
    blind: list[tuple[datetime, datetime]] = field(default_factory=list)
    withdrawn_at: datetime | None = None
    leapt: timedelta = timedelta(0)
    over: bool = False

    async def live(self, chance: random.Random, moves: int) -> None:
        """So many moves, or fewer when the day ends."""
        try:
            for _ in range(0 if self.over else moves):
                move = getattr(self, chance.choice(KINDS))
                await move(Salt(chance.randrange(2**16)))
        except Over:
            self.over = True

    # -- moves ----------------------------------------------------------------------------------

    async def go_on(self, _salt: Salt) -> None:
        chair = await self.chair()
        minutes, said = self.people.next(chair)
        if minutes:
            await self.leap(minutes * 60)
            _, said = self.people.next(await self.chair())
        if said is not None:
            await self.give(said)

    async def wait(self, salt: Salt) -> None:
        await self.leap(salt.of((125, 310, 730, 1_800)))

    async def odd(self, salt: Salt) -> None:
        await self.say(self.people.anything(await self.chair(), salt), salt)

    async def odd_reading(self, salt: Salt) -> None:
        await self.say(self.people.reading(await self.chair(), salt), salt)

    async def odd_discharge(self, salt: Salt) -> None:
        await self.say(self.people.discharge(await self.chair(), salt), salt)

    async def two_starts(self, salt: Salt) -> None:
        chair = await self.chair()
        both = [self.people.start_dosing(chair, salt) for _ in range(2)]
        await _together(*(self.give(said) for said in (*both, both[0])))

    async def somebody_else(self, salt: Salt) -> None:
        await self.say(self.people.by_somebody_else(await self.chair(), salt), salt)

    async def again(self, salt: Salt) -> None:
        said = self.people.again(salt)
        if said is not None:
            await self.say(said, salt)

    async def hold(self, salt: Salt) -> None:
        event = salt.of((Event.HELD, Event.CONSENT_WITHDRAWN))
        await self.signalled(self.day.interrupt(event))
        if event is Event.CONSENT_WITHDRAWN and self.withdrawn_at is None:
            self.withdrawn_at = self.now + timedelta(seconds=5)

    async def nonsense(self, salt: Salt) -> None:
        name = salt.of(("command_submitted", "journey_interrupted", "nobody_knows_this"))
        await self.signalled(self.day.handle.signal(name, {"event": "dance"}))

    # -- at the chair ---------------------------------------------------------------------------

    async def say(self, said: Said, salt: Salt) -> None:
        """By update, by signal, or several at once."""
        kind, command = said
        ways: list[Awaitable[None]] = []
        way = salt.of(("update", "signal", "both", "twice"))
        if way in {"signal", "both"}:
            ways.append(self.signalled(self.day.signal(kind, command)))
        ways += [self.give(said) for _ in range({"signal": 0, "twice": 2}.get(way, 1))]
        await _together(*ways)

    async def give(self, said: Said) -> None:
        kind, command = said
        receipt: SessionReceipt | None = None
        codes: tuple[str, ...] = ()
        try:
            receipt = await self.day.handle.execute_update(
                kind, command, id=uuid4().hex, result_type=SessionReceipt
            )
        except WorkflowUpdateFailedError as error:
            codes = _why(error)
        except (RPCError, WorkflowUpdateRPCTimeoutOrCancelledError):
            raise Over from None
        by = command.actor
        self.answers.append(Answer(kind, command.command_id, by, self.now, receipt, codes))

    async def signalled(self, sending: Awaitable[Any]) -> None:
        try:
            await sending
        except RPCError:
            raise Over from None

    async def leap(self, seconds: float) -> None:
        """Time passes by the training clock: nobody can look in between."""
        jump = ClockAdvanced(command_id=uuid4().hex, by_seconds=seconds)
        began = self.now
        await self.signalled(self.day.handle.signal("clock_advanced", jump))
        self.leapt += timedelta(seconds=seconds)
        self.blind.append((began, self.now))

    @property
    def now(self) -> datetime:
        """The clinical clock, as it stands for everybody here."""
        return datetime.now(UTC) + self.leapt  # noqa: TID251 - the server's own clock

    async def view(self) -> SessionView:
        """A question that meets a worker on its way out may be lost: it is asked again."""
        for _ in range(ASKED_AGAIN):
            with suppress(RPCError):
                return await self.day.handle.query(
                    "state", result_type=SessionView, rpc_timeout=timedelta(seconds=1.5)
                )
        return await self.day.view()

    async def chair(self) -> Chair:
        view = await self.view()
        if view.phase not in OPEN:
            raise Over
        return Chair(
            now=view.now,
            phase=view.phase,
            before=view.before,
            during=view.during,
            after=view.after,
            ordered=view.order is not None,
            delivered_mg=view.delivered_mg,
            dosed_at=view.dosed_at,
            ended_at=view.dosing_ended_at,
            orders=view.orders,
            approvals=[(a.approval_id, a.roles) for a in view.pending_approvals],
            reconciled=view.reconciled,
        )

    # -- afterwards -----------------------------------------------------------------------------

    async def judge(self) -> None:
        """By what came to the record and to people; the whole of it must have come."""
        view = await self.view()
        if view.phase in OPEN:
            unread = view.dead_letter_count
            await self.day.handle.signal("nobody_knows_this")  # takes what is routine along
            while view.dead_letter_count == unread:
                view = await self.view()
            now = view.now
        else:
            now = (await self.day.result()).ended_at
        await self._on_record(view)
        session_id = self.day.plan.session_id
        kept = self.day.outside.facts[session_id]
        judge(
            Evidence(
                plan=self.day.plan,
                now=now,
                facts=[kept[n] for n in sorted(kept)],
                told=[m for m in self.day.outside.sent if m.occurrence.startswith(session_id)],
                answers=self.answers,
                said=self.people.said,
                withdrawn_at=self.withdrawn_at,
                blind=self.blind,
                slack=timedelta(seconds=20),
            )
        )
        if view.phase in OPEN:
            await self.day.handle.terminate()

    async def _on_record(self, view: SessionView) -> None:
        """Wait until all of the day has come to the record; of an open one, all up to its last
        dead letter. A write that a worker took along when it ended is tried again after seconds."""
        for _ in range(WRITTEN_WITHIN_S * 20):
            kinds = self.day.kinds()
            letters = kinds.count("MessageDeadLettered") == view.dead_letter_count
            if letters if view.phase in OPEN else len(kinds) == view.facts:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"not every fact came to the record: {kinds}")


async def _together(*all_of: Awaitable[None]) -> None:
    """All at once; a day that ended meanwhile is told when everything was answered."""
    ended = await asyncio.gather(*all_of, return_exceptions=True)
    for error in ended:
        if isinstance(error, BaseException):
            raise error


def _why(error: WorkflowUpdateFailedError) -> tuple[str, ...]:
    """Refused by a rule; or too late, when the day closed under a command."""
    if getattr(error.cause, "type", None) != "Refused":
        raise Over
    return tuple(Refused(error).codes)


async def _a_batch(
    server: WorkflowEnvironment, numbers: Sequence[int], rounds: int
) -> list[RandomDay]:
    """Some days at once; between two rounds their workers end, and others read all again."""
    clinical = Clinical(server, Outside())
    chances = [random.Random(number) for number in numbers]
    days = [await _booked(clinical, chance) for chance in chances]
    for _ in range(rounds):
        async with serving(server, clinical.outside, missed_after=MISSED_AFTER):
            moves = MOVES_A_DAY // rounds
            lived = (day.live(c, moves) for day, c in zip(days, chances, strict=True))
            await asyncio.gather(*lived)
    async with serving(server, clinical.outside, missed_after=MISSED_AFTER):
        await asyncio.gather(*(day.judge() for day in days))
    return days


async def _booked(clinical: Clinical, chance: random.Random) -> RandomDay:
    modality = chance.choice((Modality.IV_KETAMINE, Modality.IV_KETAMINE, Modality.ESKETAMINE))
    at = ten_in_the_morning(datetime.now(UTC))  # noqa: TID251 - the server's own clock
    day = await book(clinical, modality, scheduled_at=at, training=True, clock_may_move=True)
    return RandomDay(day, People(day.plan))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "rounds"),
    [
        pytest.param(0, 1, id="one worker", marks=pytest.mark.thorough),
        pytest.param(DAYS, 4, id="restarts"),
    ],
)
async def test_random_days_on_the_real_server_hold_the_same(
    real_server: WorkflowEnvironment, first: int, rounds: int, thorough: bool
) -> None:
    """The suite takes a batch of them; `--thorough` all fifty."""
    days: list[RandomDay] = []
    told = DAYS if thorough else AT_ONCE
    for number in range(first, first + told, AT_ONCE):
        days += await _a_batch(real_server, range(number, number + AT_ONCE), rounds)

    dosed = [day for day in days if "DosingStarted" in day.day.kinds()]
    assert len(dosed) > told / 5, "too few doses to judge by"
