"""The day board before a fake front desk: every chair, its phase in words, what is due next."""

from datetime import timedelta

import pytest

from schemas.base import Role
from schemas.infusion import SafetyOrder, SessionPhase, VitalsAction
from service.commands import wall_clock
from tests.api.conftest import Door, door, open_door, settings
from tests.console.front_desk import NURSE, PATIENT, SESSION, FakeDays, FrontDesk, a_stay, a_view

__all__ = ["door", "open_door", "settings"]


@pytest.fixture
async def desk(door: Door) -> FrontDesk:
    """A nurse before the board of a day on which chair 2 is taken."""
    console = FrontDesk(door, days=FakeDays((a_stay(2),)))
    console.open()
    console.says(a_view(next_reading_due_at=wall_clock() + timedelta(minutes=8)))
    await console.sign_in(Role.NURSE)
    return console


async def test_every_chair_is_on_the_board_also_an_empty_one(desk: FrontDesk) -> None:
    text = (await desk.get("/day?clinic=north")).text

    assert [f"Chair {n}" in text for n in (1, 2, 3)] == [True, True, True]
    assert text.count("Free all day.") == 2


async def test_a_card_says_who_in_which_phase_what_is_due_and_who_attends(desk: FrontDesk) -> None:
    text = (await desk.get("/day?clinic=north")).text

    card = text[text.index("<article") : text.index("</article>")]
    assert PATIENT in card
    assert "Dosing" in card
    assert "<svg" in card
    assert "Next reading" in card
    assert "With the patient: rn-quill" in card
    assert f'href="/console/sessions/{SESSION}"' in card


async def test_the_table_says_the_same_as_the_cards(desk: FrontDesk) -> None:
    text = (await desk.get("/day?clinic=north")).text

    table = text[text.index("<tbody>") : text.index("</tbody>")]
    assert all(words in table for words in (PATIENT, "Dosing", "Next reading", "rn-quill"))


async def test_an_order_that_nobody_acknowledged_comes_first(desk: FrontDesk) -> None:
    order = SafetyOrder(
        order_id="order-1", action=VitalsAction.PAUSE, reason="x", to=NURSE, given_at=wall_clock()
    )
    due_at = wall_clock() + timedelta(minutes=3)
    desk.says(a_view(SessionPhase.PAUSED, orders=(order,), next_reading_due_at=due_at))

    text = (await desk.get("/day?clinic=north")).text

    assert text.index("Order of the engine to acknowledge") < text.index("Next reading")


async def test_who_has_just_arrived_is_shown_so_although_the_record_is_behind(
    desk: FrontDesk,
) -> None:
    desk.days.stays = (a_stay(2, "BOOKED"),)
    desk.says(a_view(SessionPhase.PRE_CHECK))

    assert "Pre-dose checks" in (await desk.get("/day?clinic=north")).text


async def test_without_the_engine_the_board_shows_the_record(desk: FrontDesk) -> None:
    desk.says(None)

    text = (await desk.get("/day?clinic=north")).text

    assert "The engine does not answer now" in text
    assert "Observer: rn-tamm" not in text
    assert "With the patient: rn-tamm" in text


async def test_the_board_looks_again_by_itself(desk: FrontDesk) -> None:
    text = (await desk.get("/day?clinic=north&on=2026-12-03")).text

    assert (
        'hx-get="/console/day/board?clinic=north&amp;on=2026-12-03" hx-trigger="every 12s"' in text
    )
    part = await desk.get("/day/board?clinic=north&on=2026-12-03")
    assert part.text.lstrip().startswith('<div id="board"')


@pytest.mark.parametrize("path", ["/day?clinic=south", "/day?clinic=atlantis"])
async def test_another_clinics_board_is_not_there(desk: FrontDesk, path: str) -> None:
    assert (await desk.get(path)).status_code == 404


async def test_a_day_that_is_no_day_is_today(desk: FrontDesk) -> None:
    assert (await desk.get("/day?clinic=north&on=0000-99-99")).status_code == 200
