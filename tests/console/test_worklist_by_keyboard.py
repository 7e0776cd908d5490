"""A morning's worklist without a mouse."""

from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from simulator.http_door import HttpDoor
from tests.console.conftest import People, Refer
from tests.console.worklist_page import ROW, at, shows, tell, triage_of


async def look_around_by_keys(page: Page) -> None:
    """Help opens and closes; a key inside a field is only a letter; handing on asks for a name."""
    keys = page.keyboard
    await keys.press("?")
    await expect(page.locator("dialog[open]")).to_be_visible()
    await keys.press("Escape")
    await expect(page.locator("dialog[open]")).to_have_count(0)
    await keys.press("/")
    await expect(page.locator("[name=text]")).to_be_focused()
    await keys.type("jc")
    await expect(page.locator("[name=text]")).to_have_value("jc")
    await page.evaluate("document.activeElement.value = ''; document.activeElement.blur()")
    await keys.press("g")
    await expect(page.locator("form[data-act=assign] [name=person]")).to_be_focused()
    await page.evaluate("document.activeElement.blur()")


async def left_the_list(page: Page, task_id: str) -> None:
    """It is no row any more; else what the page shows instead."""
    try:
        await expect(page.locator(f'{ROW}[data-task="{task_id}"]')).to_have_count(0)
    except AssertionError:
        shown = await page.locator("[data-says], .detail").all_inner_texts()
        pytest.fail(f"still there: {shown}")


async def shown_task(page: Page) -> str:
    found = await page.locator(".detail article").get_attribute("data-task")
    assert found is not None
    return found


async def put_off_by_keys(page: Page) -> str:
    """The next one is opened and put off for an hour; which one it was."""
    keys, heading = page.keyboard, page.locator(".detail [data-heading]")
    await keys.press("j")
    await keys.press("Enter")
    await expect(heading).to_be_focused()
    task_id = await shown_task(page)
    await keys.press("s")
    await expect(page.locator(".detail [name=until]")).to_be_focused()
    await page.evaluate(
        "document.activeElement.value = new Date(Date.now() + 3600e3).toLocaleString("
        "'sv', {timeZone: 'America/New_York'}).slice(0, 16).replace(' ', 'T')"
    )
    await page.locator("form[data-act=snooze] [name=reason]").focus()
    await keys.type("Waits for the referrer's call")
    await keys.press("Enter")
    await expect(page.locator("[data-says]")).to_have_text("Done.")
    return task_id


async def approve_by_keys(page: Page, before: str) -> str:
    """The one above is opened and approved; which one it was. It leaves the list."""
    keys = page.keyboard
    await page.locator(".detail [data-heading]").focus()
    await keys.press("k")
    await keys.press("Enter")
    await expect(page.locator(f'.detail article:not([data-task="{before}"])')).to_be_visible()
    task_id = await shown_task(page)
    await keys.press("a")
    await keys.press("Enter")
    await left_the_list(page, task_id)
    return task_id


async def decline_by_keys(page: Page, task_id: str) -> None:
    """The next has opened by itself; this one is declined with a reason of the list and words."""
    keys, heading = page.keyboard, page.locator(".detail [data-heading]")
    await expect(heading).to_be_focused()
    if await shown_task(page) != task_id:
        await keys.press("j")
        await keys.press("Enter")
    await shows(page, task_id)
    await expect(heading).to_be_focused()
    await keys.press("r")
    await keys.type("Trea")
    await keys.press("Tab")
    await keys.type("Already treated across the river")
    await keys.press("Tab")
    await keys.press("Enter")
    await left_the_list(page, task_id)


async def test_a_mornings_worklist_is_done_by_keyboard_alone(
    people: People, refer: Refer, door: HttpDoor
) -> None:
    tasks = [await triage_of(refer, family) for family in ("Brambling", "Fieldfare", "Redwing")]
    who = f"cc-{uuid4().hex[:8]}"
    for _, task_id in tasks:
        await tell(people, f"/v1/approvals/{task_id}/assign", "cc-lead", person=who)
    page = await at(people, "preset=mine", tasks[-1][1], who)
    await look_around_by_keys(page)

    # The second is opened and put off for a moment; the first is approved, the third declined.
    put_off = await put_off_by_keys(page)
    approved = await approve_by_keys(page, put_off)
    last = next(task_id for _, task_id in tasks if task_id not in (put_off, approved))
    await decline_by_keys(page, last)

    async def status(task_id: str) -> str:
        journey = next(j for j, found in tasks if found == task_id)
        view = await door.journey(journey)
        waits = [one.approval_id for one in view.pending_approvals]
        return "waits" if task_id in waits else view.phase.value

    assert await status(put_off) == "waits"
    assert await status(approved) == "PSYCH_EVAL"
    assert await status(last) in {"CLOSED", "DISCONTINUE_REFER", "FOLLOW_UP", "REFERRAL"}


async def test_single_keys_can_be_switched_off(people: People, refer: Refer) -> None:
    journey, task_id = await triage_of(refer, "Nightjar")
    page = await at(people, f"journey={journey}", task_id, "cc-plain")

    await page.locator("button[data-help]").click()
    await page.locator("[data-keys]").uncheck()
    await page.keyboard.press("Escape")
    await page.keyboard.press("c")
    await page.reload()
    await page.keyboard.press("c")

    await page.wait_for_timeout(300)
    assert await page.locator(".detail .holder.mine").count() == 0


async def test_a_key_pressed_as_the_help_closes_is_heard(people: People, refer: Refer) -> None:
    """For a moment the box inside the closed help still has the focus."""
    journey, task_id = await triage_of(refer, "Ortolan")
    page = await at(people, f"journey={journey}", task_id, "cc-quick")
    await page.keyboard.press("?")
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog[open]")).to_have_count(0)

    await page.locator("[data-keys]").dispatch_event("keydown", {"key": "/", "bubbles": True})

    await expect(page.locator("[name=text]")).to_be_focused()
