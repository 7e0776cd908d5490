"""Stored histories replay as they were told; a story that was changed does not."""

import functools
import gzip
import shutil
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from clinical.permissions import MAY
from runtime.keys import KeyFile, KeyRing
from schemas.journey import Phase
from tests.replay.changed_story import CHANGED
from workflows.replay import (
    MANIFEST,
    STORED,
    TEST_KEYS,
    WORKFLOWS,
    NothingToReplayError,
    Stored,
    histories_in,
    problems_in,
    read_history,
    replay_directory,
)

HERE = Path(__file__).parent
CORPUS_BYTES = 2_000_000
SIGNALS = {"approval_decided", "command_submitted", "clock_advanced", "refresh"}


@functools.cache
def events() -> tuple[HistoryEvent, ...]:
    return tuple(
        event
        for stored in histories_in(HERE)
        for event in read_history(HERE / stored.file, stored.workflow_id).events
    )


def part_of(folder: Path, *stories: str) -> tuple[Stored, ...]:
    """A folder with some of the histories and the keys; its manifest."""
    chosen = tuple(s for s in histories_in(HERE) if s.story.rsplit("-", 1)[0] in stories)
    (folder / "histories").mkdir()
    for stored in chosen:
        shutil.copy(HERE / stored.file, folder / stored.file)
    shutil.copy(HERE / TEST_KEYS, folder / TEST_KEYS)
    (folder / MANIFEST).write_bytes(STORED.dump_json(chosen))
    return chosen


async def test_every_stored_history_replays() -> None:
    assert await problems_in(HERE) == []


async def test_a_changed_story_fails_on_every_history_it_tells(tmp_path: Path) -> None:
    chosen = part_of(
        tmp_path, "journey-declined", "infusion-missed", "spray-normal", "cabinet-counted"
    )

    problems = await problems_in(tmp_path, workflows=CHANGED)

    assert {p.workflow_type for p in problems} == {w.__name__ for w in WORKFLOWS}
    assert [p.file for p in problems] == [s.file for s in chosen]
    assert all("Nondeterminism" in p.problem or "TMPRL1100" in p.problem for p in problems)


async def test_an_edited_history_fails(tmp_path: Path) -> None:
    (stored,) = part_of(tmp_path, "infusion-missed")
    path = tmp_path / stored.file
    text = gzip.decompress(path.read_bytes()).decode()
    assert '"append_events"' in text
    path.write_bytes(gzip.compress(text.replace('"append_events"', '"forget_events"').encode()))

    (problem,) = await problems_in(tmp_path)

    assert problem.workflow_id == stored.workflow_id


async def test_a_history_that_cannot_be_opened_or_read_is_a_problem(tmp_path: Path) -> None:
    stored, other = part_of(tmp_path, "infusion-missed", "journey-declined")
    (tmp_path / stored.file).write_bytes(gzip.compress(b"no history at all"))
    (tmp_path / TEST_KEYS).write_text(KeyRing.in_memory()._content.model_dump_json())

    problems = await problems_in(tmp_path)

    assert [p.file for p in problems] == [stored.file, other.file]
    assert problems[0].problem.startswith("unreadable")


async def test_a_history_in_which_nothing_was_told_yet_is_a_problem_and_not_a_long_wait(
    tmp_path: Path,
) -> None:
    (stored,) = part_of(tmp_path, "infusion-missed")
    history = read_history(tmp_path / stored.file)
    begun = WorkflowHistory(history.workflow_id, history.events[:3]).to_json()
    (tmp_path / stored.file).write_bytes(gzip.compress(begun.encode()))

    (problem,) = await problems_in(tmp_path)

    assert problem.problem == "holds no completed workflow task"


async def test_the_command_says_how_many_replayed_and_names_what_did_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = part_of(tmp_path, "infusion-missed", "infusion-rescheduled")
    assert await replay_directory(tmp_path) == 0
    assert capsys.readouterr().out == "2 of 2 histories replayed\n"

    (tmp_path / chosen[0].file).unlink()
    assert await replay_directory(tmp_path) == 1

    told = capsys.readouterr()
    assert told.out == "1 of 2 histories replayed\n"
    assert chosen[0].workflow_id in told.err


async def test_histories_without_a_manifest_say_themselves_whose_they_are(tmp_path: Path) -> None:
    (stored,) = part_of(tmp_path, "infusion-missed")
    (tmp_path / MANIFEST).unlink()
    zipped = tmp_path / stored.file
    (tmp_path / "plain.json").write_bytes(gzip.decompress(zipped.read_bytes()))

    found = histories_in(tmp_path)

    assert {f.file for f in found} == {stored.file, "plain.json"}
    assert {(f.workflow_id, f.workflow_type) for f in found} == {
        (stored.workflow_id, stored.workflow_type)
    }
    assert await problems_in(tmp_path) == []


async def test_a_gate_that_looks_at_nothing_does_not_stand_open(tmp_path: Path) -> None:
    with pytest.raises(NothingToReplayError):
        await problems_in(tmp_path)


async def test_without_public_keys_the_deployments_own_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part_of(tmp_path, "infusion-missed")
    own = tmp_path / "keys.json.mine"
    (tmp_path / TEST_KEYS).rename(own)
    own.chmod(0o600)
    monkeypatch.setenv("JOURNEY_ENVIRONMENT", "training")
    monkeypatch.setenv("JOURNEY_KEYS", str(own))

    assert await problems_in(tmp_path) == []


def test_the_corpus_holds_every_workflow_phase_command_and_signal() -> None:
    types, phases, updates, signals = set(), set(), set(), set()
    for stored in histories_in(HERE):
        types.add(stored.workflow_type)
    for event in events():
        found = event.upsert_workflow_search_attributes_event_attributes
        shown = found.search_attributes.indexed_fields.get("JourneyPhase")
        if shown is not None:
            phases.add(shown.data.decode().strip('"'))
        accepted = event.workflow_execution_update_accepted_event_attributes
        updates.add(accepted.accepted_request.input.name)
        signals.add(event.workflow_execution_signaled_event_attributes.signal_name)
    assert types == {w.__name__ for w in WORKFLOWS}
    assert {p.value for p in Phase} - phases - {"REFERRAL"} == set()
    assert set(MAY) - updates == {"report_adverse_event"} & (set(MAY) - updates)
    assert signals >= SIGNALS


def test_some_journeys_in_the_corpus_turned_to_a_new_run() -> None:
    turned = [
        event
        for event in events()
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
    ]
    assert len(turned) >= 3


def test_the_corpus_is_small_whole_and_opened_by_its_own_keys_only() -> None:
    files = sorted(HERE.glob("histories/*"))
    assert [str(f.relative_to(HERE)) for f in files] == sorted(s.file for s in histories_in(HERE))
    assert sum(f.stat().st_size for f in files) < CORPUS_BYTES
    ids = {
        k.id.encode()
        for k in KeyFile.model_validate_json((HERE / TEST_KEYS).read_bytes()).payload_keys
    }
    used = set()
    for event in events():
        inputs = event.workflow_execution_started_event_attributes.input.payloads
        used |= {payload.metadata["encryption-key-id"] for payload in inputs}
    assert used == ids
