"""On hold: why, whose it is, when it is looked at again; left only by another person's decision."""

from datetime import datetime, time

from clinical.clinic_hours import zone
from clinical.journey import DOSING_PHASES
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import SYSTEM, Actor, Reason, Role
from schemas.event import EventKind
from schemas.journey import CloseJourney, Event, Hold, HoldJourney, Phase, ResumeJourney
from schemas.notification import NotificationClass
from workflows.story import Interrupted, Story

RESUME = "resume"
REVIEW = "hold-review"

HELD_FOR_PREGNANCY = DOSING_PHASES | {Phase.SCHEDULED, Phase.REEVALUATION}
"""Phases from which a dose could follow."""


async def on_hold(story: Story) -> Event:
    """Wait for a psychiatrist's leave to resume; the owner is asked again at every review date."""
    while True:
        hold = story.state.hold
        assert hold is not None, "a hold is entered with its reason"
        story.tasks.open(
            ApprovalKind.HOLD_REVIEW,
            REVIEW,
            "On hold: review date",
            slots=(hold.owner,),
            opens_at=hold.review_at,
            options=("stay", "close"),
        )
        await story.wait(lambda: _decided(story, RESUME) or _decided(story, REVIEW))
        if _decided(story, RESUME):
            if story.tasks.take(RESUME).status is TaskStatus.APPROVED:
                return Event.RESUMED
        else:
            _review(story, story.tasks.take(REVIEW), hold)


def judge_hold(story: Story, command: HoldJourney) -> tuple[Reason, ...]:
    """Why the journey cannot be held now; empty when it can."""
    if story.state.phase is Phase.CLOSED:
        return (Reason(code="journey_closed", text="this journey is closed"),)
    if story.state.phase is Phase.ON_HOLD or story.state.hold is not None:
        return (Reason(code="already_on_hold", text="this journey is already on hold"),)
    if _review_at(story, command) <= story.clock.now():
        return (Reason(code="review_in_past", text="the review date must lie ahead"),)
    return ()


def hold(story: Story, command: HoldJourney) -> None:
    """Hold the journey: nothing is dosed; what is owed to the patient's safety goes on."""
    state = story.state
    state.hold = Hold(
        reason_code=command.reason_code,
        reason=command.reason,
        owner=command.owner,
        since=story.clock.now(),
        review_at=_review_at(story, command),
        back_to=state.phase,
        requested_by=command.actor,
    )
    story.recorder.note(EventKind.HOLD_ENTERED, state.hold.model_dump(mode="json"), by=command)
    story.tell_role(
        command.owner, "hold_entered", f"hold:{state.version}", NotificationClass.ACTION
    )
    story.interrupt(Event.HELD)


def hold_for_expiry(story: Story) -> None:
    """Nobody decided in time and the protocol answers with a hold: it has an owner too."""
    now = story.clock.now()
    story.state.hold = Hold(
        reason_code="approval_expired",
        reason="an approval expired undecided",
        owner=Role.MEDICAL_DIRECTOR,
        since=now,
        review_at=now + story.parameters.duration("reeval.final_due"),
        back_to=story.state.phase,
        requested_by=SYSTEM,
    )
    story.recorder.note(EventKind.HOLD_ENTERED, story.state.hold.model_dump(mode="json"))


def hold_for_misses(story: Story, decided_by: Actor) -> None:
    """A person decided to hold after sessions missed in a row; looked at again by its date."""
    _hold_as("missed_sessions", "sessions missed in a row", Role.NURSE, story, decided_by)


def hold_for_conflict(story: Story, decided_by: Actor) -> None:
    """A person could not settle yet who is treated where: nothing is booked meanwhile (11.35)."""
    why = "somebody who may be the same person is treated in another journey"
    _hold_as("course_conflict", why, Role.CARE_COORDINATOR, story, decided_by)


