"""A real Temporal development server for tests: one a session, on a free port, in memory."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import Client


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def temporal_command() -> str:
    """The `temporal` command line of this environment."""
    return str(Path(sys.executable).with_name("temporal"))


def start_server(log: Path, port: int, **dynamic_config: str) -> subprocess.Popen[bytes]:
    """A development server on `port`; whoever starts it ends it by its process. `dynamic_config`:
    the server's own settings; `__` in a name stands for its dot."""
    told = {
        "frontend.WorkflowPauseEnabled": "true",
        # One journey fills no queue: in parts it only costs looking through them.
        "matching.numTaskqueueReadPartitions": "1",
        "matching.numTaskqueueWritePartitions": "1",
    }
    told |= {name.replace("__", "."): value for name, value in dynamic_config.items()}
    with log.open("ab") as out:
        return subprocess.Popen(
            [
                temporal_command(), "server", "start-dev", "--headless", "--ip", "127.0.0.1",
                "--port", str(port), "--log-level", "error",
                *(word for name, value in told.items()
                  for word in ("--dynamic-config-value", f"{name}={value}")),
            ],
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip


def wait_until_serving(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Return when the server answers; fail with its own words when it ended instead."""

    async def answers() -> bool:
        for _ in range(200):
            if server.poll() is not None:
                return False
            try:
                client = await Client.connect(address)
                if await client.service_client.check_health():
                    return True
            except RuntimeError:
                await asyncio.sleep(0.1)
        return False

    if not asyncio.run(answers()):
        pytest.fail(f"temporal server does not answer: {log.read_text()[-2000:]}")


def stop_server(server: subprocess.Popen[bytes]) -> None:
    """End a server that `start_server` gave, and wait for it."""
    server.terminate()
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def temporal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of a real Temporal development server with the namespace `default`."""
    log = tmp_path_factory.mktemp("temporal") / "server.log"
    port = free_port()
    server = start_server(log, port)
    try:
        wait_until_serving(server, f"127.0.0.1:{port}", log)
        yield f"127.0.0.1:{port}"
    finally:
        stop_server(server)
