"""Log lines of every kind are driven with a canary; the ids come through, the words do not."""

import asyncio
import gc
import io
import json
import logging
import sys
import threading
import uuid
import warnings
from collections.abc import Iterator
from typing import Annotated

import pytest
import structlog
from pydantic import BaseModel, StringConstraints
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.worker import Worker

from runtime import logs
from runtime.settings import LogFormat, Settings
from runtime.temporal import connect, ensure_search_attributes, worker_options
from tests.runtime.canary import (
    CANARY,
    QUEUE,
    Canary,
    Echo,
    Words,
    forget,
    sleep_on_it,
    speak,
    stumble,
)


def fail() -> None:
    raise ValueError(CANARY)


class Lines:
    """What a process wrote, as text and as events."""

    handler: logging.Handler

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def named(self, event: str) -> dict[str, object]:
        return next(line for line in self.events if str(line["event"]).startswith(event))


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    for module, hook in ((sys, "excepthook"), (threading, "excepthook"), (sys, "unraisablehook")):
        monkeypatch.setattr(module, hook, getattr(module, f"__{hook}__"))
    logging.captureWarnings(False)  # a test before may have left it on, for a hook that is gone
    written = Lines()
    logs.configure(Settings(), "test", stream=written.stream)
    written.handler = root.handlers[0]
    yield written
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_an_event_with_ids_is_written_as_it_is(lines: Lines) -> None:
    structlog.get_logger("workflows").info(
        "consent_expired", journey_id="journey-abc", attempt=2, due_at="2026-01-05T09:00:00Z"
    )

    line = lines.named("consent_expired")
    assert (line["journey_id"], line["attempt"]) == ("journey-abc", 2)
    assert line["due_at"] == "2026-01-05T09:00:00Z"
    assert (line["level"], line["logger"], line["process"]) == ("info", "workflows", "test")


def test_an_error_is_named_by_its_type(lines: Lines) -> None:
    structlog.get_logger("gateways").warning("mail_not_accepted", error="SMTPConnectError")
    structlog.get_logger("gateways").warning("mail_lost", error=CANARY)

    assert lines.named("mail_not_accepted")["error"] == "SMTPConnectError"
    assert lines.named("mail_lost")["error"] == logs.REDACTED


@pytest.mark.parametrize(
    "fields",
    [
        {"name": CANARY},
        {"reason": f"{CANARY} is unwell"},
        {"error": f"cannot read {CANARY}"},
        {"journey_id": f"{CANARY} with a space"},
        {"kind": {"nested": CANARY}},
        {"codes": [f"{CANARY}, born 1980"]},
        {"exception": CANARY},
        {"stack": CANARY},
    ],
)
def test_a_field_that_is_not_an_id_or_a_code_is_redacted(
    lines: Lines, fields: dict[str, object]
) -> None:
    structlog.get_logger("workflows").warning("something_happened", **fields)

    assert lines.named("something_happened")
    assert CANARY not in lines.text


def test_an_event_that_is_a_sentence_is_redacted(lines: Lines) -> None:
    structlog.get_logger("workflows").warning(f"{CANARY} came late")

    assert lines.named(logs.REDACTED)
    assert CANARY not in lines.text


def test_an_exception_keeps_its_type_and_place_and_loses_its_words(lines: Lines) -> None:
    class Weight(BaseModel):
        weight: Annotated[str, StringConstraints(max_length=1)]

    try:
        try:
            Weight(weight=CANARY)
        except ValueError as error:
            raise RuntimeError(f"no weight for {CANARY}") from error
    except RuntimeError:
        structlog.get_logger("workflows").exception("weight_refused")

    told = lines.named("weight_refused")["raised"]
    assert isinstance(told, list)
    assert [each["type"] for each in told] == ["RuntimeError", "ValidationError"]
    assert "test_logs_tell_nothing.py" in told[0]["frames"][0]
    assert CANARY not in lines.text


