"""The worklist in a real browser: two at once, a stale decision, live, light, on a telephone."""

import asyncio
import re
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import expect

from schemas.approval import Choice, DecideApproval
from schemas.base import Actor, Role
from simulator.http_door import HttpDoor
from tests.console.conftest import LOOKS, People, Refer, serious
from tests.console.worklist_page import ROW, Broken, ask_for, at, tell, triage_of

MOST_TRANSFERRED = 150_000


@pytest.mark.parametrize(("theme", "language"), LOOKS)
async def test_axe_finds_nothing_serious_on_the_worklist_and_a_refusal(
    people: People, refer: Refer, theme: str, language: str
) -> None:
    journey, task_id = await triage_of(refer, "Thistlewood")
    page = await at(people, f"journey={journey}", task_id, "cc-axe", theme=theme, language=language)

    on_the_page = await serious(page)
    await page.locator('[data-for="decline"]').select_option("no_capacity")
    await page.locator('[data-key="r"]').check()
    await page.locator(".decide button").click()
    await expect(page.locator("[data-answer]")).to_be_visible()
    refused = await serious(page)
    await page.locator("button[data-help]").click()
    helped = await serious(page)
    await page.keyboard.press("Escape")
    await page.locator(f"{ROW} [name=task]").check()
    await page.locator(".bulk summary").click()
    await page.locator(".bulk [name=act]").select_option("remind")
    await page.locator(".bulk button").click()
    await expect(page.locator(".outcome")).to_be_visible()

    assert [*on_the_page, *refused, *helped, *await serious(page)] == []


async def test_two_browsers_cannot_both_claim(people: People, refer: Refer) -> None:
    journey, task_id = await triage_of(refer, "Applegarth")
    one = await at(people, f"journey={journey}", task_id, "cc-one")
    other = await at(people, f"journey={journey}", task_id, "cc-other")
    # Nothing live comes between: the other still sees what it saw.
    await other.route("**/worklist/rows*", lambda route: route.abort())

    await one.get_by_role("button", name="Claim").click()
    await expect(one.locator(".detail .holder.mine")).to_be_visible()
    await other.get_by_role("button", name="Claim").click()

    told = other.locator("[data-answer]")
    await expect(told).to_contain_text("cc-one has had it since")
    await expect(other.locator(f"{ROW} .holder")).to_contain_text("cc-one")
    assert await other.get_by_role("button", name="Claim").count() == 0


async def test_whoever_is_signed_out_in_mid_sentence_loses_no_word(
    people: People, refer: Refer
) -> None:
    journey, task_id = await triage_of(refer, "Nuthatch")
    page = await at(people, f"journey={journey}", task_id, "cc-lead")
    (visit,) = [c for c in await page.context.cookies() if c["name"] == "journey-visit"]
    await page.locator('[data-key="r"]').check()
    await page.locator('[data-for="decline"]').select_option("not_our_service")
    await page.locator(".detail textarea").fill("Lives in another state")

    await page.context.clear_cookies()
    await page.locator(".decide button").click()
    await expect(page.locator("#visit-ends")).to_contain_text("Your visit has ended.")
    assert await page.locator(".detail textarea").input_value() == "Lives in another state"

    # Signed in again, in another window.
    ends = {**visit, "name": "journey-visit-ends", "value": "4000000000", "httpOnly": False}
    await page.context.add_cookies([visit, ends])
    await expect(page.locator("#visit-ends")).to_be_hidden(timeout=8_000)
    await page.locator(".decide button").click()
    await expect(page.locator(f'{ROW}[data-task="{task_id}"]')).to_have_count(0)


async def test_a_reminder_pressed_on_the_page_arrives_in_the_inbox_of_the_role(
    people: People, refer: Refer
) -> None:
    _, task_id = await triage_of(refer, "Wryneck")
    page = await at(people, "preset=everything", task_id, "cc-lead")
    await ask_for(page, task_id)

    await page.locator("form[data-act=remind] button").click()
    await expect(page.locator("[data-says]")).to_have_text("Done.")

    async with httpx.AsyncClient(base_url=people.stack.addresses["mail"]) as post:
        for _ in range(600):
            mails = (await post.get("/messages.json")).json()
            mine = [m for m in mails if task_id.partition("~")[0] in m["text"]]
            asked = [m for m in mine if "A colleague (care coordinator) asks you" in m["text"]]
            if asked:
                break
            await asyncio.sleep(0.1)
    assert [m["subject"] for m in asked] == ["[TRAINING] Still waiting: triage of a referral"]
    assert "Wryneck" not in str(mine)


