"""Process 1: the worker. Builds what the named task queues need, serves them, drains on SIGTERM."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import structlog
from temporalio.client import Client
from temporalio.worker import Worker, WorkerDeploymentConfig

from activities.appointments import AppointmentsActivities
from activities.health_record import HealthRecordActivities
from activities.notifications import NotificationsActivities
from activities.records import RecordsActivities
from activities.safety_program import SafetyProgramActivities
from activities.stock import StockActivities
from gateways.email import SmtpMail
from gateways.letters import LetterFolder, NoFolder
from gateways.messages import MessageTemplates
from gateways.safety_program import FaxFolder, NoFax
from gateways.sms import FileSmsSink, NoSmsProvider
from records.appointments import AppointmentStore
from records.deliveries import DeliveryStore
from records.engine_links import EngineLinks
from records.pool import create_pool
from records.stock import StockStore
from records.store import RecordStore
from runtime import logs
from runtime.keys import open_keyring
from runtime.names import INTEGRATIONS, JOURNEYS, NOTIFICATIONS, QUEUES, RECORDS
from runtime.settings import Settings, SettingsError, load_settings
from runtime.temporal import code_version, connect, worker_options
from workflows.code_versions import declared_behaviour
from workflows.drug_cabinet import DrugCabinet
from workflows.infusion_session import InfusionSession
from workflows.journey import PatientJourney
from workflows.nasal_spray_session import NasalSpraySession

WORKFLOWS: tuple[type, ...] = (
    PatientJourney,
    InfusionSession,
    NasalSpraySession,
    DrugCabinet,
)
WAIT_FOR_SERVER_S = 60.0

log = structlog.get_logger()


async def serve(queues: Sequence[str], settings: Settings) -> int:
    """Serve the queues until SIGTERM or SIGINT, then finish what is under way. Returns the exit
    code: 0 drained, 1 a worker failed."""
    version = code_version(settings, declared_behaviour(WORKFLOWS)) if JOURNEYS in queues else None
    stopping = _stop_on_signal()
    client = await connect(
        settings, identity=f"worker-{'+'.join(queues)}", wait_s=WAIT_FOR_SERVER_S
    )
    async with AsyncExitStack() as stack:
        failed = _Failure(stopping)
        for queue in queues:
            worker = await _worker(queue, client, settings, stack, failed, version=version)
            await stack.enter_async_context(worker)
            log.info("worker_serving", queue=queue)
        await stopping.wait()
        log.info("worker_draining", queues=list(queues))
    return 1 if failed.happened else 0


class _Failure:
    """A worker that died for good ends the process: whoever supervises it starts another."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self.happened = False
        self._stopping = stopping

    async def __call__(self, error: BaseException) -> None:
        log.error("worker_failed", error=type(error).__name__)
        self.happened = True
        self._stopping.set()


async def _worker(
    queue: str,
    client: Client,
    settings: Settings,
    stack: AsyncExitStack,
    failed: _Failure,
    *,
    version: WorkerDeploymentConfig | None,
) -> Worker:
    activities = await _activities(queue, settings, stack)
    return Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS if queue == JOURNEYS else (),
        activities=activities,
        deployment_config=version if queue == JOURNEYS else None,
        on_fatal_error=failed,
        **worker_options(settings),
    )


async def _activities(
    queue: str, settings: Settings, stack: AsyncExitStack
) -> list[Callable[..., Any]]:
    """What a queue does; each with only the part of the outside that it needs."""
    if queue == RECORDS:
        pool = await stack.enter_async_context(
            await create_pool(settings.database_url, name="worker-records")
        )
        records = RecordsActivities(RecordStore(pool))
        stock = StockActivities(StockStore(pool, with_training=settings.training))
        book = AppointmentsActivities(AppointmentStore(pool))
        return [
            *(records.append_events, records.session_result),
            *(stock.read_stock, stock.exposed_to_lot, stock.lot_standing),
            *(book.reserve_places, book.confirm_places, book.release_places),
        ]
    if queue == NOTIFICATIONS:
        pool = await stack.enter_async_context(
            await create_pool(settings.database_url, name="worker-notifications")
        )
        links = EngineLinks(pool, settings, open_keyring(settings).referral_key)
        notifications = NotificationsActivities(
            DeliveryStore(pool), _mail(settings), _sms(settings), _templates(settings), links
        )
        return [notifications.send_notifications]
    if queue == INTEGRATIONS:
        return [
            HealthRecordActivities(_letters(settings)).file_letter,
            SafetyProgramActivities(_fax(settings)).fax_monitoring_form,
        ]
    return []


def _letters(settings: Settings) -> LetterFolder | NoFolder:
    return LetterFolder(settings.letters_dir) if settings.letters_dir else NoFolder()


def _fax(settings: Settings) -> FaxFolder | NoFax:
    return FaxFolder(settings.fax_dir) if settings.fax_dir else NoFax()


def _mail(settings: Settings) -> SmtpMail:
    password = settings.smtp_password
    return SmtpMail(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_from,
        security=settings.smtp_tls.value,
        username=settings.smtp_username,
        password=password.get_secret_value() if password else None,
    )


def _sms(settings: Settings) -> FileSmsSink | NoSmsProvider:
    return FileSmsSink(settings.sms_sink) if settings.sms_sink else NoSmsProvider()


def _templates(settings: Settings) -> MessageTemplates:
    return MessageTemplates(settings.console_url)


def _stop_on_signal() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


def parse_queues(text: str) -> tuple[str, ...]:
    """`journeys,records` as names; raises ValueError on a queue that does not exist."""
    queues = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in queues if name not in QUEUES]
    if unknown or not queues:
        raise ValueError(f"no such task queue: {', '.join(unknown) or text!r}; {', '.join(QUEUES)}")
    return queues


def main(arguments: Sequence[str] | None = None) -> int:
    """`python worker.py --queues journeys,records`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queues", default=",".join(QUEUES), help="task queues, by comma")
    options = parser.parse_args(arguments)
    try:
        queues = parse_queues(options.queues)
    except ValueError as error:
        parser.error(str(error))
    try:
        settings = load_settings()
        logs.configure(settings, f"worker:{'+'.join(queues)}")
        return asyncio.run(serve(queues, settings))
    except (SettingsError, RuntimeError, OSError) as error:
        sys.stderr.write(f"worker: {error}\n")
        return 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # The SDK's threads may abort an interpreter that is tearing down after all work is done.
    os._exit(code)