def _hold_as(code: str, reason: str, owner: Role, story: Story, decided_by: Actor) -> None:
    now = story.clock.now()
    story.state.hold = Hold(
        reason_code=code,
        reason=reason,
        owner=owner,
        since=now,
        review_at=now + story.parameters.duration("reeval.final_due"),
        back_to=story.state.phase,
        requested_by=decided_by,
    )
    story.recorder.note(
        EventKind.HOLD_ENTERED, story.state.hold.model_dump(mode="json"), actor=decided_by
    )
    story.tell_role(owner, "hold_entered", f"hold:{story.state.version}", NotificationClass.ACTION)


def hold_for_pregnancy(story: Story) -> None:
    """A pregnancy is known: no further dose of either medicine, by nobody's forgetting; a
    prescriber owns what happens next, and what is owed after earlier doses goes on (11.8)."""
    state = story.state
    if state.hold is not None or state.phase not in HELD_FOR_PREGNANCY:
        return
    now = story.clock.now()
    state.hold = Hold(
        # Search attributes carry this code in clear: it says nothing of the patient.
        reason_code="safety_event",
        reason="pregnancy: repeat the test, refer to obstetrics",
        owner=Role.PRESCRIBER,
        since=now,
        review_at=now + story.parameters.duration("reeval.final_due"),
        back_to=state.phase,
        requested_by=SYSTEM,
    )
    story.recorder.note(EventKind.HOLD_ENTERED, state.hold.model_dump(mode="json"))
    story.tell_role(
        Role.PRESCRIBER, "hold_entered", f"hold:{state.version}", NotificationClass.ACTION
    )
    story.interrupt(Event.HELD)


def judge_resume(story: Story, _command: ResumeJourney) -> tuple[Reason, ...]:
    """Why leaving the hold cannot be asked for; empty when it can."""
    if story.state.phase is not Phase.ON_HOLD:
        return (Reason(code="not_on_hold", text="this journey is not on hold"),)
    if story.tasks.find(RESUME) is not None:
        return (Reason(code="already_asked", text="leaving the hold already waits on a decision"),)
    return ()


def resume(story: Story, command: ResumeJourney) -> None:
    """Ask a psychiatrist for leave to resume; whoever asks cannot be the one who decides."""
    story.tasks.open(
        ApprovalKind.RESUME_FROM_HOLD,
        RESUME,
        "Leave the hold and go on where it was entered?",
        requested_by=command.actor,
        evidence={"reason": command.reason},
    )


def left_hold(story: Story) -> None:
    """The hold is over, by whatever way."""
    if story.state.hold is not None:
        story.recorder.note(EventKind.HOLD_LEFT, {"reason": story.state.hold.reason_code})
        story.state.hold = None


def judge_close(story: Story, _command: CloseJourney) -> tuple[Reason, ...]:
    """A journey can be closed from any open phase, once."""
    if story.state.phase is Phase.CLOSED:
        return (Reason(code="journey_closed", text="this journey is closed"),)
    if story.state.close_outcome is not None:
        return (Reason(code="already_closing", text="this journey is already being closed"),)
    return ()


def close_journey(story: Story, command: CloseJourney) -> None:
    """No more sessions; the journey closes once what is owed to the patient's safety is done."""
    story.state.close_outcome = command.outcome
    story.recorder.note(
        EventKind.CLOSE_REQUESTED,
        {"outcome": command.outcome, "reason": command.reason},
        by=command,
    )
    story.interrupt(Event.CLOSE_REQUESTED)


def _review(story: Story, task: Task, hold: Hold) -> None:
    closes = task.status is TaskStatus.APPROVED and task.votes[-1].choice == "close"
    if closes:
        story.state.close_outcome = "closed_from_hold"
        raise Interrupted(Event.CLOSE_REQUESTED)
    hold.review_at = story.clock.now() + (hold.review_at - hold.since)
    hold.since = story.clock.now()


def _decided(story: Story, key: str) -> bool:
    task = story.tasks.find(key)
    return task is not None and not task.pending


def _review_at(story: Story, command: HoldJourney) -> datetime:
    """Nine in the morning of the review date, where the clinic is."""
    return datetime.combine(command.review_on, time(9), zone(story.state.clinic))
