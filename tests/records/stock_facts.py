"""Facts that move stock, as a day and a cabinet write them, and when a lot adds up."""

from datetime import date, timedelta
from typing import Any

import asyncpg

from schemas.base import Actor, Role
from schemas.controlled_substance import DrugLot
from schemas.event import EventKind, Fact
from tests.records.conftest import BEGAN_AT, JOURNEY, fact

DAY_1 = f"{JOURNEY}-infusion-1"
CABINET = "cabinet-north"
LOT = "KET-2231"
GOOD_UNTIL = date(2027, 6, 30)
WITNESS = Actor(id="rn-halloran", role=Role.NURSE)
RESULT = {
    "session_id": DAY_1, "modality": "iv_ketamine", "number": 1, "phase": "DISCHARGED",
    "scheduled_at": BEGAN_AT.isoformat(), "ended_at": (BEGAN_AT + timedelta(hours=3)).isoformat(),
}  # fmt: skip


def logged(sequence: int, mg: float = 50, lot: str = LOT) -> Fact:
    named = DrugLot(lot=lot, expires_on=GOOD_UNTIL).model_dump(mode="json")
    return fact(sequence, EventKind.DOSE_LOGGED, {"lot": named, "drawn_mg": mg, "ordered_mg": mg})


def ended(sequence: int, given_mg: float | None = 35, wasted_mg: float = 15) -> Fact:
    waste = {"wasted_mg": wasted_mg, "witness": WITNESS.model_dump(mode="json")}
    said = {"delivered_mg": given_mg, "waste": waste if wasted_mg else None}
    return fact(sequence, EventKind.DOSING_ENDED, said)


def of_cabinet(sequence: int, kind: EventKind, mg: float, lot: str = LOT, **more: Any) -> Fact:
    line = {"lot": lot, "product": "ketamine", "expires_on": GOOD_UNTIL.isoformat()}
    lines = [{**line, "amount_mg": mg, **more.pop("line", {})}]
    return fact(sequence, kind, {"lines": lines, **more})


def adds_up(row: asyncpg.Record) -> bool:
    gone = sum(row[f"{way}_mg"] for way in ("administered", "wasted", "returned", "lost"))
    there = row["on_hand_mg"] + row["in_use_mg"]
    return bool(abs(row["received_mg"] + row["corrected_mg"] - there - gone) < 1e-6)
