"""Replay of stored histories: would this release tell every journey as it was told before?

A folder holds histories (`*.json` or `*.json.gz`, as the Temporal server gives them), with a
`manifest.json` that says whose they are, and `test-keys.json` where they were sealed with keys
that are public on purpose. Without a manifest every history in the folder is replayed, opened
with the keys of this deployment.
"""

import gzip
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from runtime.keys import KeyFile, KeyRing, open_keyring
from runtime.settings import load_settings
from runtime.temporal import data_converter, interceptors, workflow_runner
from workflows.drug_cabinet import DrugCabinet
from workflows.infusion_session import InfusionSession
from workflows.journey import PatientJourney
from workflows.nasal_spray_session import NasalSpraySession

WORKFLOWS: tuple[type, ...] = (
    PatientJourney,
    InfusionSession,
    NasalSpraySession,
    DrugCabinet,
)
MANIFEST = "manifest.json"
TEST_KEYS = "test-keys.json"
TOLD = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


class Stored(BaseModel):
    """One history of a corpus. `file`: relative to the manifest; `story`: what it shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    workflow_id: str
    workflow_type: str
    namespace: str
    story: str = ""


@dataclass(frozen=True)
class ReplayProblem:
    """A history that this release would tell another way, or that cannot be read."""

    file: str
    workflow_id: str
    workflow_type: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file} ({self.workflow_type} {self.workflow_id}): {self.problem}"


class NothingToReplayError(ValueError):
    """The folder holds no histories: a gate that looks at nothing must not stand open."""


STORED = TypeAdapter(tuple[Stored, ...])


async def replay_directory(directory: Path) -> int:
    """The body of `journey replay DIR`: one line for each history that would go another way.
    Returns the exit code: 0 when all went the way they came, 1 otherwise."""
    stored = histories_in(directory)
    problems = await problems_in(directory)
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    sys.stdout.write(f"{len(stored) - len(problems)} of {len(stored)} histories replayed\n")
    return 1 if problems else 0


async def problems_in(
    directory: Path, *, workflows: Sequence[type] = WORKFLOWS
) -> list[ReplayProblem]:
    """What goes wrong when the histories of a folder are replayed; empty when nothing does.
    Raises `NothingToReplayError` when there are none."""
    ring = _keys(directory)
    problems = []
    for stored in histories_in(directory):
        problem = await _replay(directory, stored, ring, workflows)
        if problem is not None:
            problems.append(
                ReplayProblem(stored.file, stored.workflow_id, stored.workflow_type, problem)
            )
    return problems


def histories_in(directory: Path) -> tuple[Stored, ...]:
    """The histories of a folder, by its manifest or, without one, by themselves."""
    manifest = directory / MANIFEST
    found = (
        STORED.validate_json(manifest.read_bytes())
        if manifest.exists()
        else tuple(_self_described(directory))
    )
    if not found:
        raise NothingToReplayError(f"there are no histories in {directory}")
    return found


def read_history(path: Path, workflow_id: str = "") -> WorkflowHistory:
    """One stored history; its workflow id from the history itself where none is given."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    history = WorkflowHistory.from_json(workflow_id or "unknown", text)
    if workflow_id:
        return history
    return WorkflowHistory(_started(history.events[0]).workflow_id, history.events)


async def _replay(
    directory: Path, stored: Stored, ring: KeyRing, workflows: Sequence[type]
) -> str | None:
    """What went wrong with one history, in one line; None when nothing did."""
    try:
        history = read_history(directory / stored.file, stored.workflow_id)
    except (OSError, ValueError) as error:
        return f"unreadable: {type(error).__name__}"
    if not any(event.event_type == TOLD for event in history.events):
        return "holds no completed workflow task"  # the SDK's replayer would wait for one for ever
    replayer = Replayer(
        workflows=workflows,
        namespace=stored.namespace,
        data_converter=data_converter(ring, stored.namespace, accept_plain=True),
        interceptors=interceptors(),
        workflow_runner=workflow_runner(),
    )
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    failure = result.replay_failure
    return None if failure is None else " ".join(str(failure).split())


def _self_described(directory: Path) -> Iterator[Stored]:
    for path in sorted((*directory.rglob("*.json"), *directory.rglob("*.json.gz"))):
        if path.name in (MANIFEST, TEST_KEYS):
            continue
        history = read_history(path)
        yield Stored(
            file=str(path.relative_to(directory)),
            workflow_id=history.workflow_id,
            workflow_type=_started(history.events[0]).workflow_type.name,
            namespace=load_settings().temporal_namespace,
        )


def _started(first: HistoryEvent) -> WorkflowExecutionStartedEventAttributes:
    return first.workflow_execution_started_event_attributes


def _keys(directory: Path) -> KeyRing:
    """The public test keys beside the histories, or the keys of this deployment."""
    public = directory / TEST_KEYS
    if public.exists():
        return KeyRing(KeyFile.model_validate_json(public.read_bytes()))
    return open_keyring(load_settings())
