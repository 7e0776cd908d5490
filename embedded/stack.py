"""Which components make a whole stack on one machine, in which order, and what they are told.

They are told it in `JOURNEY_*` variables only. The same programs with other addresses in those
variables are production: nothing but this package knows that a stack is embedded.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from embedded import postgres, temporal
from embedded.addresses import Addresses
from embedded.ports import LOOPBACK
from embedded.processes import tie_to_parent
from embedded.supervisor import Component, Stage, StartFailedError, Step
from runtime.names import INTEGRATIONS, JOURNEYS, NOTIFICATIONS, RECORDS, SEARCH_ATTRIBUTES

DEFAULT_PORTS: Mapping[str, int] = {
    "api": 8080,
    "temporal": 7233,
    "ui": 8233,
    "mail": 8025,
    "smtp": 1025,
    "postgres": 5433,
}
QUEUES_WITH_WORK = (JOURNEYS, RECORDS, NOTIFICATIONS, INTEGRATIONS)
"""One worker process each."""

PREFIX = "JOURNEY_"
NOT_HANDED_ON = (
    "JOURNEY_TEMPORAL_",
    "JOURNEY_SMTP_",
    "JOURNEY_METRICS_",
)
"""Settings that a person may have in their shell for another deployment: they are not for ours."""

ROOT = Path(__file__).resolve().parent.parent
ANSWER_WITHIN_S = 3.0


@dataclass(frozen=True)
class Plan:
    """One stack: where its state lives, its ports, its database."""

    directory: Path
    ports: Mapping[str, int]
    database: postgres.Database

    def url(self, component: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[component]}"


def addresses(plan: Plan) -> Addresses:
    """Where the stack answers."""
    return Addresses(
        api=plan.url("api"),
        console=f"{plan.url('api')}/console",
        temporal=f"{LOOPBACK}:{plan.ports['temporal']}",
        temporal_ui=plan.url("ui"),
        namespace=temporal.NAMESPACE,
        database=plan.database.url,
        mail=plan.url("mail"),
        codec=f"{plan.url('api')}/codec",
    )


def environment(plan: Plan) -> dict[str, str]:
    """Everything our own processes are told about this stack."""
    where = addresses(plan)
    told = {
        "ENVIRONMENT": "training",
        "DATABASE_URL": where.database,
        "TEMPORAL_ADDRESS": where.temporal,
        "TEMPORAL_NAMESPACE": where.namespace,
        "KEYS": str(plan.directory / "keys.json"),
        "DECISION_KEY": str(plan.directory / "decision-keys.json"),
        "TRAINING_ISSUER_KEY": str(plan.directory / "training-issuer.pem"),
        "API_HOST": LOOPBACK,
        "API_PORT": str(plan.ports["api"]),
        "API_URL": where.api,
        "CONSOLE_URL": where.console,
        "TEMPORAL_UI_URL": where.temporal_ui,
        "CODEC_URL": where.codec,
        "CODEC_ANONYMOUS": "true",
        "CODEC_ORIGINS": f"{where.temporal_ui},http://localhost:{plan.ports['ui']}",
        "SMTP_HOST": LOOPBACK,
        "SMTP_PORT": str(plan.ports["smtp"]),
        "SMTP_TLS": "none",
        "SMS_SINK": str(plan.directory / "sms.jsonl"),
        "LETTERS_DIR": str(plan.directory / "letters"),
        "FAX_DIR": str(plan.directory / "faxes"),
        "PROTOCOLS_DIR": str(ROOT / "protocols"),
        "CLINICS_DIR": str(ROOT / "clinics"),
    }
    return {f"{PREFIX}{name}": value for name, value in told.items()}


def stages(plan: Plan) -> list[Stage]:
    """The stack in the order in which it comes up; it drains the other way round."""
    ours = _environment_of_processes(plan)
    where = addresses(plan)
    attributes = {
        key.name: key.indexed_value_type.name.title().replace("_", "") for key in SEARCH_ATTRIBUTES
    }
    engine = temporal.component(
        plan.directory / "temporal",
        plan.ports["temporal"],
        plan.ports["ui"],
        where.codec,
        attributes,
    )
    return [
        [postgres.component(plan.database), engine, _mail_catcher(plan, ours)],
        [Step("database", lambda: postgres.ensure_owner(plan.database))],
        [Step("migrations", lambda: _run_once("migrations", _python("cli", "migrate"), ours))],
        [
            *(_worker(queue, where.temporal, ours) for queue in QUEUES_WITH_WORK),
            _server(where.api, ours),
        ],
    ]


def _environment_of_processes(plan: Plan) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_HANDED_ON)}
    return {
        "JOURNEY_LOG_FORMAT": "console",
        **kept,
        **environment(plan),
        # All is said above: no process may find the addresses of another stack in a file.
        "JOURNEY_ENV_FILE": "",
        "PYTHONUNBUFFERED": "1",
    }


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _mail_catcher(plan: Plan, ours: Mapping[str, str]) -> Component:
    smtp_port, http_port = plan.ports["smtp"], plan.ports["mail"]
    arguments = (
        *("--smtp-port", str(smtp_port), "--http-port", str(http_port)),
        *("--directory", str(plan.directory / "mail")),
        *("--sms", ours["JOURNEY_SMS_SINK"]),
    )

    async def ready() -> bool:
        return await _listens(smtp_port) and await _listens(http_port)

    return Component(
        name="mail",
        command=_python("embedded.mail_catcher", *arguments),
        environment=ours,
        directory=ROOT,
        ready=ready,
        grace_s=5,
    )


def _worker(queue: str, temporal_address: str, ours: Mapping[str, str]) -> Component:
    return Component(
        name=f"worker-{queue}",
        command=_python("worker", "--queues", queue),
        environment=ours,
        directory=ROOT,
        ready=lambda: _is_polled(queue, temporal_address),
        grace_s=20,
    )


def _server(api: str, ours: Mapping[str, str]) -> Component:
    async def ready() -> bool:
        async with httpx.AsyncClient(timeout=ANSWER_WITHIN_S, trust_env=False) as client:
            return (await client.get(f"{api}/readyz")).is_success

    return Component(
        name="server",
        command=_python("server"),
        environment=ours,
        directory=ROOT,
        ready=ready,
        grace_s=15,
    )


async def _run_once(name: str, command: Sequence[str], ours: Mapping[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        env=dict(ours),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=tie_to_parent(signal.SIGKILL),
    )
    try:
        said, _ = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    if process.returncode != 0:
        lines = said.decode(errors="replace").strip().splitlines()
        raise StartFailedError(name, lines[-1] if lines else f"exit code {process.returncode}")


async def _listens(port: int) -> bool:
    _, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.close()
    await writer.wait_closed()
    return True


async def _is_polled(queue: str, temporal_address: str) -> bool:
    """Whether a worker waits for work on this queue, as the Temporal server sees it."""
    from temporalio.api.enums.v1 import TaskQueueType
    from temporalio.api.taskqueue.v1 import TaskQueue
    from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
    from temporalio.client import Client

    kind = (
        TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
        if queue == JOURNEYS
        else TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
    )
    client = await Client.connect(temporal_address, namespace=temporal.NAMESPACE)
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=temporal.NAMESPACE,
            task_queue=TaskQueue(name=queue),
            task_queue_type=kind,
        )
    )
    return bool(answer.pollers)
