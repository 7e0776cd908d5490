"""Days on which the clinic turns out to be closed: nothing more is planned on them, and a day that
is booked is moved by a person, never by itself.

Clinical fact sheet, 11.44: spacing and the window of the series hold.
"""

from datetime import timedelta

from clinical.clinic_hours import local_date, open_on
from clinical.schedule import next_slot
from clinical.slots import clock_of
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import Reason
from schemas.closure import AnnounceClosure
from schemas.event import EventKind
from schemas.journey import Booking, Event, Series
from workflows.missed_session import replan, take_dates
from workflows.sessions import CLOSED_DAY, SessionDesk
from workflows.story import Story


def judge_closure(story: Story, command: AnnounceClosure) -> tuple[Reason, ...]:
    """Only of today and what lies ahead; told again it changes nothing."""
    today = local_date(story.clock.now(), story.state.clinic)
    if min(command.closed_on) >= today:
        return ()
    return (Reason(code="closure_past", text="a closure is announced for days that are to come"),)


def announce_closure(story: Story, command: AnnounceClosure) -> None:
    """Keep the days free from now on; ask a person what becomes of one that is booked."""
    state = story.state
    closed = {*state.clinic.closures, *command.closed_on}
    if closed == {*state.clinic.closures}:
        return
    state.clinic = state.clinic.model_copy(update={"closures": tuple(sorted(closed))})
    booking = state.booking
    affected = booking is not None and not open_on(booking.scheduled_at, state.clinic)
    story.recorder.note(
        EventKind.CLOSURE_ANNOUNCED,
        {
            "closed_on": [day.isoformat() for day in command.closed_on],
            "reason": command.reason,
            "affected": affected,
        },
        by=command,
    )
    if booking is not None and affected:
        _ask(story, booking)


def day_decided(story: Story, sessions: SessionDesk, task: Task) -> None:
    """Moved: the day closes before its dose and the next that fits is booked in its place. Not
    moved: it stands, and somebody opens for it."""
    if task.kind is not ApprovalKind.CLOSED_DAY:
        return
    story.state.tasks.pop(task.key, None)
    booking, series = story.state.booking, story.state.series
    if task.status is not TaskStatus.APPROVED or booking is None or series is None:
        return
    if booking.session_id == task.session_id:
        _plan_again(story, series, booking)
        sessions.interrupt(Event.HELD)


def _ask(story: Story, booking: Booking) -> None:
    clinic = story.state.clinic
    proposed = next_slot(
        booking.scheduled_at,
        min_gap=timedelta(0),
        clinic=clinic,
        preferred=clock_of(booking.scheduled_at, clinic),
    )
    story.tasks.open(
        ApprovalKind.CLOSED_DAY,
        f"{CLOSED_DAY}{booking.session_id}",
        "The clinic is closed on a booked treatment day: move the day?",
        evidence={
            "booked_at": booking.scheduled_at.isoformat(),
            "proposed_at": proposed.isoformat(),
        },
        session_id=booking.session_id,
    )


def _plan_again(story: Story, series: Series, booking: Booking) -> None:
    """An infusion series by dates that keep its spacing and window; any other course by the same
    planned date, which moves to the next open day."""
    fresh = replan(story, series, after=booking.scheduled_at)
    if fresh is None:
        series.position = max(0, series.position - 1)
    else:
        take_dates(series, fresh)
