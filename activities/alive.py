"""Word from a worker at work: when it dies, the engine gives its work to another in seconds."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from temporalio import activity

EVERY_S = 1.0
"""Well within the shortest heartbeat timeout of `workflows/options.py`."""

P = ParamSpec("P")
T = TypeVar("T")


def said_while_it_takes(work: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Say every second that this attempt is alive. Work that is done sooner says nothing, so
    that a quick write costs no call more."""

    @wraps(work)
    async def saying(*args: P.args, **kwargs: P.kwargs) -> T:
        beating = asyncio.create_task(_beat())
        try:
            return await work(*args, **kwargs)
        finally:
            beating.cancel()

    return saying


async def _beat() -> None:
    while True:
        await asyncio.sleep(EVERY_S)
        activity.heartbeat()
