"""The log of controlled substances: nothing leaves a lot twice, and every lot adds up."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from records.queries import sql
from records.stock import StockStore
from records.store import RecordStore
from schemas.base import Actor, Role
from schemas.drug_cabinet import LotRequest, StockRequest
from schemas.event import EventKind
from tests.records.conftest import BEGAN_AT, JOURNEY, batch, fact
from tests.records.stock_facts import (
    CABINET,
    DAY_1,
    GOOD_UNTIL,
    LOT,
    RESULT,
    adds_up,
    ended,
    logged,
    of_cabinet,
)


async def lines(pool: asyncpg.Pool) -> list[tuple[str, str, float]]:
    rows = await pool.fetch(
        "SELECT movement, lot, amount_mg::float8 AS mg FROM stock_lines ORDER BY id"
    )
    return [(row["movement"], row["lot"], row["mg"]) for row in rows]


async def balance_of(pool: asyncpg.Pool, lot: str = LOT) -> asyncpg.Record:
    row = await pool.fetchrow(sql("stock_balances"), None, True, None, lot)
    assert row is not None
    return row


async def receive(store: RecordStore, mg: float = 500) -> None:
    received = of_cabinet(1, EventKind.STOCK_RECEIVED, mg)
    await store.append(batch(received, workflow_id=CABINET, journey_id=CABINET))


async def test_a_dose_is_drawn_given_and_wasted_line_by_line(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await receive(store)

    await store.append(batch(logged(1), workflow_id=DAY_1))
    under_way = await balance_of(pool)
    await store.append(batch(ended(2), workflow_id=DAY_1))

    assert (under_way["on_hand_mg"], under_way["in_use_mg"]) == (450, 50)
    assert await lines(pool) == [
        ("received", LOT, 500), ("drawn", LOT, 50), ("administered", LOT, 35), ("wasted", LOT, 15),
    ]  # fmt: skip
    row = await balance_of(pool)
    assert (row["on_hand_mg"], row["in_use_mg"], row["administered_mg"]) == (450, 0, 35)
    assert adds_up(row)


async def test_each_line_says_who_before_whom_for_which_day_and_when(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await store.append(batch(logged(1), ended(2), workflow_id=DAY_1))

    row = await pool.fetchrow("SELECT * FROM stock_lines WHERE movement = 'wasted'")

    assert row is not None
    assert (row["actor_id"], row["witness_id"]) == ("nurse-octavia-plum", "rn-halloran")
    assert (row["session_id"], row["journey_id"], row["clinic"]) == (DAY_1, JOURNEY, "north")
    assert row["at"] == BEGAN_AT + timedelta(minutes=2)
    assert row["recorded_at"] is not None
    assert row["expires_on"] == GOOD_UNTIL


async def test_edge_26_the_same_batch_twice_draws_once(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await receive(store)
    burst = batch(logged(1), ended(2), workflow_id=DAY_1)

    await store.append(burst)
    await store.append(burst)

    assert (await balance_of(pool))["on_hand_mg"] == 450


async def test_edge_26_twenty_retries_at_once_are_one_line(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    burst = batch(logged(1), workflow_id=DAY_1)

    await asyncio.gather(*(store.append(burst) for _ in range(20)))

    assert await lines(pool) == [("drawn", LOT, 50)]


async def test_edge_26_the_database_itself_refuses_a_second_line_of_one_step(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await store.append(batch(logged(1), workflow_id=DAY_1))

    with pytest.raises(asyncpg.UniqueViolationError, match="a_step_moves_stock_once"):
        await pool.execute(
            "INSERT INTO stock_lines (workflow_id, sequence, movement, ordinal, journey_id, "
            "session_id, clinic, training, product, lot, amount_mg, actor_id, actor_role, at, "
            "recorded_at) SELECT workflow_id, sequence, movement, ordinal, journey_id, session_id, "
            "clinic, training, product, lot, amount_mg, actor_id, actor_role, at, recorded_at "
            "FROM stock_lines"
        )


async def test_edge_26_a_write_that_failed_after_its_commit_is_looked_up_and_not_done_again(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    burst = batch(logged(1), workflow_id=DAY_1)
    await store.append(burst)  # committed; its answer was lost on the way

    unknown = asyncio.create_task(store.append(burst))
    unknown.cancel()
    with pytest.raises(asyncio.CancelledError):
        await unknown
    appended = await store.append(burst)

    assert appended.last_sequence == 1
    assert await lines(pool) == [("drawn", LOT, 50)]


async def test_edge_26_a_fact_and_its_line_are_written_together_or_not_at_all(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await pool.execute(
        "CREATE FUNCTION fail_now() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'disk full' USING ERRCODE = 'disk_full'; END $$;"
        "CREATE TRIGGER fail_now BEFORE INSERT ON stock_lines EXECUTE FUNCTION fail_now()"
    )
    try:
        with pytest.raises(Exception, match="away"):
            await store.append(batch(logged(1), workflow_id=DAY_1))
        assert await pool.fetchval("SELECT count(*) FROM journey_events") == 0
    finally:
        await pool.execute("DROP TRIGGER fail_now ON stock_lines; DROP FUNCTION fail_now()")

    await store.append(batch(logged(1), workflow_id=DAY_1))
    assert await lines(pool) == [("drawn", LOT, 50)]


async def test_a_start_that_was_called_off_and_given_again_draws_once(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    refused = fact(2, EventKind.READINESS_JUDGED, {"ready": False, "missing": ["called_off"]})

    await store.append(batch(logged(1), refused, logged(3), ended(4), workflow_id=DAY_1))

    row = await balance_of(pool)
    assert (row["on_hand_mg"], row["in_use_mg"]) == (-50, 0)


async def test_another_lot_after_a_called_off_start_leaves_the_first_syringe_to_account_for(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await store.append(batch(logged(1), logged(2, lot="KET-9"), ended(3), workflow_id=DAY_1))

    assert (await balance_of(pool))["in_use_mg"] == 50
    assert (await balance_of(pool, "KET-9"))["in_use_mg"] == 0


async def test_a_stop_that_tells_the_amount_later_gives_once(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    stopped = fact(2, EventKind.DOSING_STOPPED, {"delivered_mg": None, "waste": None})

    await store.append(batch(logged(1), stopped, ended(3, 12, 38), workflow_id=DAY_1))

    row = await balance_of(pool)
    assert (row["administered_mg"], row["wasted_mg"], row["in_use_mg"]) == (12, 38, 0)


async def test_a_rebuild_of_the_lists_moves_nothing_a_second_time(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await receive(store)
    await store.append(batch(logged(1), logged(2), ended(3), workflow_id=DAY_1))
    before = await lines(pool)

    await store.rebuild()

    assert await lines(pool) == before


async def test_the_log_refuses_change(store: RecordStore, pool: asyncpg.Pool) -> None:
    await receive(store)

    for statement in (
        "UPDATE stock_lines SET amount_mg = 1",
        "DELETE FROM stock_lines",
        "TRUNCATE stock_lines",
    ):
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await pool.execute(statement)


async def test_a_dose_that_is_left_over_after_its_day_ended_is_named(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    over = fact(3, EventKind.DISCHARGED, {"result": RESULT})
    await store.append(batch(logged(1), ended(2, 35, 0), over, workflow_id=DAY_1))

    (book,) = await StockStore(pool).read_stock(StockRequest(clinic="north"))

    (left,) = book.left_over
    assert (left.session_id, left.amount_mg, left.ended) == (DAY_1, 15, True)
    assert (await balance_of(pool))["left_over_mg"] == 15


async def test_entries_begin_where_two_people_last_found_the_lot_right(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    closed = of_cabinet(2, EventKind.SHIFT_CLOSED, 500, settles=True)
    await receive(store)
    await store.append(batch(closed, workflow_id=CABINET, journey_id=CABINET))
    await store.append(batch(logged(1), workflow_id=DAY_1))

    (book,) = await StockStore(pool).read_stock(StockRequest(clinic="north"))

    assert [(e.movement, e.amount_mg) for e in book.entries] == [("opening", 500), ("drawn", 50)]
    assert (book.on_hand_mg, book.in_use_mg) == (450, 50)


async def test_a_thousand_wastes_are_judged_by_their_witness_and_told_in_a_few_entries(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    people = [f"rn-{name}" for name in ("abara", "halloran", "quill")]
    facts = []
    for n in range(1, 61):
        witness = {"id": people[(n + 1) % 3], "role": "nurse"}
        own = Actor(id=people[n % 3], role=Role.NURSE)
        told = of_cabinet(n, EventKind.STOCK_WASTED, 1, witness=witness)
        facts.append(told.model_copy(update={"actor": own}))
    alone = of_cabinet(61, EventKind.STOCK_WASTED, 1)
    await store.append(batch(*facts, alone, workflow_id=CABINET, journey_id=CABINET))

    (book,) = await StockStore(pool).read_stock(StockRequest(clinic="north"))

    assert sorted(e.amount_mg for e in book.entries) == [1, 60]
    seen = next(e for e in book.entries if e.amount_mg == 60)
    assert seen.actor is not None
    assert seen.witness is not None
    assert seen.actor.id != seen.witness.id


async def test_a_lot_that_is_used_up_is_told_only_to_whoever_asks_for_it(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await receive(store, 50)
    await store.append(batch(logged(1), ended(2), workflow_id=DAY_1))
    stock = StockStore(pool)

    assert await stock.read_stock(StockRequest(clinic="north")) == ()
    (book,) = await stock.read_stock(StockRequest(clinic="north", lot=LOT))
    assert book.on_hand_mg == 0


async def test_what_is_left_over_within_the_tolerance_is_not_named(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    over = fact(3, EventKind.DISCHARGED, {"result": RESULT})
    await store.append(batch(logged(1), ended(2, 35, 14.5), over, workflow_id=DAY_1))
    stock = StockStore(pool)

    (strict,) = await stock.read_stock(StockRequest(clinic="north"))
    (lenient,) = await stock.read_stock(StockRequest(clinic="north", tolerance_mg=0.5))

    assert ([left.amount_mg for left in strict.left_over], lenient.left_over) == ([0.5], ())


# -- recall, expiry, freeze -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kinds", "codes"),
    [
        ([], []),
        ([EventKind.LOT_RECALLED], ["lot_recalled"]),
        ([EventKind.LOT_FROZEN], ["lot_frozen"]),
        ([EventKind.LOT_FROZEN, EventKind.LOT_RELEASED], []),
        ([EventKind.LOT_FROZEN, EventKind.LOT_RELEASED, EventKind.LOT_FROZEN], ["lot_frozen"]),
        ([EventKind.LOT_RECALLED, EventKind.LOT_FROZEN, EventKind.LOT_RELEASED], ["lot_recalled"]),
    ],
)
async def test_edge_32_a_lot_stands_as_its_log_says(
    store: RecordStore, pool: asyncpg.Pool, kinds: list[EventKind], codes: list[str]
) -> None:
    await receive(store)
    facts = [of_cabinet(2 + n, kind, 0) for n, kind in enumerate(kinds)]
    await store.append(batch(*facts, workflow_id=CABINET, journey_id=CABINET))

    found = await StockStore(pool).lot_standing(
        LotRequest(clinic="north", lot=LOT.lower(), on=GOOD_UNTIL)
    )

    assert [reason.code for reason in found.reasons] == codes
    assert found.usable is not codes


async def test_edge_32_a_lot_expires_after_its_last_day(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await receive(store)
    stock = StockStore(pool)

    on_its_last_day = await stock.lot_standing(LotRequest(clinic="north", lot=LOT, on=GOOD_UNTIL))
    a_day_later = await stock.lot_standing(
        LotRequest(clinic="north", lot=LOT, on=GOOD_UNTIL + timedelta(days=1))
    )

    assert on_its_last_day.usable
    assert [reason.code for reason in a_day_later.reasons] == ["lot_expired"]


async def test_edge_32_another_clinics_recall_and_an_unknown_lot_block_nothing(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    recalled = of_cabinet(1, EventKind.LOT_RECALLED, 0)
    away = {"workflow_id": "cabinet-south", "journey_id": "cabinet-south", "clinic": "south"}
    await store.append(batch(recalled, **away))

    found = await StockStore(pool).lot_standing(LotRequest(clinic="north", lot=LOT))

    assert (found.usable, found.known) == (True, False)


async def test_edge_32_whoever_had_the_lot_drawn_is_exposed_once_each(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    other = "journey-otherfox-infusion-4"
    await store.append(batch(logged(1), ended(2), workflow_id=DAY_1))
    await store.append(batch(logged(1), workflow_id=f"{JOURNEY}-infusion-2"))
    await store.append(batch(logged(1), workflow_id=other, journey_id="journey-otherfox"))
    await store.append(
        batch(logged(1, lot="KET-9"), workflow_id="journey-third-infusion-1", journey_id="third")
    )

    found = await StockStore(pool).exposed_to_lot(LotRequest(clinic="north", lot=LOT.lower()))

    assert found.journeys == (JOURNEY, "journey-otherfox")
    assert found.sessions == (DAY_1, f"{JOURNEY}-infusion-2", other)


# -- training -------------------------------------------------------------------------------------


async def test_a_training_dose_moves_no_real_stock(store: RecordStore, pool: asyncpg.Pool) -> None:
    began = fact(1, EventKind.JOURNEY_STARTED, {"training": True, "protocol_version": "1"})
    await store.append(batch(began))
    await receive(store)

    await store.append(batch(logged(1), ended(2), workflow_id=DAY_1))

    (real,) = await StockStore(pool).read_stock(StockRequest(clinic="north"))
    (all_of_it,) = await StockStore(pool, with_training=True).read_stock(
        StockRequest(clinic="north")
    )
    assert (real.on_hand_mg, all_of_it.on_hand_mg) == (500, 450)


# -- the report -----------------------------------------------------------------------------------


async def test_two_years_of_a_lot_are_found_by_an_index(
    store: RecordStore, pool: asyncpg.Pool
) -> None:
    await pool.execute(
        "INSERT INTO stock_lines (workflow_id, sequence, movement, journey_id, clinic, training, "
        "product, lot, amount_mg, actor_id, actor_role, at, recorded_at) "
        "SELECT 'w', n, 'received', 'j', 'north', false, 'ketamine', 'LOT-' || n % 200, 1, 'a', "
        "'nurse', $1::timestamptz + n * interval '1 hour', now() FROM generate_series(1, 40000) n",
        BEGAN_AT,
    )
    await pool.execute("ANALYZE stock_lines")
    span = (BEGAN_AT, BEGAN_AT + timedelta(days=730), BEGAN_AT.isoformat(), 0, 500)

    async def plan(query: str, *values: object) -> str:
        rows = await pool.fetch("EXPLAIN " + sql(query), *values)
        return "\n".join(row[0] for row in rows)

    of_lot = await plan("stock_log", None, "north", "LOT-7", False, *span)
    of_clinic = await plan("stock_log_of_clinic", None, "north", False, *span)

    assert "stock_lines_by_lot" in of_lot
    assert "stock_lines_by_time" in of_clinic
    assert "Seq Scan" not in of_lot + of_clinic
