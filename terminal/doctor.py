"""Looking a deployment over: each part either well, or what is wrong and what to do about it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from platform import python_version

import asyncpg
import httpx

from runtime.keys import KeyRing
from runtime.names import JOURNEYS, NOTIFICATIONS, RECORDS, SEARCH_ATTRIBUTES
from runtime.settings import Settings, SettingsError, unknown_variables
from terminal.failures import explain
from terminal.output import print_json, print_table
from terminal.settings import command_settings

WITHIN_S = 5.0
CLOCK_TOLERANCE_S = 2.0
"""Deadlines are minutes or more; a clock two seconds off already means that nobody sets it."""


@dataclass(frozen=True)
class Finding:
    """One part of the deployment, as it was found."""

    part: str
    well: bool
    found: str
    do: str = ""


async def examine(as_json: bool) -> int:
    """Look at every part; returns 1 if any has a problem."""
    findings = await _findings()
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        rows = [
            (finding.part, "ok" if finding.well else "PROBLEM", finding.found, finding.do)
            for finding in findings
        ]
        print_table("This deployment", ("part", "", "found", "what to do"), rows)
    return 0 if all(finding.well for finding in findings) else 1


async def _findings() -> list[Finding]:
    versions = Finding(
        "versions",
        True,
        f"engine {version('treatment-journey-engine')}, Python {python_version()}, "
        f"Temporal SDK {version('temporalio')}",
    )
    try:
        settings = command_settings()
    except SettingsError as error:
        return [versions, Finding("settings", False, explain(error), "correct these variables")]
    checks: list[tuple[str, Callable[[], Awaitable[list[Finding]]], str]] = [
        ("database", lambda: _database(settings), "start PostgreSQL or correct its address"),
        ("temporal", lambda: _engine(settings), "start Temporal or correct its address"),
        ("mail", lambda: _mail(settings), "start the mail server or correct its address"),
        ("server", lambda: _server(settings), "start it with `journey server`"),
    ]
    found = await asyncio.gather(*(_guarded(*check) for check in checks))
    return [
        versions,
        _settings(settings),
        _keys(settings),
        *_clinics(settings),
        *(f for part in found for f in part),
    ]


async def _guarded(
    part: str, check: Callable[[], Awaitable[list[Finding]]], do: str
) -> list[Finding]:
    try:
        return await asyncio.wait_for(check(), 4 * WITHIN_S)
    except TimeoutError:
        return [Finding(part, False, "no answer", do)]
    except Exception as error:
        return [Finding(part, False, explain(error), do)]


def _settings(settings: Settings) -> Finding:
    unknown = unknown_variables()
    if unknown:
        return Finding(
            "settings", False, f"unknown: {', '.join(unknown)}", "correct or remove these variables"
        )
    return Finding("settings", True, f"environment {settings.environment}")


def _keys(settings: Settings) -> Finding:
    if settings.keys is None or not settings.keys.exists():
        # Looking must not make them: production's keys are somebody's decision.
        return Finding(
            "keys",
            settings.training,
            "no key file yet",
            "it is made on first use" if settings.training else "set JOURNEY_KEYS to the key file",
        )
    try:
        ring = KeyRing.open(settings.keys)
    except Exception as error:
        return Finding("keys", False, explain(error), "restore the key file from its backup")
    newest, _ = ring.newest
    return Finding("keys", True, f"{len(ring.list())} payload keys, {newest} seals")


def _clinics(settings: Settings) -> list[Finding]:
    """What each clinic must renew, by its file: what has ended is a problem, what ends is told."""
    from service.clinic_alerts import ClinicAlerts
    from service.protocols import CatalogueRefused, load_catalogue

    now = datetime.fromtimestamp(time.time(), UTC)
    try:
        catalogue = load_catalogue(settings.protocols_dir, settings.clinics_dir, now.date())
    except CatalogueRefused as refused:
        found, do = "; ".join(refused.problems), "correct these files"
        return [Finding("clinic files", False, found, do)]
    alerts = ClinicAlerts(catalogue)
    read = [alerts.of(code, now=now, clinics=None) for code in catalogue.clinic_codes]
    return [
        Finding(
            f"clinic {one.clinic}",
            not one.lapsed,
            " ".join(alert.text for alert in one.alerts) or "nothing ends soon",
            "renew it in the clinic's file" if one.alerts else "",
        )
        for one in read
        if one is not None
    ]


async def _database(settings: Settings) -> list[Finding]:
    from records.migrate import pending

    if not settings.database_url:
        return [Finding("database", False, "no address", "set JOURNEY_DATABASE_URL")]
    connection = await asyncpg.connect(settings.database_url, timeout=WITHIN_S)
    try:
        number = await connection.fetchval("SHOW server_version")
        before = time.time()
        theirs = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())")
        skew_s = abs(float(theirs) - (before + time.time()) / 2)
    finally:
        await connection.close()
    missing = await asyncio.to_thread(pending, settings.database_url)
    return [
        Finding("database", True, f"PostgreSQL {number}"),
        Finding(
            "migrations",
            not missing,
            f"pending: {', '.join(missing)}" if missing else "none pending",
            "run `journey migrate`" if missing else "",
        ),
        Finding(
            "clock",
            skew_s <= CLOCK_TOLERANCE_S,
            f"{skew_s:.1f} s apart from the database's",
            "" if skew_s <= CLOCK_TOLERANCE_S else "set both clocks by NTP",
        ),
    ]


async def _engine(settings: Settings) -> list[Finding]:
    from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
    from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
    from temporalio.client import Client

    from runtime.temporal import connect

    ring = KeyRing.in_memory()
    try:
        client: Client = await asyncio.wait_for(connect(settings, keyring=ring), WITHIN_S)
    except (RuntimeError, TimeoutError):
        return [
            Finding(
                "temporal",
                False,
                f"{settings.temporal_address} does not answer",
                "start Temporal or correct JOURNEY_TEMPORAL_ADDRESS",
            )
        ]
    about = await client.workflow_service.get_system_info(GetSystemInfoRequest())
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = [key.name for key in SEARCH_ATTRIBUTES if key.name not in listed.custom_attributes]
    unserved = [
        queue for queue in (JOURNEYS, RECORDS, NOTIFICATIONS) if not await _served(client, queue)
    ]
    return [
        Finding("temporal", True, f"server {about.server_version}, namespace {client.namespace}"),
        Finding(
            "search attributes",
            not missing,
            f"missing: {', '.join(missing)}" if missing else "all registered",
            "run `journey migrate`" if missing else "",
        ),
        Finding(
            "workers",
            not unserved,
            f"nobody serves: {', '.join(unserved)}" if unserved else "every queue is served",
            f"run `journey worker --queues {','.join(unserved)}`" if unserved else "",
        ),
        *await _code_versions(client, settings.deployment_name),
    ]


async def _code_versions(client: "object", deployment: str) -> list[Finding]:
    """Where code has versions and none is current, no journey moves: everybody waits for a word."""
    from temporalio.client import Client

    from runtime.code_versions import read_code_versions

    assert isinstance(client, Client)
    if not deployment:
        return []
    known = await read_code_versions(client, deployment)
    if not known.current:
        name = known.versions[0].build_id if known.versions else "BUILD"
        say = f"`temporal worker deployment set-current-version --deployment-name {deployment}"
        return [Finding("code versions", False, "none is current", f"{say} --build-id {name}`")]
    stand = ", ".join(f"{version.build_id} {version.status}" for version in known.versions)
    return [Finding("code versions", True, stand)]


async def _served(client: "object", queue: str) -> bool:
    from temporalio.api.enums.v1 import TaskQueueType
    from temporalio.api.taskqueue.v1 import TaskQueue
    from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
    from temporalio.client import Client

    assert isinstance(client, Client)
    kind = (
        TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
        if queue == JOURNEYS
        else TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
    )
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
        )
    )
    return bool(answer.pollers)


async def _mail(settings: Settings) -> list[Finding]:
    import aiosmtplib

    server = aiosmtplib.SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        timeout=WITHIN_S,
        use_tls=settings.smtp_tls == "tls",
        start_tls=settings.smtp_tls == "starttls",
    )
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        async with server:
            return [Finding("mail", True, f"{where} answers")]
    except (aiosmtplib.SMTPException, OSError):
        start = "start the mail server, or correct JOURNEY_SMTP_HOST and JOURNEY_SMTP_PORT"
        return [Finding("mail", False, f"{where} does not answer", start)]


async def _server(settings: Settings) -> list[Finding]:
    start = "start it with `journey server`, or correct JOURNEY_API_URL"
    try:
        async with httpx.AsyncClient(timeout=WITHIN_S) as client:
            answer = await client.get(f"{settings.api_url}/readyz")
    except httpx.HTTPError:
        return [Finding("server", False, f"{settings.api_url} does not answer", start)]
    said = f"{settings.api_url}/readyz says {answer.status_code}"
    return [Finding("server", answer.is_success, said, "" if answer.is_success else start)]
