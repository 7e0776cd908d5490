"""The command line proposes who should have the doses in a shortage, and no more (11.32)."""

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

import cli
from tests.service.test_shortage import booked, scored, told

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def _booked(
    pool: asyncpg.Pool, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JOURNEY_ENV_FILE", "")
    monkeypatch.setenv("JOURNEY_KEYS", str(tmp_path / "keys.json"))
    monkeypatch.setenv("JOURNEY_DATABASE_URL", database_url)
    monkeypatch.chdir(ROOT)
    await told(pool, "journey-calm", scored(20, 9, 0), booked("journey-calm", days_ago=9))
    await told(pool, "journey-at-risk", scored(2, 18, 2), booked("journey-at-risk"))


async def typed(*words: str) -> tuple[int, str, str]:
    done = await asyncio.to_thread(CliRunner().invoke, cli.app, ["shortage", *words])
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.usefixtures("_booked")
async def test_edge_32_the_order_is_shown_with_how_far_the_doses_reach() -> None:
    code, out, _ = await typed("--clinic", "north", "--doses", "1", "--json")

    found = json.loads(out)
    assert code == 0
    assert [day["journey_id"] for day in found["days"]] == ["journey-at-risk", "journey-calm"]
    assert found["short_by"] == 1
    shown = (await typed("--clinic", "north", "--doses", "1"))[1]
    assert "short by 1" in shown
    assert "nothing has been cancelled" in shown


@pytest.mark.usefixtures("_booked")
@pytest.mark.parametrize(
    "words", [("--clinic", "atlantis"), ("--clinic", "north", "--modality", "aspirin")]
)
async def test_what_is_not_there_is_one_clear_line(words: tuple[str, ...]) -> None:
    code, out, err = await typed(*words, "--doses", "1")

    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
