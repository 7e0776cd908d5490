"""How a clinic's drug cabinet is opened at the engine: by its first command, once, for good."""

import hashlib
import uuid
from typing import Any

from pydantic import JsonValue
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from runtime.names import JOURNEYS
from schemas.base import Actor, Role
from schemas.drug_cabinet import AdoptSettings, CabinetInput, CabinetState
from schemas.protocol import Clinic, Protocol
from service.intake import Deployment, cabinet_id
from service.journey_start import attributes_of

FRONT_DESK = Actor(id="front-desk", role=Role.SYSTEM)


def cabinet_start(
    clinic: Clinic, protocol: Protocol, deployment: Deployment
) -> tuple[str, CabinetInput]:
    """The id of a clinic's drug cabinet, and what it begins with at its first use."""
    found = cabinet_id(clinic.code)
    state = CabinetState(
        workflow_id=found,
        clinic=clinic,
        protocol=protocol,
        pins=fingerprint(clinic, protocol),
        training=deployment.training,
        clock_may_move=deployment.training,
        signatures_required=deployment.signatures_required,
        decision_keys=deployment.decision_keys,
        decision_keys_ms=deployment.decision_keys_ms,
    )
    return found, CabinetInput(state=state)


def fingerprint(clinic: Clinic, protocol: Protocol) -> str:
    """What tells one pair of files from another."""
    content = f"{clinic.model_dump_json()}\0{protocol.model_dump_json()}"
    return hashlib.sha256(content.encode()).hexdigest()[:24]


def newest_settings(start: CabinetInput) -> AdoptSettings:
    """The deployment's files, for a cabinet that goes by others. Never the same command twice: a
    deployment may go back to files that it had before."""
    state = start.state
    return AdoptSettings(
        command_id=uuid.uuid4().hex,
        actor=FRONT_DESK,
        clinic=state.clinic,
        protocol=state.protocol,
        pins=state.pins,
    )


def start_of_cabinet(found: str, start: CabinetInput) -> WithStartWorkflowOperation[Any, Any]:
    """The start that a command to a cabinet is sent with: one that runs is used."""
    return WithStartWorkflowOperation(
        "DrugCabinet",
        start,
        id=found,
        task_queue=JOURNEYS,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        static_summary=summary_of_cabinet(start),
        search_attributes=attributes_of(start),
    )


async def leave_at_cabinet(
    client: Client, found: str, start: CabinetInput, envelope: dict[str, JsonValue]
) -> None:
    """Leave a command for when somebody can take it; the cabinet is opened with it if need be."""
    await client.start_workflow(
        "DrugCabinet",
        start,
        id=found,
        task_queue=JOURNEYS,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        static_summary=summary_of_cabinet(start),
        search_attributes=attributes_of(start),
        start_signal="command_submitted",
        start_signal_args=[envelope],
    )


def summary_of_cabinet(start: CabinetInput) -> str:
    """Readable by whoever may open the engine's own pages: codes only."""
    return f"Drug cabinet (clinic {start.state.clinic.code})"
