"""The replay gate as a deployment uses it: a command run on the release about to be deployed,
whose exit code stops the rollout."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.replay.test_replay import part_of

ROOT = Path(__file__).resolve().parents[2]
WHAT_REPLAYS = ("schemas", "runtime", "clinical", "activities", "workflows", "terminal")
BEFORE = "        self._desk.open_doors()\n        while not self._state.closed:\n"
A_WAIT_BEFORE_ALL_ELSE = "        await workflow.sleep(1)\n" + BEFORE
A_LINE_THAT_CHANGES_NOTHING = "        workflow.logger.debug('told')\n" + BEFORE


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The code of a release, about to be deployed."""
    root = tmp_path / "release"
    for package in WHAT_REPLAYS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, root / package, ignore=ignored)
    shutil.copy(ROOT / "cli.py", root / "cli.py")
    return root


def change_the_plan(release: Path, to: str) -> None:
    plan = release / "workflows" / "journey.py"
    text = plan.read_text("utf-8")
    assert text.count(BEFORE) == 1
    plan.write_text(text.replace(BEFORE, to), "utf-8")


def gate(release: Path, histories: Path) -> subprocess.CompletedProcess[str]:
    """`journey replay DIR` with this release's code and no other's."""
    return subprocess.run(
        [sys.executable, "-m", "cli", "replay", str(histories)],
        cwd=release,
        env={**os.environ, "PYTHONPATH": str(release), "JOURNEY_ENV_FILE": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_release_that_tells_open_journeys_otherwise_is_stopped_before_deployment(
    release: Path, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    held, declined = "journey-held", "journey-declined"
    chosen = part_of(corpus, held, declined)

    change_the_plan(release, A_WAIT_BEFORE_ALL_ELSE)
    done = gate(release, corpus)

    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == f"0 of {len(chosen)} histories replayed"
    for stored in chosen:
        assert f"{stored.file} (PatientJourney {stored.workflow_id})" in done.stderr


def test_a_release_that_tells_them_as_before_may_be_deployed(release: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    chosen = part_of(corpus, "journey-held", "journey-declined")

    change_the_plan(release, A_LINE_THAT_CHANGES_NOTHING)
    done = gate(release, corpus)

    assert (done.returncode, done.stdout) == (
        0,
        f"{len(chosen)} of {len(chosen)} histories replayed\n",
    )


def test_a_release_whose_gate_finds_no_histories_is_not_let_through(
    release: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    done = gate(release, empty)

    assert done.returncode == 1
    assert "there are no histories" in done.stderr
