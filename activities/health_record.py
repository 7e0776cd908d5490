"""Writing to other people's health records, on the queue of outside systems."""

from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from schemas.health_record import Letter, LetterReceipt


class HealthRecordPort(Protocol):
    """A health record that takes letters."""

    async def file(self, letter: Letter) -> str:
        """File a letter once, whatever is retried; its reference there. Raises an error with
        `final` set when trying again cannot help."""


class HealthRecordActivities:
    """The effects of the `integrations` queue."""

    def __init__(self, record: HealthRecordPort) -> None:
        self._record = record

    @activity.defn(name="file_letter")
    async def file_letter(self, letter: Letter) -> LetterReceipt:
        """File one letter; errors carry the class's name and nothing of the letter."""
        try:
            reference = await self._record.file(letter)
        except Exception as error:
            kind = type(error).__name__
            final = bool(getattr(error, "final", False))
            raise ApplicationError("letter not filed", type=kind, non_retryable=final) from None
        return LetterReceipt(letter_id=letter.letter_id, reference=reference)
