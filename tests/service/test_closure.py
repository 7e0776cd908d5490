"""A clinic is closed: every open journey is told, once, however often it is run."""

from datetime import date

from schemas.base import Actor, Reason, Role
from service.closure import Closures
from service.errors import Refused
from service.every_journey import JourneysTold, key_for
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


async def test_edge_44_a_journey_that_refuses_a_closure_is_counted_apart_from_one_that_ended() -> (
    None
):
    told = Told()
    told.trouble["journey-1"] = Refused(Reason(code="closure_past", text="of days to come"))
    told.trouble["journey-4"] = Refused(Reason(code="journey_closed", text="closed"))

    result = await close(told)

    assert (result.told, result.refused, result.ended) == (0, 1, 1)
    assert result.refused_because == ("closure_past",)


def test_two_long_keys_never_become_the_key_of_one_command() -> None:
    one, other = ("k" * 160 + end for end in "ab")

    assert key_for(one, "journey-1") != key_for(other, "journey-1")
    assert len(key_for(one, "journey-" + "x" * 26)) <= 200
    assert key_for("k-1", "journey-1") == "k-1:journey-1"
