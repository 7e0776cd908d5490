"""A clinic is closed: every open journey is told, once, however often it is run."""

from datetime import date

from schemas.base import Actor, Role
from service.closure import Closures
from service.every_journey import JourneysTold
from tests.service.test_certification import Listed, Told, row

ROMERO = Actor(id="cc-romero", role=Role.CARE_COORDINATOR)


async def close(told: Told) -> JourneysTold:
    journeys = Listed((row(1), row(2, closed=True), row(3, "south"), row(4)))
    return await Closures(told, journeys).announce(
        "north", ROMERO, [date(2026, 12, 24)], "snow", "k-1"
    )


async def test_edge_44_every_open_journey_of_the_clinic_hears_of_a_closure_once() -> None:
    told = Told()

    first, second = await close(told), await close(told)

    assert {journey for journey, _ in told.taken} == {"journey-1", "journey-4"}
    assert (first.told, second.told, second.before) == (2, 0, 2)
