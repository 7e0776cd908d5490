"""The mail catcher: what is sent in training can be read, whatever is in it, also tomorrow."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import pytest

from embedded.mailbox import Mailbox, texts_of

ROOT = Path(__file__).parents[2]


def mail(subject: str = "Waiting for you", message_id: str = "<1@journey>") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "clinic@training.invalid"
    message["To"] = "nurses@north.example"
    message["Subject"] = subject
    message["Message-ID"] = message_id
    message.set_content("A new task waits. Grüße, <b>not bold</b>.\n")
    return message


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Running:
    """A catcher of our own, as its own process."""

    def __init__(self, process: asyncio.subprocess.Process, smtp: int, http: int) -> None:
        self.process = process
        self.smtp = smtp
        self.url = f"http://127.0.0.1:{http}"

    async def send(self, message: EmailMessage) -> None:
        await aiosmtplib.send(message, hostname="127.0.0.1", port=self.smtp, start_tls=False)

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url) as client:
            return await client.get(path)

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 60)


@asynccontextmanager
async def started(directory: Path, *arguments: str) -> AsyncIterator[Running]:
    smtp, http = free_port(), free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "embedded.mail_catcher"),
        *("--smtp-port", str(smtp), "--http-port", str(http), "--directory", str(directory)),
        *arguments,
        cwd=ROOT,
    )
    running = Running(process, smtp, http)
    try:
        async with asyncio.timeout(60):
            while True:
                try:
                    await running.get("/healthz")
                    break
                except httpx.TransportError:
                    assert process.returncode is None, "the catcher ended before it answered"
                    await asyncio.sleep(0.05)
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.stack
async def test_mail_is_kept_shown_and_still_there_after_a_restart(tmp_path: Path) -> None:
    async with started(tmp_path / "mail") as catcher:
        await catcher.send(mail("First", "<1@journey>"))
        await catcher.send(mail("Second", "<2@journey>"))
        await catcher.send(mail("Second", "<2@journey>"))
        assert await catcher.stop() == 0

    async with started(tmp_path / "mail") as catcher:
        await catcher.send(mail("Third", "<3@journey>"))
        rows = (await catcher.get("/messages.json")).json()
        assert await catcher.stop() == 0

    assert [row["subject"] for row in rows] == ["Third", "Second", "Second", "First"]
    assert [row["copy_of"] is None for row in rows] == [True, False, True, True]
    assert rows[0]["from"] == "clinic@training.invalid"
    assert rows[0]["to"] == "nurses@north.example"
    assert rows[0]["message_id"] == "<3@journey>"
    assert rows[0]["text"].startswith("A new task waits. Grüße")
    assert {"id", "received_at"} <= rows[0].keys()


@pytest.mark.stack
async def test_the_page_shows_mail_and_texts_and_runs_nothing_that_is_in_them(
    tmp_path: Path,
) -> None:
    sink = tmp_path / "sms.jsonl"
    sink.write_text(
        '{"message_id":"<9@journey>","to":"+15550100777",'
        '"text":"<script>alert(9)</script>","sent_at":"2026-11-24T19:30:00Z"}\n'
        "half a line"
    )
    async with started(tmp_path / "mail", "--sms", str(sink)) as catcher:
        await catcher.send(mail('<script>alert("1")</script>'))
        page = await catcher.get("/")
        texts = (await catcher.get("/sms.json")).json()

    assert "<script" not in page.text
    assert "<b>not bold" not in page.text
    assert "&lt;script&gt;alert(9)" in page.text
    assert "nurses@north.example" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert [text["to"] for text in texts] == ["+15550100777"]


@pytest.mark.stack
async def test_a_taken_port_is_said_plainly(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "embedded.mail_catcher"),
            *("--smtp-port", str(taken.getsockname()[1]), "--http-port", str(free_port())),
            *("--directory", str(tmp_path)),
            cwd=ROOT,
            stderr=asyncio.subprocess.PIPE,
        )
        _, stderr = await process.communicate()

    assert process.returncode == 1
    assert b"address already in use" in stderr
    assert b"Traceback" not in stderr


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00 not a mail at all",
        b"Subject: =?broken?x?=\r\nContent-Type: text/plain; charset=klingon\r\n\r\nqapla",
        b"To: ,,,<<>>\r\nContent-Type: multipart/mixed\r\n\r\nno boundary",
        b"Message-ID: <x\r\n\r\n[[[",
    ],
)
def test_a_message_that_cannot_be_read_is_kept_all_the_same(tmp_path: Path, content: bytes) -> None:
    Mailbox(tmp_path).keep(content)

    again = Mailbox(tmp_path)

    assert len(again.messages) == 1
    assert next(tmp_path.glob("*.eml")).read_bytes() == content


def test_a_message_cut_short_while_it_was_written_is_not_shown(tmp_path: Path) -> None:
    Mailbox(tmp_path).keep(mail().as_bytes())
    (tmp_path / ".00000000000000000009.7").write_bytes(b"Subject: ha")

    assert [m.subject for m in Mailbox(tmp_path).messages] == ["Waiting for you"]


def test_a_sink_that_does_not_exist_yet_holds_no_texts(tmp_path: Path) -> None:
    assert texts_of(tmp_path / "sms.jsonl") == []


def test_a_header_that_was_folded_reads_as_it_was_written(tmp_path: Path) -> None:
    folded = (
        b"Message-ID:\r\n <1@journey>\r\nTo: nurses@north.example\r\nSubject:\r\n Waiting\r\n\r\n"
    )
    kept = Mailbox(tmp_path).keep(folded)
    assert (kept.message_id, kept.subject) == ("<1@journey>", "Waiting")
