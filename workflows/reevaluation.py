"""The reevaluation: scores on time, what the table proposes, what a psychiatrist decides."""

from datetime import datetime

from clinical.approval import rule_for
from clinical.course import infusions_given, notes_after
from clinical.reevaluation import (
    extension_infusions,
    final_review_due_at,
    judge_relapse,
    propose,
)
from clinical.tolerability import judge_tolerability
from schemas.approval import ApprovalKind, EntryKind, Task, TaskStatus
from schemas.event import EventKind
from schemas.journey import Event, Series
from schemas.protocol import ExpiryOutcome
from schemas.reevaluation import Course, Proposal, ReevaluationFacts
from schemas.screening import Modality
from workflows.course_facts import facts_of, fresh, packet_of
from workflows.schedule import in_words
from workflows.scores import SCORES
from workflows.story import Interrupted, Story

DECISION = "reevaluation"
NO_COURSE = "none"

EVENT_OF = {
    Course.EXTEND: Event.EXTEND_CHOSEN,
    Course.TAPER: Event.TAPER_CHOSEN,
    Course.MAINTENANCE: Event.MAINTENANCE_CHOSEN,
    Course.SWITCH: Event.SWITCH_CHOSEN,
    Course.DISCONTINUE: Event.DISCONTINUE_CHOSEN,
}


async def reevaluation(story: Story) -> Event:
    """Wait for scores taken since the last dose, propose, and let the psychiatrist decide. When
    the facts change meanwhile, the proposal is made anew: nobody decides on what has passed."""
    while True:
        await story.expect(
            EntryKind.RECORD_SCORES,
            SCORES,
            "Reevaluation: take the scores",
            lambda: any(fresh(story.state, s.taken_at) for s in story.state.scores),
        )
        packet = _ask(story)
        await story.wait(lambda packet=packet: _decided(story) or _packet(story) != packet)  # type: ignore[misc]
        if _decided(story):
            return _settle(story, story.tasks.take(DECISION))


def _ask(story: Story) -> str:
    """Propose and ask, once for each picture: a new run tells this phase again from its state.
    Returns the seal of what is being decided on."""
    facts = facts_of(story)
    packet = packet_of(facts)
    asked = story.tasks.find(DECISION)
    if asked is not None and asked.pending and asked.evidence.get("packet") != packet:
        story.tasks.cancel(DECISION)
        asked = None
    if asked is None:
        proposal = propose(facts, story.parameters)
        story.recorder.note(
            EventKind.COURSE_PROPOSED, {**proposal.model_dump(mode="json"), "packet": packet}
        )
        story.tasks.open(
            ApprovalKind.REEVALUATION_DECISION,
            DECISION,
            "Reevaluation: decide how treatment goes on",
            options=tuple(course.value for course in _offered(story, proposal)),
            evidence=_evidence(story, facts, proposal, packet),
            due_at=_due_at(story),
        )
    return packet


def _due_at(story: Story) -> datetime | None:
    """After the first series the decision is owed within 7 days of the last infusion (7.1), where
    that is sooner than the rule of the approval table; once it has passed, that rule holds."""
    given = infusions_given(story.state)
    if story.state.course is not None or not given or given[-1].dosed_at is None:
        return None
    now = story.clock.now()
    owed_at = final_review_due_at(given[-1].dosed_at, story.parameters)
    rule = rule_for(ApprovalKind.REEVALUATION_DECISION, story.tasks.rules)
    return owed_at if now < owed_at < now + rule.due else None


def _settle(story: Story, task: Task) -> Event:
    """What the person decided, beside what was proposed, on record; then the way on."""
    if task.status is TaskStatus.EXPIRED and task.on_expiry is ExpiryOutcome.HOLD:
        raise Interrupted(Event.HELD)
    vote = task.votes[-1] if task.votes else None
    course = Course.DISCONTINUE
    if task.status is TaskStatus.APPROVED and vote is not None:
        course = Course(str(vote.choice))
    proposed = task.evidence.get("proposal", NO_COURSE)
    story.recorder.note(
        EventKind.COURSE_DECIDED,
        {
            "course": course.value,
            "proposed": proposed,
            "row": task.evidence.get("row", ""),
            "departs": course.value != proposed,
            "packet": task.evidence.get("packet", ""),
            "reason": vote.reason if vote else "",
        },
        actor=vote.actor if vote else None,
    )
    _remember(story, course)
    return EVENT_OF[course]


def _remember(story: Story, course: Course) -> None:
    """What this decision changes for the next one."""
    state = story.state
    state.notes = notes_after(state, course, story.clock.now())
    state.relapse_found = False
    state.course = course
    state.series = _extended(story) if course is Course.EXTEND else None


def _evidence(
    story: Story, facts: ReevaluationFacts, proposal: Proposal, packet: str
) -> dict[str, str]:
    """What the psychiatrist sees beside the scores: the row that fired, every reason, the facts
    that speak for or against, and the seal of them all."""
    _, badly_borne = judge_tolerability(story.state.sessions, story.parameters)
    shown = {
        "row": str(proposal.row),
        "proposal": proposal.course.value if proposal.course else NO_COURSE,
        **in_words(proposal.reasons),
        "tolerability": facts.tolerability.value,
        "borne": ", ".join(badly_borne),
        "found": ", ".join((*facts.emergencies, *facts.safety_events)),
        "assessments_missing": str(facts.assessments_missing or ""),
        "switch_refused": ", ".join(story.state.notes.switch_refused),
        "packet": packet,
    }
    return {name: words for name, words in shown.items() if words}


def _decided(story: Story) -> bool:
    task = story.tasks.find(DECISION)
    return task is not None and not task.pending


def _packet(story: Story) -> str:
    return packet_of(facts_of(story))


def relapsed(story: Story) -> bool:
    """Whether response is lost by the relapse rule, on the scores since this phase was entered:
    what an earlier reevaluation has decided on does not count again."""
    state = story.state
    since = state.phase_entered_at
    recent = [s for s in state.scores if since is None or s.taken_at >= since]
    found = state.notes.findings
    state.relapse_found = judge_relapse(
        state.baseline,
        recent,
        story.parameters,
        hospitalised_or_attempt=found is not None and found.hospitalised_or_attempt,
    ).relapsed
    return state.relapse_found


def _offered(story: Story, proposal: Proposal) -> tuple[Course, ...]:
    """The courses a psychiatrist may choose; the spray only where the clinic may give it."""
    offered = proposal.options or tuple(Course)
    if not story.state.clinic.spray_certified:
        offered = tuple(course for course in offered if course is not Course.SWITCH)
    return offered


def _extended(story: Story) -> Series:
    """A few more infusions: of the acute series while it may grow, or boosters after a relapse,
    which are not of the series."""
    boosters = story.parameters.integer("reeval.extend_sessions")
    given = len(infusions_given(story.state))
    return Series(
        course="induction",
        modality=Modality.IV_KETAMINE,
        target=boosters
        if story.state.notes.boosters
        else extension_infusions(given, story.parameters),
        began_at=story.clock.now(),
    )
