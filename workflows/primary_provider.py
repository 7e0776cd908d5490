"""The provider who shares the care, changed in mid-course: a coordinator names another in time,
or the journey is held.

Clinical fact sheet, edge case 53.
"""

from datetime import datetime

from clinical.primary_provider import ENDING, judge_change, named_by
from schemas.approval import EntryKind
from schemas.base import Reason
from schemas.event import EventKind
from schemas.primary_provider import ChangeProvider
from workflows.hold import hold_for_provider
from workflows.story import Story

PROVIDER = "primary-provider"


def judge_provider(story: Story, command: ChangeProvider) -> tuple[Reason, ...]:
    """Why this change cannot be taken; empty when it can."""
    return judge_change(story.state, command)


def change_provider(story: Story, command: ChangeProvider) -> None:
    """Keep who shares the care; who was lost has to be replaced, and whoever was asked is not
    asked any more once one is named. A hold for want of one is left as every hold is."""
    state = story.state
    said = command.model_dump(mode="json", exclude={"command_id", "actor"})
    story.recorder.note(EventKind.PROVIDER_CHANGED, said, by=command)
    state.primary_provider = command.provider
    if command.provider is not None:
        state.provider_lost_at = None
        if PROVIDER in state.tasks:
            story.tasks.enter(PROVIDER, command)
            story.tasks.take(PROVIDER)
        return
    state.provider_lost_at = story.clock.now()
    story.tasks.open(
        EntryKind.CHANGE_PROVIDER,
        PROVIDER,
        "The primary mental-health provider is lost: name another",
        due_at=named_by(state, story.parameters),
        evidence={"reason": command.reason},
    )


class ProviderWatch:
    """Holds a journey that has had no provider for too long, on its one timer."""

    def __init__(self, story: Story) -> None:
        self._story = story
        story.watches.append(self)

    def next_at(self) -> datetime | None:
        """When the journey is held; None while there is a provider, or nothing to hold."""
        state = self._story.state
        if state.hold is not None or state.close_outcome is not None or state.phase in ENDING:
            return None
        return named_by(state, self._story.parameters)

    def tend(self) -> None:
        """Hold once the time to name another is over."""
        at = self.next_at()
        if at is not None and at <= self._story.clock.now():
            hold_for_provider(self._story)
