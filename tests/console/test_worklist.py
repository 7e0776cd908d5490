"""The worklist in a real browser: two at once, a morning by keyboard, a stale decision, live."""

import asyncio
import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Page, Route, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from schemas.approval import Choice, DecideApproval
from schemas.base import Actor, Role
from service.training_issuer import TrainingIssuer
from simulator.http_door import HttpDoor
from tests.console.conftest import LOOKS, People, Refer, serious

MOST_TRANSFERRED = 150_000
ROW = "[data-row]"


async def triage_of(refer: Refer, family: str) -> tuple[str, str]:
    """A referral that waits for its triage: the journey and the task."""
    staff = await refer(family)
    pending = await staff.pending("referral_triage")
    return staff.journey_id, pending.approval_id


async def tell(people: People, path: str, who: str, **said: Any) -> None:
    """What a program tells the worklist's API, as soon as the record shows the task."""
    token = TrainingIssuer.open(people.stack.settings).mint(
        who, (Role.CARE_COORDINATOR,), ("north",)
    )
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=people.stack.addresses["api"], headers=headers) as http:
        for _ in range(300):
            answer = await http.post(path, json=said)
            if answer.status_code != 404:
                break
            await asyncio.sleep(0.1)
    assert answer.status_code == 200, answer.text


async def listed(page: Page, task_id: str) -> None:
    """The record is a moment behind the engine; a page is looked at again until it shows a task."""
    for _ in range(300):
        if await page.locator(f'{ROW}[data-task="{task_id}"]').count():
            await page.wait_for_selector("[data-live]")
            return
        await page.wait_for_timeout(100)
        await page.reload()
    raise AssertionError(f"{task_id} is not listed")


async def at(people: People, query: str, task_id: str, subject: str, **more: Any) -> Page:
    page = await people.visit(f"/worklist?{query}", subject=subject, **more)
    await listed(page, task_id)
    return page


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


async def test_a_row_says_that_it_is_saving_and_no_other_waits_for_it(
    people: People, refer: Refer
) -> None:
    first, second = [(await triage_of(refer, name))[1] for name in ("Linnet", "Twite")]
    who = f"cc-{uuid4().hex[:8]}"
    for task_id in (first, second):
        await tell(people, f"/v1/approvals/{task_id}/assign", "cc-lead", person=who)
    page = await at(people, "preset=mine", second, who)
    sent, answered = asyncio.Event(), asyncio.Event()

    async def slow(route: Route) -> None:
        sent.set()
        await answered.wait()
        await route.continue_()

    await page.route(f"**/{first}/release*", slow)
    await page.locator(f'{ROW}[data-task="{first}"] [data-open]').click()
    await expect(page.locator(f'article[data-task="{first}"]')).to_be_visible()
    await page.get_by_role("button", name="Give back").click()
    await sent.wait()

    state = page.locator(f'{ROW}[data-task="{first}"] [data-state]')
    await expect(state).to_have_text("saving…")
    await expect(page.get_by_role("button", name="Give back")).to_be_disabled()
    await page.locator(f'{ROW}[data-task="{second}"] [data-open]').click()
    await expect(page.locator(f'article[data-task="{second}"]')).to_be_visible()
    await expect(page.get_by_role("button", name="Give back")).to_be_enabled()
    answered.set()
    await expect(state).not_to_have_text("saving…")
    await expect(page.locator(f'article[data-task="{second}"]')).to_be_visible()


async def test_a_late_look_at_the_task_before_never_replaces_the_one_that_was_opened(
    people: People, refer: Refer
) -> None:
    (_, first), (_, second) = [await triage_of(refer, each) for each in ("Wheatear", "Whinchat")]
    page = await at(people, "preset=everything", second, "cc-late")
    await page.locator(f'{ROW}[data-task="{first}"] [data-open]').click()
    await expect(page.locator(f'.detail article[data-task="{first}"]')).to_be_visible()
    asked, let_go = asyncio.Event(), asyncio.Event()

    async def held(route: Route) -> None:
        asked.set()
        await let_go.wait()
        await route.continue_()

    await page.route(f"**/tasks/{first}*", held)
    await tell(people, f"/v1/approvals/{first}/assign", "cc-lead", person="cc-other")
    await asyncio.wait_for(asked.wait(), 60)

    await page.locator(f'{ROW}[data-task="{second}"] [data-open]').click()
    await expect(page.locator(f'.detail article[data-task="{second}"]')).to_be_visible()
    async with page.expect_response(lambda answer: first in answer.url):
        let_go.set()
    await page.evaluate("new Promise((done) => setTimeout(done, 100))")

    await expect(page.locator(f'.detail article[data-task="{second}"]')).to_be_visible()


