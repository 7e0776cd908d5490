"""Text messages: a local sink that keeps whole lines, and no provider at all."""

import asyncio
import stat
from pathlib import Path

from gateways.sms import FileSmsSink, NoSmsProvider, SinkLine
from schemas.notification import Acceptance, Message


def text_message(number: int) -> Message:
    return Message(
        message_id=f"<{number}@notifications.journey-engine>",
        to="+15550100777",
        subject="",
        text=f"North Clinic: message {number}\nwith a second line and a “quote”.",
    )


async def test_each_message_is_one_line_even_when_many_are_written_at_once(tmp_path: Path) -> None:
    path = tmp_path / "sink" / "sms.jsonl"
    sinks = [FileSmsSink(path) for _ in range(4)]

    results = await asyncio.gather(*(sinks[n % 4].send(text_message(n)) for n in range(60)))

    lines = [SinkLine.model_validate_json(line) for line in path.read_text("utf-8").splitlines()]
    assert {r.acceptance for r in results} == {Acceptance.ACCEPTED}
    assert {line.message_id for line in lines} == {text_message(n).message_id for n in range(60)}
    assert len(lines) == 60
    assert lines[0].text.endswith("with a second line and a “quote”.")


async def test_only_its_owner_may_read_the_sink(tmp_path: Path) -> None:
    await FileSmsSink(tmp_path / "sms.jsonl").send(text_message(1))

    assert stat.S_IMODE((tmp_path / "sms.jsonl").stat().st_mode) == 0o600


async def test_a_sink_that_cannot_be_written_defers_the_message(tmp_path: Path) -> None:
    (tmp_path / "sms.jsonl").mkdir()

    result = await FileSmsSink(tmp_path / "sms.jsonl").send(text_message(1))

    assert result.acceptance is Acceptance.DEFERRED


async def test_without_a_provider_a_text_message_is_undeliverable_not_lost() -> None:
    result = await NoSmsProvider().send(text_message(1))

    assert result.acceptance is Acceptance.REFUSED
