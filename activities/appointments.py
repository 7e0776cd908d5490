"""Places for treatment days: held, made firm, given back, on the records queue."""

from typing import Protocol

from temporalio import activity

from activities import alive
from activities.records import told
from schemas.appointment import ConfirmPlaces, PlacesAnswer, ReleasePlaces, ReservePlaces


class AppointmentsPort(Protocol):
    """The clinic's book. Its errors tell by their class what happened."""

    async def reserve(self, wish: ReservePlaces) -> PlacesAnswer:
        """Hold places for one session; the same wish twice is one reservation."""

    async def confirm(self, asked: ConfirmPlaces) -> bool:
        """Make a hold firm; False when it stands no longer."""

    async def release(self, asked: ReleasePlaces) -> None:
        """Give places back; again and again if need be."""


class AppointmentsActivities:
    """The effects on the clinic's book. All may be repeated at will."""

    def __init__(self, book: AppointmentsPort) -> None:
        self._book = book

    @activity.defn(name="reserve_places")
    @alive.said_while_it_takes
    async def reserve_places(self, wish: ReservePlaces) -> PlacesAnswer:
        """Hold a chair, an observer and a nurse, or say which later starts would fit."""
        return await told(self._book.reserve(wish))

    @activity.defn(name="confirm_places")
    @alive.said_while_it_takes
    async def confirm_places(self, asked: ConfirmPlaces) -> bool:
        """Make a hold firm."""
        return await told(self._book.confirm(asked))

    @activity.defn(name="release_places")
    @alive.said_while_it_takes
    async def release_places(self, asked: ReleasePlaces) -> None:
        """Give places back."""
        await told(self._book.release(asked))
