"""How long a run has grown, known only from moments that leave an event.

A worker that reads the history anew may be handed a task in which nothing happened together with
the one before it, and would read the length of both where another read the length of one (decision
27). So the length is looked at where the task that sees it asks for something too: where a message
is taken in, and where facts and messages leave.
"""

from temporalio import workflow

from workflows.options import PRESSING_EVENT_BUDGET


class RunLength:
    """The length of one run. `events`: the history's when it was last looked at; `end_suggested`:
    whether the server then thought the run long."""

    def __init__(self) -> None:
        self.events = 0
        self.end_suggested = False

    def look(self) -> None:
        """Only in a moment that leaves an event of its own."""
        info = workflow.info()
        self.events = info.get_current_history_length()
        self.end_suggested = info.is_continue_as_new_suggested()

    def beyond(self, budget: int) -> bool:
        """Whether the run holds so many events, or more than the server likes."""
        return self.events >= budget or self.end_suggested

    @property
    def pressing(self) -> bool:
        """Whether the run can wait no longer for its desk to be empty."""
        return self.events >= PRESSING_EVENT_BUDGET
