"""The story that the demonstration tells: one synthetic patient from a referral to the spray."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from uuid import uuid4

from schemas.approval import Choice
from schemas.base import Role
from schemas.journey import CloseJourney, Phase
from schemas.screening import Modality
from simulator.http_door import HttpDoor
from simulator.papers import STAFF
from simulator.stack import ROOT, Stack
from simulator.staff import Staff

REFERRAL = ROOT / "examples" / "referral.fhir.json"
INFUSIONS_WANTED = 6
SCORED_AFTER = 2
"""Infusions before a scale is taken again: the early review after the third rests on it."""


async def tell(stack: Stack, door: HttpDoor) -> AsyncIterator[tuple[str, str]]:
    """Yields (journey id, what has just happened), step by step."""
    journey_id = await door.refer(
        "/fhir/ServiceRequest", REFERRAL.read_bytes(), "application/fhir+json"
    )
    staff = Staff(door, journey_id)
    yield journey_id, "referral received, journey started"
    await staff.approve("referral_triage")
    yield journey_id, "triaged by the care coordinator"
    await staff.evaluate()
    yield journey_id, "psychiatric evaluation: eligible, two failed trials, PHQ-9 of 19"
    await staff.screen(finding=True)
    await staff.approve("screening_finding")
    yield journey_id, "medical screening: one finding, decided by a physician"
    await staff.sign()
    yield journey_id, "informed consent signed"
    yield journey_id, f"cleared by two people{await _clear(stack, staff)}"
    await staff.approve("series_start")
    await staff.reach(Phase.INFUSION_SERIES)
    yield journey_id, "series started"
    async for words in _infusions(staff):
        yield journey_id, words
    await staff.asked_for("record_scores")
    await staff.score(8)
    await staff.approve("reevaluation_decision", "switch")
    yield journey_id, "reevaluation: response, PHQ-9 from 19 to 8; switch to the nasal spray"
    await staff.approve("switch_to_spray")
    await staff.sign(Modality.ESKETAMINE)
    await staff.authorize()
    yield journey_id, "switch agreed by two people, enrolled, consent signed, insurer approves"
    for number in (1, 2):
        # The call that is due 72 hours after the first spray falls into the second's rest: not into
        # the minute of its discharge, where seconds would decide in which order the two come.
        await staff.treat(rests_min=10 if number == 2 else 0)
        await staff.booked()
        await staff.follow_up()
        await staff.send_forms()
        yield journey_id, f"nasal spray {number} of 2: observed for two hours, home, form sent"
    await _close(staff)
    yield journey_id, "stable course: closed by the coordinator, every follow-up made"


async def _infusions(staff: Staff) -> AsyncIterator[str]:
    done = 0
    missed = False
    while done < INFUSIONS_WANTED:
        if done == 3 and not missed:
            missed = True
            await staff.miss()
            yield "nobody came: session missed, the patient reached, rebooked"
            continue
        paused = done == 1
        await staff.treat(pause=paused)
        done += 1
        # The clock moves on once the journey has planned ahead, as it would in a real night.
        if done < INFUSIONS_WANTED:
            await staff.booked()
        else:
            await staff.asked_for("record_scores")
        if done == 1:
            await staff.evening()
        await staff.follow_up()
        if done == SCORED_AFTER:
            await staff.score(13)
        words = f"infusion {done} of {INFUSIONS_WANTED}"
        yield words + (": paused at 186/106, resumed once settled" if paused else ": completed")


async def _clear(stack: Stack, staff: Staff) -> str:
    """The first of the two by the API, the second as a signal from the stock command line; both by
    the API where decisions must be signed. Returns how, in words."""
    pending = await staff.pending("treatment_clearance")
    await staff.decide(pending, STAFF[Role.PSYCHIATRIST], Choice.APPROVE)
    if stack.settings.require_signed_decisions:
        await staff.decide(pending, STAFF[Role.MEDICAL_SCREENER], Choice.APPROVE)
        return ", both signed"
    decision = {
        "command_id": f"cli-{uuid4().hex}",
        "approval_id": pending.approval_id,
        "decision": "approve",
        "actor": {"id": STAFF[Role.MEDICAL_SCREENER].id, "role": "medical_screener"},
        "reason": "work-up complete and in date",
    }
    for _ in range(20):
        code = await _temporal_signal(stack, staff.journey_id, decision)
        if code == 0:
            break
        await asyncio.sleep(1)
    await staff.wait(
        lambda view: all(a.kind != "treatment_clearance" for a in view.pending_approvals)
    )
    return ", one of them at the stock temporal command line"


async def _temporal_signal(stack: Stack, journey_id: str, decision: Mapping[str, object]) -> int:
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("temporal")),
        *("workflow", "signal", "--workflow-id", journey_id, "--name", "approval_decided"),
        *("--input", json.dumps(decision)),
        *("--address", stack.addresses["temporal"], "--namespace", stack.addresses["namespace"]),
        *("--codec-endpoint", stack.addresses["codec"]),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()


async def _close(staff: Staff) -> None:
    await staff.give(
        "close_journey",
        CloseJourney(
            command_id=f"close-{uuid4().hex}",
            actor=STAFF[Role.CARE_COORDINATOR],
            reason="stable on the spray; care goes on at the provider's",
            outcome="stable_course",
        ),
    )
