"""Who pays for the nasal spray: asked before the first, told of before it ends, no dose without.

Clinical fact sheet, 5.6 and edge cases 38 and 39. A denial is a person's question: appeal, or
another way to bridge. What was decided stands until somebody records a new answer.
"""

from datetime import datetime

from clinical.authorization import against_dose, judge_recorded, next_alert
from clinical.clinic_hours import local_date
from schemas.approval import ApprovalKind, EntryKind, Task, TaskStatus
from schemas.authorization import Authorization, RecordAuthorization
from schemas.base import Reason, Role
from schemas.event import EventKind
from schemas.journey import JourneyState, Phase
from schemas.screening import Modality
from workflows.story import Story

ASKED, DENIED = "authorization", "authorization-denied"
APPEAL = "appeal"
QUESTION = "Does the insurer authorise the spray, or does the patient pay?"
OVER = frozenset({Phase.DISCONTINUE_REFER, Phase.FOLLOW_UP, Phase.CLOSED})
"""No spray is to come any more."""
OTHER_WAYS = ("bridge_infusion", "bridge_oral", "transfer")


def judge_recording(story: Story, command: RecordAuthorization) -> tuple[Reason, ...]:
    """Why this answer cannot be taken; empty when it can."""
    return judge_recorded(command, local_date(story.clock.now(), story.state.clinic))


def record_authorization(story: Story, command: RecordAuthorization) -> None:
    """The newest answer is what holds; whoever waited for it waits no more."""
    state = story.state
    state.authorization = Authorization(
        approved=command.approved,
        valid_until=command.valid_until,
        patient_pays=command.patient_pays,
        recorded_at=story.clock.now(),
    )
    state.authorization_alerted = None
    said = command.model_dump(mode="json", exclude={"command_id", "actor"})
    story.recorder.note(EventKind.AUTHORIZATION_RECORDED, said, by=command)
    if ASKED in state.tasks:
        story.tasks.enter(ASKED, command)
        story.tasks.take(ASKED)
    if command.approved or command.patient_pays:
        story.tasks.cancel(DENIED)
    elif on_spray(state):
        _ask_after_denial(story)
    story.tasks.changed()


def ask_who_pays(story: Story) -> None:
    """Before the first spray is planned: the answer takes days, and nothing is booked without."""
    if _against(story, story.clock.now()):
        _ask(story)


async def authorized(story: Story, modality: Modality, at: datetime) -> bool:
    """Whether somebody pays for a spray at `at`; waits while that is open. False when a person
    chose to treat this patient another way."""
    if modality is not Modality.ESKETAMINE:
        return True
    while _against(story, at):
        _ask(story)
        await story.wait(lambda: not _against(story, at) or _decided(story))
        if not _decided(story):
            continue
        task = story.tasks.take(DENIED)
        if task.status is TaskStatus.APPROVED and task.votes[-1].choice in OTHER_WAYS:
            story.tasks.cancel(ASKED)
            return False
        # An appeal, or nobody's answer: what the insurer says next is waited for.
        story.state.authorization = None
    return True


def on_spray(state: JourneyState) -> bool:
    """Whether this patient is on the spray or about to be."""
    series = state.series
    back_to = state.hold.back_to if state.hold else None
    if OVER & {state.phase, back_to}:
        return False
    return Phase.SWITCH_ESKETAMINE in {state.phase, back_to} or (
        series is not None and series.modality is Modality.ESKETAMINE
    )


class AuthorizationAhead:
    """Tells in good time of an authorisation that ends (11.39), on the journey's one timer."""

    def __init__(self, story: Story) -> None:
        self._story = story
        story.watches.append(self)

    def next_at(self) -> datetime | None:
        """When the next step before its last day is told; None when none is to come."""
        alert = self._alert()
        return alert and alert[1]

    def tend(self) -> None:
        """Tell of the step that has been reached; of several at once only of the narrowest."""
        if not on_spray(self._story.state):
            self._story.tasks.cancel(ASKED)
        reached = None
        while (alert := self._alert()) is not None and alert[1] <= self._story.clock.now():
            reached = self._story.state.authorization_alerted = alert[0]
        if reached is not None:
            self._tell(reached)

    def _alert(self) -> tuple[float, datetime] | None:
        state = self._story.state
        held = state.authorization
        if held is None or held.valid_until is None or held.patient_pays or not on_spray(state):
            return None
        return next_alert(
            held.valid_until, state.authorization_alerted, state.clinic, self._story.parameters
        )

    def _tell(self, days: float) -> None:
        """Asked anew at each step: whoever owes it is written to each time."""
        story = self._story
        story.recorder.note(EventKind.AUTHORIZATION_ENDS_SOON, {"within_days": days}, actor=None)
        story.tasks.cancel(ASKED)
        _ask(story, f"The spray's authorisation ends within {days:g} days: ask for an extension")


def _against(story: Story, at: datetime) -> tuple[Reason, ...]:
    on = local_date(max(at, story.clock.now()), story.state.clinic)
    return against_dose(story.state.authorization, on, story.parameters)


def _ask(story: Story, title: str = QUESTION) -> None:
    held = story.state.authorization
    if held is not None and not held.approved:
        _ask_after_denial(story)
        return
    story.tasks.open(
        EntryKind.RECORD_AUTHORIZATION,
        ASKED,
        title,
        evidence={"valid_until": held.valid_until.isoformat()} if held and held.valid_until else {},
    )


def _ask_after_denial(story: Story) -> None:
    story.tasks.open(
        ApprovalKind.AUTHORIZATION_DENIED,
        DENIED,
        "The insurer denied the spray: appeal peer to peer, or bridge another way?",
        options=(APPEAL, *OTHER_WAYS),
        slots=(Role.PSYCHIATRIST,),
    )


def _decided(story: Story) -> bool:
    task: Task | None = story.tasks.find(DENIED)
    return task is not None and not task.pending
