"""Clearance by two people, then the dates: nothing is booked before both have agreed."""

from clinical.schedule import plan_induction
from schemas.approval import ApprovalKind, TaskStatus
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
    """The infusion series as the protocol plans it from now."""
    now = story.clock.now()
    target = story.parameters.integer("iv.series_len")
    return Series(
        course="induction",
        modality=Modality.IV_KETAMINE,
        planned=plan_induction(
            now, story.state.clinic, story.parameters, target=target, last_dose_at=None
        ),
        target=target,
        began_at=now,
    )
