"""The ground both programs run on: one development server, their worker processes, their load."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError

from benchmarks.drive import Load
from benchmarks.patient import record
from benchmarks.shape import Shape
from benchmarks.sides import Side, Variant, activity_workers, client_of, workflow_worker
from benchmarks.work import SERVING, SETTLE, SETTLED
from embedded.temporal import binary
from runtime.keys import KeyRing
from runtime.temporal import ensure_search_attributes

LOOPBACK = "127.0.0.1"
PRAGMAS = ("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL")
DRIVEN_WITHIN_S = 300.0
RECORDING = Variant(Side.OURS)


class DriverFailed(Exception):  # noqa: N818 - a load that did not come to its end
    """The driver process broke; what it wrote to its error output says more."""


@dataclass(frozen=True)
class Crew:
    """The worker processes of one variant."""

    variant: Variant
    workflows: subprocess.Popen[str]
    activities: subprocess.Popen[str]

    def cpu_s(self) -> tuple[float, float]:
        """Processor seconds so far: workflow worker, activity worker."""
        return cpu_s(self.workflows.pid), cpu_s(self.activities.pid)

    def memory_kib(self) -> tuple[float, float]:
        """Anonymous memory of the workflow worker, after it has collected its garbage and given
        free heap back to the system; and, of one that was hired to count it, of Python's objects.
        Pages of files are left out: whose they are changes with who else runs."""
        out = self.workflows.stdout
        assert out is not None
        self.workflows.send_signal(SETTLE)
        said = out.readline().split()
        if said[:1] != [SETTLED]:
            raise RuntimeError(f"the workflow worker of {self.variant.name} has ended")
        memory = psutil.Process(self.workflows.pid).memory_info()
        return (memory.rss - getattr(memory, "shared", 0)) / 1024, int(said[1]) / 1024


class Ground:
    """A server on files of its own, and whoever was started on it; all ended when left."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self.directory = Path()
        self.address = ""
        self._server: subprocess.Popen[str] | None = None

    async def __aenter__(self) -> Self:
        directory = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="journey-bench-"))
        self.directory = Path(directory)
        KeyRing.open(self.keys, create=True)
        self.address = f"{LOOPBACK}:{_free_port()}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def keys(self) -> Path:
        return self.directory / "keys.json"

    @property
    def shape_file(self) -> Path:
        return self.directory / "shape.json"

    async def serve(self, variants: Sequence[Variant]) -> None:
        """Start the server with a namespace for each variant."""
        namespaces = [part for v in variants for part in ("--namespace", v.name)]
        self._server = self._start(
            [
                *(str(binary()), "server", "start-dev", "--headless", "--ip", LOOPBACK),
                *("--port", self.address.rsplit(":", 1)[1]),
                *("--db-filename", str(self.directory / "temporal.sqlite"), *PRAGMAS),
                *("--log-level", "error", *namespaces),
            ]
        )
        for variant in variants:
            client = await self._connected(variant)
            await ensure_search_attributes(client)

    async def record(self, side_by_side: int = 1) -> Shape:
        """Live journeys on our own program, in this process, and take down the shape of one."""
        client = await client_of(RECORDING, self.address, self.keys)
        async with AsyncExitStack() as stack:
            for worker in (
                workflow_worker(RECORDING, client),
                *activity_workers(Side.OURS, client),
            ):
                await stack.enter_async_context(worker)
            shape = await record(client, side_by_side)
        shape.save(self.shape_file)
        return shape

    def hire(self, variant: Variant, *, traced: bool = False) -> Crew:
        """Start the worker processes of a variant; they are serving when this returns. `traced`:
        they count what Python allocates, which slows them."""
        processes = [
            self._start(
                self._python("benchmarks.work", variant.name, role, *["--traced"] * traced),
                piped=True,
            )
            for role in ("workflows", "activities")
        ]
        for process in processes:
            assert process.stdout is not None
            if process.stdout.readline().strip() != SERVING:
                raise RuntimeError(f"a worker of {variant.name} did not start")
        return Crew(variant, *processes)

    def dismiss(self, crew: Crew) -> None:
        """End a crew before the end."""
        for process in (crew.workflows, crew.activities):
            _end(process)

    async def drive(
        self, variant: Variant, journeys: int, in_flight: int, ops: int | None = None
    ) -> Load:
        """A driver process leads journeys; `ops`: only so many commands of each. Raises
        DriverFailed."""
        more = ["--ops", str(ops)] if ops else []
        process = await asyncio.create_subprocess_exec(
            *self._python("benchmarks.drive", variant.name),
            *("--journeys", str(journeys), "--in-flight", str(in_flight), *more),
            stdout=asyncio.subprocess.PIPE,
            env=_environment(),
        )
        try:
            async with asyncio.timeout(DRIVEN_WITHIN_S):
                out, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            raise DriverFailed(f"no end within {DRIVEN_WITHIN_S:.0f} s") from None
        if process.returncode:
            raise DriverFailed(f"the driver ended with {process.returncode}")
        return Load(**json.loads(out.splitlines()[-1]))

    def server_cpu_s(self) -> float:
        assert self._server is not None
        return cpu_s(self._server.pid)

    def _python(self, module: str, *words: str) -> list[str]:
        places = ("--address", self.address, "--keys", str(self.keys))
        return [
            *(sys.executable, "-m", module, *words, *places, "--shape", str(self.shape_file)),
        ]

    def _start(self, command: list[str], *, piped: bool = False) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else subprocess.DEVNULL,
            text=True,
            env=_environment(),
        )
        self._stack.callback(_end, process)
        return process

    async def _connected(self, variant: Variant) -> Client:
        for _ in range(100):
            try:
                client = await client_of(variant, self.address, self.keys)
                await client.operator_service.list_search_attributes(
                    ListSearchAttributesRequest(namespace=variant.name)
                )
            except (RuntimeError, RPCError):
                await asyncio.sleep(0.1)
            else:
                return client
        raise RuntimeError("the development server does not answer")


def cpu_s(pid: int) -> float:
    """Processor seconds that a process has used so far, user and system."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("JOURNEY_", "TEMPORAL_"))}
    return {**kept, "JOURNEY_ENV_FILE": ""}


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
