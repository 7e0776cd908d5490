"""A series of treatment days, one by one: the next is booked when the last one has closed."""

from datetime import datetime, timedelta

from clinical.schedule import next_slot
from schemas.approval import ApprovalKind, TaskStatus
from schemas.base import Role
from schemas.event import EventKind
from schemas.journey import Event, Series
from schemas.screening import Modality
from workflows.consent import consent_in_force
from workflows.reevaluation import relapsed
from workflows.schedule import induction_series
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
        if _stop_events(story, series) >= story.parameters.integer("stop.safety_sessions"):
            return Event.SERIES_STOPPED
        if series.course in WATCHED_FOR_RELAPSE and relapsed(story):
            return Event.RELAPSED
        if series.miss_unresolved and not await _rebook(story, series):
            return Event.SERIES_STOPPED
        if series.done >= series.target or _exhausted(series):
            return Event.SERIES_FINISHED
        at = next_date(story, series)
        if not await consent_in_force(story, series.modality, at):
            return Event.SERIES_STOPPED
        # No dose on a consent that only this workflow knows of.
        await story.wait(lambda: story.state.recorded_sequence >= story.state.consent_sequence)
        await sessions.book(series.modality, next_date(story, series))
        series.position += 1


def next_date(story: Story, series: Series) -> datetime:
    """The next planned date, or the first slot after it once it has passed or come too close to
    the last dose."""
    earliest_at = max(story.clock.now(), _free_from(story, series.modality))
    while series.position < len(series.planned) and series.planned[series.position] < earliest_at:
        series.position += 1
    if series.position < len(series.planned):
        return series.planned[series.position]
    return next_slot(earliest_at, min_gap=timedelta(0), clinic=story.state.clinic)


def _free_from(story: Story, modality: Modality) -> datetime:
    """When the next dose of this modality may be given at the earliest after the last one."""
    dosed = [s.dosed_at for s in story.state.sessions if s.dosed_at is not None]
    if not dosed:
        return story.clock.now()
    last = story.state.sessions[-1]
    gap = "iv.min_interval"
    if modality is Modality.ESKETAMINE and last.modality is Modality.IV_KETAMINE:
        gap = "esk.gap_after_iv_target"
    return dosed[-1] + story.parameters.duration(gap)


def _exhausted(series: Series) -> bool:
    """An open-ended course ends its stretch when its planned dates are used up."""
    return series.open_ended and series.position >= len(series.planned)


def _stop_events(story: Story, series: Series) -> int:
    began = series.began_at
    return sum(
        1
        for s in story.state.sessions
        if s.stop_events
        and s.modality is series.modality
        and (not began or s.scheduled_at >= began)
    )


async def _rebook(story: Story, series: Series) -> bool:
    """A session was missed: a person reaches the patient and decides whether to rebook."""
    too_many = series.missed_in_row >= story.parameters.integer("noshow.max_consecutive")
    task = await story.ask(
        ApprovalKind.MISSED_SESSION,
        f"missed-{len(story.state.sessions)}",
        "Session missed: reach the patient, then rebook or stop the series",
        slots=(Role.PSYCHIATRIST,) if too_many else None,
    )
    series.miss_unresolved = False
    if task.status is TaskStatus.APPROVED:
        story.recorder.note(
            EventKind.SESSION_REBOOKED, {"course": series.course, "done": series.done}
        )
        return True
    return False
