"""The command line shows the drug cabinet as the record has it."""

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

import cli
from records.store import RecordStore
from schemas.event import EventKind
from tests.records.conftest import batch
from tests.records.stock_facts import CABINET, DAY_1, LOT, ended, logged, of_cabinet

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def _recorded(
    pool: asyncpg.Pool, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JOURNEY_ENV_FILE", "")
    monkeypatch.setenv("JOURNEY_KEYS", str(tmp_path / "keys.json"))
    monkeypatch.setenv("JOURNEY_DATABASE_URL", database_url)
    monkeypatch.chdir(ROOT)
    store = RecordStore(pool)
    received = of_cabinet(1, EventKind.STOCK_RECEIVED, 500)
    recalled = of_cabinet(2, EventKind.LOT_RECALLED, 0, reason="notice 77")
    await store.append(batch(received, recalled, workflow_id=CABINET, journey_id=CABINET))
    await store.append(batch(logged(1), ended(2), workflow_id=DAY_1))


async def typed(*words: str) -> tuple[int, str, str]:
    done = await asyncio.to_thread(CliRunner().invoke, cli.app, ["stock", *words])
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.usefixtures("_recorded")
async def test_each_lot_is_shown_with_its_balance_and_standing() -> None:
    code, out, _ = await typed("--clinic", "north")

    assert code == 0
    for word in (LOT, "450 mg", "lot_recalled"):
        assert word in out


@pytest.mark.usefixtures("_recorded")
async def test_balances_are_json_for_a_program() -> None:
    code, out, _ = await typed("--json")

    (row,) = json.loads(out)
    assert code == 0
    assert (row["lot"], row["on_hand_mg"], row["standing"]["usable"]) == (LOT, 450, False)


@pytest.mark.usefixtures("_recorded")
async def test_the_log_of_a_lot_is_shown_line_by_line() -> None:
    code, out, _ = await typed("--lot", LOT.lower(), "--json")

    assert code == 0
    assert [line["movement"] for line in json.loads(out)] == [
        "received", "drawn", "recalled", "administered", "wasted",
    ]  # fmt: skip
    assert "rn-halloran" in (await typed("--lot", LOT))[1]


@pytest.mark.usefixtures("_recorded")
@pytest.mark.parametrize("words", [("--clinic", "atlantis"), ("--lot", "NO-SUCH")])
async def test_what_is_not_there_is_one_clear_line(words: tuple[str, str]) -> None:
    code, out, err = await typed(*words)

    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
