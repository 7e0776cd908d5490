"""The reevaluation: scores on time, what the table proposes, what a psychiatrist decides."""

from collections.abc import Sequence
from datetime import timedelta

from clinical.instruments import score
from clinical.parameters import Parameters
from clinical.reevaluation import judge_relapse, propose
from clinical.suicide_risk import triage_journal, triage_scores
from schemas.approval import ApprovalKind, EntryKind, TaskStatus
from schemas.base import Command, Reason, Role
from schemas.event import EventKind
from schemas.infusion import SessionResult
from schemas.journal import WriteJournal
from schemas.journey import Event, JourneyState, Phase, Series
from schemas.notification import NotificationClass
from schemas.reevaluation import Course, Proposal, RecordScores, ReevaluationFacts, Score
from schemas.screening import Modality
from workflows.story import Story

SCORES = "scores"
DECISION = "reevaluation"
SCORES_KEPT = 40

EVENT_OF = {
    Course.EXTEND: Event.EXTEND_CHOSEN,
    Course.TAPER: Event.TAPER_CHOSEN,
    Course.MAINTENANCE: Event.MAINTENANCE_CHOSEN,
    Course.SWITCH: Event.SWITCH_CHOSEN,
    Course.DISCONTINUE: Event.DISCONTINUE_CHOSEN,
}


async def reevaluation(story: Story) -> Event:
    """Wait for scores taken since the last dose, propose, and let the psychiatrist decide."""
    await story.expect(
        EntryKind.RECORD_SCORES,
        SCORES,
        "Reevaluation: take the scores",
        lambda: _fresh(story.state),
    )
    proposal = propose(facts_of(story), story.parameters)
    if story.tasks.find(DECISION) is None:
        # Proposed once: a new run tells this phase again from its state.
        story.recorder.note(EventKind.COURSE_PROPOSED, proposal.model_dump(mode="json"))
    task = await story.ask(
        ApprovalKind.REEVALUATION_DECISION,
        DECISION,
        "Reevaluation: decide how treatment goes on",
        options=tuple(course.value for course in _offered(story, proposal)),
        evidence={
            "row": str(proposal.row),
            "proposal": proposal.course.value if proposal.course else "none",
        },
    )
    if task.status is not TaskStatus.APPROVED:
        return Event.DISCONTINUE_CHOSEN
    course = Course(str(task.votes[-1].choice))
    story.state.course = course
    story.state.series = _extended(story) if course is Course.EXTEND else None
    return EVENT_OF[course]


def judge_scores(story: Story, command: RecordScores) -> tuple[Reason, ...]:
    """Why these answers cannot be scored; empty when they can."""
    problems: list[Reason] = []
    for assessment in command.assessments:
        scored = score(assessment, story.clock.now(), story.parameters)
        if not isinstance(scored, Score):
            problems.extend(scored)
        elif not triage_scores((scored,), story.parameters).complete:
            text = "send the single answers: the one about suicide cannot be told from a total"
            problems.append(Reason(code="suicide_item_missing", text=text))
    return tuple(problems)


def record_scores(story: Story, command: RecordScores) -> None:
    """Keep the scores; the first before any dose are the baseline for ever; look for danger."""
    now = story.clock.now()
    answers = (score(a, now, story.parameters) for a in command.assessments)
    scored = [s for s in answers if isinstance(s, Score)]
    state = story.state
    state.scores.extend(scored)
    del state.scores[:-SCORES_KEPT]
    story.recorder.note(
        EventKind.SCORES_RECORDED,
        {"scores": [s.model_dump(mode="json") for s in scored], "note": command.note},
        by=command,
    )
    if state.phase is Phase.REEVALUATION:
        story.entered(SCORES, command)
    risk = triage_scores(scored, story.parameters)
    if risk.respond_within is not None:
        _raise_risk(story, command, risk.level.value, risk.reasons, risk.respond_within)


def write_journal(story: Story, command: WriteJournal) -> None:
    """Keep the entry on record; a sign of danger reaches a person within its time."""
    story.recorder.note(
        EventKind.JOURNAL_WRITTEN,
        command.model_dump(mode="json", exclude={"command_id", "actor"}),
        by=command,
    )
    risk = triage_journal(command, story.parameters)
    if risk.respond_within is not None:
        _raise_risk(story, command, risk.level.value, risk.reasons, risk.respond_within)


