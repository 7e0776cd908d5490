"""A workflow that puts a canary into everything that can carry words."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ChildWorkflowError,
    FailureError,
)

with workflow.unsafe.imports_passed_through():
    import structlog
    from pydantic import BaseModel

from runtime.names import JOURNEY_PHASE, REFUSED_ENCODING

NOTHING = RawValue(Payload())
QUEUE = "canary"
CANARY = "CanaryOfHalfmoonStreet"


class Words(BaseModel):
    text: str
    hop: int = 0


@activity.defn(name="speak")
async def speak(words: Words) -> Words:
    if not activity.info().is_local:
        activity.heartbeat(Words(text=f"{words.text} heartbeat"))
    activity.logger.warning("speaking about %s", words.text)
    activity.logger.warning(f"speaking about {words.text}")
    structlog.get_logger("activities.speech").warning("spoken", words=words.text)
    return Words(text=f"{words.text} result")


@activity.defn(name="stumble")
async def stumble(words: Words) -> None:
    if not activity.info().is_local:
        activity.heartbeat(Words(text=f"{words.text} heartbeat"))
    raise ApplicationError(f"about {words.text}", Words(text=words.text), type="Stumbled")


@activity.defn(name="forget")
async def forget(words: Words) -> None:
    Words.model_validate({"text": [words.text]})


@activity.defn(name="sleep_on_it")
async def sleep_on_it(words: Words) -> None:
    activity.heartbeat(Words(text=f"{words.text} heartbeat"))
    await asyncio.sleep(30)


@workflow.defn(name="Echo")
class Echo:
    def __init__(self) -> None:
        self.heard: list[str] = []

    @workflow.run
    async def run(self, words: Words) -> Words:
        if words.hop:
            raise ApplicationError(f"child about {words.text}", type="Stumbled")
        await workflow.wait_condition(lambda: bool(self.heard))
        return Words(text=self.heard[0])

    @workflow.signal(name="say")
    def say(self, words: Words) -> None:
        self.heard.append(words.text)


@workflow.defn(name="Canary")
class Canary:
    @workflow.init
    def __init__(self, words: Words) -> None:
        self.heard: list[str] = []
        self.refused: list[str] = []
        self.words = words

    @workflow.run
    async def run(self, words: Words) -> Words:
        workflow.set_current_details(f"{words.text} details")
        workflow.upsert_search_attributes([JOURNEY_PHASE.value_set("CONSENT")])
        workflow.upsert_memo({"note": f"{words.text} memo"})
        if words.hop == 0:
            await self._effects(words)
            await workflow.wait_condition(lambda: "go" in self.heard)
            workflow.continue_as_new(Words(text=words.text, hop=1))
        if words.hop == 2:
            await workflow.wait_condition(lambda: "go" in self.heard)
        if words.hop == 3:
            raise ValueError(words.text)
        workflow.logger.warning("about %s", words.text)
        workflow.logger.warning(f"about {words.text}")
        workflow.logger.warning("told", extra={"phase": "CONSENT", "words": words.text})
        return Words(text=f"{words.text} result")

    async def _effects(self, words: Words) -> None:
        once = RetryPolicy(maximum_attempts=1)
        short = timedelta(seconds=5)
        await workflow.execute_activity(
            speak, words, start_to_close_timeout=short, summary=f"{words.text} summary"
        )
        await workflow.execute_local_activity(speak, words, start_to_close_timeout=short)
        for failing in (stumble, forget, sleep_on_it):
            with contextlib.suppress(ActivityError):
                await workflow.execute_activity(
                    failing,
                    words,
                    start_to_close_timeout=timedelta(seconds=1),
                    retry_policy=once,
                )
        with contextlib.suppress(FailureError):
            await workflow.execute_local_activity(
                stumble, words, start_to_close_timeout=short, retry_policy=once
            )
        await workflow.sleep(0.01, summary=f"{words.text} timer")
        child = await workflow.start_child_workflow(
            Echo.run,
            words,
            id=f"{workflow.info().workflow_id}-infusion-1",
            memo={"note": f"{words.text} memo"},
            static_summary=f"{words.text} summary",
        )
        await child.signal(Echo.say, words)
        await child
        with contextlib.suppress(ChildWorkflowError):
            await workflow.execute_child_workflow(
                Echo.run,
                Words(text=words.text, hop=1),
                id=f"{workflow.info().workflow_id}-infusion-2",
            )
        other = workflow.get_external_workflow_handle_for(
            Canary.run, workflow.info().workflow_id + "-other"
        )
        await other.signal("hear", Words(text=words.text))

    @workflow.signal(name="hear")
    def hear(self, raw: RawValue = NOTHING) -> None:
        if not raw.payload.metadata:
            self.refused.append("empty")
            return
        if raw.payload.metadata.get("encoding") == REFUSED_ENCODING:
            self.refused.append(raw.payload.metadata["reason"].decode())
            return
        value = workflow.payload_converter().from_payload(raw.payload, Words)
        self.heard.append(value.text)

    @workflow.signal(name="shout")
    def shout(self, words: Words) -> None:
        self.heard.append(words.text)

    @workflow.update(name="tell")
    async def tell(self, words: Words) -> Words:
        if "fail" in words.text:
            raise ApplicationError(f"update about {words.text}", type="Refused")
        if "go" in words.text:
            self.heard.append("go")
        return words

    @tell.validator
    def check(self, words: Words) -> None:
        if "reject" in words.text:
            raise ApplicationError(f"rejected {words.text}", type="Refused")

    @workflow.query(name="state")
    def state(self) -> Sequence[Sequence[str]]:
        return [self.heard, self.refused]
