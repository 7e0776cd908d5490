"""Whether the deployment files say what a clinic's deployment must say, found without an engine.

`python -m deploy.check` prints every problem and exits 1 when there is one.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import kubernetes_validate
import yaml

from runtime.names import JOURNEYS, QUEUES

FOLDER = Path(__file__).parent
KUBERNETES_VERSION = "1.37"
LABEL = "app.kubernetes.io/"
BUILD_ID = "JOURNEY_BUILD_ID"
CUSTOM_KINDS = {"Kustomization", "ScaledObject"}
"""Kinds that are not the cluster's own and have no schema here; policies still look at them."""

Manifest: TypeAlias = dict[str, Any]
"""One parsed document; what it must hold is checked by schema before a policy reads it."""


def main() -> int:
    """Print every problem; 0 when there is none."""
    found = [*problems()]
    for problem in found:
        sys.stderr.write(f"deploy: {problem}\n")
    return 1 if found else 0


def problems() -> Iterator[str]:
    """Everything that is wrong in this folder."""
    yield from linted("hadolint", str(FOLDER / "Dockerfile"))
    schema = ("--builtin-schema", "vendor.compose-spec")
    yield from linted("check-jsonschema", "--quiet", *schema, str(FOLDER / "compose.yaml"))
    yield from compose_problems(yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8")))
    manifests = read_manifests(FOLDER / "kubernetes")
    yield from schema_problems(manifests)
    yield from policy_problems(manifests)


def linted(tool: str, *arguments: str) -> Iterator[str]:
    """What one of the environment's own tools says against a file."""
    command = [str(Path(sys.executable).parent / tool), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 ours
    if done.returncode != 0:
        yield f"{tool}: {(done.stdout + done.stderr).strip()}"


def read_manifests(folder: Path) -> list[Manifest]:
    """Every document of every YAML file below a folder."""
    return [
        document
        for path in sorted(folder.rglob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text("utf-8"))
    ]


def schema_problems(manifests: list[Manifest]) -> Iterator[str]:
    """Whether the cluster would take each manifest; unknown fields count as wrong."""
    for manifest in manifests:
        if manifest["kind"] in CUSTOM_KINDS:
            continue
        try:
            kubernetes_validate.validate(manifest, KUBERNETES_VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{named(manifest)}: {error.message} at {list(error.path)}"


def policy_problems(manifests: list[Manifest]) -> Iterator[str]:
    """What a valid manifest may still get wrong here."""
    kinds = of_kind(manifests, "Deployment")
    settings = of_kind(manifests, "ConfigMap")[0]["data"]
    drain_s = float(settings["JOURNEY_GRACEFUL_SHUTDOWN_S"])
    for workload in [*kinds, *of_kind(manifests, "Job")]:
        yield from pod_problems(workload, drain_s)
    for deployment in kinds:
        yield from deployment_problems(deployment, manifests)
    yield from queue_problems(kinds)
    yield from version_problems(manifests)
    yield from edge_problems(manifests)
    yield from scaling_problems(manifests)
    if of_kind(manifests, "Secret"):
        yield "a Secret stands in the folder; only references may"


def pod_problems(workload: Manifest, drain_s: float) -> Iterator[str]:
    """Non-root, nothing writable, nothing privileged, bounded, and time to drain."""
    name, pod = named(workload), workload["spec"]["template"]["spec"]
    secure = pod.get("securityContext", {})
    rules = {
        "may run as root": secure.get("runAsNonRoot") is True and secure.get("runAsUser", 0) > 0,
        "has no seccomp profile": secure.get("seccompProfile") == {"type": "RuntimeDefault"},
        "mounts a cluster token": pod.get("automountServiceAccountToken") is False,
        "is killed before it has drained": pod.get("terminationGracePeriodSeconds", 30) > drain_s,
    }
    yield from (f"{name} {text}" for text, kept in rules.items() if not kept)
    for container in pod["containers"]:
        yield from container_problems(f"{name}/{container['name']}", container)


def container_problems(name: str, container: Manifest) -> Iterator[str]:
    """The same for one container, and an image that says which one it is."""
    secure = container.get("securityContext", {})
    resources = container.get("resources", {})
    rules = {
        "has a writable root": secure.get("readOnlyRootFilesystem") is True,
        "may gain privileges": secure.get("allowPrivilegeEscalation") is False,
        "keeps capabilities": secure.get("capabilities", {}).get("drop") == ["ALL"],
        "asks for no resources": {"cpu", "memory"} <= resources.get("requests", {}).keys(),
        "has no memory limit": "memory" in resources.get("limits", {}),
        "does not say which image": tagged(container["image"]),
        "has a secret in the clear": not any(
            "value" in variable and looks_secret(variable["name"])
            for variable in container.get("env", [])
        ),
    }
    yield from (f"{name} {text}" for text, kept in rules.items() if not kept)


def deployment_problems(deployment: Manifest, manifests: list[Manifest]) -> Iterator[str]:
    """Probes, spread, more than one pod, and a budget that keeps one of them."""
    name, spec = named(deployment), deployment["spec"]
    pod = spec["template"]["spec"]
    budgets = [
        budget["spec"]
        for budget in of_kind(manifests, "PodDisruptionBudget")
        if budget["spec"]["selector"]["matchLabels"] == spec["selector"]["matchLabels"]
    ]
    if not any(1 <= budget.get("minAvailable", 0) < spec["replicas"] for budget in budgets):
        yield f"{name} has no disruption budget that keeps one pod and lets a node drain"
    if not pod.get("topologySpreadConstraints"):
        yield f"{name} may stand on one node"
    if spec["selector"]["matchLabels"].items() - spec["template"]["metadata"]["labels"].items():
        yield f"{name} does not select its own pods"
    for container in pod["containers"]:
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if probe not in container:
                yield f"{name} has no {probe}"


def queue_problems(deployments: list[Manifest]) -> Iterator[str]:
    """Each worker serves one queue, and each queue has its worker."""
    served = []
    for deployment in deployments:
        arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
        if arguments[0] != "worker":
            continue
        queues = arguments[arguments.index("--queues") + 1].split(",")
        served.extend(queues)
        if [f"worker-{queue}" for queue in queues] != [label_of(deployment, "name")]:
            yield f"{named(deployment)} serves {queues}; one worker serves one queue, its own"
    if sorted(served) != sorted(QUEUES):
        yield f"queues served are {sorted(served)}, not {sorted(QUEUES)}"


def version_problems(manifests: list[Manifest]) -> Iterator[str]:
    """The stories' worker says truly which code it has, and leaves the release before it alone."""
    shipped = {i["newTag"] for k in of_kind(manifests, "Kustomization") for i in k["images"]}
    for deployment in of_kind(manifests, "Deployment"):
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        if JOURNEYS not in container["args"]:
            continue
        release = label_of(deployment, "version")
        build_ids = [v["value"] for v in container.get("env", []) if v["name"] == BUILD_ID]
        rules = {
            "does not say which code it has": build_ids == [release],
            "is another release than is shipped": {release} == shipped
            and container["image"].endswith(f":{release}"),
            "would replace the release before it": deployment["metadata"]["name"]
            == f"worker-{JOURNEYS}-{release.replace('.', '-')}"
            and f"{LABEL}version" in deployment["spec"]["selector"]["matchLabels"],
        }
        yield from (f"{named(deployment)} {text}" for text, kept in rules.items() if not kept)


def edge_problems(manifests: list[Manifest]) -> Iterator[str]:
    """Nothing may talk unless an edge says so, and no edge is open to everybody."""
    policies = of_kind(manifests, "NetworkPolicy")
    deny = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if not any(policy["spec"] == deny for policy in policies):
        yield "no network policy denies everything by default"
    for policy in policies:
        edges = [*policy["spec"].get("egress", []), *policy["spec"].get("ingress", [])]
        for edge in edges:
            peers = [*edge.get("to", []), *edge.get("from", [])]
            wide = not peers or {} in peers or any(is_everywhere(peer) for peer in peers)
            if wide or not edge.get("ports"):
                yield f"{named(policy)} has an edge to everybody or to every port"


def scaling_problems(manifests: list[Manifest]) -> Iterator[str]:
    """Scaling looks at activities and never goes below one."""
    for scaled in of_kind(manifests, "ScaledObject"):
        if scaled["spec"].get("minReplicaCount", 0) < 1:
            yield f"{named(scaled)} may scale a busy pool to nothing"
        for trigger in scaled["spec"]["triggers"]:
            said = trigger["metadata"]
            if said.get("queueTypes") != "activity":
                yield f"{named(scaled)} looks at the wrong kind of task"
            if scaled["spec"]["scaleTargetRef"]["name"] != f"worker-{said['taskQueue']}":
                yield f"{named(scaled)} follows another worker's queue"


def compose_problems(compose: Manifest) -> Iterator[str]:
    """One worker for each queue, no public port, pinned images, secrets by file, healthchecks."""
    services: dict[str, Manifest] = compose["services"]
    drain_s = float(services["server"]["environment"]["JOURNEY_GRACEFUL_SHUTDOWN_S"])
    workers = {
        service["command"][-1]: name
        for name, service in services.items()
        if service.get("command", [""])[0] == "worker"
    }
    if workers != {queue: f"worker-{queue}" for queue in QUEUES}:
        yield f"compose: workers are {workers}"
    for name, service in services.items():
        yield from (f"compose: {name} {text}" for text in service_problems(service, drain_s))
    for secret in compose["secrets"].values():
        if not secret.get("file", "").startswith("secrets/"):
            yield "compose: a secret is not read from a file in secrets/"


def service_problems(service: Manifest, drain_s: float) -> Iterator[str]:
    """What one service of the compose file gets wrong."""
    if not tagged(service["image"]):
        yield "does not say which image"
    if any(not str(port).startswith("127.0.0.1:") for port in service.get("ports", [])):
        yield "is open to the network"
    environment = service.get("environment", {})
    if any(looks_secret(variable) for variable in environment if not variable.endswith("_FILE")):
        yield "has a secret in the clear"
    ends = str(service.get("restart", "")).startswith("on-failure")
    if not ends and "healthcheck" not in service:
        yield "has no healthcheck"
    if not service["image"].startswith("treatment-journey-engine:"):
        return
    if service.get("user", "0").split(":")[0] in {"0", "root"}:
        yield "may run as root"
    if not service.get("read_only") or service.get("cap_drop") != ["ALL"]:
        yield "may write to its image or keeps capabilities"
    if float(service["stop_grace_period"].removesuffix("s")) <= drain_s:
        yield "is killed before it has drained"


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    """The documents of one kind."""
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def label_of(manifest: Manifest, label: str) -> str:
    """One of the labels that every manifest here carries; empty where it is missing."""
    return str(manifest["metadata"]["labels"].get(f"{LABEL}{label}", ""))


def named(manifest: Manifest) -> str:
    """Kind and name, for a message."""
    return f"{manifest['kind']}/{manifest.get('metadata', {}).get('name', '-')}"


def tagged(image: str) -> bool:
    """Whether an image names its version."""
    _, _, version = image.rpartition("/")[2].partition(":")
    return bool(version) and version != "latest"


def looks_secret(variable: str) -> bool:
    """Whether a variable's name says that its value must not be seen."""
    return any(word in variable for word in ("PASSWORD", "SECRET", "API_KEY", "DATABASE_URL"))


def is_everywhere(peer: Manifest) -> bool:
    """Whether a network policy's peer is the whole world or the whole cluster."""
    return str(peer.get("ipBlock", {}).get("cidr", "")).endswith("/0") or peer == {
        "namespaceSelector": {}
    }


if __name__ == "__main__":
    sys.exit(main())
