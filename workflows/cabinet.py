"""What the parts of a drug cabinet have in common: the log it asks, the people it asks, its facts.

What it holds is never carried here: the record is asked each time, once everything told before is
on it, and one question at a time, so that two movements cannot both rest on the same balance.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NoReturn

from pydantic import JsonValue
from temporalio import workflow
from temporalio.exceptions import ActivityError

from clinical.clinic_hours import local_date
from clinical.controlled_substance import loss_deadlines
from runtime.names import RECORDS
from schemas.approval import ApprovalKind, Task
from schemas.base import Actor, Command, Reason
from schemas.controlled_substance import Balance
from schemas.drug_cabinet import (
    CabinetReceipt,
    CabinetState,
    Exposure,
    LotBook,
    LotRequest,
    Refused,
    StockRequest,
)
from schemas.event import EventKind
from workflows.approval import Tasks
from workflows.deadlines import after_the_story
from workflows.desk import Desk, refused
from workflows.options import (
    REASONS_REMEMBERED,
    RECORDS_RETRY,
    RECORDS_SILENCE,
    RECORDS_TIMEOUT,
    REFUSED_REMEMBERED,
    REPORT_AHEAD,
    STOCK_TURN,
)
from workflows.visible import CabinetNotice

Reasons = tuple[Reason, ...]
UNREADABLE = Reason(code="log_unreadable", text="the log of the drug cabinet cannot be read")


@dataclass(frozen=True)
class CabinetAnswer:
    """What goes into the receipt of a command, besides that it was taken."""

    closed: bool | None = None
    balances: tuple[Balance, ...] = ()
    exposed: tuple[str, ...] = ()


class Cabinet:
    """One clinic's drug cabinet as its commands see it."""

    def __init__(
        self,
        state: CabinetState,
        desk: Desk[CabinetReceipt],
        decided: Callable[[Task], None],
    ) -> None:
        self.state = state
        self.desk = desk
        self.clock = desk.clock
        self.recorder = desk.recorder
        self.parameters = desk.parameters
        self.tasks = Tasks(
            workflow_id=state.workflow_id,
            state=state,
            clock=desk.clock,
            recorder=desk.recorder,
            notifier=desk.notifier,
            rules=state.protocol.approvals,
            on_closed=decided,
        )
        self.one_at_a_time = asyncio.Lock()
        self._notice = CabinetNotice()

    @property
    def today(self) -> date:
        """The clinic's day."""
        return local_date(self.clock.now(), self.state.clinic)

    # -- the log ------------------------------------------------------------------------------

    async def books(self, command: Command, lot: str | None = None) -> tuple[LotBook, ...]:
        """What the log expects, with everything told before this command on it."""
        await self._all_on_record()
        try:
            books: tuple[LotBook, ...] = await workflow.execute_activity(
                "read_stock",
                StockRequest(
                    clinic=self.state.clinic.code,
                    lot=lot,
                    tolerance_mg=self.parameters.number("cs.reconcile_tolerance"),
                ),
                task_queue=RECORDS,
                result_type=tuple[LotBook, ...],
                start_to_close_timeout=RECORDS_TIMEOUT,
                heartbeat_timeout=RECORDS_SILENCE,
                retry_policy=RECORDS_RETRY,
                summary="drug log: what should be there",
            )
        except ActivityError:
            self.refuse(command, (UNREADABLE,))
        return books

    async def book(self, command: Command, lot: str) -> LotBook | None:
        """One lot of the log; None for one that it has never seen."""
        return next(iter(await self.books(command, lot)), None)

    async def exposed(self, command: Command, lot: str) -> Exposure:
        """Whoever was given the lot, or had it drawn for them."""
        await self._all_on_record()
        try:
            exposure: Exposure = await workflow.execute_activity(
                "exposed_to_lot",
                LotRequest(clinic=self.state.clinic.code, lot=lot),
                task_queue=RECORDS,
                result_type=Exposure,
                start_to_close_timeout=RECORDS_TIMEOUT,
                heartbeat_timeout=RECORDS_SILENCE,
                retry_policy=RECORDS_RETRY,
                summary="drug log: who was given a lot",
            )
        except ActivityError:
            self.refuse(command, (UNREADABLE,))
        return exposure

    async def _all_on_record(self) -> None:
        """Nothing is judged by a log that lacks what was told: it could be taken twice."""
        await self.on_record()
        await after_the_story(STOCK_TURN)

    async def on_record(self) -> None:
        """Wait until all that was told is on record, however long the record is away: nobody hears
        that a movement, a block or a vote was taken before that."""
        await self.recorder.at_last_on_record(self.state.sequence)

    # -- facts and answers --------------------------------------------------------------------

    def note(
        self,
        kind: EventKind,
        data: dict[str, JsonValue],
        *,
        by: Command | None = None,
        actor: Actor | None = None,
    ) -> int:
        """Take down a fact of the cabinet."""
        return self.recorder.note(kind, data, by=by, actor=actor)

    async def put_on_record(
        self, kind: EventKind, data: dict[str, JsonValue], command: Command
    ) -> None:
        """Take down a fact and wait until it is on record: only then is the command answered."""
        self.note(kind, data, by=command)
        await self.on_record()

    def refuse(self, command: Command, reasons: Reasons) -> NoReturn:
        """Refuse a command after the log was read; sent again, it is refused again."""
        told = Refused(command_id=command.command_id, reasons=reasons[:REASONS_REMEMBERED])
        self.state.refused.append(told)
        del self.state.refused[:-REFUSED_REMEMBERED]
        raise refused(reasons)

    def refused_before(self, command: Command) -> Reasons:
        """Why this very command was refused before; nothing if it was not."""
        known = (r.reasons for r in self.state.refused if r.command_id == command.command_id)
        return next(known, ())

    # -- people -------------------------------------------------------------------------------

    def report_loss_to_law(self, found_at: datetime, lot: str, missing_mg: float) -> None:
        """An office outside is told, each by its own time from the moment of the find (8.1)."""
        state = self.state
        state.losses += 1
        now = self.clock.now()
        for due in loss_deadlines(found_at, state.clinic, self.parameters):
            self.tasks.open(
                ApprovalKind.LOSS_REPORT,
                f"loss-{state.losses}-{due.to}",
                f"Loss of a controlled substance: {due.to.replace('_', ' ')}",
                due_at=due.by,
                opens_at=due.by - REPORT_AHEAD if due.by - REPORT_AHEAD > now else None,
                evidence={
                    "lot": lot,
                    "missing_mg": f"{missing_mg:g}",
                    "to": due.to,
                    "by": due.by.isoformat(),
                    "found_at": found_at.isoformat(),
                },
            )

    async def keep_tasks(self) -> None:
        """Remind, escalate and expire for as long as the cabinet lives: one timer in all."""
        while True:
            self.tasks.tend()
            self.show()
            seen = self.tasks.changes
            await self.clock.until(
                lambda seen=seen: self.tasks.changes != seen,  # type: ignore[misc]
                deadline=self.tasks.next_at(),
                summary="people: next reminder or deadline",
            )

    def show(self) -> None:
        """Put up for operators what waits on whom."""
        self._notice.put_up(self.tasks.pending())


def stock_line(
    book: LotBook, amount_mg: float, session_id: str | None = None
) -> dict[str, JsonValue]:
    """One movement of a lot, as facts tell it."""
    return {
        "lot": book.lot,
        "product": book.product,
        "expires_on": book.expires_on.isoformat() if book.expires_on else None,
        "amount_mg": amount_mg,
        "session_id": session_id,
    }


def person(actor: Actor | None) -> JsonValue:
    """A witness, as facts tell it."""
    return actor.model_dump(mode="json") if actor else None
