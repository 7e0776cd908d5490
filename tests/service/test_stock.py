"""The front desk before a real drug cabinet: opened by its first command, kept for later."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest
from temporalio.client import Client
from temporalio.worker import Worker

from activities.records import RecordsActivities
from activities.stock import StockActivities
from clinical.standard_protocol import standard_protocol
from records.stock import StockStore
from records.store import RecordStore
from runtime.keys import KeyRing
from runtime.names import JOURNEYS, NOTIFICATIONS, RECORDS
from runtime.settings import Settings
from runtime.temporal import connect, ensure_search_attributes, workflow_runner
from schemas.approval import Choice, DecideApproval
from schemas.base import Actor, Role
from schemas.drug_cabinet import CountStock, LotCount, ReceiveStock
from schemas.protocol import Clinic
from service.commands import Commands
from service.errors import NotYetAnswered, Refused, UnknownWorkflow
from service.lookups import BadCursorError
from service.protocols import Catalogue
from service.stock import StockLookups
from tests.workflows.outside import Outside
from workflows.drug_cabinet import DrugCabinet

pytestmark = pytest.mark.stack

KEY = b"k" * 32
NURSE = Actor(id="rn-quill", role=Role.NURSE)
PHARMACIST = Actor(id="rx-okonjo", role=Role.PHARMACIST)
PRESCRIBER = Actor(id="dr-vale", role=Role.PRESCRIBER)
LOT = "KET-2231"

Working = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture
async def client(temporal_server: str) -> Client:
    settings = Settings(temporal_address=temporal_server)
    found = await connect(settings, keyring=KeyRing.in_memory(), wait_s=10)
    await ensure_search_attributes(found)
    return found


@pytest.fixture
def clinic() -> str:
    """A clinic of the test's own: its cabinet has no past."""
    return f"clinic-{uuid4().hex[:8]}"


@pytest.fixture
def working(client: Client, pool: asyncpg.Pool) -> Working:
    records, stock = RecordsActivities(RecordStore(pool)), StockActivities(StockStore(pool))

    @asynccontextmanager
    async def at_work() -> AsyncIterator[None]:
        async with (
            Worker(
                client,
                task_queue=JOURNEYS,
                workflows=[DrugCabinet],
                workflow_runner=workflow_runner(),
            ),
            Worker(
                client,
                task_queue=RECORDS,
                activities=[records.append_events, stock.read_stock, stock.exposed_to_lot],
            ),
            Worker(client, task_queue=NOTIFICATIONS, activities=[Outside().send_notifications]),
        ):
            yield

    return at_work


class Line:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def client(self) -> Client:
        return self._client


def desk(client: Client, clinic: str, answer_within_s: float = 15.0) -> Commands:
    place = Clinic(code=clinic, name="Northlight", time_zone="America/New_York")
    catalogue = Catalogue({"standard": standard_protocol()}, {clinic: place})
    return Commands(Line(client), catalogue, KEY, answer_within_s=answer_within_s)


def a_receipt(mg: float = 500, key: str | None = None) -> ReceiveStock:
    return ReceiveStock(
        command_id=key or uuid4().hex,
        actor=PHARMACIST,
        lot=LOT,
        expires_on=date(2030, 6, 30),
        amount_mg=mg,
    )


def a_count(mg: float) -> CountStock:
    counted = (LotCount(lot=LOT, counted_mg=mg),)
    return CountStock(command_id=uuid4().hex, actor=NURSE, second=PHARMACIST, counts=counted)


async def on_hand(pool: asyncpg.Pool, clinic: str) -> float:
    rows = await StockLookups(pool).stock(clinics=None, clinic=clinic, today=date(2027, 1, 1))
    return rows[0].on_hand_mg if rows else 0.0


async def test_a_first_command_opens_the_cabinet_and_the_next_finds_it(
    client: Client, pool: asyncpg.Pool, working: Working, clinic: str
) -> None:
    front = desk(client, clinic)

    async with working():
        both = await asyncio.gather(
            *(front.send_to_cabinet(clinic, "receive_stock", a_receipt()) for _ in range(2))
        )
        closed = await front.send_to_cabinet(clinic, "count_stock", a_count(1000))

    assert all(receipt.accepted for receipt in both)
    assert closed.closed
    assert await on_hand(pool, clinic) == 1000


async def test_edge_26_a_delivery_sent_five_times_at_once_comes_in_once(
    client: Client, pool: asyncpg.Pool, working: Working, clinic: str
) -> None:
    front, delivery = desk(client, clinic), a_receipt(key="delivery-44")

    async with working():
        await asyncio.gather(
            *(front.send_to_cabinet(clinic, "receive_stock", delivery) for _ in range(5))
        )

    assert await on_hand(pool, clinic) == 500


async def test_edge_30_a_variance_is_refused_and_decided_by_the_id_of_its_task(
    client: Client, working: Working, clinic: str
) -> None:
    front = desk(client, clinic)

    async with working():
        await front.send_to_cabinet(clinic, "receive_stock", a_receipt())
        with pytest.raises(Refused) as refused:
            await front.send_to_cabinet(clinic, "count_stock", a_count(450))
        for actor in (NURSE, PRESCRIBER):
            await front.decide(
                DecideApproval(
                    command_id=uuid4().hex,
                    actor=actor,
                    approval_id=f"cabinet-{clinic}~substance_variance~1",
                    decision=Choice.APPROVE,
                    choice="unexplained_loss",
                    reason="counted again",
                )
            )
        closed = await front.send_to_cabinet(clinic, "count_stock", a_count(450))

    assert [(r.code, r.fact) for r in refused.value.reasons] == [("variance", f"{LOT}: -50 mg")]
    assert closed.closed


