"""The two programs side by side: how each is connected, what its workers do, its layers."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import DataConverter
from temporalio.service import GrpcCompression
from temporalio.worker import PollerBehaviorAutoscaling, UnsandboxedWorkflowRunner, Worker

from activities.appointments import AppointmentsActivities
from activities.health_record import HealthRecordActivities
from activities.records import RecordsActivities
from benchmarks import bare
from runtime import names
from runtime.keys import open_keyring
from runtime.settings import Settings
from runtime.temporal import connect, interceptors, worker_options
from schemas.appointment import ConfirmPlaces, PlacesAnswer, ReleasePlaces, ReservePlaces
from schemas.event import Appended, AppendEvents
from schemas.health_record import Letter
from schemas.infusion import SessionResult
from schemas.notification import Delivery, DeliveryStatus, SendNotifications
from workflows.infusion_session import InfusionSession
from workflows.journey import PatientJourney
from workflows.nasal_spray_session import NasalSpraySession

CACHED = 1000
"""Workflows kept in memory, the same on both sides: nothing is replayed while rates are taken."""


class Side(StrEnum):
    """Which of the two programs."""

    OURS = "ours"
    BARE = "bare"


class Layer(StrEnum):
    """What can be taken from our program, to see what it costs."""

    SANDBOX = "sandbox"
    CODEC = "codec"
    INTERCEPTORS = "interceptors"


LAYERS_OFF: tuple[tuple[Layer, ...], ...] = (
    (Layer.SANDBOX,),
    (Layer.SANDBOX, Layer.CODEC),
    (Layer.SANDBOX, Layer.CODEC, Layer.INTERCEPTORS),
)


@dataclass(frozen=True)
class Variant:
    """A side, and what was taken from it."""

    side: Side
    without: tuple[Layer, ...] = ()

    @property
    def name(self) -> str:
        return "-".join([self.side.value, *(layer.value for layer in self.without)])

    @classmethod
    def of(cls, name: str) -> "Variant":
        """Read back from `name`."""
        side, *without = name.split("-")
        return cls(Side(side), tuple(Layer(layer) for layer in without))


def settings_for(variant: Variant, address: str, keys: Path) -> Settings:
    """The settings of a deployment on the benchmark's own server."""
    return Settings(
        temporal_address=address,
        temporal_namespace=variant.name,
        keys=keys,
        accept_plain_payloads=True,
    )


async def client_of(variant: Variant, address: str, keys: Path) -> Client:
    """A client with the layers of its variant, in the variant's own namespace."""
    settings = settings_for(variant, address, keys)
    if variant == Variant(Side.OURS):
        return await connect(settings, keyring=open_keyring(settings), identity="bench", wait_s=10)
    options: dict[str, Any] = {}
    if variant.side is Side.OURS:
        options["data_converter"] = DataConverter(payload_converter_class=PydanticPayloadConverter)
        if Layer.CODEC not in variant.without:
            full = await connect(settings, keyring=open_keyring(settings), wait_s=10)
            options["data_converter"] = full.data_converter
        if Layer.INTERCEPTORS not in variant.without:
            options["interceptors"] = [*interceptors()]
    return await Client.connect(
        address,
        namespace=variant.name,
        identity=f"bench-{os.getpid()}",
        grpc_compression=GrpcCompression.NONE,
        **options,
    )


def workflow_worker(variant: Variant, client: Client, cached: int = CACHED) -> Worker:
    """The worker of the workflows' queue."""
    options: dict[str, Any] = dict(worker_options(Settings(max_cached_workflows=cached)))
    if variant.side is Side.BARE or Layer.SANDBOX in variant.without:
        options["workflow_runner"] = UnsandboxedWorkflowRunner()
    ours = variant.side is Side.OURS
    return Worker(
        client,
        task_queue=names.JOURNEYS,
        workflows=[PatientJourney, InfusionSession, NasalSpraySession]
        if ours
        else [bare.BareJourney, bare.BareSession],
        **options,
    )


def activity_workers(side: Side, client: Client) -> list[Worker]:
    """The workers of the other queues; what they reach is nothing, at once."""
    records = RecordsActivities(_Nothing())
    book = AppointmentsActivities(_Nothing())
    ours: dict[str, list[Any]] = {
        names.RECORDS: [
            *(records.append_events, records.session_result),
            *(book.reserve_places, book.confirm_places, book.release_places),
        ],
        names.NOTIFICATIONS: [_send_nothing],
        names.INTEGRATIONS: [HealthRecordActivities(_Nothing()).file_letter],
    }
    pollers = PollerBehaviorAutoscaling()
    return [
        Worker(
            client,
            task_queue=queue,
            activities=activities if side is Side.OURS else [bare.anything],
            activity_task_poller_behavior=pollers,
        )
        for queue, activities in ours.items()
    ]


class _Nothing:
    """A record that takes everything and keeps only how sessions ended, for journeys that turned
    over meanwhile: PostgreSQL is not what is measured."""

    def __init__(self) -> None:
        self._ended: dict[str, SessionResult] = {}

    async def append(self, batch: AppendEvents) -> Appended:
        for fact in batch.facts:
            if "result" in fact.data:
                self._ended[batch.workflow_id] = SessionResult.model_validate(fact.data["result"])
        return Appended(last_sequence=batch.facts[-1].sequence)

    async def session_result(self, session_id: str) -> SessionResult | None:
        return self._ended.get(session_id)

    async def reserve(self, wish: ReservePlaces) -> PlacesAnswer:
        return PlacesAnswer(session_id=wish.session_id, starts_at=wish.starts_at, reserved=True)

    async def confirm(self, asked: ConfirmPlaces) -> bool:
        return bool(asked.session_id)

    async def release(self, asked: ReleasePlaces) -> None:
        assert asked.session_id

    async def file(self, letter: Letter) -> str:
        return letter.letter_id


@activity.defn(name="send_notifications")
async def _send_nothing(batch: SendNotifications) -> tuple[Delivery, ...]:
    return tuple(
        Delivery(occurrence=n.occurrence, status=DeliveryStatus.SENT) for n in batch.notifications
    )