def test_libraries_and_warnings_and_uncaught_errors_take_the_same_way(lines: Lines) -> None:
    library = logging.getLogger("asyncpg")
    library.warning("cannot insert %s", CANARY)
    library.warning(f"cannot insert {CANARY}")
    try:
        fail()
    except ValueError as error:
        library.exception(CANARY)
        sys.excepthook(ValueError, error, error.__traceback__)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"unexpected {CANARY}", stacklevel=1)

    assert lines.named("uncaught_exception")["level"] == "critical"
    assert len(lines.events) == 5
    assert CANARY not in lines.text


def test_an_error_in_a_thread_or_a_finalizer_is_told_the_same_way(
    lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    class Finalized:
        def __del__(self) -> None:
            fail()

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    Finalized()
    gc.collect()

    assert [line["event"] for line in lines.events] == ["uncaught_exception"] * 2
    assert CANARY not in lines.text + "".join(capsys.readouterr())


def test_a_line_that_cannot_be_written_is_not_printed_either(
    lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    class Sly:
        def __str__(self) -> str:
            raise ValueError(CANARY)

    record = logging.LogRecord("asyncpg", logging.ERROR, "x.py", 1, Sly(), (), None)
    lines.handler.handle(record)

    assert "log_line_lost" in lines.text
    assert CANARY not in lines.text + "".join(capsys.readouterr())


def test_the_console_form_hides_the_same(lines: Lines) -> None:
    logs.configure(Settings(log_format=LogFormat.CONSOLE), "test", stream=lines.stream)

    try:
        fail()
    except ValueError:
        structlog.get_logger("workflows").exception("went_wrong", name=CANARY)

    assert "went_wrong" in lines.text
    assert "ValueError" in lines.text
    assert CANARY not in lines.text


def test_a_misspelt_setting_is_named_once_at_start(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNEY_DATABSE_URL", CANARY)

    logs.configure(Settings(), "test", stream=lines.stream)

    assert lines.named("settings_unknown")["variables"] == ["JOURNEY_DATABSE_URL"]
    assert CANARY not in lines.text


@pytest.mark.stack
async def test_a_worker_tells_ids_and_never_words(settings: Settings, lines: Lines) -> None:
    client = await connect(settings, wait_s=10)
    await ensure_search_attributes(client)
    workflow_id = f"journey-{uuid.uuid4().hex}"
    async with Worker(
        client,
        task_queue=QUEUE + "-logs",
        workflows=[Canary, Echo],
        activities=[speak, stumble, sleep_on_it, forget],
        **worker_options(settings),
    ):
        other = await client.start_workflow(
            Canary.run, Words(text=CANARY, hop=2), id=workflow_id + "-other", task_queue="nobody"
        )
        handle = await client.start_workflow(
            Canary.run, Words(text=CANARY), id=workflow_id, task_queue=QUEUE + "-logs"
        )
        await handle.signal("shout", CANARY)
        await handle.signal("hear", RawValue(Payload(data=CANARY.encode())))
        await handle.execute_update("tell", Words(text=f"{CANARY} go"))
        await handle.result()
        wedged = await client.start_workflow(
            Canary.run, Words(text=CANARY, hop=3), id=workflow_id + "-x",
            task_queue=QUEUE + "-logs",
        )  # fmt: skip
        async with asyncio.timeout(60):
            while "Failed activation" not in lines.text:  # noqa: ASYNC110 it is a stream of text
                await asyncio.sleep(0.05)
        await wedged.terminate("done")
        await other.terminate("done")

    failed = lines.named("Completing activity as failed")
    assert failed["workflow_id"] == workflow_id
    assert failed["activity"] in {"stumble", "forget"}
    assert failed["attempt"] == 1
    assert lines.named("spoken")["activity"] == "speak"
    assert lines.named("spoken")["run_id"]
    assert lines.named("told")["workflow_id"] == workflow_id
    assert lines.named("Failed deserializing signal input")
    assert CANARY not in lines.text
