"""The bedside and the day board in a real browser, before real treatment days."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from console.bedside_readings import A_MOMENT
from schemas.base import Role
from schemas.infusion import SessionPhase
from simulator.http_door import HttpDoor
from simulator.stack import Stack
from tests.console.chairs import Chair, seated
from tests.console.conftest import LOOKS, People, serious

NURSE, PRESCRIBER = "rn-quill", "dr-brandt"
TARGETS = """
() => [...document.querySelectorAll('main button, main summary, main select, .choices label, ' +
    'main input:not([type=hidden]):not([type=radio]):not([type=checkbox])')]
  .filter((one) => one.checkVisibility())
  .map((one) => [one.id || one.textContent.trim(), one.getBoundingClientRect()])
  .filter(([, box]) => box.width < 44 || box.height < 44)
  .map(([name, box]) => `${name}: ${box.width} x ${box.height}`)
"""


async def enter(page: Page, systolic: int, diastolic: int) -> None:
    """A nurse measures and sends."""
    await page.get_by_label("Systolic pressure").fill(str(systolic))
    await page.get_by_label("Diastolic pressure").fill(str(diastolic))
    await page.get_by_label("Heart rate").fill("72")
    await page.get_by_label("Oxygen saturation").fill("98")
    await page.get_by_role("button", name="Record the reading").click()


async def test_a_dose_is_paused_resumed_and_stopped_from_the_screen(
    people: People, door: HttpDoor
) -> None:
    chair = await seated(door, "Bellwether")
    page = await people.visit(chair.path, Role.NURSE, subject=NURSE, width=768)
    prescriber = await people.visit(chair.path, Role.PRESCRIBER, subject=PRESCRIBER)
    answer = page.locator("#answer")

    await enter(page, 184, 104)
    await expect(answer).to_contain_text("Read again")
    assert await page.get_by_label("Systolic pressure").input_value() == ""
    await chair.pass_(3)
    await enter(page, 186, 106)

    await expect(answer).to_contain_text("PAUSE")
    await expect(page.locator(".order")).to_contain_text("The engine orders: Pause")
    await page.get_by_role("button", name="Seen, it is being carried out").click()
    await expect(page.locator(".order")).to_have_count(0)
    assert (await chair.view()).phase is SessionPhase.PAUSED

    await chair.pass_(5)
    await enter(page, 142, 88)
    await expect(answer).to_contain_text("Read again")
    reason = prescriber.get_by_label("Why it may go on")
    await reason.fill("settled below 160/100, at the chair")
    await prescriber.get_by_role("button", name="Resume").click()
    await expect(prescriber.locator("#live .phase")).to_have_text("Dosing")

    await expect(page.locator("#live .phase")).to_have_text("Dosing")
    await page.get_by_role("button", name="STOP").click()

    await expect(page.locator("#live .phase")).to_have_text("Observation")
    assert (await chair.view()).phase is SessionPhase.POST_OBS
    gate = page.locator("#discharge-gate")
    await expect(gate).to_contain_text("Observed for at least 60 min")
    await expect(gate).to_contain_text("write down how much was given")
    await expect(gate.get_by_role("button")).to_be_disabled()


async def test_readings_taken_without_a_network_arrive_once_and_in_order(
    people: People, door: HttpDoor
) -> None:
    chair = await seated(door, "Nightingale")
    page = await people.visit(chair.path, Role.NURSE, subject=NURSE, width=768)
    before = len((await chair.view()).during)
    begun = (await chair.view()).now

    await page.context.set_offline(True)
    await enter(page, 131, 81)
    await expect(page.locator("#waiting")).to_contain_text("1 reading waits on this device")
    await enter(page, 132, 82)
    await expect(page.locator("#waiting")).to_contain_text("2 readings wait on this device")
    await expect(page.locator("#connection")).to_be_visible()
    await page.get_by_role("button", name="STOP").click()
    await expect(page.locator("#not-sent")).to_be_visible()
    assert len((await chair.view()).during) == before

    await page.context.set_offline(False)
    await expect(page.locator("#waiting")).to_be_hidden(timeout=15_000)
    await page.reload()

    view = await chair.view()
    new = view.during[before:]
    assert [reading.systolic_mmhg for reading in new] == [131, 132]
    earliest = begun - A_MOMENT
    early = [r.taken_at for r in new if r.taken_at is None or r.taken_at < earliest]
    assert early == [], f"before {earliest}"
    assert view.phase is SessionPhase.DOSING
    assert await page.evaluate("Object.keys(localStorage).length") == 0


async def test_a_reading_refused_later_is_shown_with_its_reasons_until_somebody_has_seen_it(
    people: People, door: HttpDoor
) -> None:
    chair = await seated(door, "Featherstone")
    page = await people.visit(chair.path, Role.NURSE, subject=NURSE, width=768)
    await page.context.set_offline(True)
    await enter(page, 131, 81)
    await page.evaluate(
        """() => {
          const name = Object.keys(localStorage)[0];
          const reading = JSON.parse(localStorage.getItem(name));
          reading.fields["sedative_given_at"] = ["2199-01-01T10:00"];
          localStorage.setItem(name, JSON.stringify(reading));
        }"""
    )

    await page.context.set_offline(False)

    waiting = page.locator("#waiting > ol > li")
    await expect(waiting).to_contain_text("the sedative's time lies ahead")
    await expect(waiting).to_contain_text("131")
    await page.reload()
    await expect(waiting).to_contain_text("the sedative's time lies ahead")
    await waiting.get_by_role("button", name="Seen, remove").click()
    await expect(page.locator("#waiting")).to_be_hidden()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def watched(stack: Stack) -> AsyncIterator[Chair]:
    """One dose that is only looked at."""
    door = HttpDoor(stack.addresses["api"], stack.settings)
    yield await seated(door, "Candlewick")
    await door.close()


@pytest.mark.parametrize(("theme", "language"), LOOKS)
async def test_axe_finds_nothing_serious_and_every_target_is_big_enough_for_a_glove(
    people: People, watched: Chair, theme: str, language: str
) -> None:
    day = (await watched.view()).scheduled_at.date().isoformat()
    look = {"theme": theme, "language": language, "width": 768}
    page = await people.visit(watched.path, Role.NURSE, subject=NURSE, **look)
    home = page.url.removesuffix(watched.path)
    found: list[str] = []

    for path in (watched.path, f"/day?clinic=north&on={day}"):
        await page.goto(home + path)
        await expect(page.locator("[data-at]").first).to_be_visible()
        found += [*await serious(page), *await page.evaluate(TARGETS)]
        await page.set_viewport_size({"width": 320, "height": 700})
        wide = await page.evaluate("document.documentElement.scrollWidth")
        found += [f"{path}: {wide} px wide at 320"] if wide > 320 else []
        await page.set_viewport_size({"width": 768, "height": 900})

    assert found == []
