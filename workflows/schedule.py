"""Clearance by two people, then the dates: nothing is booked before both have agreed."""

from collections.abc import Iterable
from datetime import datetime

from clinical import course
from clinical.schedule import plan_induction
from clinical.transfer import left_of_series
from schemas.approval import ApprovalKind, TaskStatus
from schemas.base import Reason
from schemas.journey import Event, Series
from schemas.screening import Modality
from workflows.story import Story

CLEARANCE = "clearance"
START = "series-start"


async def scheduling(story: Story) -> Event:
    """A psychiatrist and a medical screener clear the treatment; a coordinator starts it."""
    if not story.state.cleared:
        task = await story.ask(
            ApprovalKind.TREATMENT_CLEARANCE,
            CLEARANCE,
            "Clear this patient for ketamine infusions: two people, psychiatric and medical",
        )
        if task.status is not TaskStatus.APPROVED:
            return Event.CLEARANCE_REFUSED
        story.state.cleared = True
    start = await story.ask(
        ApprovalKind.SERIES_START, START, "Agree the infusion dates with the patient and start"
    )
    if start.status is not TaskStatus.APPROVED:
        return Event.CLEARANCE_REFUSED
    story.state.series = induction_series(story)
    return Event.CLEARED_AND_BOOKED


def induction_series(story: Story) -> Series:
    """The infusion series as the protocol plans it from now; what was given elsewhere of it counts
    and is not given again (11.37)."""
    now = story.clock.now()
    target = story.parameters.integer("iv.series_len")
    carried = story.state.carried
    left = left_of_series(carried, target) if carried else target
    given = doses_at(story)
    return Series(
        course="induction",
        modality=Modality.IV_KETAMINE,
        planned=plan_induction(
            course.consent_holds_from(story.state, Modality.IV_KETAMINE, now, story.parameters),
            story.state.clinic,
            story.parameters,
            target=left,
            last_dose_at=given[-1] if given else None,
            previous_doses_at=given,
        ),
        target=target,
        done=target - left,
        began_at=now,
    )


def next_date(story: Story, series: Series) -> datetime:
    """The next planned date, or the first slot after it once it has passed or come too close to
    the last dose."""
    series.position, at = upcoming(story, series)
    return at


def upcoming(story: Story, series: Series) -> tuple[int, datetime]:
    """(position in the plan, moment) of the next session, as things stand now."""
    return course.upcoming(story.state, series, story.clock.now(), story.parameters)


def doses_at(story: Story) -> list[datetime]:
    """When doses were given, by any modality, the last one last."""
    return course.doses_at(story.state)


def in_words(reasons: Iterable[Reason]) -> dict[str, str]:
    """Reasons as a task's evidence: code -> words, with the fact they rest on; of one code, all."""
    words: dict[str, str] = {}
    for r in reasons:
        said = f"{r.text} ({r.fact})" if r.fact else r.text
        words[r.code] = f"{words[r.code]}; {said}" if r.code in words else said
    return words
