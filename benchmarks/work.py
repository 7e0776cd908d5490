"""One worker process of one program: its workflows, or its activities; until SIGTERM.

`python -m benchmarks.work VARIANT workflows|activities --address A --keys K --shape S`
"""

import argparse
import asyncio
import ctypes
import gc
import os
import signal
import sys
import tracemalloc
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from benchmarks import bare
from benchmarks.sides import Side, Variant, activity_workers, client_of, workflow_worker

SERVING = "serving"
"""The line this process prints once it takes work."""

SETTLE = signal.SIGUSR1
SETTLED = "settled"
"""Asked to settle, a worker collects its garbage, gives free heap back to the system, and says so,
with the bytes that Python holds (0 unless it was told to count them)."""


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM."""
    variant = Variant.of(arguments.variant)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(SETTLE, _settle)
    client = await client_of(variant, arguments.address, arguments.keys)
    if variant.side is Side.BARE:
        bare.load_file(arguments.shape)
    workers = (
        [workflow_worker(variant, client)]
        if arguments.role == "workflows"
        else activity_workers(variant.side, client)
    )
    async with AsyncExitStack() as stack:
        for worker in workers:
            await stack.enter_async_context(worker)
        print(SERVING, flush=True)
        await stopping.wait()


def _settle() -> None:
    gc.collect()
    # Only the GNU C library can be told; elsewhere the slope holds what its allocator keeps.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    print(SETTLED, tracemalloc.get_traced_memory()[0], flush=True)


def main(words: Sequence[str] | None = None) -> None:
    """Serve, then leave without tearing the interpreter down under the SDK's threads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variant")
    parser.add_argument("role", choices=("workflows", "activities"))
    parser.add_argument("--address", required=True)
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--shape", type=Path, required=True)
    parser.add_argument("--traced", action="store_true", help="count what Python allocates")
    arguments = parser.parse_args(words)
    if arguments.traced:
        tracemalloc.start()
    asyncio.run(serve(arguments))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
