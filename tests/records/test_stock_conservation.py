"""Whatever moves in whatever order, every lot adds up to what a pharmacist would write on paper."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.queries import sql
from records.store import RecordStore
from schemas.event import EventKind, Fact
from tests.records.conftest import JOURNEY, batch
from tests.records.stock_facts import CABINET, adds_up, ended, logged, of_cabinet


@dataclass
class Shelf:
    """What a careful pharmacist would write on paper beside the log."""

    facts: dict[str, list[Fact]] = field(default_factory=dict)
    paper: Counter[str] = field(default_factory=Counter)
    drawn: dict[str, float] = field(default_factory=dict)

    def note(self, workflow_id: str, build: Callable[[int], Fact]) -> None:
        told = self.facts.setdefault(workflow_id, [])
        told.append(build(len(told) + 1))

    def move(self, step: str, number: int, mg: float) -> None:
        day = f"{JOURNEY}-infusion-{number}"
        kinds = {
            "received": EventKind.STOCK_RECEIVED, "wasted": EventKind.STOCK_WASTED,
            "returned": EventKind.STOCK_RETURNED, "lost": EventKind.STOCK_LOST,
        }  # fmt: skip
        if step == "drawn":
            before = self.drawn.get(day, 0.0)
            self.note(day, lambda n: logged(n, mg))
            self.drawn[day] = max(before, mg)
            self.paper["cabinet"] -= max(mg - before, 0)  # type: ignore[assignment]
        elif step == "ended" and self.drawn.get(day):
            out = self.drawn.pop(day)
            given = min(mg, out)
            self.note(day, lambda n: ended(n, given, out - given))
            self.paper["administered"] += given  # type: ignore[assignment]
            self.paper["wasted"] += out - given  # type: ignore[assignment]
        elif step in kinds:
            self.note(CABINET, lambda n: of_cabinet(n, kinds[step], mg))
            self.paper["cabinet"] += mg if step == "received" else -mg  # type: ignore[assignment]
            self.paper[step] += mg  # type: ignore[assignment]


STEPS = st.tuples(
    st.sampled_from(["received", "drawn", "ended", "wasted", "returned", "lost"]),
    st.integers(1, 3),
    st.integers(1, 400).map(lambda quarter: quarter / 4),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, min_size=1, max_size=14), seed=st.integers(0, 2**16))
async def test_edge_30_whatever_moves_in_whatever_order_every_lot_adds_up(
    store: RecordStore, pool: asyncpg.Pool, steps: list[tuple[str, int, float]], seed: int
) -> None:
    run = await pool.fetchval("SELECT 'X' || count(DISTINCT workflow_id) FROM journey_events")
    shelf = Shelf()
    clinic = f"clinic-{run}"

    for step in steps:
        shelf.move(*step)
        for workflow_id, told in shelf.facts.items():
            journey = CABINET if workflow_id == CABINET else JOURNEY
            name = f"{workflow_id}-{run}"
            burst = batch(*told, workflow_id=name, journey_id=f"{journey}-{run}", clinic=clinic)
            await store.append(burst)
        row = await pool.fetchrow(sql("stock_balances"), [clinic], True, None, None)
        assert row is None or adds_up(row)

    if row is not None:
        assert row["on_hand_mg"] == pytest.approx(shelf.paper["cabinet"])
        assert row["in_use_mg"] == pytest.approx(sum(shelf.drawn.values()))
        for way in ("received", "administered", "wasted", "returned", "lost"):
            assert row[f"{way}_mg"] == pytest.approx(shelf.paper[way])
