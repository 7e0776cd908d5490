"""The end of a treatment day that nobody heard of: it closed while its journey turned over.

Its last fact is on record. While the record is away, the question waits beside the story, and
neither the next run nor what is told to other days waits for it.
"""

from collections.abc import Callable

from temporalio import workflow
from temporalio.exceptions import ActivityError

from runtime.names import RECORDS
from schemas.infusion import SessionResult
from schemas.journey import Booking
from workflows.deadlines import after_the_story
from workflows.options import OUTCOME_TURN, RECORDS_RETRY, RECORDS_TIMEOUT
from workflows.visible import show_answered


class UnheardEnd:
    """How one day ended, asked of the record. `heard`: told how; `lost`: told where the record
    does not know. What a run leaves unasked the next one finds by itself: the day is still booked,
    and is asked to report again."""

    def __init__(
        self, heard: Callable[[SessionResult], None], lost: Callable[[Booking], None]
    ) -> None:
        self._heard = heard
        self._lost = lost
        self._booking: Booking | None = None
        self._resting = False
        self.busy = False

    def look_up(self, booking: Booking) -> None:
        """Ask about this day; asked again meanwhile, it is one question."""
        self._booking = booking

    def rest(self) -> None:
        """Ask nothing more: the next run does."""
        self._resting = True

    async def run(self) -> None:
        """Ask for as long as the journey lives."""
        while True:
            await workflow.wait_condition(self._has_reason)
            await after_the_story(OUTCOME_TURN)
            booking = self._booking
            if booking is None or not self._has_reason():
                continue
            self.busy = True
            await self._ask(booking)
            self._booking = None
            self.busy = False
            show_answered("outcome")

    def _has_reason(self) -> bool:
        return self._booking is not None and not self._resting

    async def _ask(self, booking: Booking) -> None:
        try:
            result = await self._read(booking.session_id)
        except ActivityError:
            result = None
        if result is None:
            self._lost(booking)
        else:
            self._heard(result)

    async def _read(self, session_id: str) -> SessionResult | None:
        result: SessionResult | None = await workflow.execute_activity(
            "session_result",
            session_id,
            task_queue=RECORDS,
            result_type=SessionResult | None,  # type: ignore[arg-type]  # any hint will do
            start_to_close_timeout=RECORDS_TIMEOUT,
            retry_policy=RECORDS_RETRY,
            summary="read how the session closed",
        )
        return result
