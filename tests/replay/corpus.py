"""The histories of one capture, as they are written down."""

import asyncio
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowHistory,
)

from workflows.replay import MANIFEST, STORED, Stored

HISTORIES = "histories"
NAMESPACE = "default"
TOLD = (
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
)


class Corpus:
    """The histories of one capture, written down under names that tell what they show."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._stored: list[Stored] = []

    async def keep(self, workflow_id: str, story: str) -> None:
        """Every run of a workflow, the first one first."""
        first = (await self._client.get_workflow_handle(workflow_id).describe()).raw_description
        run_id: str | None = first.workflow_execution_info.first_run_id
        number = 0
        while run_id:
            number += 1
            handle = self._client.get_workflow_handle(workflow_id, run_id=run_id)
            history = await _settled(handle)
            self._write(history, f"{story}-{number}")
            last = history.events[-1].workflow_execution_continued_as_new_event_attributes
            run_id = last.new_execution_run_id or None

    def _write(self, history: WorkflowHistory, name: str) -> None:
        started = history.events[0].workflow_execution_started_event_attributes
        file = f"{HISTORIES}/{name}.json.gz"
        text = json.dumps(json.loads(history.to_json()), separators=(",", ":"))
        # No time in the archive: the same history is the same file.
        (self._folder / file).write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
        self._stored.append(
            Stored(
                file=file,
                workflow_id=history.workflow_id,
                workflow_type=started.workflow_type.name,
                namespace=NAMESPACE,
                story=name,
            )
        )

    def close(self) -> int:
        """Write the manifest; returns how many histories there are."""
        text = STORED.dump_json(tuple(self._stored), indent=2)
        (self._folder / MANIFEST).write_bytes(text + b"\n")
        return len(self._stored)


async def _settled(handle: WorkflowHandle[Any, Any]) -> WorkflowHistory:
    """The history once no workflow task is under way: what is half told cannot be replayed."""
    while True:
        history = await handle.fetch_history()
        kinds = Counter(event.event_type for event in history.events)
        told = sum(kinds[kind] for kind in TOLD)
        if told and kinds[EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED] == told:
            return history
        await asyncio.sleep(0.1)
