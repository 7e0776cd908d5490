"""What must hold at the end of the demonstration, looked at from outside the engine."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

import httpx
from temporalio.client import Client

from activities.notifications import message_id
from schemas.notification import Channel, DeliveryStatus, NotificationClass
from simulator.http_door import HttpDoor
from simulator.stack import Stack

GATES = (
    ("PSYCH_EVAL", "EvaluationRecorded"),
    ("MED_SCREEN", "ScreeningRecorded"),
    ("CONSENT", "ConsentSigned"),
)


ANSWERED_BY_LINK = frozenset({"home_safe", "journal_nudge"})
OWN_LINK = re.compile(r"http\S+/l/\S+")


@dataclass
class Findings:
    """The record of one journey as anybody can read it, and what is wrong with it."""

    timeline: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    mails: list[dict[str, Any]]
    problems: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)

    def check(self, holds: bool, what: str) -> None:
        (self.held if holds else self.problems).append(what)


async def look(stack: Stack, door: HttpDoor, client: Client, journey_id: str) -> Findings:
    """Read everything back and judge it."""
    # The end first: everything is on record before a journey completes.
    outcome: dict[str, Any] = await client.get_workflow_handle(
        journey_id, result_type=dict[str, Any]
    ).result()
    findings = Findings(
        timeline=await _timeline(door, journey_id),
        messages=await _messages(stack, journey_id),
        mails=await _mails(stack),
    )
    _check_record(findings, outcome, journey_id)
    _check_gates(findings)
    _check_doses(findings)
    check_messages(findings)
    check_links(findings)
    return findings


def _check_record(findings: Findings, outcome: dict[str, Any], journey_id: str) -> None:
    own = [e for e in findings.timeline if e["workflow_id"] == journey_id]
    findings.check(
        len(own) == outcome["facts"],
        f"events in PostgreSQL ({len(own)}) equal the workflow's own ({outcome['facts']})",
    )
    by_workflow: dict[str, list[int]] = {}
    for event in findings.timeline:
        by_workflow.setdefault(event["workflow_id"], []).append(event["sequence"])
    gapless = all(sorted(s) == list(range(1, len(s) + 1)) for s in by_workflow.values())
    findings.check(gapless, "no event is missing or doubled in any of the workflows")
    findings.check(outcome["outcome"] == "stable_course", "the journey ended as its people decided")


def _check_gates(findings: Findings) -> None:
    kinds = [e["kind"] for e in findings.timeline]
    entered = [e["data"].get("phase") for e in findings.timeline if e["kind"] == "PhaseEntered"]
    order = ["REFERRAL", "PSYCH_EVAL", "MED_SCREEN", "CONSENT", "SCHEDULED", "INFUSION_SERIES"]
    findings.check(entered[:6] == order, "no phase was entered before its gate")
    first_booking = kinds.index("SessionBooked")
    for _, fact in GATES:
        findings.check(kinds.index(fact) < first_booking, f"{fact} stands before the first booking")
    votes = [
        e["data"]["vote"]["actor"]["id"]
        for e in findings.timeline
        if e["kind"] == "TaskVoted" and e["data"]["kind"] == "treatment_clearance"
    ]
    findings.check(len(set(votes)) == 2, "two different people cleared the treatment")


def _check_doses(findings: Findings) -> None:
    sessions: dict[str, list[dict[str, Any]]] = {}
    for event in findings.timeline:
        sessions.setdefault(event["workflow_id"], []).append(event)
    dosed = {
        name: [e["kind"] for e in sorted(events, key=lambda e: int(e["sequence"]))]
        for name, events in sessions.items()
        if any(e["kind"] == "DosingStarted" for e in events)
    }
    infusions = [name for name in dosed if "-infusion-" in name]
    findings.check(len(infusions) == 6, f"six infusions were given ({len(infusions)})")
    findings.check(len(dosed) - len(infusions) == 2, "two spray sessions were given")
    logged = all(k.index("DoseLogged") < k.index("DosingStarted") for k in dosed.values())
    findings.check(logged, "each dose was logged before it was started")
    once = all(Counter(k)["DosingStarted"] == 1 for k in dosed.values())
    findings.check(once, "each dose was started once")
    home = all(k.index("DosingStarted") < k.index("Discharged") for k in dosed.values())
    findings.check(home, "each patient was discharged by a person after the dose")
    every = Counter(kind for kinds in dosed.values() for kind in kinds)
    findings.check(every["DosingPaused"] == 1, "one infusion was paused")
    findings.check(every["DosingResumed"] == 1, "and resumed by order")
    missed = sum(1 for e in findings.timeline if e["kind"] == "SessionMissed")
    findings.check(missed == 1, "one session was missed")


def check_messages(findings: Findings) -> None:
    """Each occurrence has one row and one mail. A second mail of one occurrence is a copy under
    the same Message-ID, and right only where its class prefers a copy to a loss and a sending
    before it ended with nobody knowing how (`NotificationClass`)."""
    occurrences = Counter((m["workflow_id"], m["occurrence"]) for m in findings.messages)
    findings.check(all(n == 1 for n in occurrences.values()), "one delivery row an occurrence")
    rows = {
        message_id(m["workflow_id"], m["occurrence"]): m
        for m in findings.messages
        if m["channel"] == Channel.EMAIL
    }
    sent = Counter(m["message_id"] for m in findings.mails)
    copies = {reference: n for reference, n in sent.items() if n > 1}
    right = all(n <= _most_mails(rows.get(reference)) for reference, n in copies.items())
    findings.check(right, f"nothing was sent twice ({len(sent)} mails{_of_which(copies)})")
    arrived = all(
        m["status"] == DeliveryStatus.SENT and sent[reference] for reference, m in rows.items()
    )
    findings.check(arrived and set(sent) == set(rows), "every message reached the mail server")


def check_links(findings: Findings) -> None:
    """Where patients are asked for an answer the mail carries a link of their own, the same in
    every copy; nowhere else is there one."""
    asked = {
        message_id(m["workflow_id"], m["occurrence"])
        for m in findings.messages
        if m["template"] in ANSWERED_BY_LINK
    }
    links: dict[str, set[str]] = {}
    for mail in findings.mails:
        links.setdefault(mail["message_id"], set()).update(OWN_LINK.findall(mail["text"]))
    own = {reference for reference, found in links.items() if found}
    right = own <= asked and all(len(found) < 2 for found in links.values())
    findings.check(bool(own) and right, f"patients answer by links of their own ({len(own)} mails)")


def _most_mails(row: dict[str, Any] | None) -> int:
    """How many mails one occurrence may have led to; `attempts` is 1 when the first was sure."""
    if row is None:
        return 1
    attempts: int = row["attempts"]
    match NotificationClass(row["kind"]):
        case NotificationClass.SAFETY:
            # An alert does not wait for the record: while that is away it goes out unrecorded.
            return attempts + 1
        case NotificationClass.ACTION:
            return attempts
        case NotificationClass.REMINDER:
            return min(attempts, 2)
        case NotificationClass.INFORMATION:
            return 1
        case kind:
            assert_never(kind)


def _of_which(copies: Mapping[str, int]) -> str:
    if not copies:
        return ""
    return f"; {len(copies)} with a copy, its first sending being unknown"


async def _timeline(door: HttpDoor, journey_id: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = f"?limit=500&cursor={cursor}" if cursor else "?limit=500"
        page = await door.get(f"/v1/journeys/{journey_id}/timeline{query}")
        events += page["items"]
        cursor = page.get("next_cursor")
        if not cursor:
            return events


async def _mails(stack: Stack) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(trust_env=False) as client:
        reply = await client.get(f"{stack.addresses['mail']}/messages.json")
        mails: list[dict[str, Any]] = reply.json()
        return mails


async def _messages(stack: Stack, journey_id: str) -> list[dict[str, Any]]:
    from records.pool import create_pool
    from service.lookups import Lookups

    async with await create_pool(stack.settings.database_url, name="demo") as pool:
        rows = await Lookups(pool).notifications(journey_id, clinics=None)
    return [row.model_dump(mode="json") for row in rows]
