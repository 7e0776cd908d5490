"""On hold: why, whose it is, when it is looked at again; left only by another person's decision."""

from datetime import datetime, time

from clinical.clearance import clearance_refused
from clinical.clinic_hours import zone
from clinical.hold import judge_review
from clinical.primary_provider import provider_missing
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import SYSTEM, Actor, Reason, Role
from schemas.event import EventKind
from schemas.journey import CloseJourney, Event, Hold, HoldJourney, Phase, ResumeJourney
from schemas.notification import NotificationClass
from workflows.story import Interrupted, Story

RESUME = "resume"
REVIEW = "hold-review"

PREGNANCY_CODE = "safety_event"
"""Search attributes carry this code in clear: it says nothing of the patient."""
PREGNANCY = "pregnancy: repeat the test, refer to obstetrics"

NOT_CLEARED = "a medical screening spoke against treatment: another one comes before any dose"


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
        await story.wait(
            lambda: _decided(story, RESUME) or _decided(story, REVIEW) or _reopened(story)
        )
        if _decided(story, RESUME):
            if story.tasks.take(RESUME).status is TaskStatus.APPROVED:
                return Event.RESUMED
        elif _decided(story, REVIEW):
            _review(story, story.tasks.take(REVIEW), hold)


def judge_hold(story: Story, command: HoldJourney) -> tuple[Reason, ...]:
    """Why the journey cannot be held now; empty when it can."""
    if story.state.phase is Phase.CLOSED:
        return (Reason(code="journey_closed", text="this journey is closed"),)
    if story.state.phase is Phase.ON_HOLD or story.state.hold is not None:
        return (Reason(code="already_on_hold", text="this journey is already on hold"),)
    return judge_review(_review_at(story, command), story.clock.now(), story.parameters)


def hold(story: Story, command: HoldJourney) -> None:
    """Hold the journey: nothing is dosed; what is owed to the patient's safety goes on."""
    held = _new(story, command.reason_code, command.reason, command.owner, command.actor)
    _enter(story, held.model_copy(update={"review_at": _review_at(story, command)}), command)
    story.interrupt(Event.HELD)


def hold_for_expiry(story: Story) -> None:
    """Nobody decided in time and the protocol answers with a hold: it has an owner too."""
    why = "an approval expired undecided"
    story.state.hold = _new(story, "approval_expired", why, Role.MEDICAL_DIRECTOR, SYSTEM)
    story.recorder.note(EventKind.HOLD_ENTERED, story.state.hold.model_dump(mode="json"))


def hold_for_misses(story: Story, decided_by: Actor) -> None:
    """A person decided to hold after sessions missed in a row; looked at again by its date."""
    why = "sessions missed in a row"
    _enter(story, _new(story, "missed_sessions", why, Role.NURSE, decided_by))


def hold_for_conflict(story: Story, decided_by: Actor) -> None:
    """A person could not settle yet who is treated where: nothing is booked meanwhile (11.35)."""
    why = "somebody who may be the same person is treated in another journey"
    _enter(story, _new(story, "course_conflict", why, Role.CARE_COORDINATOR, decided_by))


def hold_for_provider(story: Story) -> None:
    """Nobody has shared the care for too long: nothing is dosed until somebody does (11.53)."""
    why = "no primary mental-health provider"
    _enter(story, _new(story, "no_provider", why, Role.CARE_COORDINATOR, SYSTEM))
    story.interrupt(Event.HELD)


def hold_for_pregnancy(story: Story) -> None:
    """A pregnancy is known: no further dose of either medicine, by nobody's forgetting; a
    prescriber owns what happens next, and what is owed after earlier doses goes on (11.8). A
    journey that is being closed is given no dose any more and goes on closing."""
    if story.state.closed or story.state.close_outcome is not None:
        return
    held = _new(story, PREGNANCY_CODE, PREGNANCY, Role.PRESCRIBER, SYSTEM)
    before = story.state.hold
    if before is None:
        _enter(story, held)
        story.interrupt(Event.HELD)
        return
    if before.reason != PREGNANCY:
        _change(story, before, held)
    _ask_leave_anew(story)


