"""A mail server that delivers to nobody: training mail is kept where a person can read it."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import orjson
import typer
import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from jinja2 import Environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from embedded.mailbox import Mailbox, texts_of
from embedded.stop_requests import StopRequests

HOST = "127.0.0.1"
LARGEST_MESSAGE = 1_000_000
SHOWN = 500
"""Messages on the page; the JSON has all of them."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

PAGE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Caught mail ({{ mails|length }})</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem;
  color: #1c1c1c; background: #fff }
details { border-bottom: 1px solid #ccc; padding: .5rem 0 }
summary { cursor: pointer }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f4f4f4; padding: 1rem }
.copy { background: #ffe9b3; padding: 0 .4rem }
time, .to { color: #555 }
</style>
</head>
<body>
<h1>Caught mail</h1>
<p>Nothing here was delivered to anybody. Newest first; reload to see more.</p>
{% for mail in mails[:shown] %}
<details id="m{{ mail.id }}">
<summary><strong>{{ mail.subject or "(no subject)" }}</strong>
{% if mail.copy_of %}<span class="copy">copy</span>{% endif %}
<br><span class="to">to {{ mail.to or "(nobody)" }}</span>,
<time>{{ mail.received_at.strftime("%Y-%m-%d %H:%M:%S") }} UTC</time></summary>
<pre>{{ mail.text }}</pre>
</details>
{% else %}
<p>No mail yet.</p>
{% endfor %}
{% if texts is not none %}
<h2>Text messages</h2>
{% for text in texts[:shown] %}
<details open>
<summary><span class="to">to {{ text.to }}</span>,
<time>{{ text.sent_at.strftime("%Y-%m-%d %H:%M:%S") }} UTC</time></summary>
<pre>{{ text.text }}</pre>
</details>
{% else %}
<p>No text messages yet.</p>
{% endfor %}
{% endif %}
</body>
</html>
""")


class Catcher:
    """What the mail server does with a message: it keeps it and says yes."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(  # noqa: N802 the mail server's own name for it
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
    ) -> str:
        content = envelope.content
        try:
            self._mailbox.keep(content if isinstance(content, bytes) else b"")
        except OSError:
            return "451 not kept, try again"
        return "250 kept"


class PageServer(uvicorn.Server):
    """The page's server; signals are the catcher's own business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def page_app(mailbox: Mailbox, sms: Path | None) -> Starlette:
    """The page, the same as JSON, and a sign of life."""

    async def page(_request: Request) -> Response:
        texts = None if sms is None else texts_of(sms)
        return HTMLResponse(
            PAGE.render(mails=mailbox.messages, texts=texts, shown=SHOWN), headers=HEADERS
        )

    async def messages(_request: Request) -> Response:
        rows = []
        for caught in mailbox.messages:
            row = caught.model_dump(mode="json")
            rows.append({**row, "from": row.pop("sender")})
        return json_response(rows)

    async def texts(_request: Request) -> Response:
        return json_response([text.model_dump(mode="json") for text in texts_of(sms)])

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("ok\n", headers=HEADERS)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/messages.json", messages),
            Route("/sms.json", texts),
            Route("/healthz", alive),
        ]
    )


def json_response(rows: list[dict[str, object]]) -> Response:
    """Rows as JSON."""
    return Response(orjson.dumps(rows), media_type="application/json", headers=HEADERS)


async def catch(
    smtp_port: int,
    http_socket: socket.socket,
    mailbox: Mailbox,
    sms: Path | None,
    stop: StopRequests,
) -> None:
    """Catch until told to stop. Raises `OSError` when the mail port is taken."""
    loop = asyncio.get_running_loop()
    mail = await loop.create_server(
        lambda: SMTP(
            Catcher(mailbox), hostname="mail.invalid", data_size_limit=LARGEST_MESSAGE, loop=loop
        ),
        HOST,
        smtp_port,
    )
    config = uvicorn.Config(
        page_app(mailbox, sms),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    server = PageServer(config)
    stop.tell(lambda: setattr(server, "should_exit", True))
    try:
        await server.serve(sockets=[http_socket])
    finally:
        mail.close()


def main(
    smtp_port: Annotated[int, typer.Option(help="Port that takes mail.")],
    http_port: Annotated[int, typer.Option(help="Port that shows it.")],
    directory: Annotated[Path, typer.Option(help="Folder that keeps it.")],
    sms: Annotated[Path | None, typer.Option(help="The sink of text messages, shown too.")] = None,
) -> None:
    """Catch mail and show it, until SIGTERM or Ctrl-C."""
    stop = StopRequests()
    try:
        mailbox = Mailbox(directory)
        with socket.create_server((HOST, http_port)) as http_socket:
            asyncio.run(catch(smtp_port, http_socket, mailbox, sms, stop))
    except OSError as error:
        sys.stderr.write(f"mail catcher: {error}\n")
        raise typer.Exit(1) from None


if __name__ == "__main__":
    typer.run(main)
