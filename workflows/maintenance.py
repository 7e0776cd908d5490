"""Maintenance: a dose at the least frequent interval that holds, reviewed every three months."""

from datetime import datetime

from clinical.schedule import plan_maintenance, plan_taper
from schemas.journey import Event, Series
from schemas.screening import Modality
from workflows.induction import run_series
from workflows.sessions import SessionDesk
from workflows.story import Story


async def maintenance(story: Story, sessions: SessionDesk) -> Event:
    """Treat at the maintenance interval until the next face-to-face review is due."""
    series = story.state.series
    if series is None or series.course != "maintenance":
        series = story.state.series = _plan(story)
        story.state.maintenance_since = story.state.maintenance_since or series.began_at
    event = await run_series(story, sessions, series)
    return Event.REVIEW_DUE if event is Event.SERIES_FINISHED else event


async def taper(story: Story, sessions: SessionDesk) -> Event:
    """Space the infusions out, step by step, and stop."""
    series = story.state.series
    if series is None or series.course != "taper":
        series = story.state.series = _taper_plan(story)
    event = await run_series(story, sessions, series)
    if event is Event.RELAPSED:
        # The next taper begins one step before the one that did not hold.
        story.state.notes.taper_from_step = max(0, _step_reached(story, series) - 1)
    return Event.TAPERED_OFF if event is Event.SERIES_FINISHED else event


def last_dose_at(story: Story) -> datetime | None:
    """When the patient was last dosed, by any modality."""
    return next((s.dosed_at for s in reversed(story.state.sessions) if s.dosed_at), None)


def _plan(story: Story) -> Series:
    now = story.clock.now()
    apart = story.parameters.integer("maint.interval_default")
    until_review = story.parameters.integer("maint.review_every") // apart
    planned = plan_maintenance(
        last_dose_at(story) or now,
        story.state.clinic,
        story.parameters,
        sessions=max(1, until_review),
        not_before=now,
    )
    return Series(
        course="maintenance",
        modality=Modality.IV_KETAMINE,
        planned=planned,
        open_ended=True,
        target=len(planned) + 1,
        began_at=now,
    )


def _taper_plan(story: Story) -> Series:
    now = story.clock.now()
    planned = plan_taper(
        last_dose_at(story) or now,
        story.state.clinic,
        story.parameters,
        from_step=story.state.notes.taper_from_step,
        not_before=now,
    )
    return Series(
        course="taper",
        modality=Modality.IV_KETAMINE,
        planned=planned,
        target=len(planned),
        began_at=now,
    )


def _step_reached(story: Story, series: Series) -> int:
    """Which step of the taper its last dose belonged to, from 0."""
    steps = story.parameters.steps("taper.steps")
    left = series.done
    for step in range(story.state.notes.taper_from_step, len(steps)):
        left -= steps[step][1]
        if left <= 0:
            return step
    return len(steps) - 1
