"""A real Temporal server with its UI for a stack on one machine: the stock development server."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from embedded.errors import StackError
from embedded.ports import LOOPBACK
from embedded.supervisor import Component

NAMESPACE = "default"
CONNECT_WITHIN_S = 3.0


class TemporalMissingError(StackError):
    """The stock `temporal` program is missing."""

    def __init__(self) -> None:
        super().__init__(
            "the program `temporal` was found neither beside Python nor on the PATH: "
            "run `make setup`, which installs it"
        )


def binary() -> Path:
    """The stock command line, as the environment installed it.

    Raises:
        TemporalMissingError: when there is none.
    """
    beside = Path(sys.executable).parent / "temporal"
    if beside.exists():
        return beside
    found = shutil.which("temporal")
    if found is None:
        raise TemporalMissingError
    return Path(found)


def component(
    directory: Path,
    port: int,
    ui_port: int,
    codec_endpoint: str,
    search_attributes: Mapping[str, str],
) -> Component:
    """The development server on a file of its own, so that journeys outlive a restart.
    The UI reads sealed payloads through `codec_endpoint`. `search_attributes`: name to type."""
    attributes = [
        part
        for name, kind in search_attributes.items()
        for part in ("--search-attribute", f"{name}={kind}")
    ]
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Component(
        name="temporal",
        command=[
            *(str(binary()), "server", "start-dev"),
            *("--ip", LOOPBACK, "--port", str(port), "--ui-port", str(ui_port)),
            *("--namespace", NAMESPACE),
            *("--db-filename", str(directory / "temporal.sqlite")),
            *("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"),
            *("--ui-codec-endpoint", codec_endpoint, "--ui-disable-news-fetch"),
            *("--log-format", "json", "--log-level", "error"),
            *attributes,
        ],
        # Not our environment: TEMPORAL_* variables there are for other servers.
        environment={"PATH": os.defpath, "HOME": str(directory)},
        ready=lambda: answers(f"{LOOPBACK}:{port}"),
        stop_signal=signal.SIGTERM,
        death_signal=signal.SIGTERM,
        grace_s=15,
    )


async def answers(address: str) -> bool:
    """Whether the server serves the namespace."""
    from temporalio.client import Client
    from temporalio.service import RPCError

    try:
        client = await asyncio.wait_for(
            Client.connect(address, namespace=NAMESPACE), CONNECT_WITHIN_S
        )
        from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

        request = DescribeNamespaceRequest(namespace=NAMESPACE)
        await client.workflow_service.describe_namespace(request)
    except (RuntimeError, RPCError, TimeoutError):
        return False
    return True
