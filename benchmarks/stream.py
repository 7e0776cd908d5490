"""`python -m benchmarks.stream`: how many monitor readings a second the whole stack takes.

Monitors of several infusions under way send batches through the API of a real stack; most of what
they measure is calm, some of it breaches. Printed: readings a second, and how long a batch took.
"""

import argparse
import asyncio
import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import Any
from uuid import uuid4

import httpx
from temporalio.client import Client, WorkflowHandle

from clinical.standard_protocol import standard_protocol
from runtime.keys import open_keyring
from runtime.names import JOURNEYS
from runtime.temporal import connect
from schemas.base import Command, Role
from schemas.infusion import CheckIn, OrderDose, RecordVitals, SessionPlan, StartDosing
from schemas.protocol import Clinic
from schemas.screening import Modality
from service.training_issuer import TrainingIssuer
from simulator import papers
from simulator.papers import STAFF
from simulator.stack import Stack, running_stack

ALWAYS_OPEN = Clinic(code="north", name="Northlight Clinic", time_zone="America/New_York")
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
TARGET_PER_S = 500


@dataclass
class Course:
    """One run: what is sent, and how long each batch took, in seconds."""

    sessions: int
    batch: int
    seconds: float
    per_s: float
    took: list[float] = field(default_factory=list)
    sent: int = 0
    told: int = 0


async def session_in_dosing(client: Client) -> str:
    """A training session whose infusion began a while ago; its id."""
    journey_id = "journey-" + "".join(random.choices(ALPHABET, k=26))
    now = datetime.fromtimestamp(time.time(), UTC)
    plan = SessionPlan(
        session_id=f"{journey_id}-infusion-1",
        journey_id=journey_id,
        clinic=ALWAYS_OPEN,
        protocol=standard_protocol(),
        modality=Modality.IV_KETAMINE,
        number=1,
        scheduled_at=now,
        training=True,
        clock_may_move=True,
        consent_valid_until=now + timedelta(days=90),
        clearances_valid_until=now + timedelta(days=60),
        pdmp_queried_at=now - papers.QUERIED_BEFORE,
        dosing_weight_kg=papers.WEIGHT_KG,
    )
    handle = await client.start_workflow(
        "InfusionSession", plan, id=plan.session_id, task_queue=JOURNEYS
    )
    await _begin(handle, now)
    return plan.session_id


async def _begin(handle: WorkflowHandle[Any, Any], now: datetime) -> None:
    await _give(
        handle, "check_in", Role.NURSE, CheckIn,
        escort=papers.ESCORT, escort_confirmed=True, medicines_reconciled=True,
        last_solids_at=now - timedelta(hours=12), last_liquids_at=now - timedelta(hours=3),
        suicide_risk="none", emergency_kit_checked=True, observer="rn-quill",
    )  # fmt: skip
    reading = papers.calm(now, weight_kg=papers.WEIGHT_KG)
    await _give(handle, "record_vitals", Role.NURSE, RecordVitals, vitals=reading)
    await _give(
        handle, "order_dose", Role.PRESCRIBER, OrderDose,
        dose_mg=papers.DOSE_MG, weight_kg=papers.WEIGHT_KG, duration_min=40,
    )  # fmt: skip
    lot = papers.lot(Modality.IV_KETAMINE, now)
    await _give(handle, "start_dosing", Role.NURSE, StartDosing, lot=lot, drawn_mg=papers.DOSE_MG)
    jump = {"command_id": uuid4().hex, "by_seconds": 300.0}
    await handle.signal("clock_advanced", jump)


async def _give(
    handle: WorkflowHandle[Any, Any], kind: str, role: Role, model: type[Command], **fields: Any
) -> None:
    command = model(command_id=uuid4().hex, actor=STAFF[role], **fields)
    await handle.execute_update(kind, command)


async def run(stack: Stack, course: Course) -> None:
    """Send batches for the whole course, at its pace or as fast as they are taken."""
    settings = stack.settings
    client = await connect(settings, keyring=open_keyring(settings), wait_s=20)
    sessions = [await session_in_dosing(client) for _ in range(course.sessions)]
    token = TrainingIssuer.open(settings).mint("monitor-gateway", (Role.SYSTEM,), ("*",))
    headers = {"Authorization": f"Bearer {token}"}
    base = stack.addresses["api"]
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as http:
        began = time.monotonic()
        await asyncio.gather(*(_monitor(http, s, course, began) for s in sessions))
        course.seconds = time.monotonic() - began


async def _monitor(http: httpx.AsyncClient, session_id: str, course: Course, began: float) -> None:
    """One monitor: a reading every tenth of a second of its own clock, in batches."""
    clock = datetime.fromtimestamp(time.time(), UTC)
    every_s = course.batch * course.sessions / course.per_s if course.per_s else 0.0
    for number in range(10_000_000):
        pause = began + number * every_s - time.monotonic()
        await asyncio.sleep(max(0.0, pause))
        if time.monotonic() - began >= course.seconds:
            return
        readings = []
        for _ in range(course.batch):
            clock += timedelta(milliseconds=1)
            spo2 = 92 if random.random() < 0.01 else random.randint(95, 100)
            rate = random.randint(62, 90)
            readings.append(
                {"taken_at": clock.isoformat(), "spo2_percent": spo2, "heart_rate_bpm": rate}
            )
        body = {"device": "monitor-1", "readings": readings}
        sent_at = time.monotonic()
        answer = await http.post(f"/v1/sessions/{session_id}/vitals:batch", json=body)
        course.took.append(time.monotonic() - sent_at)
        answer.raise_for_status()
        course.sent += answer.json()["accepted"]
        course.told += len(answer.json()["told"])


def report(course: Course) -> str:
    """The figures, as one line each."""
    cuts = quantiles(course.took, n=100) if len(course.took) > 1 else course.took * 99
    per_s = course.sent / course.seconds
    return "\n".join(
        (
            f"sessions                  {course.sessions}",
            f"readings a batch          {course.batch}",
            f"batches                   {len(course.took)}",
            f"readings kept             {course.sent} in {course.seconds:.1f} s",
            f"readings a second         {per_s:.0f} (target {TARGET_PER_S})",
            f"a batch, p50              {cuts[49] * 1000:.0f} ms",
            f"a batch, p99              {cuts[98] * 1000:.0f} ms",
            f"told to the sessions      {course.told}",
        )
    )


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; a target that is missed is said in the figures, not by the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream", description=__doc__)
    parser.add_argument("--sessions", type=int, default=10, help="infusions under way")
    parser.add_argument("--batch", type=int, default=50, help="readings in a batch")
    parser.add_argument("--seconds", type=float, default=30, help="how long")
    parser.add_argument(
        "--per-second", type=float, default=0, help="readings a second in all; 0: as fast as taken"
    )
    options = parser.parse_args(words)
    course = Course(options.sessions, options.batch, options.seconds, options.per_second)
    with running_stack() as stack:
        asyncio.run(stack.serving(run(stack, course)))
    print(report(course))
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # The SDK's threads may abort an interpreter that is tearing down after all work is done.
    os._exit(code)
