"""A series of treatment days, one by one: the next is booked when the last one has closed."""

from datetime import datetime

from clinical.clinic_hours import open_on
from clinical.course import finished, window_ends_at
from schemas.approval import ApprovalKind, TaskStatus
from schemas.journey import Event, Series
from workflows.authorization import authorized
from workflows.certification import may_book
from workflows.consent import consent_in_force
from workflows.course_review import goes_on
from workflows.late_result import results_assessed
from workflows.medication_review import medicines_reviewed
from workflows.missed_session import plan_the_rest, rebook
from workflows.monitoring import open_due
from workflows.reevaluation import relapsed
from workflows.rescreening import ask_in_time
from workflows.schedule import induction_series, next_date
from workflows.sessions import SessionDesk
from workflows.story import Story

WATCHED_FOR_RELAPSE = frozenset({"taper", "maintenance", "spray"})
"""Stretches in which response was reached and may be lost."""


async def infusion_series(story: Story, sessions: SessionDesk) -> Event:
    """The acute series of infusions, to its target or to the first reason to stop."""
    if story.state.series is None or story.state.series.course != "induction":
        story.state.series = induction_series(story)
    return await run_series(story, sessions, story.state.series)


async def run_series(story: Story, sessions: SessionDesk, series: Series) -> Event:
    """Treat until the series has what it planned; told from the state alone, so that a hold or a
    new run finds the place. Returns SERIES_FINISHED,
    SERIES_STOPPED or RELAPSED."""
    while True:
        await sessions.closed()
        ended = await _ended(story, series)
        if ended is not None:
            return ended
        at = next_date(story, series)
        if not await _agreed(story, series, at):
            return Event.SERIES_STOPPED
        if next_date(story, series) != at:
            continue  # people took their time: what holds for the later date is asked anew
        # No dose on a consent that only this workflow knows of.
        await story.wait(lambda: story.state.recorded_sequence >= story.state.consent_sequence)
        booked = await _booked(story, sessions, series)
        if booked is False:
            return Event.SERIES_STOPPED
        if booked:
            series.position += 1


async def _ended(story: Story, series: Series) -> Event | None:
    """How the course has ended; None while another session is to come. A missed one is somebody's
    question first."""
    if _stop_events(story, series) >= story.parameters.integer("stop.safety_sessions"):
        return Event.SERIES_STOPPED
    if series.course in WATCHED_FOR_RELAPSE and relapsed(story):
        return Event.RELAPSED
    if series.miss_unresolved and not await rebook(story, series):
        return Event.SERIES_STOPPED
    plan_the_rest(story, series)
    return Event.SERIES_FINISHED if finished(series) else None


async def _agreed(story: Story, series: Series, at: datetime) -> bool:
    """Whether nothing and nobody stands against a dose at `at`; each waits for its people."""
    if not (
        await may_book(story, series.modality)
        and await authorized(story, series.modality, at)
        and await results_assessed(story)
        and await medicines_reviewed(story)
        and await goes_on(story, series, at)
    ):
        return False
    open_due(story, series, at)
    ask_in_time(story, at)
    return await consent_in_force(story, series.modality, at)


async def _booked(story: Story, sessions: SessionDesk, series: Series) -> bool | None:
    """Book the next day where a chair, an observer and a nurse are free: at its hour, or at the
    next that keeps the spacing. False where the series ends for want of one; None where time went
    by with people, or the day was closed meanwhile: then everything is asked anew."""
    wanted = next_date(story, series)
    ends_at = window_ends_at(story.state, series, story.parameters)
    held = await sessions.reserve(series.modality, wanted, ends_at)
    if held is None:
        return None if await _look_again(story, wanted) else False
    if held.held_by:
        await sessions.identity.settle_conflict(held.held_by)
        return None
    sessions.identity.claimed()
    at = held.starts_at
    if not open_on(at, story.state.clinic):
        sessions.places.release(held.session_id, story.clock.now(), "closed")
        return None
    if at != wanted and not await consent_in_force(story, series.modality, at):
        sessions.places.release(held.session_id, story.clock.now(), "consent")
        return False
    await sessions.book(series.modality, held, wanted)
    return True


async def _look_again(story: Story, wanted: datetime) -> bool:
    task = await story.ask(
        ApprovalKind.PLACE_WANTED,
        "place-wanted",
        "No chair or nurse is free for the next session: look again, or stop the series?",
        evidence={"wanted_at": wanted.isoformat()},
    )
    return task.status is TaskStatus.APPROVED


def _stop_events(story: Story, series: Series) -> int:
    began = series.began_at
    return sum(
        1
        for s in story.state.sessions
        if s.stop_events
        and s.modality is series.modality
        and (not began or s.scheduled_at >= began)
    )