def fix_baseline(state: JourneyState) -> None:
    """Before the first dose: the last score of each instrument becomes the baseline."""
    if not state.baseline:
        state.baseline = list({s.instrument: s for s in state.scores}.values())


def facts_of(story: Story) -> ReevaluationFacts:
    """What the decision table looks at, gathered from the journey."""
    state = story.state
    given = [s for s in state.sessions if s.counts]
    infusions = [s for s in given if s.modality is Modality.IV_KETAMINE]
    return ReevaluationFacts(
        baseline=tuple(state.baseline),
        latest=tuple(_newest(state.scores)),
        previous=tuple(_newest(_without_newest(state.scores))),
        course=state.course or Course.EXTEND,
        infusions_given=len(infusions),
        titration_left=_titration_left(infusions, story.parameters),
        stop_sessions=sum(1 for s in infusions if s.stop_events),
        spray_available=state.clinic.spray_certified,
        relapsed=state.relapse_found,
        maintenance_days=_maintenance_days(story),
    )


def relapsed(story: Story) -> bool:
    """Whether response is lost by the relapse rule, on the scores since this phase was entered:
    what an earlier reevaluation has decided on does not count again."""
    state = story.state
    since = state.phase_entered_at
    recent = [s for s in state.scores if since is None or s.taken_at >= since]
    state.relapse_found = judge_relapse(state.baseline, recent, story.parameters).relapsed
    return state.relapse_found


def _titration_left(infusions: Sequence[SessionResult], parameters: Parameters) -> bool:
    """Whether the dose can still be raised by a step below both caps."""
    last = next((s for s in reversed(infusions) if s.ordered_mg and s.weight_kg), None)
    if last is None or last.ordered_mg is None or last.weight_kg is None:
        return False
    raised = last.ordered_mg / last.weight_kg + parameters.number("iv.titration_step")
    return raised <= parameters.number("iv.dose_cap_mgkg") and (
        raised * last.weight_kg <= parameters.number("iv.dose_cap_mg")
    )


def _maintenance_days(story: Story) -> int:
    began = story.state.maintenance_since
    return (story.clock.now() - began).days if began else 0


def _newest(scores: Sequence[Score]) -> list[Score]:
    """The newest score of each instrument."""
    return list({s.instrument: s for s in sorted(scores, key=lambda s: s.taken_at)}.values())


def _without_newest(scores: Sequence[Score]) -> list[Score]:
    newest = _newest(scores)
    return [s for s in scores if s not in newest]


def _fresh(state: JourneyState) -> bool:
    """Whether there is a score from after the last dose and from this reevaluation's time."""
    dosed = [s.dosed_at for s in state.sessions if s.dosed_at is not None]
    since = dosed[-1] if dosed else state.phase_entered_at
    return any(since is None or s.taken_at >= since for s in state.scores)


def _offered(story: Story, proposal: Proposal) -> tuple[Course, ...]:
    """The courses a psychiatrist may choose; the spray only where the clinic may give it."""
    offered = proposal.options or tuple(Course)
    if not story.state.clinic.spray_certified:
        offered = tuple(course for course in offered if course is not Course.SWITCH)
    return offered


def _extended(story: Story) -> Series:
    extra = story.parameters.integer("reeval.extend_sessions")
    done = sum(1 for s in story.state.sessions if s.counts)
    return Series(
        course="induction",
        modality=Modality.IV_KETAMINE,
        target=min(extra, max(0, story.parameters.integer("stop.max_acute") - done)),
        began_at=story.clock.now(),
    )


def _raise_risk(
    story: Story, command: Command, level: str, reasons: tuple[Reason, ...], within: timedelta
) -> None:
    """A person, not the engine, judges the danger: page the psychiatrist with a deadline."""
    key = f"risk-{story.state.version}"
    story.recorder.note(
        EventKind.SUICIDE_RISK_RAISED,
        {"level": level, "reasons": [r.code for r in reasons]},
        by=command,
    )
    story.tasks.open(
        ApprovalKind.SUICIDE_RISK_REVIEW,
        key,
        "Suicide risk raised: reach the patient, screen, write down what was done",
        due_at=story.clock.now() + within,
    )
    story.tell_role(Role.PSYCHIATRIST, "safety_alert", f"{key}:alert", NotificationClass.SAFETY)
    story.tell_patient(
        "suicide_resources",
        f"{key}:resources",
        NotificationClass.SAFETY,
        after_hours_phone=story.state.clinic.after_hours_phone or "",
    )
