"""`journey simulate`: a clinic of synthetic people, living through weeks on a running stack.

The same seed is the same people with the same luck. How often treatment helps is drawn from the
published figures the fact sheet suggests for calibration (clinical.md 10.4, all [D]).
"""

import asyncio
import json
import random
import sys
from collections import Counter
from datetime import datetime, timedelta

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from runtime.settings import load_settings
from schemas.approval import ApprovalKind
from schemas.journey import JourneyView, Phase
from schemas.reevaluation import Course
from schemas.screening import Modality
from simulator import papers
from simulator.http_door import HttpDoor
from simulator.staff import Staff

AT_ONCE = 6
NO_SHOW = 0.06
HIGH_PRESSURE = 0.02
OUTCOMES = (("remission", 0.25, 3), ("response", 0.27, 8), ("partial", 0.2, 12), ("none", 0.28, 17))
"""How a course ends: its word, how often, and the PHQ-9 from a baseline of 19."""


class Life(BaseModel):
    """What became of one synthetic patient."""

    journey_id: str
    outcome: str
    phase: Phase
    sessions: int
    missed: int
    paused: int
    facts: int


async def simulate(*, patients: int, weeks: int, seed: int, as_json: bool) -> int:
    """Run the clinic and print what became of everybody; 0 when each life went its way."""
    settings = load_settings()
    door = HttpDoor(settings.api_url, settings)
    gate = asyncio.Semaphore(AT_ONCE)
    try:
        await door.check()
        lives = await asyncio.gather(
            *(_guarded(gate, door, number, weeks, seed) for number in range(patients))
        )
    finally:
        await door.close()
    _print(lives, as_json=as_json)
    return 0


async def _guarded(
    gate: asyncio.Semaphore, door: HttpDoor, number: int, weeks: int, seed: int
) -> Life:
    async with gate:
        return await _live(door, number, weeks, random.Random(f"{seed}-{number}"))


async def _live(door: HttpDoor, number: int, weeks: int, luck: random.Random) -> Life:
    referral = papers.referral(f"SIM-{luck.getrandbits(40):010x}", seed=number)
    journey_id = await door.refer(
        "/v1/referrals", referral.model_dump_json().encode(), "application/json"
    )
    staff = Staff(door, journey_id)
    view = await door.journey(journey_id)
    until = view.now + timedelta(weeks=weeks)
    outcome, score = _drawn(luck)
    if view.phase is Phase.REFERRAL:
        await staff.prepare(finding=luck.random() < 0.2)
    while not await _step(staff, until, luck, score):
        pass
    view = await door.journey(journey_id)
    return Life(
        journey_id=journey_id,
        outcome=outcome,
        phase=view.phase,
        sessions=sum(1 for s in view.sessions if s.counts),
        missed=sum(1 for s in view.sessions if s.phase.value == "MISSED"),
        paused=sum(s.pauses for s in view.sessions),
        facts=view.facts,
    )


async def _step(staff: Staff, until: datetime, luck: random.Random, score: int) -> bool:
    """What happens next in one life; True once its time is over."""
    view = await staff.wait(_something_to_do)
    if view.phase is Phase.CLOSED or view.now >= until:
        return True
    if any(entry.kind == "record_scores" for entry in view.pending_entries):
        await staff.score(score + luck.choice((-1, 0, 0, 1)))
    elif view.pending_approvals:
        await _decide(staff, view, score)
    elif any(entry.kind == "sign_consent" for entry in view.pending_entries):
        spray = view.phase is Phase.SWITCH_ESKETAMINE
        await staff.sign(Modality.ESKETAMINE if spray else Modality.IV_KETAMINE)
    elif any(entry.kind == "record_authorization" for entry in view.pending_entries):
        await staff.authorize()
    elif any(entry.kind == "record_screening" for entry in view.pending_entries):
        await staff.screen_again()
    elif view.next_session_at is not None:
        if view.next_session_at >= until:
            return True
        if luck.random() < NO_SHOW:
            await staff.miss()
        else:
            await staff.treat(pause=luck.random() < HIGH_PRESSURE)
            await staff.follow_up()
    return False


def _something_to_do(view: JourneyView) -> bool:
    return bool(
        view.phase is Phase.CLOSED
        or view.pending_approvals
        or view.pending_entries
        or view.open_session
    )


async def _decide(staff: Staff, view: JourneyView, score: int) -> None:
    """The soonest decision, as this clinic's people would take it."""
    if view.follow_ups and view.pending_approvals[0].kind == ApprovalKind.SAFETY_FOLLOW_UP:
        await staff.follow_up()
        return
    pending = view.pending_approvals[0]
    choice = None
    if pending.kind == ApprovalKind.REEVALUATION_DECISION:
        choice = _course(score, pending.options)
    elif pending.options:
        choice = pending.options[0]
    await staff.approve(pending.kind, choice)


def _course(score: int, options: tuple[str, ...]) -> str:
    """Who responded goes on, to the spray where it is offered; who did not is referred onward."""
    wished = [Course.MAINTENANCE, Course.TAPER] if score <= 9 else [Course.DISCONTINUE]
    return next((c.value for c in wished if c.value in options), options[0])


def _drawn(luck: random.Random) -> tuple[str, int]:
    words = [word for word, _, _ in OUTCOMES]
    chosen = luck.choices(words, [weight for _, weight, _ in OUTCOMES])[0]
    return next((word, score) for word, _, score in OUTCOMES if word == chosen)


def _print(lives: list[Life], *, as_json: bool) -> None:
    if as_json:
        told = json.dumps([life.model_dump(mode="json") for life in lives])
        sys.stdout.write(told + "\n")
        return
    table = Table(title=f"{len(lives)} synthetic patients", title_justify="left", box=None)
    for column in ("outcome", "patients", "sessions", "missed", "paused", "phases"):
        table.add_column(column)
    for outcome, _, _ in OUTCOMES:
        of = [life for life in lives if life.outcome == outcome]
        phases = Counter(life.phase.value for life in of)
        table.add_row(
            outcome,
            str(len(of)),
            str(sum(life.sessions for life in of)),
            str(sum(life.missed for life in of)),
            str(sum(life.paused for life in of)),
            ", ".join(f"{phase} {n}" for phase, n in phases.items()),
        )
    Console(highlight=False).print(table)