async def test_a_command_is_kept_while_nobody_works_and_opens_the_cabinet_later(
    client: Client, pool: asyncpg.Pool, working: Working, clinic: str
) -> None:
    with pytest.raises(NotYetAnswered) as kept:
        await desk(client, clinic, 1.0).send_to_cabinet(clinic, "receive_stock", a_receipt())

    assert kept.value.workflow_id == f"cabinet-{clinic}"
    async with working():
        await desk(client, clinic).send_to_cabinet(clinic, "receive_stock", a_receipt(100))

        async with asyncio.timeout(60):
            while await on_hand(pool, clinic) < 600:  # noqa: ASYNC110 - it cannot tell us
                await asyncio.sleep(0.05)
    assert await on_hand(pool, clinic) == 600


async def test_a_cabinet_goes_by_the_newest_clinic_file_and_protocol(
    client: Client, working: Working, clinic: str
) -> None:
    async def pins(front: Commands) -> str:
        return (await front.send_to_cabinet(clinic, "receive_stock", a_receipt(1))).pins

    newer = standard_protocol().model_copy(update={"version": "2027.1"})
    place = Clinic(code=clinic, name="Northlight at the Mill", time_zone="America/Chicago")
    later = Commands(Line(client), Catalogue({"standard": newer}, {clinic: place}), KEY)

    async with working():
        first = await desk(client, clinic).send_to_cabinet(clinic, "receive_stock", a_receipt())
        old = await later.send_to_cabinet(clinic, "receive_stock", a_receipt())
        async with asyncio.timeout(60):
            while await pins(later) == first.pins:  # noqa: ASYNC110 - it cannot tell us
                await asyncio.sleep(0.05)
        newest = await pins(later)
        async with asyncio.timeout(60):
            while await pins(desk(client, clinic)) == newest:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    assert old.pins == first.pins


async def test_there_is_no_cabinet_of_an_unknown_clinic(client: Client, clinic: str) -> None:
    with pytest.raises(Refused) as refused:
        await desk(client, clinic).send_to_cabinet("atlantis", "receive_stock", a_receipt())

    assert refused.value.code == "unknown_clinic"


async def test_a_task_of_no_workflow_of_ours_is_unknown(client: Client, clinic: str) -> None:
    decision = DecideApproval(
        command_id="d", actor=NURSE, approval_id="cupboard~x~1", decision=Choice.APPROVE, reason="?"
    )

    with pytest.raises(UnknownWorkflow):
        await desk(client, clinic).decide(decision)


# -- the log --------------------------------------------------------------------------------------


@pytest.fixture
async def two_years(pool: asyncpg.Pool) -> datetime:
    """A delivery an hour for two years, at two clinics; when the first one came."""
    first = datetime(2024, 11, 27, tzinfo=UTC)
    await pool.execute(
        "INSERT INTO stock_lines (workflow_id, sequence, movement, journey_id, clinic, training, "
        "product, lot, amount_mg, actor_id, actor_role, at, recorded_at) "
        "SELECT 'w', n, 'received', 'j', CASE WHEN n % 2 = 0 THEN 'north' ELSE 'south' END, false, "
        "'ketamine', 'LOT-' || n % 4, 1, 'a', 'nurse', $1::timestamptz + n * interval '1 hour', "
        "now() FROM generate_series(1, 17520) n",
        first,
    )
    return first


async def test_two_years_of_one_clinic_are_read_to_the_end_in_order(
    pool: asyncpg.Pool, two_years: datetime
) -> None:
    lookups, cursor, read = StockLookups(pool), None, []
    begun = asyncio.get_running_loop().time()

    while True:
        page = await lookups.log(clinics=None, clinic="north", cursor=cursor, limit=500)
        read.extend(page.items)
        cursor = page.next_cursor
        if cursor is None:
            break

    assert asyncio.get_running_loop().time() - begun < 5
    assert len(read) == 8760
    assert [line.at for line in read] == sorted(line.at for line in read)
    assert {line.clinic for line in read} == {"north"}


async def test_a_log_begins_and_ends_where_it_was_asked_to(
    pool: asyncpg.Pool, two_years: datetime
) -> None:
    until = two_years + timedelta(hours=10)

    page = await StockLookups(pool).log(
        clinics=frozenset({"north"}), clinic="north", lot="lot-2", since=two_years, until=until
    )

    assert [line.at - two_years for line in page.items] == [timedelta(hours=2), timedelta(hours=6)]


async def test_another_clinics_log_is_empty(pool: asyncpg.Pool, two_years: datetime) -> None:
    lookups = StockLookups(pool)

    page = await lookups.log(clinics=frozenset({"south"}), clinic="north")

    assert page.items == ()
    assert {row.clinic for row in await lookups.stock(
        clinics=frozenset({"south"}), clinic=None, today=date(2027, 1, 1)
    )} == {"south"}  # fmt: skip


@pytest.mark.parametrize("cursor", ["", "x", "2026-01-01~1", "2026-01-01T00:00:00Z~x", "~"])
async def test_a_cursor_that_no_page_gave_is_refused(pool: asyncpg.Pool, cursor: str) -> None:
    with pytest.raises(BadCursorError):
        await StockLookups(pool).log(clinics=None, clinic="north", cursor=cursor)
