"""Looks at a course between two treatment days: early review, caps on infusions, long gaps.

Clinical fact sheet, 5.5, 7.1 and 7.4. What a rule finds is a person's question; the course goes on
only as they decide.
"""

from datetime import datetime

from clinical.course_gates import cap_roles, caps_reached, gap_questions, gap_roles
from clinical.reevaluation import EarlyReview, early_review
from schemas.approval import ApprovalKind, TaskStatus
from schemas.base import Reason
from schemas.event import EventKind
from schemas.journey import Series
from workflows.course_facts import facts_of
from workflows.schedule import doses_at, in_words
from workflows.story import Story

EARLY = "early-review"


async def goes_on(story: Story, series: Series, at: datetime) -> bool:
    """Whether the course goes on to a dose at `at`, as people have decided where a rule asks."""
    return (
        await _early_look(story, series)
        and await _within_caps(story, series)
        and await _after_gap(story, series, at)
    )


async def _early_look(story: Story, series: Series) -> bool:
    """After the third infusion of the first series: a psychiatrist looks where it does not help."""
    state = story.state
    if series.course != "induction" or state.course is not None or state.notes.early_reviewed:
        return True
    review = early_review(facts_of(story), story.parameters)
    if not review.due:
        return True
    goes_on = True
    if review.review:
        task = await story.ask(
            ApprovalKind.COURSE_REVIEW,
            EARLY,
            "Early review: does the series go on?",
            evidence={
                "level": review.level.value,
                "titrate": "the dose may rise" if review.titrate else "no",
                **in_words(review.reasons),
            },
        )
        goes_on = task.status is TaskStatus.APPROVED
    state.notes.early_reviewed = True
    _note_early(story, review, goes_on)
    return goes_on


def _note_early(story: Story, review: EarlyReview, goes_on: bool) -> None:
    story.recorder.note(
        EventKind.EARLY_REVIEWED,
        {
            "level": review.level.value,
            "percent_change": review.percent_change,
            "titrate": review.titrate,
            "reviewed": review.review,
            "goes_on": goes_on,
        },
    )


async def _within_caps(story: Story, series: Series) -> bool:
    """A cap on infusions that is reached: a person lets treatment go on beyond it, for the time
    until the next review is due, or it stops."""
    for reason in caps_reached(story.state, series, story.clock.now(), story.parameters):
        if not await _beyond(story, reason):
            return False
    return True


async def _beyond(story: Story, reason: Reason) -> bool:
    if reason.code == "acute_cap":
        return False  # the reevaluation that follows is the person's decision
    task = await story.ask(
        ApprovalKind.COURSE_REVIEW,
        f"cap-{reason.code}",
        "Many infusions in twelve months: does treatment go on?",
        slots=cap_roles(reason),
        evidence=in_words((reason,)),
    )
    if task.status is TaskStatus.APPROVED:
        story.state.notes.caps_reviewed[reason.code] = story.clock.now()
    return task.status is TaskStatus.APPROVED


async def _after_gap(story: Story, series: Series, at: datetime) -> bool:
    """A long gap before this dose: once for each last dose a person decides how to go on."""
    reasons = gap_questions(story.state, series, at, story.parameters)
    if not reasons:
        return True
    last = doses_at(story)[-1]
    task = await story.ask(
        ApprovalKind.COURSE_REVIEW,
        "gap",
        "A long gap since the last dose: assess, then go on or stop",
        slots=gap_roles(series, reasons),
        evidence=in_words(reasons),
    )
    story.state.notes.gap_decided_for = last
    return task.status is TaskStatus.APPROVED
