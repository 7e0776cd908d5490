"""A clinic's drug cabinet at work for a test: real workflow, real log, time that skips."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.records import RecordsActivities
from activities.stock import StockActivities
from clinical.standard_protocol import standard_protocol
from records.errors import RecordUnavailable
from records.stock import StockStore
from records.store import RecordStore
from runtime.names import JOURNEYS, NOTIFICATIONS, RECORDS
from schemas.approval import DecideApproval, PendingApproval
from schemas.base import SYSTEM, Actor, Command, Role
from schemas.drug_cabinet import (
    AdoptSettings,
    CabinetInput,
    CabinetReceipt,
    CabinetState,
    CabinetView,
    CountStock,
    FreezeLot,
    LotBook,
    LotCount,
    LotRequest,
    LotStanding,
    RecallLot,
    ReceiveStock,
    ReportLoss,
    ReturnStock,
    StockRequest,
    UnfreezeLot,
    WasteStock,
)
from schemas.event import Appended, AppendEvents, EventKind, Fact
from schemas.infusion import SessionResult
from tests.workflows.conftest import NORTH
from tests.workflows.doors import Refused, WorkflowDoor
from tests.workflows.fired_timers import runners
from tests.workflows.outside import Outside
from workflows.drug_cabinet import DrugCabinet

LOT = "KET-2231"
NURSE = Actor(id="rn-quill", role=Role.NURSE)
WITNESS = Actor(id="rn-halloran", role=Role.NURSE)
PHARMACIST = Actor(id="rx-okonjo", role=Role.PHARMACIST)
PRESCRIBER = Actor(id="dr-vale", role=Role.PRESCRIBER)
DIRECTOR = Actor(id="dr-lindqvist", role=Role.MEDICAL_DIRECTOR)
COORDINATOR = Actor(id="cc-romero", role=Role.CARE_COORDINATOR)
DAY_1 = "journey-mauve-infusion-1"
DAY_2 = "journey-tangerine-infusion-3"
COMMANDS: dict[str, tuple[type[Command], Actor]] = {
    "receive_stock": (ReceiveStock, PHARMACIST),
    "count_stock": (CountStock, NURSE),
    "waste_stock": (WasteStock, NURSE),
    "return_stock": (ReturnStock, PHARMACIST),
    "report_loss": (ReportLoss, NURSE),
    "recall_lot": (RecallLot, PHARMACIST),
    "freeze_lot": (FreezeLot, NURSE),
    "unfreeze_lot": (UnfreezeLot, PHARMACIST),
    "decide_approval": (DecideApproval, DIRECTOR),
    "adopt_settings": (AdoptSettings, SYSTEM),
}


class FaultyRecord:
    """The real record behind a line that fails: `away` before a write, `answers_lost` after it has
    committed, so many times."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self.away = False
        self.answers_lost = 0

    async def append(self, batch: AppendEvents) -> Appended:
        if self.away:
            raise RecordUnavailable
        appended = await self._store.append(batch)
        if self.answers_lost:
            self.answers_lost -= 1
            raise RecordUnavailable
        return appended

    async def session_result(self, session_id: str) -> SessionResult | None:
        return await self._store.session_result(session_id)


