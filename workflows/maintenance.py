"""Maintenance: a dose at the least frequent interval that holds, reviewed every three months."""

from clinical.course import MAINTENANCE, TAPER, maintenance_series, taper_series
from schemas.journey import Event, Series
from workflows.induction import run_series
from workflows.sessions import SessionDesk
from workflows.story import Story


async def maintenance(story: Story, sessions: SessionDesk) -> Event:
    """Treat at the maintenance interval until the next face-to-face review is due."""
    series = story.state.series
    if series is None or series.course != MAINTENANCE:
        series = maintenance_series(story.state, story.clock.now(), story.parameters)
        story.state.series = series
        story.state.maintenance_since = story.state.maintenance_since or series.began_at
    event = await run_series(story, sessions, series)
    return Event.REVIEW_DUE if event is Event.SERIES_FINISHED else event


async def taper(story: Story, sessions: SessionDesk) -> Event:
    """Space the infusions out, step by step, and stop."""
    series = story.state.series
    if series is None or series.course != TAPER:
        series = taper_series(story.state, story.clock.now(), story.parameters)
        story.state.series = series
    event = await run_series(story, sessions, series)
    if event is Event.RELAPSED:
        # The next taper begins one step before the one that did not hold.
        story.state.notes.taper_from_step = max(0, _step_reached(story, series) - 1)
    return Event.TAPERED_OFF if event is Event.SERIES_FINISHED else event


def _step_reached(story: Story, series: Series) -> int:
    """Which step of the taper its last dose belonged to, from 0."""
    steps = story.parameters.steps("taper.steps")
    left = series.done
    for step in range(story.state.notes.taper_from_step, len(steps)):
        left -= steps[step][1]
        if left <= 0:
            return step
    return len(steps) - 1
