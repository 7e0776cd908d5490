"""Attempts to reach the patient, or whoever took them home: each on record, each with its effect.

Clinical fact sheet, section 9.
"""

from clinical.aftercare import judge_symptoms
from clinical.suicide_risk import triage_answer
from schemas.aftercare import Occasion, Party, RecordContact
from schemas.approval import ApprovalKind
from schemas.base import Reason, Role
from schemas.event import EventKind
from schemas.journey import FollowUp
from workflows.absence import seen
from workflows.aftercare import escalate_follow_up, evening_key, first_dose_key
from workflows.journal import JOURNAL_CALL
from workflows.risk_alert import contact_about_risk, open_alerts, raise_risk
from workflows.schedule import in_words
from workflows.story import Story
from workflows.welfare_check import ask_welfare_check


def judge_contact(story: Story, command: RecordContact) -> tuple[Reason, ...]:
    """Why this attempt cannot be taken down; empty when it can."""
    if command.actor.role is Role.PATIENT:
        return _judge_own_word(story, command)
    if not _waits(story, command):
        return (Reason(code="nothing_owed", text="no such contact is owed to this patient now"),)
    if command.occasion is not Occasion.FOLLOW_UP:
        return ()
    owed = _owed(story, command)
    assert owed is not None, "it waits"
    if story.clock.now() < owed.from_at:
        text = "the follow-up is made from 20 hours after discharge; this is the evening"
        return (Reason(code="too_early", text=text, fact=owed.from_at.isoformat(), source="9"),)
    if command.whom is Party.PATIENT and command.reached and command.suicidal_thoughts is None:
        text = "ask about suicidal thoughts, and say what the answer was"
        return (Reason(code="suicide_question_missing", text=text, source="9"),)
    return ()


def record_contact(story: Story, command: RecordContact) -> None:
    """Take the attempt down and do what it calls for."""
    owed = _owed(story, command)
    story.recorder.note(
        EventKind.CONTACT_MADE if command.reached else EventKind.CONTACT_ATTEMPTED,
        {
            **command.model_dump(mode="json", exclude={"command_id", "actor"}),
            "session_id": owed.session_id if owed else command.session_id,
        },
        by=command,
    )
    if command.reached and command.whom is Party.PATIENT:
        seen(story)
    if owed is not None and command.companion is not None:
        owed.companion = command.companion
    match command.occasion:
        case Occasion.EVENING:
            _evening(story, command, owed)
        case Occasion.FOLLOW_UP:
            _follow_up(story, command, owed)
        case Occasion.FIRST_DOSE:
            _answer(story, command, first_dose_key(command.session_id or _last_call(story)))
        case Occasion.JOURNAL:
            _answer(story, command, JOURNAL_CALL)
        case Occasion.RISK:
            contact_about_risk(story, command)
        case Occasion.SYMPTOMS:
            _answer(story, command, _symptoms_key(command))
    _hear(story, command)


def _judge_own_word(story: Story, command: RecordContact) -> tuple[Reason, ...]:
    """Patients say that they are home safe; the rest of the conversation is held with a person."""
    home = command.occasion is Occasion.EVENING and command.whom is Party.PATIENT
    if not (home and command.reached):
        text = "a patient answers only whether they are home safe; please call us for the rest"
        return (Reason(code="not_yours_to_say", text=text),)
    if _owed(story, command) is None:
        return (Reason(code="nothing_owed", text="no such contact is owed to this patient now"),)
    return ()


def _evening(story: Story, command: RecordContact, owed: FollowUp | None) -> None:
    if owed is None:
        return
    key = evening_key(owed.session_id)
    if command.reached:
        owed.evening_over = True
        story.tasks.enter(key, command)
        story.tasks.changed()
    elif command.whom is not Party.PATIENT and story.tasks.find(key) is not None:
        # The patient was called before the escort: now a clinician decides.
        ask_welfare_check(
            story, owed.session_id, "evening", {"evening": "neither could be reached"}
        )


def _follow_up(story: Story, command: RecordContact, owed: FollowUp | None) -> None:
    if owed is None:
        return
    if command.reached and command.whom is Party.PATIENT:
        story.tasks.enter(owed.task_key, command)
    elif not command.reached:
        owed.attempts += 1
        escalate_follow_up(story, owed)
        story.tasks.changed()


def _answer(story: Story, command: RecordContact, key: str) -> None:
    if command.reached and command.whom is Party.PATIENT:
        story.tasks.enter(key, command)


def _hear(story: Story, command: RecordContact) -> None:
    """What the patient said may call for a person at once, or for a clinician's call."""
    if command.suicidal_thoughts is not None and command.occasion is not Occasion.RISK:
        raise_risk(story, command, triage_answer(command.suicidal_thoughts, story.parameters))
    symptoms = judge_symptoms(command)
    if symptoms:
        story.tasks.open(
            ApprovalKind.PATIENT_CONTACT,
            _symptoms_key(command),
            "Symptoms told at a follow-up: a clinician calls",
            slots=(Role.PRESCRIBER,),
            evidence=in_words(symptoms),
            session_id=command.session_id,
        )


def _waits(story: Story, command: RecordContact) -> bool:
    """Whether somebody waits for this contact."""
    match command.occasion:
        case Occasion.EVENING | Occasion.FOLLOW_UP:
            return _owed(story, command) is not None
        case Occasion.FIRST_DOSE:
            return (
                story.tasks.find(first_dose_key(command.session_id or _last_call(story)))
                is not None
            )
        case Occasion.JOURNAL:
            return story.tasks.find(JOURNAL_CALL) is not None
        case Occasion.SYMPTOMS:
            return story.tasks.find(_symptoms_key(command)) is not None
        case Occasion.RISK:
            return bool(open_alerts(story))


def _owed(story: Story, command: RecordContact) -> FollowUp | None:
    """The contact that is owed after the session named, else after the last one."""
    after = [
        owed
        for owed in story.state.follow_ups
        if command.session_id in (None, owed.session_id) and owed.discharged_at is not None
    ]
    if command.occasion is Occasion.EVENING:
        return next((owed for owed in reversed(after) if not owed.evening_over), None)
    return after[-1] if command.occasion is Occasion.FOLLOW_UP and after else None


def _last_call(story: Story) -> str:
    """The session whose first-dose call is open."""
    prefix = first_dose_key("")
    keys = [key for key in story.state.tasks if key.startswith(prefix)]
    return keys[-1].removeprefix(prefix) if keys else ""


def _symptoms_key(command: RecordContact) -> str:
    return f"symptoms-{command.session_id or 'told'}"
