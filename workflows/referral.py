"""The referral: complete it where the sender only referred to a patient, then triage it."""

from schemas.approval import ApprovalKind, EntryKind, TaskStatus
from schemas.base import Reason
from schemas.event import EventKind
from schemas.journey import Event
from schemas.notification import NotificationClass
from schemas.referral import AcceptReferral
from workflows.story import Story
from workflows.transfer import receive_history, without_history

COMPLETION = "referral-completion"
TRIAGE = "triage"
ONWARD = "referral-onward"


async def triage(story: Story) -> Event:
    """A care coordinator looks at the referral once it says who the patient is."""
    await story.expect(
        EntryKind.ACCEPT_REFERRAL,
        COMPLETION,
        "Referral without patient details: ask the sender and complete it",
        lambda: story.state.referral.patient is not None,
    )
    task = await story.ask(
        ApprovalKind.REFERRAL_TRIAGE, TRIAGE, "New referral: accept it for evaluation?"
    )
    return Event.TRIAGED if task.status is TaskStatus.APPROVED else Event.REFERRAL_DECLINED


def judge_referral(story: Story, command: AcceptReferral) -> tuple[Reason, ...]:
    """Why a referral does not belong to this journey; empty when it does."""
    ours = story.state.referral
    theirs = command.referral
    if (ours.clinic, ours.identifier) == (theirs.clinic, theirs.identifier):
        return ()
    return (Reason(code="another_referral", text="this journey began with another referral"),)


def accept_referral(story: Story, command: AcceptReferral) -> str:
    """The first one starts the journey; later ones may complete it, never overwrite it. Returns
    the command that the journey was accepted by."""
    state = story.state
    if not state.referral_accepted:
        state.referral_accepted = True
        state.accepted_by = command.command_id
        return command.command_id
    if state.referral.patient is None and command.referral.patient is not None:
        state.referral = command.referral
        story.recorder.note(
            EventKind.REFERRAL_COMPLETED,
            {"referral": command.referral.model_dump(mode="json")},
            by=command,
        )
        story.entered(COMPLETION, command)
        receive_history(story)
    elif without_history(command.referral) != without_history(state.referral):
        story.recorder.note(EventKind.REFERRAL_REPEATED, {}, by=command)
    return state.accepted_by


async def refer_onward(story: Story) -> Event:
    """Treatment here ends: a coordinator sees the patient referred onward, with a letter."""
    if story.tasks.find(ONWARD) is None:
        # Told once: a new run tells this phase again from its state.
        story.tell_patient(
            "suicide_resources",
            f"resources:{story.state.version}:{story.state.sequence}",
            NotificationClass.SAFETY,
            after_hours_phone=story.state.clinic.after_hours_phone or "",
        )
    await story.ask(
        ApprovalKind.REFERRAL_ONWARD,
        ONWARD,
        "Refer the patient onward and write to the primary mental-health provider",
    )
    return Event.REFERRED_ONWARD
