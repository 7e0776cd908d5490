"""The shape of one real journey: what its people did, and what its histories made of it.

Recorded from the real program at the start of every run, so that the bare program beside it keeps
the same number and kind of events and calls whatever the real one becomes.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

Json = Any
"""A JSON value: the benchmark looks at sizes and shapes, never at meaning."""

SEEN = ("signal", "child_started", "child_done")
"""What the bare program's query counts: enough to know that it has come as far as the real one."""


@dataclass
class Part:
    """One workflow of the journey: for each thing that reaches it, the commands it answers with.

    `tape`: `update:3` -> commands in order. `seen`: moments and how much had arrived by then.
    `ends`: how much of each kind had arrived when each run turned over or came to its end."""

    tape: dict[str, list[Json]] = field(default_factory=dict)
    start: Json = None
    view: Json = None
    seen: list[tuple[float, dict[str, int]]] = field(default_factory=list)
    ends: list[dict[str, int]] = field(default_factory=list)
    answers: dict[str, Json] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    bytes: int = 0

    @property
    def events(self) -> int:
        """Events over all runs of this workflow."""
        return sum(self.counts.values())

    def seen_by(self, moment: float) -> dict[str, int]:
        """What had arrived and been worked on at a moment (seconds since the epoch)."""
        return next((dict(n) for at, n in reversed(self.seen) if at <= moment), {})


@dataclass
class Shape:
    """`ops`: what people did, in order. `parts`: by what follows the journey's id."""

    journey_id: str
    ops: list[Json]
    parts: dict[str, Part]

    @property
    def counts(self) -> Counter[str]:
        """Events by type over all workflows of the journey."""
        return sum((Counter(part.counts) for part in self.parts.values()), Counter())

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> "Shape":
        raw = json.loads(path.read_text())
        parts = {name: Part(**part) for name, part in raw["parts"].items()}
        return cls(raw["journey_id"], raw["ops"], parts)


async def read_part(client: Client, workflow_id: str) -> Part:
    """Read one workflow, all its runs from the first, out of the server's histories."""
    reader = _Reader(client)
    run_id: str | None = await _first_run(client, workflow_id)
    while run_id is not None:
        history = await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
        run_id = await reader.read(history.events)
    return reader.part


async def _first_run(client: Client, workflow_id: str) -> str:
    described = await client.get_workflow_handle(workflow_id).describe()
    first: str = described.raw_description.workflow_execution_info.first_run_id
    return first or described.run_id or ""


