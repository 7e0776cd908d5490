"""The data directory, its ports and its leftovers: one holder, nothing of others touched."""

import dataclasses
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from threading import Timer

import psutil
import pytest

from embedded import data_directory
from embedded.data_directory import DirectoryHeldError, hold, temporary
from embedded.log_stream import LINES_WAITING, LogStream
from embedded.ports import PortTakenError, is_free, require_free, take_free
from embedded.processes import ProcessRecord, stop_leftover


def test_a_directory_has_one_holder_and_the_refusal_names_its_pid(tmp_path: Path) -> None:
    with (
        hold(tmp_path),
        pytest.raises(DirectoryHeldError, match=f"pid {os.getpid()}"),
        hold(tmp_path),
    ):
        pass

    with hold(tmp_path):
        pass


def test_a_temporary_directory_of_a_killed_stack_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_directory.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(data_directory.tempfile, "tempdir", str(tmp_path))
    dead, fresh, held = (tmp_path / f"journey-stack-{name}" for name in ("dead", "fresh", "held"))
    for directory in (dead, fresh, held):
        directory.mkdir()
        (directory / "holder.lock").touch()
    long_ago = time.time() - 3_600
    for directory in (dead, held):
        os.utime(directory / "holder.lock", (long_ago, long_ago))

    with hold(held):
        os.utime(held / "holder.lock", (long_ago, long_ago))
        with temporary() as ours:
            assert ours.is_dir()

    assert not dead.exists()
    assert not ours.exists()
    assert fresh.is_dir()
    assert held.is_dir()


def test_a_process_that_only_reuses_a_recorded_id_is_never_stopped(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"]) as stranger:
        record = ProcessRecord(tmp_path / "processes.json")
        record.add("worker", stranger.pid, signal.SIGTERM, 1)
        (ours,) = record.leftovers()

        stop_leftover(dataclasses.replace(ours, created_at_s=ours.created_at_s - 60))

        assert stranger.poll() is None
        stop_leftover(ours)
        assert not psutil.pid_exists(stranger.pid)


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"name": "x"}]', "null"])
def test_a_damaged_list_of_processes_stops_nothing_and_hinders_nothing(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "processes.json"
    path.write_text(content)

    assert ProcessRecord(path).leftovers() == []


def test_a_taken_port_is_refused_with_its_component() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PortTakenError, match=f"port {port} for mail"):
            require_free({"mail": port})


def test_a_port_that_is_given_back_in_a_moment_is_waited_for() -> None:
    held = socket.create_server(("127.0.0.1", 0))
    port = held.getsockname()[1]
    Timer(0.2, held.close).start()

    require_free({"mail": port})

    assert is_free(port)


def test_free_ports_are_free_and_distinct() -> None:
    taken = take_free(["api", "temporal", "ui", "mail", "smtp", "postgres"])

    assert len(set(taken.values())) == 6
    assert all(is_free(port) for port in taken.values())


def test_a_reader_that_stalls_costs_lines_and_never_the_stack() -> None:
    gate = threading.Event()

    class Stalled(io.StringIO):
        def write(self, text: str) -> int:
            gate.wait()
            return super().write(text)

    out = Stalled()
    logs = LogStream(out)

    for number in range(LINES_WAITING + 50):
        logs.say("worker", f"line {number}")
    gate.set()
    logs.close(within_s=20)

    assert "lines left out" in out.getvalue()
