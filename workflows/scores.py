"""Scores and journal entries as they come in: scored, kept, and looked at for danger."""

from datetime import timedelta

from pydantic import JsonValue

from clinical.instruments import score
from clinical.suicide_risk import triage_journal, triage_scores
from schemas.approval import ApprovalKind
from schemas.base import Command, Reason, Role
from schemas.event import EventKind
from schemas.journal import WriteJournal
from schemas.journey import JourneyState, Phase
from schemas.notification import NotificationClass
from schemas.reevaluation import RecordScores, Score
from workflows.schedule import in_words
from workflows.story import Story

SCORES = "scores"
SCORES_KEPT = 40


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
    taken: dict[str, JsonValue] = {
        "scores": [s.model_dump(mode="json") for s in scored],
        "note": command.note,
    }
    if command.findings is not None:
        state.notes.findings = command.findings
        taken["findings"] = command.findings.model_dump(mode="json")
    story.recorder.note(EventKind.SCORES_RECORDED, taken, by=command)
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
        evidence={"level": level, **in_words(reasons)},
    )
    story.tell_role(Role.PSYCHIATRIST, "safety_alert", f"{key}:alert", NotificationClass.SAFETY)
    story.tell_patient(
        "suicide_resources",
        f"{key}:resources",
        NotificationClass.SAFETY,
        after_hours_phone=story.state.clinic.after_hours_phone or "",
    )
