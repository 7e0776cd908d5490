"""The embedded stack from outside: it answers, it survives, it cleans up, it says what is wrong."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import psutil
import pytest

from embedded.temporal import answers as temporal_answers
from tests.embedded.conftest import SMALL_STACK, RunningStack, Standing, fixed, gone

pytestmark = pytest.mark.stack
Start = Callable[..., RunningStack]


async def _query(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url, ssl=False, timeout=10)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def _until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        await asyncio.sleep(0.1)


def _inside(place: Path) -> list[str]:
    return [entry.name for entry in place.iterdir()]


async def test_an_ephemeral_stack_answers_and_leaves_nothing_behind(
    small_stack: Start, place: Path
) -> None:
    stack = small_stack()
    addresses = stack.addresses()

    assert await _query(addresses["database"], "SELECT 1") == 1
    assert await temporal_answers(addresses["temporal"])
    assert _inside(place)
    family = stack.family()

    assert stack.stop(signal.SIGTERM) == 0
    assert gone(family) == []
    assert _inside(place) == []


async def test_ctrl_c_drains_the_stack_as_sigterm_does(small_stack: Start) -> None:
    stack = small_stack()
    stack.addresses()
    family = stack.family()

    assert stack.stop(signal.SIGINT) == 0
    assert gone(family) == []
    assert any("database system is shut down" in line for line in stack.log)


async def test_a_stop_in_the_middle_of_starting_leaves_nothing_behind(
    small_stack: Start, place: Path
) -> None:
    stack = small_stack()
    await _until(lambda: any("starting PostgreSQL" in line for line in stack.log))

    assert stack.stop() == 0
    assert _inside(place) == []


async def test_the_state_survives_a_restart(small_stack: Start, place: Path) -> None:
    options = fixed(place)
    first = small_stack(*options)
    await _query(first.addresses()["database"], "CREATE TABLE kept AS SELECT 7 AS value")
    assert first.stop() == 0

    second = small_stack(*options)

    assert await _query(second.addresses()["database"], "SELECT value FROM kept") == 7
    assert second.stop() == 0
    assert not (place / "data" / "stack.json").exists()
    assert not (place / "data" / "stack.env").exists()


async def test_a_killed_supervisor_takes_its_processes_along_and_the_next_one_starts(
    small_stack: Start, place: Path
) -> None:
    options = fixed(place)
    first = small_stack(*options)
    await _query(first.addresses()["database"], "CREATE TABLE kept AS SELECT 7 AS value")
    family = first.family()
    first.process.kill()
    first.ended()

    # At once: the servers may still be going down.
    second = small_stack(*options)

    assert await _query(second.addresses()["database"], "SELECT value FROM kept") == 7
    assert gone(family) == []
    assert second.stop() == 0


async def test_a_stack_that_serves_a_program_ends_with_it(
    run: Callable[..., RunningStack], place: Path
) -> None:
    program = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    served = run(sys.executable, "-c", program, *SMALL_STACK, "--with-parent")
    served.addresses()
    family = served.family()

    served.process.kill()

    assert gone(family) == []
    assert _inside(place) == []
    served.ended()


async def test_a_leftover_that_did_not_die_is_stopped_by_the_next_stack(
    small_stack: Start, place: Path
) -> None:
    options = fixed(place)
    first = small_stack(*options)
    first.addresses()
    stubborn = list(first.components().values())
    for process in stubborn:
        process.suspend()
    first.process.kill()
    first.ended()
    stand_in = [process for process in stubborn if process.is_running()]
    for process in stand_in:
        process.resume()

    second = small_stack(*options)
    second.addresses()

    assert gone(stubborn) == []
    assert second.stop() == 0


@pytest.mark.parametrize("name", ["postgres", "temporal", "mail", "stand-in"])
async def test_what_dies_is_started_again(standing: Standing, name: str) -> None:
    stack = standing.stack
    before = stack.components()[name]

    before.kill()
    await _until(lambda: stack.components().get(name, before).pid != before.pid)

    until = time.monotonic() + 60
    while not await _both_answer(standing.addresses):
        assert time.monotonic() < until, "".join(stack.log[-30:])
        await asyncio.sleep(0.2)


async def _both_answer(addresses: dict[str, str]) -> bool:
    try:
        await _query(addresses["database"], "SELECT 1")
    except (OSError, asyncpg.PostgresError):
        return False
    return await temporal_answers(addresses["temporal"])


async def test_a_second_stack_on_the_same_directory_is_told_who_holds_it(
    standing: Standing, small_stack: Start
) -> None:
    second = small_stack(*standing.options)

    assert second.ended() == 1
    assert len(second.log) == 1
    assert f"pid {standing.stack.process.pid}" in second.log[0]


async def test_a_taken_port_is_named_with_its_component(small_stack: Start, place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stack = small_stack(f"--data-dir={place / 'data'}", f"--port=temporal={port}")

        assert stack.ended() == 1

    assert len(stack.log) == 1
    assert f"port {port} for temporal" in stack.log[0]


async def test_addresses_are_published_for_people_and_shells_and_nobody_else(
    standing: Standing,
) -> None:
    shell = standing.data / "stack.env"

    assert json.loads((standing.data / "stack.json").read_text()) == standing.addresses
    assert f"JOURNEY_TEMPORAL_ADDRESS={standing.addresses['temporal']}" in shell.read_text()
    assert shell.stat().st_mode & 0o077 == 0


async def test_postgresql_never_runs_as_root_and_asks_for_a_password(standing: Standing) -> None:
    url = standing.addresses["database"]
    owner, _, rest = url.removeprefix("postgresql://").partition(":")
    without = f"postgresql://{owner}:wrong@{rest.partition('@')[2]}"

    postgres: psutil.Process = standing.stack.components()["postgres"]

    assert os.geteuid() != 0 or postgres.uids().effective != 0
    with pytest.raises(asyncpg.InvalidPasswordError):
        await _query(without, "SELECT 1")


async def test_what_is_written_is_safe_from_a_power_cut(standing: Standing) -> None:
    assert await _query(standing.addresses["database"], "SHOW fsync") == "on"


async def test_the_record_s_owner_is_no_superuser(standing: Standing) -> None:
    is_superuser = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"

    assert await _query(standing.addresses["database"], is_superuser) is False
