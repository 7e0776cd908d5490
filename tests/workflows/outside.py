"""What the activities of a test reach: the record, the mail, the book, the cabinet, in memory."""

import asyncio
from collections.abc import Awaitable, Callable

from temporalio import activity
from temporalio.exceptions import ApplicationError

from schemas.appointment import ConfirmPlaces, PlacesAnswer, ReleasePlaces, ReservePlaces
from schemas.drug_cabinet import Exposure, LotBook, LotRequest, LotStanding, StockRequest
from schemas.event import Appended, AppendEvents, Fact
from schemas.health_record import Letter, LetterReceipt
from schemas.infusion import SessionResult
from schemas.notification import (
    Delivery,
    DeliveryStatus,
    Notification,
    NotificationClass,
    SendNotifications,
)
from schemas.safety_program import FaxForm, FormReceipt
from tests.activities.clinic_book import ClinicBook
from tests.activities.people_book import PeopleBook, Strangers

StandIns = Callable[[str], Awaitable[SessionResult | None]]
"""What a stand-in day ended with; None for one that has not ended, or not by itself."""


class Outside:
    """What the activities reach, in memory: the same facts once, the same messages once.
    `silent`: the activities that nobody outside answers for now."""

    def __init__(self) -> None:
        self.facts: dict[str, dict[int, Fact]] = {}
        self.letters: dict[str, Letter] = {}
        self.faxes: dict[str, FaxForm] = {}
        self.sent: list[Notification] = []
        self.batches: list[AppendEvents] = []
        self.away = False
        self.slow_s = 0.0
        self.refuses: frozenset[NotificationClass] = frozenset()
        self.silent: frozenset[str] = frozenset()
        self.results: dict[str, SessionResult] = {}
        self.stand_ins: StandIns | None = None
        self.books: tuple[LotBook, ...] = ()
        self.standings: dict[str, LotStanding] = {}
        self.book = ClinicBook()
        self.people: PeopleBook = Strangers()

    @activity.defn(name="append_events")
    async def append_events(self, batch: AppendEvents) -> Appended:
        if self.away:
            raise RuntimeError("the record is away")
        if self.slow_s:
            await asyncio.sleep(self.slow_s)
        self.batches.append(batch)
        kept = self.facts.setdefault(batch.workflow_id, {})
        for fact in batch.facts:
            assert kept.setdefault(fact.sequence, fact) == fact, "a fact changed under its number"
        assert sorted(kept) == list(range(1, len(kept) + 1)), "the record has a gap"
        return Appended(last_sequence=max(kept), matches=await self.people.hear(batch))

    @activity.defn(name="session_result")
    async def session_result(self, session_id: str) -> SessionResult | None:
        """As the record reads it: from the session's own last fact. A stand-in day writes none:
        it is asked what it ended with."""
        self._insist_on_an_answer("session_result")
        kept = self.facts.get(session_id, {})
        told = [kept[n].data["result"] for n in sorted(kept) if "result" in kept[n].data]
        found = SessionResult.model_validate(told[-1]) if told else None
        if found is None and self.stand_ins is not None:
            found = await self.stand_ins(session_id)
        return self.results.get(session_id, found)

    @activity.defn(name="read_stock")
    async def read_stock(self, asked: StockRequest) -> tuple[LotBook, ...]:
        return tuple(book for book in self.books if asked.lot in (None, book.lot))

    @activity.defn(name="exposed_to_lot")
    async def exposed_to_lot(self, asked: LotRequest) -> Exposure:
        return Exposure()

    @activity.defn(name="lot_standing")
    async def lot_standing(self, asked: LotRequest) -> LotStanding:
        return self.standings.get(asked.lot, LotStanding(usable=True))

    @activity.defn(name="send_notifications")
    async def send_notifications(self, batch: SendNotifications) -> tuple[Delivery, ...]:
        if self.refuses & {message.kind for message in batch.notifications}:
            raise RuntimeError("no mailbox takes these")
        self.sent.extend(batch.notifications)
        return tuple(
            Delivery(occurrence=n.occurrence, status=DeliveryStatus.SENT)
            for n in batch.notifications
        )

    @activity.defn(name="file_letter")
    async def file_letter(self, letter: Letter) -> LetterReceipt:
        self._insist_on_an_answer("file_letter")
        assert self.letters.setdefault(letter.letter_id, letter) == letter, "another letter"
        return LetterReceipt(letter_id=letter.letter_id, reference=f"filed-{len(self.letters)}")

    @activity.defn(name="fax_monitoring_form")
    async def fax_monitoring_form(self, form: FaxForm) -> FormReceipt:
        if self.away:
            raise ApplicationError("no line", type="NoFaxLine", non_retryable=True)
        self._insist_on_an_answer("fax_monitoring_form")
        self.faxes.setdefault(form.form_id, form)
        return FormReceipt(receipt=f"fax-{len(self.faxes)}")

    async def reserve(self, wish: ReservePlaces) -> PlacesAnswer:
        return await self.people.claim(wish) or await self.book.reserve(wish)

    async def confirm(self, asked: ConfirmPlaces) -> bool:
        return await self.book.confirm(asked)

    async def release(self, asked: ReleasePlaces) -> None:
        await self.book.release(asked)

    def _insist_on_an_answer(self, name: str) -> None:
        if name in self.silent:
            raise RuntimeError("nobody answers")

    def kinds(self, workflow_id: str) -> list[str]:
        """The facts of one workflow, in order, by name."""
        kept = self.facts.get(workflow_id, {})
        return [kept[n].kind.value for n in sorted(kept)]
