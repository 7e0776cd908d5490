"""Capture the histories of this folder again: `python -m tests.replay.capture`.

Starts a development server of its own, walks synthetic patients through every phase and message,
and writes down what the server kept. The old histories are replaced, the public keys kept.
"""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from temporalio.client import (
    Client,
)
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from runtime.keys import KeyFile, KeyRing
from runtime.temporal import data_converter, ensure_search_attributes, interceptors
from tests.fixtures_temporal import free_port, start_server, stop_server
from tests.replay.corpus import HISTORIES, NAMESPACE, Corpus
from tests.replay.stories import STORIES
from tests.workflows.conftest import Clinical, serving
from tests.workflows.outside import Outside
from workflows.replay import MANIFEST, TEST_KEYS

HERE = Path(__file__).parent


def public_keys() -> KeyRing:
    """The keys beside this file; made once, with a comment in README.md that they are public."""
    path = HERE / TEST_KEYS
    if not path.exists():
        made = KeyRing.in_memory()
        path.write_text(made._content.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return KeyRing(KeyFile.model_validate_json(path.read_bytes()))


@asynccontextmanager
async def development_server() -> AsyncIterator[Client]:
    with TemporaryDirectory() as folder:
        port = free_port()
        server = start_server(Path(folder) / "server.log", port)
        try:
            yield await _connected(f"127.0.0.1:{port}")
        finally:
            stop_server(server)


async def _connected(address: str) -> Client:
    for _ in range(100):
        try:
            client = await Client.connect(
                address,
                namespace=NAMESPACE,
                data_converter=data_converter(public_keys(), NAMESPACE, accept_plain=True),
                interceptors=[*interceptors()],
                identity="replay-capture",
            )
            await ensure_search_attributes(client)
        except (RuntimeError, RPCError):
            await asyncio.sleep(0.2)
        else:
            return client
    raise RuntimeError("the development server does not answer")


async def capture() -> int:
    """Walk every story and keep what the server wrote down; returns how many histories. What lies
    here is replaced only when every story was walked to its end."""
    with TemporaryDirectory() as folder:
        (Path(folder) / HISTORIES).mkdir()
        async with development_server() as client:
            engine = Clinical(WorkflowEnvironment.from_client(client), Outside())
            corpus = Corpus(client, Path(folder))
            async with serving(engine.env, engine.outside):
                for story in STORIES:
                    await story(engine, corpus)
                    print(f"captured: {story.__name__}", file=sys.stderr)
        count = corpus.close()
        shutil.rmtree(HERE / HISTORIES, ignore_errors=True)
        shutil.move(Path(folder) / HISTORIES, HERE / HISTORIES)
        shutil.move(Path(folder) / MANIFEST, HERE / MANIFEST)
    return count


if __name__ == "__main__":
    print(f"{asyncio.run(capture())} histories")
