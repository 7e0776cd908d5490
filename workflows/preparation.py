"""Ahead of a treatment day: the gate is judged at booking and 72, 24 and 2 hours before, and each
missing thing is a task of the role that can supply it.

What the journey learns meanwhile (a consent renewed, a clearance) is told to the booked day.
"""

from collections.abc import Callable
from datetime import datetime

from clinical.clearance import ASKED_OF_THE_SCREENER
from clinical.preparation import look_ahead, next_look_at
from clinical.prescription_monitoring import judge_told
from schemas.approval import EntryKind
from schemas.base import Reason
from schemas.event import EventKind
from schemas.infusion import Missing, SessionPlan
from schemas.journey import Booking
from schemas.preparation import PlanChange, Preparation, PrepareSession
from workflows.monitoring import queried
from workflows.story import Story

PREPARE = "prepare-"
ENVELOPE = {"command_id", "actor", "session_id"}

PlanNow = Callable[[Booking], SessionPlan]
Tell = Callable[[str, dict[str, object]], None]


class DayAhead:
    """The looks ahead of the booked day, on the journey's one timer."""

    def __init__(self, story: Story, plan_now: PlanNow, tell: Tell) -> None:
        self._story = story
        self._plan_now = plan_now
        self._tell = tell
        story.watches.append(self)

    def next_at(self) -> datetime | None:
        """When the gate is judged next."""
        booking = self._story.state.booking
        if booking is None:
            return None
        return next_look_at(booking.scheduled_at, booking.looked_at, self._story.parameters)

    def tend(self) -> None:
        """Judge the gate where it is due or something it rests on has changed."""
        booking = self._story.state.booking
        if booking is None:
            self._ask_for(())
            return
        plan = self._plan_now(booking)
        changed = self._tell_changes(booking, plan)
        due = self.next_at()
        now = self._story.clock.now()
        if changed or (due is not None and now >= due):
            booking.looked_at = now
            self._ask_for(
                look_ahead(plan, booking.preparation, now, self._story.parameters)
                if now < booking.scheduled_at
                else ()
            )

    def prepared(self) -> None:
        """Something was arranged: judge what is still missing."""
        booking = self._story.state.booking
        if booking is not None:
            now = self._story.clock.now()
            self._ask_for(
                look_ahead(
                    self._plan_now(booking), booking.preparation, now, self._story.parameters
                )
            )

    def _tell_changes(self, booking: Booking, plan: SessionPlan) -> bool:
        """Tell the booked day what it does not know yet; True where there was something."""
        facts = self.known(plan)
        if booking.told == facts:
            return False
        booking.told = facts
        self._tell("plan_changed", facts.model_dump(mode="json"))
        return True

    def known(self, plan: SessionPlan) -> PlanChange:
        """What of a plan may change after it was booked."""
        return PlanChange(**{name: getattr(plan, name) for name in PlanChange.model_fields})

    def _ask_for(self, missing: tuple[Missing, ...]) -> None:
        tasks = self._story.tasks
        wanted = {
            PREPARE + item.code: item for item in missing if item.code not in ASKED_OF_THE_SCREENER
        }
        for key in [k for k in self._story.state.tasks if k.startswith(PREPARE)]:
            if key not in wanted:
                tasks.cancel(key)
        for key, item in wanted.items():
            booking = self._story.state.booking
            tasks.open(
                EntryKind.PREPARE_SESSION,
                key,
                f"Ahead of the next session: {item.text}",
                slots=(item.supplied_by,),
                due_at=item.by,
                evidence={"missing": item.code, "text": item.text},
                session_id=booking.session_id if booking else None,
            )


def judge_prepare(story: Story, command: PrepareSession) -> tuple[Reason, ...]:
    """Why nothing can be arranged now; empty when it can."""
    booking = story.state.booking
    if booking is None:
        return (Reason(code="no_session_booked", text="no treatment day is booked"),)
    if command.session_id not in (None, booking.session_id):
        return (Reason(code="another_session", text="another treatment day is booked"),)
    return judge_told(command.pdmp_queried_at, story.state.clinic, story.clock.now())


def prepare_session(story: Story, ahead: DayAhead, command: PrepareSession) -> None:
    """Keep what has been arranged; what it settles is no longer asked for."""
    booking = story.state.booking
    assert booking is not None, "judged before it is prepared"
    said = command.model_dump(exclude=ENVELOPE | {"pdmp_queried_at"}, exclude_none=True)
    queried(story, command.pdmp_queried_at)
    before = booking.preparation or Preparation()
    booking.preparation = Preparation.model_validate({**dict(before), **said})
    story.recorder.note(
        EventKind.SESSION_PREPARED,
        {
            "session_id": booking.session_id,
            **command.model_dump(mode="json", exclude=ENVELOPE, exclude_none=True),
        },
        by=command,
    )
    ahead.prepared()
