"""A bare Temporal program of the same shape: plain classes, JSON, no sandbox, no layers at all.

It plays the tape of a recorded journey: whatever reaches it, it answers with the commands that the
real program answered with, and decides nothing. It is the most this SDK and server can do here.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio import activity, workflow
from temporalio.common import (
    RawValue,
    SearchAttributePair,
    SearchAttributeUpdate,
    TypedSearchAttributes,
)
from temporalio.exceptions import ApplicationError, TemporalError
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from benchmarks.shape import SEEN, Json, Part, Shape
from runtime.names import JOURNEYS, SEARCH_ATTRIBUTES

TOO_EARLY = "TooEarly"

_KEYS: dict[str, Any] = {key.name: key for key in SEARCH_ATTRIBUTES}
_tape: dict[str, Part] = {}
_answers: dict[str, Json] = {}
_recorded_id = ""


def load(shape: Shape) -> None:
    """Give this process the tape to play."""
    global _recorded_id  # noqa: PLW0603 - one tape a process; workflows take no other arguments
    _recorded_id = shape.journey_id
    _tape.update(shape.parts)
    for part in shape.parts.values():
        _answers.update(part.answers)


def load_file(path: Path) -> None:
    """The same from a file."""
    load(Shape.load(path))


class Player:
    """One workflow of the tape."""

    def __init__(self, start: Json) -> None:
        self._start = start
        workflow_id = workflow.info().workflow_id
        self._journey_id = workflow_id[: len(_recorded_id)]
        self._part = _tape[workflow_id[len(_recorded_id) :]]
        self._counts = Counter(start.get("counts") or {})
        self._end = self._part.ends[self._counts["start"]]
        self._early: int = start.get("early", 0)
        self._answers: dict[int, Json] = {}
        self._timers: dict[int, asyncio.Task[None]] = {}
        self._busy: set[asyncio.Task[None]] = set()
        self._ending: Json = None

    async def play(self) -> Json:
        """Answer whatever comes until the tape says that the run ends.

        A run of the tape ends only once all has reached it that had reached the recorded run: its
        last activity may be quicker here than the child whose end the recorded run still heard."""
        self._arrive("start")
        early, self._early = self._early, 0
        for _ in range(early):
            self.signal()
        await workflow.wait_condition(self._at_end)
        how, content = self._ending
        if how == "continue":
            left = {"counts": dict(self._counts), "early": self._early}
            workflow.continue_as_new({"content": content, **left})
        return content

    def too_early(self) -> bool:
        """Whether an update belongs to a run that is still to come; its sender asks again."""
        return self._counts["update"] >= self._end.get("update", 0)

    async def update(self) -> Json:
        number = self._arrive("update")
        if number not in self._answers:
            await workflow.wait_condition(lambda: number in self._answers)
        return self._answers.pop(number)

    def signal(self) -> None:
        """One that the recorded program heard in a later run is kept for that run."""
        if self._counts["signal"] < self._end.get("signal", 0):
            self._arrive("signal")
        else:
            self._early += 1

    def view(self) -> Json:
        return {"seen": {kind: self._counts[kind] for kind in SEEN}, "view": self._part.view}

    # -- inside -----------------------------------------------------------------------------

    def _at_end(self) -> bool:
        return (
            self._ending is not None
            and not self._busy
            and all(self._counts[kind] >= n for kind, n in self._end.items())
            and workflow.all_handlers_finished()
        )

    def _arrive(self, kind: str, number: int | None = None) -> int:
        self._counts[kind] += 1
        number = number or self._counts[kind]
        for command in self._part.tape.get(f"{kind}:{number}", ()):
            self._do(command)
        return number

    def _do(self, command: Json) -> None:  # noqa: C901 - a table
        match command:
            case ["answer", number, answer]:
                self._answers[number] = answer
            case ["activity", number, *what]:
                self._begin(self._act(number, *what))
            case ["timer", number, seconds, summary]:
                timer = asyncio.create_task(self._wait(number, seconds, summary))
                self._timers[number] = timer
            case ["cancel", number]:
                if number in self._timers:
                    self._timers.pop(number).cancel()
            case ["search", attributes]:
                workflow.upsert_search_attributes([_update(k, v) for k, v in attributes.items()])
            case ["memo", fields]:
                workflow.upsert_memo(fields)
            case ["child", number, workflow_id, attributes, summary]:
                self._children(number, workflow_id, attributes, summary)
            case ["tell", number, workflow_id, content]:
                self._begin(self._tell(number, self._own(workflow_id), content))
            case ["continue" | "complete" as how, content]:
                self._ending = (how, content)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    def _children(self, number: int, workflow_id: str, attributes: Json, summary: str) -> None:
        # Not among the busy: a run may turn over while a session is open, as the real one does.
        child = self._child(number, self._own(workflow_id), attributes, summary)
        self._timers[-number] = asyncio.create_task(child)

    async def _act(
        self, number: int, name: str, queue: str, content: Json, summary: str | None
    ) -> None:
        await workflow.execute_activity(
            name,
            content,
            task_queue=queue,
            start_to_close_timeout=timedelta(seconds=30),
            summary=summary,
        )
        self._arrive("activity", number)

    async def _wait(self, number: int, seconds: float, summary: str | None) -> None:
        await workflow.sleep(seconds, summary=summary)
        self._arrive("timer", number)

    async def _child(self, number: int, child_id: str, attributes: Json, summary: str) -> None:
        handle = await workflow.start_child_workflow(
            "BareSession",
            {"content": _tape[child_id[len(_recorded_id) :]].start},
            id=child_id,
            task_queue=JOURNEYS,
            parent_close_policy=ParentClosePolicy.ABANDON,
            cancellation_type=ChildWorkflowCancellationType.ABANDON,
            static_summary=summary,
            search_attributes=TypedSearchAttributes(
                [SearchAttributePair(_KEYS[k], _value(k, v)) for k, v in attributes.items()]
            ),
        )
        self._arrive("child_started", number)
        await handle
        self._arrive("child_done", number)

    async def _tell(self, number: int, target: str, content: Json) -> None:
        handle: Any = workflow.get_external_workflow_handle(target)
        # A session that has just ended is told nothing; the real program shrugs as well.
        with suppress(TemporalError):
            await handle.signal("note", content)
        self._arrive("told", number)

    def _own(self, recorded_id: str) -> str:
        return self._journey_id + recorded_id[len(_recorded_id) :]


class Messages:
    """What both workflows listen to."""

    def __init__(self, start: Json) -> None:
        self._player = Player(start)

    @workflow.update
    async def act(self, _content: Json) -> Json:
        return await self._player.update()

    @act.validator
    def _check(self, _content: Json) -> None:
        if self._player.too_early():
            raise ApplicationError("not in this run", type=TOO_EARLY)

    @workflow.signal
    def note(self, _content: Json) -> None:
        self._player.signal()

    @workflow.query
    def state(self) -> Json:
        return self._player.view()


@workflow.defn(name="BareJourney")
class BareJourney(Messages):
    @workflow.init
    def __init__(self, start: Json) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, _start: Json) -> Json:
        return await self._player.play()


@workflow.defn(name="BareSession")
class BareSession(Messages):
    @workflow.init
    def __init__(self, start: Json) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, _start: Json) -> Json:
        return await self._player.play()


@activity.defn(dynamic=True)
async def anything(_arguments: Sequence[RawValue]) -> Json:
    """Does nothing; its answer is as large as the real one's."""
    return _answers.get(activity.info().activity_type)


def _update(name: str, value: Json) -> SearchAttributeUpdate[Any]:
    key = _KEYS[name]
    update: SearchAttributeUpdate[Any] = (
        key.value_unset() if value is None else key.value_set(_value(name, value))
    )
    return update


def _value(name: str, value: Json) -> Json:
    return datetime.fromisoformat(value) if _KEYS[name].value_type is datetime else value
