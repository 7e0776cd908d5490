"""A mail server of our own, which answers as a test tells it to."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Postmaster:
    """What the server has taken, and the answers it gives."""

    port: int = 0
    taken: list[Envelope] = field(default_factory=list)
    to_sender: str = "250 OK"
    to_recipient: str = "250 OK"
    to_content: str = "250 OK"
    hangs_up: bool = False

    async def handle_MAIL(  # noqa: N802 the server's own names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.to_sender

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.to_content.startswith("250"):
            self.taken.append(envelope)
        if self.hangs_up:
            server.transport.abort()
        return self.to_content


@pytest.fixture
async def postmaster() -> AsyncIterator[Postmaster]:
    master = Postmaster()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(master, hostname="post.example", loop=loop), "127.0.0.1", 0
    )
    master.port = server.sockets[0].getsockname()[1]
    yield master
    server.close()
    await server.wait_closed()
