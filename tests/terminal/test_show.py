"""`journey show`: what a person at a terminal sees of one journey."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

import cli
from records.store import RecordStore
from schemas.event import EventKind
from schemas.screening import Modality
from schemas.transfer import CarriedConsent, CarriedEvent, TransferHistory
from simulator import papers
from tests.records.conftest import batch, fact

CASIMIR = "journey-casimirvandersloot"
TOLD = TransferHistory(
    source="Harborlight Clinic",
    consents=(
        CarriedConsent(modality=Modality.ESKETAMINE, signed_at=datetime(2026, 9, 1, 9, tzinfo=UTC)),
    ),
    adverse_events=(
        CarriedEvent(
            code="syncope", at=datetime(2026, 8, 2, 9, tzinfo=UTC), serious=True,
            description="fell in the hall", source="Fernhill Hospital",
        ),
    ),
    monitoring="nothing found",
)  # fmt: skip


async def shown(*words: str) -> str:
    """What the command prints, asked beside a running event loop."""
    done = await asyncio.to_thread(CliRunner().invoke, cli.app, ["show", CASIMIR, *words])
    assert done.exit_code == 0, done.stderr
    return done.stdout


@pytest.fixture(autouse=True)
async def record(
    pool: asyncpg.Pool, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> RecordStore:
    """A record that knows a patient who was referred by another clinic in mid-treatment."""
    monkeypatch.setenv("JOURNEY_ENV_FILE", "")
    monkeypatch.setenv("JOURNEY_DATABASE_URL", database_url)
    monkeypatch.setenv("JOURNEY_KEYS", str(tmp_path / "keys.json"))
    referral = papers.referral("R-1").model_dump(mode="json")
    began = fact(1, EventKind.JOURNEY_STARTED, {"referral": referral, "training": True})
    store = RecordStore(pool)
    await store.append(batch(began, workflow_id=CASIMIR, journey_id=CASIMIR))
    return store


async def test_edge_37_what_was_told_of_treatment_elsewhere_is_shown_with_who_says_so(
    record: RecordStore,
) -> None:
    carried = fact(2, EventKind.HISTORY_CARRIED, TOLD.model_dump(mode="json"))
    await record.append(batch(carried, workflow_id=CASIMIR, journey_id=CASIMIR))

    told = (await shown()).partition("Told by Harborlight Clinic")[2]

    event, consent = (told.index(word) for word in ("serious event", "consent"))
    assert event < consent, "in the order in which it happened"
    for word in ("fell in the hall", "Fernhill Hospital", "not in force here", "nothing found"):
        assert word in told
    assert json.loads(await shown("--json"))["carried"] == TOLD.model_dump(mode="json")


async def test_who_comes_from_nowhere_else_is_shown_without_it() -> None:
    assert "Told by" not in await shown()
    assert json.loads(await shown("--json"))["carried"] is None
