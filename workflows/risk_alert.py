"""Suicide risk: a person is reached within its time, or the ladder climbs until one answers.

Clinical fact sheet, sections 6.3 and 9, edge case 16. Patient, on-call clinician, medical director,
then the decision on emergency services; each step on record, stopped by a person's word alone.
"""

from datetime import datetime

from clinical.aftercare import judge_no_contact, judge_unanswered_alert
from clinical.risk_levels import LEVELS, RiskDecision, RiskLevel
from clinical.risk_today import DECIDES
from clinical.suicide_risk import triage_level
from schemas.aftercare import Party, RecordContact
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import Actor, Command, Reason, Role, earliest
from schemas.event import EventKind
from schemas.health_record import Milestone
from schemas.notification import NotificationClass
from schemas.risk_alert import AcknowledgeAlert, RiskAlert, RiskTold
from workflows.options import RISKS_REMEMBERED
from workflows.schedule import in_words
from workflows.story import CLIMBED, Story
from workflows.welfare_check import ask_welfare_check, welfare_key

OCCASION = "risk"

LETTER_AT = {
    RiskLevel.MODERATE: Milestone.SUICIDE_RISK_MODERATE,
    RiskLevel.HIGH: Milestone.SUICIDE_RISK_HIGH,
}
"""Of which levels the provider who shares the care is told (6.4, 9)."""


def raise_risk(
    story: Story,
    command: Command | None,
    risk: RiskDecision,
    *,
    occurrence: str | None = None,
    session_id: str | None = None,
) -> None:
    """A person, not the engine, judges the danger: the patient is shown where help is, the
    on-call clinician is paged, the review waits on a psychiatrist with a deadline, and whoever
    shares the care is written to. `occurrence`: its name where no command gives it one."""
    if risk.respond_within is None:
        return
    state = story.state
    state.notes.risk_seen = True
    for owed in state.follow_ups:
        owed.at_risk = True
    occurrence = occurrence or f"risk-{state.version}"
    known = _same_danger(story, risk.level)
    key = known.key if known else occurrence
    story.recorder.note(
        EventKind.SUICIDE_RISK_RAISED,
        {"level": risk.level.value, "reasons": [r.code for r in risk.reasons], "alert": key},
        by=command,
    )
    if known is None:
        story.tasks.open(
            ApprovalKind.SUICIDE_RISK_REVIEW,
            key,
            "Suicide risk raised: reach the patient, screen, write down what was done",
            due_at=story.clock.now() + risk.respond_within,
            evidence={"level": risk.level.value, **in_words(risk.reasons)},
            session_id=session_id,
        )
        _watch_over(story, key, risk)
        if risk.level in LETTER_AT:
            story.letters.owe(LETTER_AT[risk.level])
    story.tell_patient(
        "suicide_resources",
        f"{occurrence}:resources",
        NotificationClass.SAFETY,
        after_hours_phone=state.clinic.after_hours_phone or "",
    )
    _page(story, key, "on_call", Role.PSYCHIATRIST, occurrence)


def told_at_chair(story: Story, told: RiskTold) -> None:
    """What a treatment day says of suicide risk: at once, and once more when it has closed. Each
    word counts once, whichever way it came first (6.4, 11.17)."""
    state, word = story.state, f"{told.session_id}:{told.number}"
    if word in state.risks_heard:
        return
    state.risks_heard = [*state.risks_heard, word][-RISKS_REMEMBERED:]
    if told.reviewed_by is not None:
        _assessed_in_person(story, told, told.reviewed_by)
        return
    raise_risk(
        story,
        None,
        triage_level(RiskLevel(told.level), story.parameters),
        occurrence=_at_chair(told.session_id, told.number),
        session_id=told.session_id,
    )


def judge_acknowledgement(story: Story, command: AcknowledgeAlert) -> tuple[Reason, ...]:
    """Why there is nothing to acknowledge; empty when there is."""
    if _meant(story, command):
        return ()
    return (Reason(code="no_open_alert", text="no alert waits to be acknowledged here"),)


def acknowledge_alert(story: Story, command: AcknowledgeAlert) -> None:
    """Somebody has it in hand: the ladder stops for them; the review is still theirs to write."""
    for alert in _meant(story, command):
        _acknowledge(story, alert, command.actor, by=command)
    story.tasks.changed()


def contact_about_risk(story: Story, command: RecordContact) -> None:
    """An attempt to reach the patient is a person's word too; only a contact stops the hour."""
    for alert in story.state.risk_alerts:
        if alert.acknowledged_at is None:
            _acknowledge(story, alert, command.actor, by=command)
        if command.reached and command.whom is Party.PATIENT:
            alert.contacted_at = alert.contacted_at or story.clock.now()
    story.tasks.changed()


def open_alerts(story: Story) -> list[RiskAlert]:
    """The alerts that nobody has settled."""
    return story.state.risk_alerts


