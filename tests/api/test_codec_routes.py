"""The codec routes as Temporal's own page and command line call them."""

import asyncio
import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
import uvicorn
from temporalio.api.common.v1 import Payload
from temporalio.converter import WorkflowSerializationContext

from api.codec_routes import create_codec_app
from api.issuer_keys import build_verifier
from runtime.codec import SealingCodec
from runtime.keys import KeyRing
from runtime.temporal import connect
from schemas.base import Role
from tests.api.conftest import Door
from tests.api.fake_record import NORTH_JOURNEY
from tests.fixtures_temporal import temporal_command

UI = "https://temporal-ui.example"


def plain(text: str) -> dict[str, Any]:
    return {
        "metadata": {"encoding": base64.b64encode(b"json/plain").decode()},
        "data": base64.b64encode(json.dumps(text).encode()).decode(),
    }


def ops(door: Door) -> dict[str, str]:
    return door.bearer(Role.OPS, clinics=("*",)) | {"X-Namespace": "default"}


async def sealed(ring: KeyRing, text: str) -> dict[str, Any]:
    codec = SealingCodec(ring, "default", accept_plain=False).with_context(
        WorkflowSerializationContext(namespace="default", workflow_id=NORTH_JOURNEY)
    )
    payload = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(text).encode())
    found = (await codec.encode([payload]))[0]
    return {
        "metadata": {k: base64.b64encode(v).decode() for k, v in found.metadata.items()},
        "data": base64.b64encode(found.data).decode(),
    }


def words(answer: dict[str, Any]) -> list[bytes]:
    return [base64.b64decode(payload.get("data", "")) for payload in answer["payloads"]]


@pytest.mark.parametrize("prefix", ["", "/codec"])
async def test_what_is_sealed_here_opens_here(door: Door, prefix: str) -> None:
    content = {"payloads": [plain("Zephyrine")]}

    closed = await door.http.post(f"{prefix}/encode", json=content, headers=ops(door))
    opened = await door.http.post(f"{prefix}/decode", json=closed.json(), headers=ops(door))

    assert b"Zephyrine" not in words(closed.json())[0]
    assert words(opened.json()) == [b'"Zephyrine"']
    assert opened.headers["cache-control"] == "no-store"


async def test_a_mixed_batch_shows_what_can_be_shown(door: Door) -> None:
    lost = await sealed(KeyRing.in_memory(), "lost")
    content = {"payloads": [await sealed(door.ring, "ours"), lost, plain("never sealed")]}

    answer = await door.http.post("/codec/decode", json=content, headers=ops(door))

    ours, theirs, bare = words(answer.json())
    assert (ours, bare) == (b'"ours"', b'"never sealed"')
    assert b"lost" not in theirs


async def test_every_opening_is_on_the_log_without_its_content(door: Door) -> None:
    content = {"payloads": [await sealed(door.ring, "Zephyrine")]}

    with structlog.testing.capture_logs() as lines:
        await door.http.post("/codec/decode", json=content, headers=ops(door))

    line = next(entry for entry in lines if entry["event"] == "payloads_opened")
    assert (line["identity"], line["count"]) == ("cc-romero", 1)
    assert line["key_id"] == [door.ring.newest[0]]
    assert "Zephyrine" not in str(lines)


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b'{"payloads": 7}', {}, 400),
        (b'{"payloads": [], "surprise": 1}', {}, 400),
        (json.dumps({"payloads": [plain("x")] * 201}).encode(), {}, 413),
        (b"x" * (5 * 1024 * 1024), {}, 413),
        (b'{"payloads": []}', {"X-Namespace": "another"}, 403),
    ],
)
async def test_what_is_no_list_of_payloads_is_refused(
    door: Door, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await door.http.post("/codec/decode", content=content, headers=ops(door) | headers)

    assert answer.status_code == status


async def test_the_page_may_ask_from_its_own_origin_with_its_own_headers(door: Door) -> None:
    asks = {
        "Origin": UI,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": (
            "authorization,authorization-extras,content-type,x-namespace"
        ),
    }

    answer = await door.http.options("/codec/decode", headers=asks)

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == UI
    assert "authorization-extras" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("origin", ["https://evil.example", f"{UI}.evil.example", "null"])
async def test_no_other_origin_may_ask(door: Door, origin: str) -> None:
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}

    answer = await door.http.options("/codec/decode", headers=asks)

    assert "access-control-allow-origin" not in answer.headers


async def test_only_the_codec_routes_answer_other_origins(door: Door) -> None:
    answer = await door.http.get("/v1/journeys", headers=ops(door) | {"Origin": UI})

    assert "access-control-allow-origin" not in answer.headers


async def test_anybody_may_open_only_where_the_deployment_says_so(
    open_door: Callable[..., Door],
) -> None:
    content = {"payloads": [plain("x")]}

    closed = await open_door().http.post("/codec/decode", json=content)
    opened = await open_door(codec_anonymous=True).http.post("/codec/decode", json=content)

    assert (closed.status_code, opened.status_code) == (401, 200)


@pytest.fixture
def codec_address(door: Door) -> Iterator[str]:
    """The codec server alone, on a port of its own."""
    verifier = build_verifier(door.settings, door.issuer)
    codec = SealingCodec(door.ring, "default", accept_plain=False)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        config = uvicorn.Config(
            create_codec_app(door.settings, codec, verifier), log_config=None, lifespan="off"
        )
        server = uvicorn.Server(config)
        running = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        running.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        running.join()


async def stock(*arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        temporal_command(),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


def signalled(history: str) -> bytes:
    """The content of the signal, as the command line shows the history."""
    events = json.loads(history)["events"]
    attributes = next(
        event["workflowExecutionSignaledEventAttributes"]
        for event in events
        if "workflowExecutionSignaledEventAttributes" in event
    )
    return base64.b64decode(attributes["input"]["payloads"][0]["data"])


@pytest.mark.stack
async def test_the_stock_command_line_seals_what_it_sends_and_opens_what_it_shows(
    door: Door, codec_address: str, temporal_server: str
) -> None:
    settings = door.settings.model_copy(update={"temporal_address": temporal_server})
    client = await connect(settings, keyring=door.ring, wait_s=10)
    await client.start_workflow("Nobody", id=NORTH_JOURNEY, task_queue="nobody")
    token = door.bearer(Role.OPS, clinics=("*",))["Authorization"]
    where = ("--address", temporal_server, "--workflow-id", NORTH_JOURNEY)
    codec = ("--codec-endpoint", codec_address, "--codec-auth", token)
    decision = json.dumps({"approval_id": "x", "reason": "Zephyrine is stable"})

    code, said = await stock(
        "workflow", "signal", *where, *codec, "--name", "approval_decided", "--input", decision
    )
    _, opened = await stock("workflow", "show", *where, *codec, "--output", "json")
    _, raw = await stock("workflow", "show", *where, "--output", "json")
    refused, _ = await stock(
        "workflow", "signal", *where, *codec[:2], "--name", "approval_decided", "--input", decision
    )

    assert code == 0, said
    assert signalled(opened) == decision.encode()
    assert b"Zephyrine" not in signalled(raw)
    assert refused != 0
    await client.get_workflow_handle(NORTH_JOURNEY).terminate()
