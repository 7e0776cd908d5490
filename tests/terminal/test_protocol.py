"""`journey protocol`: two versions compared, who would feel one, and the way to ask for it."""

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

import cli
from clinical.protocol_text import protocol_yaml
from records.store import RecordStore
from schemas.journey import ChangeProtocol
from tests.service.test_protocol_preview import STRICTER, changed, stands

ROOT = Path(__file__).resolve().parents[2]
STANDARD = str(ROOT / "protocols" / "standard.yaml")


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JOURNEY_ENV_FILE", "")
    monkeypatch.delenv("JOURNEY_DATABASE_URL", raising=False)
    monkeypatch.setenv("JOURNEY_KEYS", str(tmp_path / "keys.json"))
    monkeypatch.chdir(ROOT)


@pytest.fixture
def stricter(tmp_path: Path) -> str:
    path = tmp_path / "north-2.yaml"
    path.write_text(protocol_yaml(STRICTER), encoding="utf-8")
    return str(path)


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli.app, ["protocol", *words])
    return done.exit_code, done.stdout, done.stderr


async def typed(*words: str) -> tuple[int, str, str]:
    """The same beside a running event loop."""
    return await asyncio.to_thread(run, *words)


def test_a_difference_shows_unit_and_direction_and_needs_no_deployment(stricter: str) -> None:
    code, out, err = run("diff", STANDARD, stricter)

    assert code == 0, err
    line = next(line.split() for line in out.splitlines() if line.startswith("bp.pause_sys"))
    assert line[:5] == ["bp.pause_sys", "180", "170", "mmHg", "stricter"]


def test_the_other_way_round_it_is_laxer_for_programs_too(stricter: str) -> None:
    code, out, _ = run("diff", stricter, STANDARD, "--json")

    told = json.loads(out)
    assert code == 0
    assert told["old"] == {"code": "standard", "version": "north-2"}
    assert {row["name"]: row["direction"] for row in told["differences"]} == {
        "bp.pause_sys": "laxer",
        "esk.obs_min": "laxer",
    }


def test_a_version_and_itself_say_the_same() -> None:
    assert run("diff", STANDARD, STANDARD)[1].strip().endswith("say the same")


def test_a_proposal_is_the_command_that_asks_two_people(stricter: str) -> None:
    code, out, _ = run("propose", stricter, "--reason", "new evidence", "--from", "standard-1")

    said = ChangeProtocol.model_validate(
        {**json.loads(out), "command_id": "c", "actor": {"id": "cc-moreau", "role": "ops"}}
    )
    assert code == 0
    assert (said.protocol, said.from_version) == (STRICTER, "standard-1")


@pytest.mark.parametrize(
    "words",
    [
        ["diff", "/nowhere/old.yaml", STANDARD],
        ["diff", STANDARD, "north-9"],
        ["diff", STANDARD, "Makefile"],
        ["preview", STANDARD],
        ["propose", "/nowhere/new.yaml", "--reason", "x"],
    ],
)
def test_what_cannot_be_compared_is_one_clear_line_and_1(words: list[str]) -> None:
    code, out, err = run(*words)

    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1, err


@pytest.fixture
async def deployment(
    pool: asyncpg.Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> RecordStore:
    monkeypatch.setenv("JOURNEY_DATABASE_URL", database_url)
    store = RecordStore(pool)
    await store.append(stands("casimir"))
    await store.append(stands("ottoline", "SWITCH_ESKETAMINE", clinic="south"))
    return store


async def test_a_preview_lists_each_open_journey_with_what_it_would_feel(
    deployment: RecordStore, stricter: str
) -> None:
    code, out, err = await typed("preview", stricter)

    assert code == 0, err
    lines = {line.split()[0]: line for line in out.splitlines() if line.startswith("journey-")}
    assert "1 (1 stricter)" in lines["journey-casimir"]
    assert "2 (2 stricter)" in lines["journey-ottoline"]


async def test_a_preview_of_one_clinic_shows_no_other(
    deployment: RecordStore, stricter: str
) -> None:
    code, out, _ = await typed("preview", stricter, "--clinic", "south", "--json")

    assert code == 0
    assert [j["journey_id"] for j in json.loads(out)["journeys"]] == ["journey-ottoline"]
    assert (await typed("preview", stricter, "--clinic", "atlantis"))[0] == 1


async def test_a_version_on_record_is_compared_by_its_name(
    deployment: RecordStore, stricter: str
) -> None:
    await deployment.append(stands("leopold", protocol=changed("north-7", bp__pause_sys=160)))

    code, out, err = await typed("diff", "standard@north-7", stricter, "--json")

    assert code == 0, err
    assert [row["new"] for row in json.loads(out)["differences"]] == ["170", "150"]


async def test_a_version_that_two_contents_went_by_is_not_guessed_at(
    deployment: RecordStore, stricter: str
) -> None:
    for n, pause in enumerate((160, 165)):
        await deployment.append(stands(f"{n}", protocol=changed("north-7", bp__pause_sys=pause)))

    code, _, err = await typed("diff", "north-7", stricter)

    assert code == 1
    assert "name a file" in err