class _Reader:
    """Turns histories into a tape: every command belongs to what came last before it."""

    def __init__(self, client: Client) -> None:
        self.part = Part()
        # Without a context the codec opens what was sealed for any workflow: a signal in this
        # history is sealed for the one it went to.
        self._converter = client.data_converter
        self._n: Counter[str] = Counter()
        self._arrived: Counter[str] = Counter()
        self._by_event: dict[int, int] = {}
        self._activity_of: dict[int, str] = {}
        self._pending = self._cause = ""

    async def read(self, events: "list[HistoryEvent] | Any") -> str | None:
        """One run; returns the id of the next, if there is one."""
        self._by_event = {}
        counts = Counter(self.part.counts)
        next_run: str | None = None
        for event in events:
            counts[EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")] += 1
            self.part.bytes += event.ByteSize()
            kind = str(event.WhichOneof("attributes")).removesuffix("_event_attributes")
            await self._event(kind, event, getattr(event, f"{kind}_event_attributes"))
            if kind == "workflow_execution_continued_as_new":
                next_run = getattr(event, f"{kind}_event_attributes").new_execution_run_id
        self.part.counts = dict(counts)
        return next_run

    async def _event(self, kind: str, event: HistoryEvent, of: Any) -> None:  # noqa: C901 - a table
        match kind:
            case "workflow_execution_started":
                if self.part.start is None:
                    self.part.start = await self._first(of.input.payloads)
                self._trigger("start")
            case "workflow_execution_signaled":
                self._trigger("signal")
            case "activity_task_completed":
                self._trigger("activity", of.scheduled_event_id)
                name = self._activity_of[of.scheduled_event_id]
                self.part.answers[name] = await self._first(of.result.payloads)
            case "timer_fired":
                self._trigger("timer", of.started_event_id)
            case "child_workflow_execution_started":
                self._trigger("child_started", of.initiated_event_id)
            case "child_workflow_execution_completed":
                self._trigger("child_done", of.initiated_event_id)
            case (
                "external_workflow_execution_signaled" | "signal_external_workflow_execution_failed"
            ):
                self._trigger("told", of.initiated_event_id)
            case "workflow_task_completed":
                self._cause = self._pending
                at = event.event_time.ToNanoseconds() / 1e9
                self.part.seen.append((at, {k: self._arrived[k] for k in SEEN}))
            case "workflow_execution_update_accepted":
                self._cause = self._trigger("update")
                self._by_event[event.event_id] = self._n["update"]
            case "workflow_execution_update_completed":
                answer = await self._first(of.outcome.success.payloads)
                self._command("answer", self._by_event[of.accepted_event_id], answer)
            case _:
                await self._commanded(kind, event, of)

    async def _commanded(self, kind: str, event: HistoryEvent, of: Any) -> None:
        match kind:
            case "activity_task_scheduled":
                content = await self._first(of.input.payloads)
                n, summary = self._number("activity", event), await self._summary(event)
                name = self._activity_of[event.event_id] = of.activity_type.name
                self._command("activity", n, name, of.task_queue.name, content, summary)
            case "timer_started":
                seconds = of.start_to_fire_timeout.ToNanoseconds() / 1e9
                n, summary = self._number("timer", event), await self._summary(event)
                self._command("timer", n, seconds, summary)
            case "timer_canceled":
                self._command("cancel", self._by_event[of.started_event_id])
            case "start_child_workflow_execution_initiated":
                attributes = await self._attributes(of.search_attributes.indexed_fields)
                n, summary = self._number("child", event), await self._summary(event)
                self._command("child", n, of.workflow_id, attributes, summary)
            case "signal_external_workflow_execution_initiated":
                content = await self._first(of.input.payloads)
                n, target = self._number("told", event), of.workflow_execution.workflow_id
                self._command("tell", n, target, content)
            case "upsert_workflow_search_attributes":
                attributes = await self._attributes(of.search_attributes.indexed_fields)
                self._command("search", attributes)
            case "workflow_properties_modified":
                fields = of.upserted_memo.fields
                self._command("memo", {key: await self._first([fields[key]]) for key in fields})
            case "workflow_execution_continued_as_new":
                self._end("continue", await self._first(of.input.payloads))
            case "workflow_execution_completed":
                self._end("complete", await self._first(of.result.payloads))

    def _trigger(self, kind: str, event_id: int | None = None) -> str:
        if event_id is None:
            self._n[kind] += 1
        self._arrived[kind] += 1
        number = self._n[kind] if event_id is None else self._by_event[event_id]
        self._pending = f"{kind}:{number}"
        return self._pending

    def _number(self, kind: str, event: HistoryEvent) -> int:
        self._n[kind] += 1
        self._by_event[event.event_id] = self._n[kind]
        return self._n[kind]

    def _command(self, *command: Json) -> None:
        self.part.tape.setdefault(self._cause, []).append(list(command))

    def _end(self, how: str, content: Json) -> None:
        self._command(how, content)
        self.part.ends.append(dict(self._arrived))

    async def _summary(self, event: HistoryEvent) -> str | None:
        if not event.user_metadata.HasField("summary"):
            return None
        return str(await self._first([event.user_metadata.summary]))

    async def _first(self, payloads: "list[Payload] | Any") -> Json:
        values = await self._converter.decode(payloads)
        return values[0] if values else None

    async def _attributes(self, fields: Mapping[str, Payload]) -> Json:
        """Search attributes are never sealed: name -> value."""
        return {
            name: json.loads(payload.data) if payload.data else None
            for name, payload in fields.items()
        }
