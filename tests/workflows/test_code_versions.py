"""Every workflow says by which code its runs are told; a worker that does not know it is not
started."""

import ast
import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from temporalio.common import VersioningBehavior

from runtime.settings import Settings, SettingsError
from runtime.temporal import code_version
from service.poke import LIVE_FOR_YEARS
from worker import WORKFLOWS
from workflows import replay
from workflows.code_versions import PINNED, UndeclaredError, declared_behaviour

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "workflows").glob("*.py"))
GO_ON_IN_A_NEW_RUN = {"journey.py", "drug_cabinet.py"}


def is_workflow(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any(
        isinstance(mark, ast.Call) and ast.unparse(mark.func) == "workflow.defn"
        for mark in node.decorator_list
    )


@functools.cache
def told_in_source() -> dict[str, ast.ClassDef]:
    """Every workflow class of the source, by its name."""
    return {
        node.name: node
        for path in SOURCES
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and is_workflow(node)
    }


def test_every_workflow_class_declares_its_behaviour_in_its_own_words() -> None:
    silent = [
        name
        for name, body in told_in_source().items()
        if "versioning_behavior = PINNED" not in {ast.unparse(line) for line in body.body}
    ]

    assert silent == []


def test_every_workflow_of_the_source_is_told_by_the_worker_and_looked_at_by_the_gate() -> None:
    names = set(told_in_source())

    assert {told.__name__ for told in WORKFLOWS} == names
    assert {told.__name__ for told in replay.WORKFLOWS} == names


def test_whoever_goes_on_in_a_new_run_begins_it_under_the_current_code() -> None:
    turning = {
        path.name: ast.unparse(call)
        for path in SOURCES
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "workflow.continue_as_new"
    }

    assert turning.keys() == GO_ON_IN_A_NEW_RUN
    assert all("initial_versioning_behavior=ON_THE_CURRENT_CODE" in t for t in turning.values())


def test_whatever_goes_on_in_a_new_run_is_poked_after_a_release() -> None:
    named = {
        path.name: name
        for path in SOURCES
        for name in told_in_source()
        if path.name in GO_ON_IN_A_NEW_RUN and f"class {name}" in path.read_text(encoding="utf-8")
    }

    assert named.keys() == GO_ON_IN_A_NEW_RUN
    assert set(named.values()) == set(LIVE_FOR_YEARS)


class Silent:
    """Says nothing."""


class Hasty:
    """Would go over to new code in the middle of a run."""

    versioning_behavior = VersioningBehavior.AUTO_UPGRADE


@pytest.mark.parametrize("odd", [Silent, Hasty])
def test_a_worker_does_not_start_with_a_workflow_that_says_nothing_or_otherwise(odd: type) -> None:
    with pytest.raises(UndeclaredError, match=odd.__name__):
        declared_behaviour([*WORKFLOWS, odd])


def test_a_deployment_that_names_no_version_has_none() -> None:
    assert code_version(Settings(), PINNED) is None


def test_a_worker_that_does_not_say_which_code_it_has_is_refused_where_versions_count() -> None:
    with pytest.raises(SettingsError, match="JOURNEY_BUILD_ID is required"):
        code_version(Settings(deployment_name="journeys"), PINNED)


def test_the_workers_process_says_so_before_it_waits_for_a_server() -> None:
    done = subprocess.run(
        [sys.executable, "worker.py", "--queues", "journeys"],
        cwd=ROOT,
        env={**os.environ, "JOURNEY_ENV_FILE": "", "JOURNEY_DEPLOYMENT_NAME": "journeys"},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("worker: settings refused:")
    assert "JOURNEY_BUILD_ID is required" in done.stderr


def test_a_worker_says_the_deployments_name_its_build_and_that_runs_keep_their_code() -> None:
    settings = Settings(deployment_name="journeys", build_id="0.2.0")

    said = code_version(settings, declared_behaviour(WORKFLOWS))

    assert said is not None
    assert said.version.to_canonical_string() == "journeys.0.2.0"
    assert said.use_worker_versioning
    assert said.default_versioning_behavior is VersioningBehavior.PINNED
