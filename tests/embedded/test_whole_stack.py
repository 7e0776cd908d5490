"""`journey up` whole: every component under its one supervisor, met at its published addresses."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from embedded.temporal import answers as temporal_answers
from tests.embedded.conftest import ROOT, RunningStack, gone

# What each part does when it dies, and that nothing is left, stands in test_up.py for a small stack
# and in stack/test_kills.py for the whole; here all of it once more in one life.
pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.thorough]
KEYS = ["api", "console", "temporal", "temporal_ui", "namespace", "database", "mail", "codec"]
COMPONENTS = {
    "postgres",
    "temporal",
    "mail",
    "server",
    "worker-journeys",
    "worker-records",
    "worker-notifications",
}


async def _answers(address: str) -> bool:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        try:
            return (await client.get(address)).status_code < 500
        except httpx.HTTPError:
            return False


async def _until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        await asyncio.sleep(0.1)


def _inside(place: Path) -> list[str]:
    return [entry.name for entry in place.iterdir()]


def _journey(environment: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli", *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


async def test_everything_answers_heals_and_is_gone_at_the_end(
    run: Callable[..., RunningStack], place: Path
) -> None:
    stack = run(sys.executable, "-m", "cli", "up", "--ephemeral", "--json")
    addresses = stack.addresses()
    (data,) = _inside(place)
    shell = {"JOURNEY_ENV_FILE": str(place / data / "stack.env")}

    # Everything that the one line names answers.
    assert list(addresses) == KEYS
    for name in ("temporal_ui", "mail"):
        assert await _answers(addresses[name]), name
    assert await _answers(f"{addresses['api']}/healthz")
    assert await temporal_answers(addresses["temporal"])
    assert set(stack.components()) == COMPONENTS

    # The command line finds it all well, and the same referral twice is one journey.
    examined = _journey(shell, "doctor")
    assert examined.returncode == 0, examined.stdout
    referral = ("refer", "examples/referral.fhir.json", "--training", "--json")
    first, second = (json.loads(_journey(shell, *referral).stdout) for _ in range(2))
    assert (first["created"], second["created"]) == (True, False)
    assert first["journey_id"] == second["journey_id"]

    # A worker that is killed is back, and what waited for it goes on record.
    worker = stack.components()["worker-records"]
    worker.kill()
    await _until(lambda: stack.components().get("worker-records", worker).pid != worker.pid)
    waiting: list[dict[str, str]] = []

    def asked() -> bool:
        waiting[:] = json.loads(_journey(shell, "tasks", "--json").stdout)
        return bool(waiting)

    await _until(asked)
    decided = _journey(shell, "approve", waiting[0]["task_id"], "--reason", "complete")
    assert decided.returncode == 0, decided.stderr

    # At the end nothing is left of it.
    family: list[psutil.Process] = stack.family()
    assert stack.stop() == 0, "".join(stack.log[-30:])
    assert gone(family) == []
    assert _inside(place) == []