async def test_a_stale_decision_shows_what_changed_and_keeps_what_was_written(
    people: People, refer: Refer, door: HttpDoor
) -> None:
    journey, task_id = await triage_of(refer, "Whitethroat")
    page = await at(people, f"journey={journey}", task_id, "cc-late")
    await page.locator('[data-key="r"]').check()
    await page.locator('[data-for="decline"]').select_option("not_our_service")
    await page.locator(".detail textarea").fill("Lives in another state")

    first = Actor(id="cc-first", role=Role.CARE_COORDINATOR)
    decision = DecideApproval(
        command_id=uuid4().hex, actor=first, approval_id=task_id, decision=Choice.APPROVE,
        reason="The letter is complete",
    )  # fmt: skip
    await door.send(journey, "decide_approval", decision)
    await expect(page.locator("[data-says]")).to_contain_text("What you wrote is kept")
    await page.locator(".decide button").click()

    changed = page.locator(".changed")
    await expect(changed).to_contain_text("The letter is complete")
    await expect(changed).to_contain_text("version 1")
    await expect(changed).to_contain_text("version 2")
    await expect(page.locator("[data-answer]")).to_contain_text("Nothing was decided")
    await expect(page.locator(".detail")).to_contain_text("Lives in another state")


async def test_what_happens_elsewhere_is_seen_without_a_row_moving(
    people: People, refer: Refer
) -> None:
    journey, task_id = await triage_of(refer, "Goldcrest")
    page = await at(people, f"journey={journey}", task_id, "cc-watching")
    every = await at(people, "preset=everything&clinic=north", task_id, "cc-watching-all")
    before = await every.locator(ROW).evaluate_all("rows => rows.map(row => row.dataset.task)")

    await tell(people, f"/v1/approvals/{task_id}/claim", "cc-elsewhere")
    await expect(page.locator(f"{ROW} .holder")).to_contain_text("cc-elsewhere")
    await expect(page.locator(".detail .holder")).to_contain_text("cc-elsewhere")
    await triage_of(refer, "Firecrest")
    await expect(every.locator("[data-fresh]")).to_have_text(re.compile(r"[1-9] new"))

    after = await every.locator(ROW).evaluate_all("rows => rows.map(row => row.dataset.task)")
    assert after == before


async def test_after_a_silence_the_page_catches_up(people: People, refer: Refer) -> None:
    journey, task_id = await triage_of(refer, "Dunnock")
    page = await at(people, f"journey={journey}", task_id, "cc-asleep")

    await page.context.set_offline(True)
    await page.wait_for_timeout(200)
    await tell(people, f"/v1/approvals/{task_id}/claim", "cc-awake")
    await page.context.set_offline(False)

    await expect(page.locator(f"{ROW} .holder")).to_contain_text("cc-awake")


@pytest.mark.parametrize(
    ("family", "status"),
    [("Dickcissel", None), ("Veery", 503)],
    ids=["no-way", "server-in-trouble"],
)
async def test_what_could_not_be_looked_at_when_it_was_told_is_looked_at_again(
    people: People, refer: Refer, family: str, status: int | None
) -> None:
    """The line on which the page is told may stand while the way to the rows is broken."""
    journey, task_id = await triage_of(refer, family)
    page = await at(people, f"journey={journey}", task_id, "cc-cut-off")
    broken = await Broken.at(page, "**/rows?*", status)

    await tell(people, f"/v1/approvals/{task_id}/claim", "cc-awake")
    await broken.came()
    await page.unroute("**/rows?*")

    await expect(page.locator(f"{ROW} .holder")).to_contain_text("cc-awake")


async def test_the_whole_page_is_light(people: People, refer: Refer) -> None:
    journey, task_id = await triage_of(refer, "Siskin")
    page = await at(people, f"journey={journey}", task_id, "cc-light")
    address = page.url.replace(f"journey={journey}", "preset=everything")
    await page.goto("about:blank")
    weights: list[float] = []
    protocol = await page.context.new_cdp_session(page)
    await protocol.send("Network.enable")
    await protocol.send("Network.setCacheDisabled", {"cacheDisabled": True})
    protocol.on("Network.loadingFinished", lambda told: weights.append(told["encodedDataLength"]))

    await page.goto(address)
    await page.wait_for_selector("[data-live]")

    # The page itself, two style sheets and a script.
    assert len(weights) >= 4
    assert sum(weights) < MOST_TRANSFERRED


async def test_it_works_at_320_pixels(people: People, refer: Refer) -> None:
    journey, task_id = await triage_of(refer, "Wren")
    page = await at(people, f"journey={journey}", task_id, "cc-small", width=320)

    wider = await page.evaluate("document.documentElement.scrollWidth > innerWidth")

    assert not wider
