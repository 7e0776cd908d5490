"""Asking the log of controlled substances: what is there, who was given what, what may be used."""

from typing import Protocol

from temporalio import activity

from activities import alive
from activities.records import told
from schemas.drug_cabinet import Exposure, LotBook, LotRequest, LotStanding, StockRequest


class StockPort(Protocol):
    """The log of controlled substances. Its errors tell by their class what happened."""

    async def read_stock(self, asked: StockRequest) -> tuple[LotBook, ...]:
        """Every lot of a clinic, or one, with its entries since it last settled."""

    async def exposed_to_lot(self, asked: LotRequest) -> Exposure:
        """Whoever was given the lot, or had it drawn for them."""

    async def lot_standing(self, asked: LotRequest) -> LotStanding:
        """Whether the lot may be drawn from."""


class StockActivities:
    """What the `records` queue reads of the log. All of it may be repeated at will."""

    def __init__(self, stock: StockPort) -> None:
        self._stock = stock

    @activity.defn(name="read_stock")
    @alive.said_while_it_takes
    async def read_stock(self, asked: StockRequest) -> tuple[LotBook, ...]:
        """What a clinic's log expects in the cabinet."""
        return await told(self._stock.read_stock(asked))

    @activity.defn(name="exposed_to_lot")
    @alive.said_while_it_takes
    async def exposed_to_lot(self, asked: LotRequest) -> Exposure:
        """Whom a recall touches (11.32)."""
        return await told(self._stock.exposed_to_lot(asked))

    @activity.defn(name="lot_standing")
    @alive.said_while_it_takes
    async def lot_standing(self, asked: LotRequest) -> LotStanding:
        """Whether a lot may be drawn from: not expired, not recalled, not frozen. To be asked
        before a dose starts."""
        return await told(self._stock.lot_standing(asked))
