"""How the front desk says no: refused by a rule, unknown, not yet answered, not to be reached."""

from schemas.base import Reason


class FrontDeskError(Exception):
    """The front desk could not do what was asked."""


class Refused(FrontDeskError):  # noqa: N818 - what happened, in the desk's word
    """A rule refused the command; nothing changed. `reasons` is never empty."""

    def __init__(self, *reasons: Reason) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reason.code for reason in reasons))

    @property
    def code(self) -> str:
        """The first reason's code."""
        return self.reasons[0].code if self.reasons else "refused"


class Malformed(Refused):
    """The content cannot be understood or cannot be true; nothing changed."""


class UnknownWorkflow(FrontDeskError):  # noqa: N818 - what happened, in the desk's word
    """There is no such journey, session or task."""


class NotYetAnswered(FrontDeskError):  # noqa: N818 - what happened, in the desk's word
    """The command is kept and will take effect or be refused later; nobody could answer now."""

    def __init__(self, workflow_id: str, journey_id: str, command_id: str) -> None:
        self.workflow_id = workflow_id
        self.journey_id = journey_id
        self.command_id = command_id
        super().__init__("kept, not yet answered")


class Unavailable(FrontDeskError):  # noqa: N818 - what happened, in the desk's word
    """The engine cannot be reached; nothing was taken. Send the same command again later."""

    def __init__(self, retry_after_s: int = 5) -> None:
        self.retry_after_s = retry_after_s
        super().__init__("the engine cannot be reached")


class Busy(Unavailable):
    """Too many commands at once for this journey; nothing was taken."""


class EngineTrouble(FrontDeskError):  # noqa: N818 - what happened, in the desk's word
    """The engine failed at this command for a reason that is ours, not the caller's. `code`: the
    engine's word for it, nothing of the command."""

    def __init__(self, code: str = "unknown") -> None:
        self.code = code
        super().__init__(f"the engine failed at this command ({code})")