async def test_a_look_asked_for_while_another_task_is_being_opened_never_takes_its_place(
    people: People, refer: Refer
) -> None:
    (_, first), (_, second) = [await triage_of(refer, each) for each in ("Siskin", "Serin")]
    page = await at(people, "preset=everything", second, "cc-later")
    await page.locator(f'{ROW}[data-task="{first}"] [data-open]').click()
    await expect(page.locator(f'.detail article[data-task="{first}"]')).to_be_visible()
    looked, let_look, let_open = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def look(route: Route) -> None:
        looked.set()
        await let_look.wait()
        await route.continue_()

    async def opening(route: Route) -> None:
        await let_open.wait()
        await route.continue_()

    await page.route(f"**/tasks/{first}*", look)
    await page.route(f"**/tasks/{second}*", opening)
    await page.locator(f'{ROW}[data-task="{second}"] [data-open]').click()
    async with page.expect_response(lambda answer: "/rows?" in answer.url):
        await tell(people, f"/v1/approvals/{first}/assign", "cc-lead", person="cc-other")
    await page.evaluate("new Promise((done) => setTimeout(done, 200))")
    let_open.set()
    await expect(page.locator(f'.detail article[data-task="{second}"]')).to_be_visible()

    let_look.set()
    await page.evaluate("new Promise((done) => setTimeout(done, 300))")

    await expect(page.locator(f'.detail article[data-task="{second}"]')).to_be_visible()
    assert not looked.is_set(), "nobody looks any more at the task that was left"


async def test_nothing_can_be_done_to_the_task_before_while_another_is_being_opened(
    people: People, refer: Refer
) -> None:
    (_, first), (_, second) = [await triage_of(refer, each) for each in ("Dotterel", "Dunlin")]
    page = await at(people, "preset=everything", second, "cc-swift")
    await page.locator(f'{ROW}[data-task="{first}"] [data-open]').click()
    await expect(page.locator(f'.detail article[data-task="{first}"]')).to_be_visible()
    let_open, sent = asyncio.Event(), list[str]()

    async def opening(route: Route) -> None:
        await let_open.wait()
        await route.continue_()

    await page.route(f"**/tasks/{second}*", opening)
    page.on(
        "request", lambda request: sent.append(request.url) if request.method == "POST" else None
    )
    await page.locator(f'{ROW}[data-task="{second}"] [data-open]').click()

    with pytest.raises(PlaywrightTimeout):
        await page.locator("form[data-act=remind] button").click(timeout=700)
    await page.keyboard.press("c")
    await page.evaluate("new Promise((done) => setTimeout(done, 100))")
    assert sent == []

    let_open.set()
    await expect(page.locator(f'.detail article[data-task="{second}"]')).to_be_visible()
    await page.keyboard.press("c")
    await expect(page.locator(".detail .holder.mine")).to_be_visible()
    assert [second in url for url in sent] == [True]


async def test_the_task_before_can_be_worked_on_again_when_the_next_does_not_come(
    people: People, refer: Refer
) -> None:
    (_, first), (_, second) = [await triage_of(refer, each) for each in ("Garganey", "Gadwall")]
    page = await at(people, "preset=everything", second, "cc-offline")
    await page.locator(f'{ROW}[data-task="{first}"] [data-open]').click()
    await expect(page.locator(f'.detail article[data-task="{first}"]')).to_be_visible()
    await page.route(f"**/tasks/{second}*", lambda route: route.abort())

    await page.locator(f'{ROW}[data-task="{second}"] [data-open]').click()
    await expect(page.locator("[data-says]")).not_to_be_empty()
    await page.get_by_role("button", name="Claim").click()

    await expect(page.locator(f'.detail article[data-task="{first}"] .holder.mine')).to_be_visible()


async def test_a_late_look_gives_no_button_back_while_its_task_is_being_saved(
    people: People, refer: Refer
) -> None:
    (_, task_id), who = await triage_of(refer, "Redwing"), f"cc-{uuid4().hex[:8]}"
    await tell(people, f"/v1/approvals/{task_id}/assign", "cc-lead", person=who)
    page = await at(people, "preset=mine", task_id, who)
    await page.locator(f'{ROW}[data-task="{task_id}"] [data-open]').click()
    await expect(page.locator(f'.detail article[data-task="{task_id}"]')).to_be_visible()
    looked, let_look, let_save = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def look(route: Route) -> None:
        looked.set()
        await let_look.wait()
        await route.continue_()

    async def save(route: Route) -> None:
        await let_save.wait()
        await route.continue_()

    await page.route(f"**/tasks/{task_id}?*", look)
    await page.route(f"**/{task_id}/release*", save)
    await tell(people, f"/v1/approvals/{task_id}/remind", "cc-lead")
    await asyncio.wait_for(looked.wait(), 60)

    await page.get_by_role("button", name="Give back").click()
    async with page.expect_response(lambda answer: f"/tasks/{task_id}?" in answer.url):
        let_look.set()
    await page.evaluate("new Promise((done) => setTimeout(done, 100))")

    await expect(page.get_by_role("button", name="Give back")).to_be_disabled()
    await expect(page.locator(f'{ROW}[data-task="{task_id}"] [data-state]')).to_have_text("saving…")
    let_save.set()
    await expect(page.locator(f'{ROW}[data-task="{task_id}"] .holder')).not_to_contain_text(who)


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
    await expect(page.locator(f'.detail article[data-task="{task_id}"]')).to_be_visible()
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
    await page.locator(f'{ROW}[data-task="{task_id}"] [data-open]').click()

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
