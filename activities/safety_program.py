"""Sending the spray's monitoring forms to its safety programme, on the queue of outside systems."""

from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from schemas.safety_program import FaxForm, FormReceipt


class SafetyProgramPort(Protocol):
    """A way to the programme."""

    async def send(self, form: FaxForm) -> str:
        """Send a form once, whatever is retried; its receipt. Raises an error with `final` set
        when trying again cannot help."""


class SafetyProgramActivities:
    """The effects towards the programme."""

    def __init__(self, program: SafetyProgramPort) -> None:
        self._program = program

    @activity.defn(name="fax_monitoring_form")
    async def fax_monitoring_form(self, form: FaxForm) -> FormReceipt:
        """Send one form; errors carry the class's name and nothing of the form."""
        try:
            receipt = await self._program.send(form)
        except Exception as error:
            kind = type(error).__name__
            final = bool(getattr(error, "final", False))
            raise ApplicationError("form not sent", type=kind, non_retryable=final) from None
        return FormReceipt(receipt=receipt)