def hold_for_clearance(story: Story) -> None:
    """Another screening, or the physician on it, spoke against treatment: no dose, and a prescriber
    owns what happens next. A hold that stands already stands for this from now on, unless it does
    for a pregnancy (2.1)."""
    if story.state.closed or story.state.close_outcome is not None:
        return
    held = _new(story, "medical_clearance", NOT_CLEARED, Role.PRESCRIBER, SYSTEM)
    before = story.state.hold
    if before is None:
        _enter(story, held)
        story.interrupt(Event.HELD)
    elif before.reason not in (PREGNANCY, NOT_CLEARED):
        _change(story, before, held)
    story.tasks.cancel(RESUME)  # leave is asked for again once another screening has cleared


def _new(story: Story, code: str, reason: str, owner: Role, requested_by: Actor) -> Hold:
    now = story.clock.now()
    return Hold(
        reason_code=code,
        reason=reason,
        owner=owner,
        since=now,
        review_at=now + story.parameters.duration("reeval.final_due"),
        back_to=story.state.phase,
        requested_by=requested_by,
    )


def _enter(story: Story, held: Hold, command: HoldJourney | None = None) -> None:
    story.state.hold = held
    story.recorder.note(
        EventKind.HOLD_ENTERED,
        held.model_dump(mode="json"),
        by=command,
        actor=held.requested_by,
    )
    _tell_owner(story, f"hold:{story.state.version}")


def _change(story: Story, before: Hold, held: Hold) -> None:
    """The hold stands for another reason from now on: its owner is asked, and no later than the
    owner before would have been."""
    kept = {
        "since": before.since,
        "back_to": before.back_to,
        "review_at": min(before.review_at, held.review_at),
        "look_again_after": held.review_at - held.since,
    }
    story.state.hold = held.model_copy(update=kept)
    story.recorder.note(
        EventKind.HOLD_CHANGED,
        {**story.state.hold.model_dump(mode="json"), "before": before.reason_code},
    )
    _tell_owner(story, f"hold-changed:{story.state.version}")
    story.tasks.cancel(REVIEW)


def _ask_leave_anew(story: Story) -> None:
    """Leave that was asked for, or even given, before this was known says nothing of it."""
    asked = story.tasks.find(RESUME)
    if asked is None or asked.status not in (TaskStatus.PENDING, TaskStatus.APPROVED):
        return
    story.tasks.cancel(RESUME)
    _ask_leave(story, asked.requested_by, asked.evidence["reason"], anew=True)


def _tell_owner(story: Story, occurrence: str) -> None:
    assert story.state.hold is not None, "a hold has an owner"
    story.tell_role(story.state.hold.owner, "hold_entered", occurrence, NotificationClass.ACTION)


def judge_resume(story: Story, _command: ResumeJourney) -> tuple[Reason, ...]:
    """Why leaving the hold cannot be asked for; empty when it can."""
    if story.state.phase is not Phase.ON_HOLD:
        return (Reason(code="not_on_hold", text="this journey is not on hold"),)
    if story.tasks.find(RESUME) is not None:
        return (Reason(code="already_asked", text="leaving the hold already waits on a decision"),)
    return (
        *provider_missing(story.state, story.clock.now(), story.parameters),
        *clearance_refused(story.state),
    )


def resume(story: Story, command: ResumeJourney) -> None:
    """Ask a psychiatrist for leave to resume; whoever asks cannot be the one who decides."""
    _ask_leave(story, command.actor, command.reason)


def _ask_leave(story: Story, requested_by: Actor, reason: str, *, anew: bool = False) -> None:
    assert story.state.hold is not None, "only a hold can be left"
    evidence = {"reason": reason, "on_hold_for": story.state.hold.reason}
    if anew:
        evidence["asked_anew"] = "leave was asked for before this was known"
    story.tasks.open(
        ApprovalKind.RESUME_FROM_HOLD,
        RESUME,
        "Leave the hold and go on where it was entered?",
        requested_by=requested_by,
        evidence=evidence,
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
    stretch = hold.look_again_after or hold.review_at - hold.since
    hold.review_at = story.clock.now() + stretch
    hold.since = story.clock.now()


def _decided(story: Story, key: str) -> bool:
    task = story.tasks.find(key)
    return task is not None and not task.pending


def _reopened(story: Story) -> bool:
    """Whether the hold has become another one, whose owner is not asked yet."""
    return story.tasks.find(REVIEW) is None


def _review_at(story: Story, command: HoldJourney) -> datetime:
    """Nine in the morning of the review date, where the clinic is."""
    return datetime.combine(command.review_on, time(9), zone(story.state.clinic))
