"""Asking the drug log tells errors by their class and never by their content."""

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.stock import StockActivities, StockPort
from records.errors import RecordUnavailable
from records.stock import StockStore
from schemas.drug_cabinet import Exposure, LotBook, LotRequest, LotStanding, StockRequest

LOT = LotRequest(clinic="north", lot="ket-2231")
ASKED = {
    "read_stock": StockRequest(clinic="north"),
    "exposed_to_lot": LOT,
    "lot_standing": LOT,
}


class FakeLog:
    """A log of one lot, or one that fails as it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    async def read_stock(self, asked: StockRequest) -> tuple[LotBook, ...]:
        self._maybe_fail()
        return (LotBook(lot="KET-2231", on_hand_mg=450),)

    async def exposed_to_lot(self, asked: LotRequest) -> Exposure:
        self._maybe_fail()
        return Exposure(journeys=("journey-a",))

    async def lot_standing(self, asked: LotRequest) -> LotStanding:
        self._maybe_fail()
        return LotStanding(usable=asked.lot == "KET-2231")

    def _maybe_fail(self) -> None:
        if self._error is not None:
            raise self._error


async def test_a_lots_standing_is_asked_in_capitals() -> None:
    found = await ActivityEnvironment().run(StockActivities(FakeLog()).lot_standing, LOT)

    assert found == LotStanding(usable=True)


@pytest.mark.parametrize("name", ASKED)
async def test_an_error_names_its_class_quotes_nothing_and_may_be_tried_again(name: str) -> None:
    activities = StockActivities(FakeLog(RecordUnavailable("password=hunter2")))

    with pytest.raises(ApplicationError) as caught:
        await ActivityEnvironment().run(getattr(activities, name), ASKED[name])

    assert caught.value.type == "RecordUnavailable"
    assert not caught.value.non_retryable
    assert "hunter2" not in str(caught.value)


def test_the_real_log_has_the_shape_of_the_port(pool: object) -> None:
    port: StockPort = StockStore(pool)  # type: ignore[arg-type]

    assert StockActivities(port)