class RiskLadder:
    """The rungs of every open alert, climbed one by one while no person answers."""

    def __init__(self, story: Story) -> None:
        self._story = story
        story.watches.append(self)
        story.listeners.append(self._closed)

    def next_at(self) -> datetime | None:
        """When the next rung of any alert comes."""
        return earliest(at for alert in self._story.state.risk_alerts for at in self._rungs(alert))

    def tend(self) -> None:
        """Climb every rung whose time has come."""
        now = self._story.clock.now()
        for alert in self._story.state.risk_alerts:
            if any(at <= now for at in self._rungs(alert)):
                self._climb(alert, now)

    def _rungs(self, alert: RiskAlert) -> list[datetime]:
        length = self._story.parameters.duration
        rungs = []
        on_call = alert.raised_at + length("risk.oncall_ack")
        if alert.acknowledged_at is None and alert.pages:
            if not alert.director_paged:
                rungs.append(on_call)
            if not alert.welfare_asked:
                rungs.append(on_call + length("after.director_ack"))
        if alert.high and alert.contacted_at is None and not alert.welfare_asked:
            rungs.append(alert.raised_at + length("risk.no_contact"))
        return rungs

    def _climb(self, alert: RiskAlert, now: datetime) -> None:
        story, p = self._story, self._story.parameters
        reasons: tuple[Reason, ...] = ()
        if alert.acknowledged_at is None and alert.pages:
            reasons = judge_unanswered_alert(alert.raised_at, now, p)
        if alert.contacted_at is None:
            reasons += judge_no_contact(alert.raised_at, now, p, high=alert.high)
        codes = {reason.code for reason in reasons}
        if "tell_medical_director" in codes and not alert.director_paged:
            alert.director_paged = True
            _escalate(story, alert.key)
            _page(story, alert.key, "medical_director", Role.MEDICAL_DIRECTOR, alert.key)
        if codes & {"emergency_services", "welfare_check_decision"} and not alert.welfare_asked:
            self._ask_for_help(alert, reasons)

    def _ask_for_help(self, alert: RiskAlert, reasons: tuple[Reason, ...]) -> None:
        """The last rung: on-call and director are both asked; either may decide."""
        alert.welfare_asked = True
        ask_welfare_check(self._story, alert.key, OCCASION, in_words(reasons))
        key = welfare_key(OCCASION, alert.key)
        _escalate(self._story, key)
        for role in (Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR):
            _page(self._story, alert.key, "emergency_services", role, key)

    def _closed(self, task: Task) -> None:
        """A person decided; when none of its questions is open any more, the alert is settled."""
        alert = next((a for a in self._story.state.risk_alerts if _belongs(task, a)), None)
        if alert is None:
            return
        if task.votes and alert.acknowledged_at is None:
            _acknowledge(self._story, alert, task.votes[-1].actor)
        unreached = task.key.endswith(CLIMBED) and task.status is TaskStatus.DECLINED
        if unreached and not alert.welfare_asked:
            text = "neither on-call nor medical director reached the patient"
            self._ask_for_help(alert, (Reason(code="nobody_reached", text=text),))
        if not any(_belongs(waiting, alert) for waiting in self._story.tasks.pending()):
            self._story.state.risk_alerts.remove(alert)


def _assessed_in_person(story: Story, told: RiskTold, reviewer: Actor) -> None:
    """Whoever decides on this danger is with the patient: nobody is paged further, or asked to go
    and look. What was done is still theirs to write down."""
    for alert in story.state.risk_alerts:
        here = alert.key.startswith(_at_chair(told.session_id)) or alert.raised_at <= told.told_at
        if not here or reviewer.role not in DECIDES.get(RiskLevel(alert.level), frozenset()):
            continue
        if alert.acknowledged_at is None:
            _acknowledge(story, alert, reviewer)
        alert.contacted_at = alert.contacted_at or story.clock.now()
    story.tasks.changed()


def _at_chair(session_id: str, number: int | str = "") -> str:
    return f"risk-{session_id}-{number}"


def _watch_over(story: Story, key: str, risk: RiskDecision) -> None:
    """Only what must be answered within minutes climbs; the rest has its review's own deadline."""
    high = risk.level is RiskLevel.HIGH
    if not high and risk.acknowledge_within is None:
        return
    story.state.risk_alerts.append(
        RiskAlert(key=key, level=risk.level.value, raised_at=story.clock.now(), high=high)
    )


def _same_danger(story: Story, level: RiskLevel) -> RiskAlert | None:
    """An alert as grave that nobody has answered yet: the same ladder, not a second one."""
    return next(
        (
            alert
            for alert in story.state.risk_alerts
            if alert.acknowledged_at is None
            and LEVELS.index(RiskLevel(alert.level)) >= LEVELS.index(level)
        ),
        None,
    )


def _page(story: Story, key: str, step: str, role: Role, occurrence: str) -> None:
    story.recorder.note(EventKind.RISK_PAGED, {"alert": key, "step": step, "role": role.value})
    story.tell_role(
        role, "safety_alert", f"{occurrence}:{step}:{role.value}", NotificationClass.SAFETY
    )


def _escalate(story: Story, key: str) -> None:
    """Whoever is paged may decide as well."""
    task = story.tasks.find(key)
    if task is not None and task.pending and task.escalated == 0:
        story.tasks.escalate(key)


def _acknowledge(story: Story, alert: RiskAlert, actor: Actor, by: Command | None = None) -> None:
    alert.acknowledged_by, alert.acknowledged_at = actor, story.clock.now()
    waited = (alert.acknowledged_at - alert.raised_at).total_seconds()
    story.recorder.note(
        EventKind.RISK_ACKNOWLEDGED,
        {"alert": alert.key, "by": actor.id, "role": actor.role.value, "after_seconds": waited},
        by=by,
    )


def _meant(story: Story, command: AcknowledgeAlert) -> list[RiskAlert]:
    return [
        alert
        for alert in story.state.risk_alerts
        if alert.acknowledged_at is None and command.alert in (None, alert.key)
    ]


def _belongs(task: Task, alert: RiskAlert) -> bool:
    return task.key in (alert.key, alert.key + CLIMBED, welfare_key(OCCASION, alert.key))
