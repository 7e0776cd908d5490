"""What no treatment day may ever show, judged from outside: from the facts it noted, the messages
people got and the answers commands got, never from the rules it judged by.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from schemas.base import Actor, Role
from schemas.event import EventKind, Fact
from schemas.infusion import (
    CheckIn,
    Discharge,
    OrderDose,
    SessionPlan,
    SessionReceipt,
    StartDosing,
)
from schemas.notification import Notification
from schemas.screening import Modality
from simulator import papers
from tests.workflows.random_moves import Said

PRESENCE = timedelta(minutes=12)
LADDER_STEP = timedelta(minutes=3)
DURING_EVERY, AFTER_EVERY = timedelta(minutes=10), timedelta(minutes=15)
NOBODY_READ = timedelta(minutes=5)
READINGS = frozenset({EventKind.VITALS_RECORDED, EventKind.VITALS_BREACHED})
BEGUN = frozenset({EventKind.DOSING_STARTED, EventKind.DOSING_RESUMED})
ENDED = frozenset({EventKind.DOSING_STOPPED, EventKind.DOSING_ENDED})
UNDER = frozenset({"DOSING", "PAUSED"})
RULED = frozenset(
    {"record_vitals", "decide_approval"}
)  # a reading sent twice by a device is answered and leaves no fact; a vote is a fact of its task


@dataclass
class Answer:
    """A command by update: what it was told, and when it was sent."""

    kind: str
    command_id: str
    actor: Actor
    at: datetime
    receipt: SessionReceipt | None
    codes: tuple[str, ...]


@dataclass
class Evidence:
    """A day from outside. `blind`: stretches in which the engine could not look (a worker was
    away, the training clock leapt); `slack`: how late an alarm may be beyond them."""

    plan: SessionPlan
    now: datetime
    facts: Sequence[Fact]
    told: Sequence[Notification]
    answers: Sequence[Answer]
    said: dict[str, Said]
    withdrawn_at: datetime | None = None
    blind: Sequence[tuple[datetime, datetime]] = ()
    slack: timedelta = timedelta(seconds=1)
    watched: bool = True
    by_signal: frozenset[str] = frozenset()

    def of(self, *kinds: EventKind) -> list[Fact]:
        return [fact for fact in self.facts if fact.kind in kinds]

    def before(self, fact: Fact, *kinds: EventKind) -> list[Fact]:
        return [f for f in self.of(*kinds) if f.sequence < fact.sequence]

    def content(self, fact: Fact) -> Any:
        """What the person said whom this fact comes from."""
        assert fact.command_id is not None, f"{fact.kind} follows from nobody's command"
        return self.said[fact.command_id][1]

    def seen_by(self, moment: datetime) -> datetime:
        """When the engine could first act on something that was due at `moment`."""
        for began, ended in self.blind:
            if began <= moment <= ended:
                moment = ended
        return moment + self.slack


def judge(evidence: Evidence) -> None:
    """Raise AssertionError with the sentence that does not hold."""
    for invariant in INVARIANTS:
        invariant(evidence)


# -- the record ---------------------------------------------------------------------------------


def facts_are_numbered_without_a_gap(seen: Evidence) -> None:
    numbers = [fact.sequence for fact in seen.facts]
    assert numbers == list(range(1, len(numbers) + 1)), f"a gap in the facts: {numbers}"


def no_command_takes_effect_twice(seen: Evidence) -> None:
    """No doubled entry: neither in the ledger of commands nor on record."""
    facts = Counter(
        (f.command_id, f.kind, str(f.data.get("task_id") or f.data.get("order_id") or ""))
        for f in seen.facts
        if f.command_id
    )
    twice = [key for key, times in facts.items() if times > 1]
    assert not twice, f"on record twice: {twice}"
    versions: dict[str, int] = {}
    for answer in seen.answers:
        if answer.receipt is None:
            continue
        known = versions.setdefault(answer.command_id, answer.receipt.version)
        assert known == answer.receipt.version, "answered again with another version"
    firsts = Counter(a.command_id for a in seen.answers if a.receipt and not a.receipt.duplicate)
    assert all(times == 1 for times in firsts.values()), "taken as new twice"


def no_accepted_command_is_lost(seen: Evidence) -> None:
    known = {fact.command_id for fact in seen.facts}
    for answer in seen.answers:
        if answer.receipt is not None and answer.kind not in RULED:
            assert answer.command_id in known, f"{answer.kind} was accepted and left no fact"


def each_message_is_told_once(seen: Evidence) -> None:
    occurrences = Counter(message.occurrence for message in seen.told)
    twice = [name for name, times in occurrences.items() if times > 1]
    assert not twice, f"told twice: {twice}"


# -- the dose -----------------------------------------------------------------------------------


def one_dose_starts_once(seen: Evidence) -> None:
    starts = seen.of(EventKind.DOSING_STARTED)
    assert len(starts) <= 1, "one dose started twice"
    leave = {a.command_id for a in seen.answers if a.kind == "start_dosing" and a.receipt}
    assert leave <= {fact.command_id for fact in starts}, "leave to start, and no start"


def the_drug_is_drawn_once(seen: Evidence) -> None:
    """One decrement for the step, whatever is retried; one start on its way at a time."""
    drawn = [f for f in seen.of(EventKind.DOSE_LOGGED) if not f.data.get("drawn_before")]
    assert len(drawn) <= 1, "drawn from the stock twice"
    outcomes = {
        EventKind.DOSING_STARTED,
        EventKind.READINESS_JUDGED,
        EventKind.RECORD_AWAY,
    }
    steps = seen.of(EventKind.DOSE_LOGGED, *outcomes)
    for one, other in pairwise(steps):
        both = one.kind is other.kind is EventKind.DOSE_LOGGED
        assert not both, "two starts of one dose at once"


def no_dose_without_readiness(seen: Evidence) -> None:
    for start in seen.of(EventKind.DOSING_STARTED):
        lacks = [*_lacks(seen, start)]
        assert not lacks, f"a dose without readiness: {', '.join(lacks)}"


def _lacks(seen: Evidence, start: Fact) -> Iterator[str]:
    """What was missing when this dose started, except what two people overrode."""
    plan = seen.plan
    yield from _arrived_unready(seen, start)
    yield from _unread(seen, start)
    yield from _unordered(seen, start)
    command = seen.content(start)
    assert isinstance(command, StartDosing)
    if command.lot is None:
        yield "no lot"
    elif command.lot.expires_on is None or command.lot.expires_on < start.at.date():
        yield "an expired lot"
    if plan.consent_valid_until is None or plan.consent_valid_until < start.at:
        yield "no consent in force"
    if seen.withdrawn_at is not None and seen.withdrawn_at < start.at:
        yield "consent withdrawn"
    spray = plan.modality is Modality.ESKETAMINE
    if spray and len(seen.before(start, EventKind.PLAN_CHANGED)) % 2 == 1:
        yield "a site that lost its certification"
    local = start.at.astimezone(ZoneInfo(plan.clinic.time_zone))
    stay = timedelta(minutes=120 if spray else 100)
    if (local + stay).hour >= 18 or (local + stay).date() != local.date():
        yield "no time left before closing"


def _arrived_unready(seen: Evidence, start: Fact) -> Iterator[str]:
    said: dict[str, Any] = {}
    for fact in seen.before(start, EventKind.CHECKED_IN, EventKind.MISSING_SUPPLIED):
        content = seen.content(fact)
        told = (
            dict(content)
            if isinstance(content, CheckIn)
            else content.model_dump(exclude_unset=True, exclude_none=True)
        )
        said |= told
    if not said:
        yield "no check-in"
        return
    for name in (
        "identity_confirmed", "escort_confirmed", "medicines_reconciled", "emergency_kit_checked"
    ):  # fmt: skip
        if not said.get(name):
            yield name
    if said["suicide_risk"] != "none":
        yield "suicide risk"
    if start.at - said["last_solids_at"] < timedelta(hours=2):
        yield "food"
    if said["changes_since_last"] and not _overridden(seen, start, "defer_today"):
        yield "fever"


def _unread(seen: Evidence, start: Fact) -> Iterator[str]:
    readings = [seen.content(fact).vitals for fact in seen.before(start, *READINGS)]
    if not readings:
        yield "no reading"
        return
    last = sorted(readings, key=lambda reading: reading.taken_at)[-1]  # of two at once the later
    held = last.systolic_mmhg > 140 or last.diastolic_mmhg > 90
    if held and not _overridden(seen, start, "pressure_review"):
        yield "a pressure out of range"
    unwell = (last.spo2_percent or 0) < 90 or (last.moaas or 0) < 5
    if unwell and not _overridden(seen, start, "vitals_hold"):
        yield "a sign out of range"
    if last.weight_kg not in (None, papers.WEIGHT_KG):
        yield "a weight nobody confirmed"


def _unordered(seen: Evidence, start: Fact) -> Iterator[str]:
    orders = seen.before(start, EventKind.DOSE_ORDERED)
    if not orders:
        yield "no order"
        return
    order = seen.content(orders[-1])
    assert isinstance(order, OrderDose)
    usual = (56.0, 84.0) if seen.plan.modality is Modality.ESKETAMINE else (papers.DOSE_MG,)
    granted = [
        f
        for f in seen.before(start, EventKind.TASK_CLOSED)
        if f.sequence > orders[-1].sequence and _granted(f, "dose_exception")
    ]
    if order.dose_mg not in usual and not granted:
        yield f"a dose of {order.dose_mg} mg"


def _overridden(seen: Evidence, start: Fact, code: str) -> bool:
    """Whether two people overrode this very item, the last time it was put to them."""
    asked = [
        f
        for f in seen.before(start, EventKind.TASK_OPENED)
        if f.data.get("key") == f"override-{code}"
    ]
    ids = {str(f.data["task_id"]) for f in asked[-1:]}
    closed = seen.before(start, EventKind.TASK_CLOSED)
    return any(_granted(f, "readiness_override") and f.data["task_id"] in ids for f in closed)


def _granted(fact: Fact, kind: str) -> bool:
    return fact.data.get("kind") == kind and fact.data.get("status") == "approved"


def no_dosing_after_a_stop(seen: Evidence) -> None:
    ended = seen.of(*ENDED)
    if ended:
        later = [f for f in seen.facts if f.sequence > ended[0].sequence]
        assert not [f for f in later if f.kind in BEGUN], "dosing continued after a stop"
        still = [f for f in later if f.data.get("session_phase") in UNDER]
        assert not still, "under dose after a stop"
    for answer in seen.answers:
        if answer.kind in {"stop_dosing", "end_dosing"} and answer.receipt:
            assert answer.receipt.phase.value not in UNDER, "told to stop, and still dosing"


def no_dosing_after_a_withdrawal(seen: Evidence) -> None:
    if seen.withdrawn_at is None:
        return
    later = [f for f in seen.of(*BEGUN) if f.at > seen.withdrawn_at]
    assert not later, "dosing went on after consent was withdrawn"
    began, ended = seen.of(EventKind.DOSING_STARTED), seen.of(*ENDED)
    if began and began[0].at <= seen.withdrawn_at and seen.watched:
        assert ended, "consent withdrawn, and no stop"


# -- never alone --------------------------------------------------------------------------------


def no_minute_unattended_without_an_alarm(seen: Evidence) -> None:
    """From the dose's start to its end: the attendant is heard of, or people are paged, one after
    the other."""
    began, ended = seen.of(EventKind.DOSING_STARTED), seen.of(*ENDED)
    if not began:
        return
    until = ended[0].at if ended else seen.now
    pages = [f.at for f in seen.of(EventKind.PRESENCE_LAPSED)]
    there = [at for at in _attended(seen) if began[0].at < at < until]
    for since, to in pairwise([began[0].at, *there, until]):
        due = since + PRESENCE
        while seen.seen_by(due) < to:
            answered = [at for at in pages if due - seen.slack <= at <= seen.seen_by(due)]
            assert answered, f"nobody there since {since}, nobody paged at {due}"
            due = answered[0] + LADDER_STEP
    paged = [m for m in seen.told if m.template == "presence_lapsed"]
    assert len(paged) >= len(pages), "an alarm on record that nobody was told"


def _attended(seen: Evidence) -> list[datetime]:
    """When the attendant of the moment was heard of: by a fact or by an answer."""
    heard = [(f.at, f.actor.id, f) for f in seen.facts if f.command_id]
    heard += [
        (a.at, a.actor.id, None)
        for a in seen.answers
        if a.receipt and not a.receipt.duplicate and a.kind == "record_vitals"
    ]
    heard += [(f.at, f.actor.id, f) for f in seen.of(EventKind.PRESENCE_RENEWED) if f.command_id]
    attendant: str | None = None
    there = []
    for at, who, fact in sorted(heard, key=lambda h: (h[0], h[2].sequence if h[2] else 0)):
        # Whoever names another attendant is there while doing so.
        before = attendant
        if fact is not None and fact.kind is EventKind.CHECKED_IN:
            attendant = seen.content(fact).observer or attendant
        if fact is not None and fact.kind is EventKind.ATTENDANT_ASSIGNED:
            attendant = seen.content(fact).attendant.id
        if fact is not None and fact.kind is EventKind.HANDED_OVER:
            attendant = who
        votes = fact is not None and fact.kind in {EventKind.TASK_VOTED, EventKind.TASK_CLOSED}
        if who in {before, attendant} and not votes:
            there.append(at)
    return there


def no_reading_missing_without_an_alarm(seen: Evidence) -> None:
    """While dosing and afterwards: readings come, or people are told."""
    began, gone = seen.of(EventKind.DOSING_STARTED), seen.of(EventKind.DISCHARGED)
    if not began:
        return
    ended = seen.of(*ENDED)
    until = gone[0].at if gone else seen.now
    heard = {f.at for f in seen.of(*READINGS, EventKind.VITALS_MISSED) if f.at > began[0].at}
    heard |= {a.at for a in seen.answers if a.kind == "record_vitals" and a.receipt}
    moments = [began[0].at, *(f.at for f in ended[:1]), *heard, until]
    for since, to in pairwise(sorted(at for at in moments if began[0].at <= at <= until)):
        every = AFTER_EVERY if ended and since >= ended[0].at else DURING_EVERY
        late = seen.seen_by(since + every + NOBODY_READ)
        assert to <= late, f"no reading from {since} to {to}, and no alarm"


# -- orders, and going home ---------------------------------------------------------------------


def no_acknowledged_order_is_paged_again(seen: Evidence) -> None:
    answered: set[object] = set()
    for fact in seen.of(EventKind.ORDER_ACKNOWLEDGED, EventKind.ORDER_UNANSWERED):
        order = fact.data["order_id"]
        assert order not in answered, f"{order} was acknowledged, and told of again"
        if fact.kind is EventKind.ORDER_ACKNOWLEDGED:
            answered.add(order)


def nobody_goes_home_without_the_criteria(seen: Evidence) -> None:
    for fact in seen.of(EventKind.DISCHARGED):
        command = seen.content(fact)
        assert isinstance(command, Discharge)
        unmet = [*_unmet(seen, fact, command)]
        assert not unmet, f"discharged with criteria unmet: {', '.join(unmet)}"


def _unmet(seen: Evidence, fact: Fact, command: Discharge) -> Iterator[str]:
    """What was unmet; a transfer needs a signature only, leaving against advice a little more."""
    if command.actor.role not in {Role.NURSE, Role.PRESCRIBER, Role.MEDICAL_DIRECTOR}:
        yield "signed by nobody who may"
    if command.transferred_to:
        return
    readings = _last_readings(seen, fact)
    awake = next((r for r in readings if r.moaas is not None), None)
    if awake is None or awake.moaas < 5 or fact.at - awake.taken_at > timedelta(minutes=20):
        yield "sedated, or nobody looked"
    if command.orientation != 4 or command.suicide_risk != "none":
        yield "not oriented, or at risk"
    if command.against_advice:
        return
    yield from _unsaid(command)
    if _prescriber_gone(seen, fact) and not _signed_by_one_who_prescribes(command):
        yield "no prescriber on site"
    yield from _too_soon(seen, fact)
    if not readings or fact.at - readings[0].taken_at > timedelta(minutes=20):
        yield "no recent reading"
    elif (readings[0].systolic_mmhg or 999) > 152 or (readings[0].spo2_percent or 0) < 88:
        yield "a reading out of range"
    if not _adds_up(seen, fact):
        yield "drawn, given and wasted do not add up"


def _prescriber_gone(seen: Evidence, fact: Fact) -> bool:
    """Whether the one who had to be on site had left by then, and nobody had come."""
    told = seen.before(fact, EventKind.PRESCRIBER_LEFT, EventKind.PRESCRIBER_PRESENT)
    spray = seen.plan.modality is Modality.ESKETAMINE
    return spray and bool(told) and told[-1].kind is EventKind.PRESCRIBER_LEFT


def _signed_by_one_who_prescribes(command: Discharge) -> bool:
    signers = (command.actor, command.second_signature)
    return any(s and s.role in {Role.PRESCRIBER, Role.MEDICAL_DIRECTOR} for s in signers)


def _unsaid(command: Discharge) -> Iterator[str]:
    second = command.second_signature
    if second is None or second.id == command.actor.id:
        yield "one signature"
    for name in (
        "escort_present", "instructions_given", "gait_steady", "nausea_controlled",
        "waste_reconciled", "effects_gone",
    ):  # fmt: skip
        if not getattr(command, name):
            yield name
    if (command.aldrete or 0) < 9:
        yield "Aldrete"


def _too_soon(seen: Evidence, fact: Fact) -> Iterator[str]:
    ended = seen.before(fact, *ENDED)
    stay = timedelta(minutes=120 if seen.plan.modality is Modality.ESKETAMINE else 60)
    if not ended or fact.at < ended[0].at + stay:
        yield "too early"
    for given in seen.before(fact, *READINGS):
        sedated_at = seen.content(given).sedative_given_at
        if sedated_at and fact.at < sedated_at + timedelta(minutes=60):
            yield "too early after a sedative"


def _last_readings(seen: Evidence, fact: Fact) -> list[Any]:
    """Readings since the dose ended, the newest first by the device's clock."""
    ended = seen.before(fact, *ENDED)
    since = ended[0].sequence if ended else 0
    found = [seen.content(f).vitals for f in seen.before(fact, *READINGS) if f.sequence > since]
    return sorted(found, key=lambda reading: reading.taken_at)[::-1]


