"""One real journey up to its reevaluation, looked at and decided on in a real browser."""

import json
import os
import re
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from schemas.base import Role
from schemas.journey import Phase
from simulator.http_door import HttpDoor
from simulator.stack import Stack
from simulator.staff import Staff
from tests.console.conftest import LOOKS, REFERRAL, People, serious, somebody_else

NARROW = 320
PICTURES = os.environ.get("JOURNEY_TEST_PICTURES")
"""A folder for pictures of what was seen, for whoever wants to look."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def evaluated(stack: Stack) -> str:
    """Three infusions that do not help: the early review sends the patient to reevaluation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulator.bedside.MOODS", (19, 19, 19))
        return await _evaluated(stack)


async def _evaluated(stack: Stack) -> str:
    door = HttpDoor(stack.addresses["api"], stack.settings)
    content = json.loads(REFERRAL.read_text())
    content["patient"] |= somebody_else("Thornapple")
    content["identifier"]["value"] = "console-thornapple"
    journey_id = await door.refer("/v1/referrals", json.dumps(content).encode(), "application/json")
    staff = Staff(door, journey_id)
    await staff.prepare()
    for number in range(3):
        await staff.treat(pause=number == 1)
        await staff.follow_up()
    await staff.decline("course_review")
    await staff.asked_for("record_scores")
    await staff.score(8)
    await staff.pending("reevaluation_decision")
    await staff.reach(Phase.REEVALUATION)
    await door.close()
    return journey_id


async def seen(page: Page, name: str) -> None:
    if PICTURES:
        height = await page.evaluate("document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": page.viewport_size["width"], "height": min(height, 2600)}
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True, clip=clip)


@pytest.mark.parametrize(("theme", "language"), LOOKS)
async def test_axe_finds_nothing_serious_on_journey_packet_and_reports(
    people: People, evaluated: str, theme: str, language: str
) -> None:
    found: dict[str, list[str]] = {}
    for path in (
        f"/journeys/{evaluated}?told=safety",
        f"/journeys/{evaluated}/packet",
        "/reports?training=1",
    ):
        page = await people.visit(path, Role.PSYCHIATRIST, theme=theme, language=language)
        await seen(page, f"{path.rpartition('/')[2][:7]}-{theme}-{language}")
        found[path] = await serious(page)

    assert {path: rules for path, rules in found.items() if rules} == {}


@pytest.mark.parametrize("path", ["", "/packet", "reports"])
async def test_nothing_needs_sideways_scrolling_at_320_pixels(
    people: People, evaluated: str, path: str
) -> None:
    where = "/reports?training=1" if path == "reports" else f"/journeys/{evaluated}{path}"
    page = await people.visit(where, Role.PSYCHIATRIST, width=NARROW)
    await seen(page, f"narrow-{path.strip('/') or 'journey'}")

    assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW


async def test_a_plot_has_the_same_numbers_as_its_table(people: People, evaluated: str) -> None:
    page = await people.visit(f"/journeys/{evaluated}", Role.NURSE)

    await page.get_by_text("The same as a table").click()

    drawn = await page.locator("figure").first.locator("circle.score").count()
    days = await page.locator("figure").first.locator("path.dosed").count()
    told = page.locator("details.twin table").first.locator("tbody tr")
    assert days == 3
    assert await told.count() == drawn + days
    assert await page.get_by_role("img", name="PHQ-9 over time").count() == 1


async def test_on_paper_the_page_is_dark_on_light_whole_and_says_who_printed_it(
    people: People, evaluated: str
) -> None:
    page = await people.visit(f"/journeys/{evaluated}?told=safety", Role.NURSE, theme="dark")

    await page.emulate_media(media="print", color_scheme="dark")
    await seen(page, "paper")

    ink = "getComputedStyle(document.querySelector('.standing .hint')).color"
    assert await page.evaluate(ink) == "rgb(51, 51, 51)"
    assert await page.locator("details.twin td").first.is_visible()
    assert await page.get_by_text("Printed by nurse-1").is_visible()
    assert not await page.locator("nav.filter").is_visible()


async def test_a_decision_freezes_the_packet_that_was_seen_by_its_hash(
    people: People, evaluated: str, door: HttpDoor
) -> None:
    path = f"/journeys/{evaluated}/packet"
    page = await people.visit(path, Role.PSYCHIATRIST, subject="dr-quillfeather")
    beside = await people.visit(path, Role.PSYCHIATRIST, subject="dr-sorrel")
    seal = re.sub(r"SHA-256 ", "", await page.locator(".seal").inner_text())
    assert await page.locator(".option details li").count() > 0

    await page.get_by_label("Taper").check()
    await page.get_by_label("Why").fill("response, wants to space out")
    await page.get_by_role("button", name="Decide").click()

    await expect(page.locator(".note.good")).to_contain_text("Decided: Taper")
    await expect(page.locator(".seal")).to_contain_text(seal)
    facts = (await door._get(f"/v1/journeys/{evaluated}/timeline?limit=500"))["items"]
    (decided,) = (fact for fact in facts if fact["kind"] == "CourseDecided")
    assert decided["data"]["packet"] == seal
    assert decided["actor_id"] == "dr-quillfeather"

    await beside.get_by_label("Maintenance").check()
    await beside.get_by_label("Why").fill("seen a minute earlier")
    await beside.get_by_role("button", name="Decide").click()

    await expect(beside.get_by_role("alert")).to_be_visible()
    await expect(beside.locator("main")).to_contain_text("seen a minute earlier")
