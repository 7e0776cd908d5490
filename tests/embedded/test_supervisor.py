"""The supervisor with stand-in processes: order, readiness, restarts, draining."""

import asyncio
import errno
import signal
import sys
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import psutil
import pytest

from embedded.log_stream import LogStream
from embedded.processes import ProcessRecord
from embedded.supervisor import Component, StartFailedError, Step, Supervisor

STAND_IN = """
import pathlib, signal, sys, time
diary, name = pathlib.Path(sys.argv[1]), sys.argv[2]
def note(what):
    with diary.open("a") as out:
        out.write(f"{name} {what}\\n")
def end(*_):
    note("stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
note("started")
print("hello from", name, flush=True)
while True:
    time.sleep(3600)
"""
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
while True:
    time.sleep(3600)
"""


class Diary:
    """What the stand-ins wrote down, in order, and the logs they printed."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "diary"
        self.path.touch()
        self.record = ProcessRecord(folder / "processes.json")
        self.shown: list[str] = []
        self.logs = LogStream()
        self.logs.say = lambda name, line: self.shown.append(f"{name}: {line}")  # type: ignore[method-assign]

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines()

    def component(self, name: str, **more: float) -> Component:
        async def ready() -> bool:
            return f"{name} started" in self.lines()

        command = [sys.executable, "-c", STAND_IN, str(self.path), name]
        return Component(name, command, ready=ready, **more)  # type: ignore[arg-type]

    def supervisor(self, *stages: list[Component | Step]) -> Supervisor:
        return Supervisor(stages, self.record, self.logs)


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    return Diary(tmp_path)


async def until(holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < limit
        await asyncio.sleep(0.05)


def children_of_test() -> list[psutil.Process]:
    return [c for c in psutil.Process().children() if c.status() != psutil.STATUS_ZOMBIE]


async def test_components_start_in_order_and_drain_in_reverse(diary: Diary) -> None:
    async def step() -> None:
        with diary.path.open("a") as out:
            out.write("step done\n")

    supervisor = diary.supervisor(
        [diary.component("first")], [Step("step", step)], [diary.component("second")]
    )

    await supervisor.start()
    await supervisor.stop()

    assert diary.lines() == [
        "first started",
        "step done",
        "second started",
        "second stopped",
        "first stopped",
    ]


async def test_what_dies_is_started_again_and_what_was_stopped_is_not(diary: Diary) -> None:
    supervisor = diary.supervisor([diary.component("worker")])
    before = set(children_of_test())
    await supervisor.start()

    (worker,) = set(children_of_test()) - before
    worker.kill()
    await until(lambda: diary.lines().count("worker started") == 2)
    await supervisor.stop()

    assert diary.lines().count("worker started") == 2
    assert any("ended with SIGKILL" in line for line in diary.shown)


async def test_what_dies_on_a_full_disk_is_started_again_all_the_same(
    diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = diary.supervisor([diary.component("worker")])
    before = set(children_of_test())
    await supervisor.start()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(diary.record, "_write", full)
    for starts in (2, 3):
        (worker,) = set(children_of_test()) - before
        worker.kill()
        await until(lambda n=starts: diary.lines().count("worker started") == n)  # type: ignore[misc]
    await supervisor.stop()

    assert any("not on record" in line and "No space left" in line for line in diary.shown)
    assert set(children_of_test()) - before == set()


async def test_what_cannot_be_started_again_at_once_is_tried_until_it_can(
    diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = diary.supervisor([diary.component("worker")])
    before = set(children_of_test())
    await supervisor.start()
    refused = [OSError(errno.EAGAIN, "Resource temporarily unavailable")]
    start = asyncio.create_subprocess_exec

    async def busy(*command: str, **how: Any) -> asyncio.subprocess.Process:
        if refused:
            raise refused.pop()
        return await start(*command, **how)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", busy)
    (worker,) = set(children_of_test()) - before
    worker.kill()
    await until(lambda: diary.lines().count("worker started") == 2)
    await supervisor.stop()

    assert any("temporarily unavailable" in line for line in diary.shown)


async def test_every_line_carries_its_component_s_name(diary: Diary) -> None:
    out = StringIO()
    components = [diary.component("worker"), diary.component("server")]
    supervisor = Supervisor([components], diary.record, LogStream(out))
    await supervisor.start()

    await until(lambda: out.getvalue().count("hello") == 2)

    await supervisor.stop()
    hellos = [line.split(" | ") for line in out.getvalue().splitlines() if "hello" in line]
    assert sorted([name.strip(), said] for name, said in hellos) == [
        ["server", "hello from server"],
        ["worker", "hello from worker"],
    ]


async def test_a_component_that_will_not_stop_is_killed_after_its_grace(diary: Diary) -> None:
    async def ready() -> bool:
        return "deaf: deaf" in diary.shown

    deaf = Component("deaf", [sys.executable, "-c", DEAF], ready=ready, grace_s=0.2)
    supervisor = diary.supervisor([deaf])
    before = set(children_of_test())
    await supervisor.start()

    await supervisor.stop()

    assert set(children_of_test()) <= before
    assert any("killed" in line for line in diary.shown)


async def test_a_component_that_cannot_start_is_named_with_its_ending(diary: Diary) -> None:
    async def never() -> bool:
        return False

    broken = Component("broken", [sys.executable, "-c", "raise SystemExit(3)"], ready=never)
    supervisor = diary.supervisor([diary.component("first")], [broken], [diary.component("last")])

    with pytest.raises(StartFailedError, match=r"broken did not start: .*exit code 3"):
        await supervisor.start()
    await supervisor.stop()

    assert diary.lines() == ["first started", "first stopped"]


async def test_a_component_that_never_answers_is_named(diary: Diary) -> None:
    async def never() -> bool:
        return False

    mute = Component("mute", [sys.executable, "-c", DEAF], ready=never, ready_within_s=0.3)
    supervisor = diary.supervisor([mute])

    with pytest.raises(StartFailedError, match="mute did not start: no answer"):
        await supervisor.start()
    supervisor.hurry()
    await supervisor.stop()


async def test_a_program_that_does_not_exist_is_named(diary: Diary) -> None:
    supervisor = diary.supervisor([Component("absent", ["/nowhere/at-all"], ready_within_s=5)])

    with pytest.raises(StartFailedError, match="absent did not start"):
        await supervisor.start()
    await supervisor.stop()


async def test_a_step_that_fails_stops_the_start_with_its_reason(diary: Diary) -> None:
    async def step() -> None:
        raise RuntimeError("the tables are from the future")

    supervisor = diary.supervisor([Step("migrations", step)], [diary.component("never")])

    with pytest.raises(StartFailedError, match="migrations did not start: the tables are from"):
        await supervisor.start()
    await supervisor.stop()

    assert diary.lines() == []


async def test_running_processes_are_on_record_until_they_end(diary: Diary) -> None:
    supervisor = diary.supervisor([diary.component("worker")])
    await supervisor.start()

    (known,) = diary.record.leftovers()
    await supervisor.stop()

    assert (known.name, known.stop_signal) == ("worker", signal.SIGTERM)
    assert diary.record.leftovers() == []