def _adds_up(seen: Evidence, fact: Fact) -> bool:
    if any(
        f.data.get("kind") == "substance_variance" and f.data.get("status") != "cancelled"
        for f in seen.before(fact, EventKind.TASK_CLOSED)
    ):
        return True
    drawn = [f.data["drawn_mg"] for f in seen.before(fact, EventKind.DOSE_LOGGED)]
    given: float | None = None
    wasted, witnessed = 0.0, True
    for told in seen.before(fact, *ENDED, EventKind.WASTE_RECORDED):
        if told.command_id is None:
            continue
        command = seen.content(told)
        amount = getattr(command, "delivered_mg", None)
        given = amount if amount is not None else given
        if command.waste is not None:
            wasted = command.waste.wasted_mg
            witness = command.waste.witness
            witnessed = wasted == 0 or (witness is not None and witness.id != command.actor.id)
    if given is None:
        return False
    return witnessed and abs(float(str(drawn[-1])) - given - wasted) <= 0.5


def no_spray_goes_on_without_a_prescriber(seen: Evidence) -> None:
    for fact in seen.of(EventKind.DOSING_RESUMED):
        assert not _prescriber_gone(seen, fact), "dosing went on with no prescriber on site"


INVARIANTS: tuple[Callable[[Evidence], None], ...] = (
    facts_are_numbered_without_a_gap,
    no_command_takes_effect_twice,
    no_accepted_command_is_lost,
    each_message_is_told_once,
    one_dose_starts_once,
    the_drug_is_drawn_once,
    no_dose_without_readiness,
    no_dosing_after_a_stop,
    no_dosing_after_a_withdrawal,
    no_minute_unattended_without_an_alarm,
    no_reading_missing_without_an_alarm,
    no_acknowledged_order_is_paged_again,
    nobody_goes_home_without_the_criteria,
    no_spray_goes_on_without_a_prescriber,
)