class Shelves:
    """The cabinet of the north clinic, its log, and the treatment days that draw from it."""

    def __init__(self, env: WorkflowEnvironment, pool: asyncpg.Pool, outside: Outside) -> None:
        self.env = env
        self.door = WorkflowDoor(env.client)
        self.pool = pool
        self.outside = outside
        self.records = RecordStore(pool)
        self.stock = StockStore(pool)
        self.id = "cabinet-north"
        self.drawn: dict[str, int] = {}
        self.line = FaultyRecord(self.records)

    async def open(self, at: datetime | None = None) -> None:
        """Open it; by the training clock at another moment, if a test says so."""
        real = await self.env.get_current_time()
        state = CabinetState(
            workflow_id=self.id,
            clinic=NORTH,
            protocol=standard_protocol(),
            training=at is not None,
            clock_may_move=at is not None,
            clock_offset_s=(at - real).total_seconds() if at else 0,
        )
        await self.env.client.start_workflow(
            "DrugCabinet", CabinetInput(state=state), id=self.id, task_queue=JOURNEYS
        )

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.env.client.get_workflow_handle(self.id)

    async def say(self, kind: str, **content: Any) -> CabinetReceipt:
        """Give one command; raises `Refused` as a person reads it."""
        model, usual = COMMANDS[kind]
        said = {"command_id": uuid4().hex, "actor": usual, **content}
        try:
            receipt: CabinetReceipt = await self.handle.execute_update(
                kind, model.model_validate(said), result_type=CabinetReceipt
            )
        except WorkflowUpdateFailedError as error:
            raise Refused(error) from None
        return receipt

    async def receive(self, mg: float = 500, lot: str = LOT, **more: Any) -> CabinetReceipt:
        today = (await self.view()).now.date()
        good_until = today + timedelta(days=200)
        said = {"lot": lot, "amount_mg": mg, "expires_on": good_until, **more}
        return await self.say("receive_stock", **said)

    async def count(self, mg: float | None, lot: str = LOT, **more: Any) -> CabinetReceipt:
        counts = () if mg is None else (LotCount(lot=lot, counted_mg=mg),)
        said = {"counts": counts, "second": PHARMACIST, **more}
        return await self.say("count_stock", **said)

    async def view(self) -> CabinetView:
        view: CabinetView = await self.door.ask(self.id, CabinetView)
        return view

    async def found_away(self) -> None:
        """Wait until the cabinet knows that the record is away."""
        async with asyncio.timeout(60):
            while (await (await self.handle.describe()).memo()).get("record") != "away":  # noqa: ASYNC110 - it cannot tell us
                await asyncio.sleep(0.05)

    async def next_run(self, runs: int = 2) -> CabinetView:
        """Wait until the cabinet has turned over."""
        async with asyncio.timeout(60):
            while (view := await self.view()).runs < runs:  # noqa: ASYNC110 - it cannot tell us
                await asyncio.sleep(0.01)
        return view

    async def waiting(self, kind: str) -> list[PendingApproval]:
        return [p for p in (await self.view()).pending_approvals if p.kind == kind]

    async def decide(self, kind: str, *actors: Actor, choice: str | None = None) -> None:
        (asked,) = await self.waiting(kind)
        for actor in actors:
            await self.say(
                "decide_approval",
                approval_id=asked.approval_id,
                decision="approve",
                choice=choice,
                reason="looked at together",
                actor=actor,
            )

    async def dose(self, day: str, *facts: tuple[EventKind, dict[str, Any]]) -> None:
        """Facts of a treatment day, as its own workflow would put them on record."""
        first = self.drawn.get(day, 0)
        told = tuple(
            Fact(sequence=first + n, kind=kind, at=datetime.now(UTC), actor=NURSE, data=data)  # noqa: TID251
            for n, (kind, data) in enumerate(facts, start=1)
        )
        self.drawn[day] = first + len(facts)
        journey = day.split("-infusion-", maxsplit=1)[0]
        await self.records.append(
            AppendEvents(workflow_id=day, journey_id=journey, clinic="north", facts=told)
        )

    async def book(self, lot: str = LOT) -> LotBook:
        (found,) = await self.stock.read_stock(StockRequest(clinic="north", lot=lot))
        return found

    async def standing(self, lot: str = LOT) -> LotStanding:
        return await self.stock.lot_standing(LotRequest(clinic="north", lot=lot))

    async def lines(self, *columns: str) -> list[tuple[Any, ...]]:
        """The log, in order."""
        rows = await self.pool.fetch(
            f"SELECT {', '.join(columns or ('movement',))} FROM stock_lines ORDER BY id"
        )
        return [tuple(row) for row in rows]

    async def kinds(self) -> list[str]:
        """The facts of the cabinet, in order, by name."""
        rows = await self.pool.fetch(
            "SELECT kind FROM journey_events WHERE workflow_id = $1 ORDER BY sequence", self.id
        )
        return [row["kind"] for row in rows]


def drawn(mg: float = 50, lot: str = LOT) -> tuple[EventKind, dict[str, Any]]:
    named = {"lot": lot, "expires_on": date(2030, 1, 1).isoformat(), "product": "ketamine"}
    return EventKind.DOSE_LOGGED, {"lot": named, "drawn_mg": mg, "ordered_mg": mg}


def given(mg: float, wasted_mg: float = 0) -> tuple[EventKind, dict[str, Any]]:
    waste = {"wasted_mg": wasted_mg, "witness": WITNESS.model_dump(mode="json")}
    return EventKind.DOSING_ENDED, {"delivered_mg": mg, "waste": waste if wasted_mg else None}


def over(day: str) -> tuple[EventKind, dict[str, Any]]:
    moment = datetime.now(UTC).isoformat()  # noqa: TID251 - the test's own clock
    result = {
        "session_id": day, "modality": "iv_ketamine", "number": 1, "phase": "DISCHARGED",
        "scheduled_at": moment, "ended_at": moment,
    }  # fmt: skip
    return EventKind.DISCHARGED, {"result": result}


@asynccontextmanager
async def shelves_at_work(
    env: WorkflowEnvironment,
    pool: asyncpg.Pool,
    *,
    cached: int = 100,
    workflows: Sequence[type] = (DrugCabinet,),
    strict: bool = False,
) -> AsyncIterator[Shelves]:
    outside = Outside()
    shelves = Shelves(env, pool, outside)
    records, stock = RecordsActivities(shelves.line), StockActivities(StockStore(pool))
    async with (
        Worker(
            env.client,
            task_queue=JOURNEYS,
            workflows=workflows,
            max_cached_workflows=cached,
            **runners(env, strict=strict),
        ),
        Worker(
            env.client,
            task_queue=RECORDS,
            activities=[
                records.append_events,
                stock.read_stock,
                stock.exposed_to_lot,
                stock.lot_standing,
            ],
        ),
        Worker(env.client, task_queue=NOTIFICATIONS, activities=[outside.send_notifications]),
    ):
        yield shelves


async def refusal(saying: Any) -> list[str]:
    """Why it was refused."""
    with pytest.raises(Refused) as refused:
        await saying
    return refused.value.codes
