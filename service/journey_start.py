"""How a journey is started at the engine: once, under its own name, described by codes only."""

import asyncio
from contextlib import suppress
from typing import Any

from temporalio.client import WithStartWorkflowOperation
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)

from runtime.names import CLINIC_CODE, JOURNEYS
from schemas.drug_cabinet import CabinetInput
from schemas.journey import JourneyInput


def start_of(found: str, start: JourneyInput) -> WithStartWorkflowOperation[Any, Any]:
    """The start that a referral is sent with: a journey that runs is used, one that ended is
    never begun again."""
    return WithStartWorkflowOperation(
        "PatientJourney",
        start,
        id=found,
        task_queue=JOURNEYS,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        static_summary=summary_of(start),
        search_attributes=attributes_of(start),
    )


async def settle(operation: WithStartWorkflowOperation[Any, Any]) -> None:
    """Hear the start's own outcome: the SDK keeps a copy of the error there, and complains at an
    odd moment, in the middle of something else, when nobody has looked at it."""
    with suppress(asyncio.CancelledError, Exception):
        async with asyncio.timeout(0):
            await operation.workflow_handle()


def summary_of(start: JourneyInput) -> str:
    """Readable by whoever may open the engine's own pages: codes only."""
    training = "training, " if start.state.training else ""
    return f"Treatment journey ({training}clinic {start.state.clinic.code})"


def attributes_of(start: JourneyInput | CabinetInput) -> TypedSearchAttributes:
    """What the engine's own lists may filter by: codes only."""
    return TypedSearchAttributes([SearchAttributePair(CLINIC_CODE, start.state.clinic.code)])
