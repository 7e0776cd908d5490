"""One task is open while another is asked for: whatever comes late, a person decides on the task
they see, and on no other."""

from uuid import uuid4

import pytest
from playwright.async_api import Page, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from tests.console.conftest import People, Refer
from tests.console.worklist_page import (
    ROW,
    Broken,
    Held,
    after_a_moment,
    ask_for,
    at,
    open_task,
    shows,
    tell,
    triage_of,
)


async def one_of_two_open(
    people: People, refer: Refer, who: str, *families: str
) -> tuple[Page, str, str]:
    """A worklist with the tasks of two patients, the first one open."""
    first, second = [(await triage_of(refer, family))[1] for family in families]
    page = await at(people, "preset=everything", second, who)
    await open_task(page, first)
    return page, first, second


async def test_a_row_says_that_it_is_saving_and_no_other_waits_for_it(
    people: People, refer: Refer
) -> None:
    first, second = [(await triage_of(refer, name))[1] for name in ("Linnet", "Twite")]
    who = f"cc-{uuid4().hex[:8]}"
    for task_id in (first, second):
        await tell(people, f"/v1/approvals/{task_id}/assign", "cc-lead", person=who)
    page = await at(people, "preset=mine", second, who)
    slow = await Held.at(page, f"**/{first}/release*")
    await open_task(page, first)
    await page.get_by_role("button", name="Give back").click()
    await slow.came()

    state = page.locator(f'{ROW}[data-task="{first}"] [data-state]')
    await expect(state).to_have_text("saving…")
    await expect(page.get_by_role("button", name="Give back")).to_be_disabled()
    await open_task(page, second)
    await expect(page.get_by_role("button", name="Give back")).to_be_enabled()
    slow.let_go()
    await expect(state).not_to_have_text("saving…")
    await shows(page, second)


async def test_a_late_look_at_the_task_before_never_replaces_the_one_that_was_opened(
    people: People, refer: Refer
) -> None:
    page, first, second = await one_of_two_open(people, refer, "cc-late", "Wheatear", "Whinchat")
    look = await Held.at(page, f"**/tasks/{first}*")
    await tell(people, f"/v1/approvals/{first}/assign", "cc-lead", person="cc-other")
    await look.came()

    await open_task(page, second)
    async with page.expect_response(lambda answer: first in answer.url):
        look.let_go()
    await after_a_moment(page)

    await shows(page, second)


async def test_a_look_asked_for_while_another_task_is_being_opened_never_takes_its_place(
    people: People, refer: Refer
) -> None:
    page, first, second = await one_of_two_open(people, refer, "cc-later", "Sandgrouse", "Serin")
    opening = await Held.at(page, f"**/tasks/{second}*")
    await ask_for(page, second)
    look = await Held.at(page, f"**/tasks/{first}*")
    async with page.expect_response(lambda answer: "/rows?" in answer.url):
        await tell(people, f"/v1/approvals/{first}/assign", "cc-lead", person="cc-other")
    await after_a_moment(page, 200)
    opening.let_go()
    await shows(page, second)

    look.let_go()
    await after_a_moment(page, 300)

    await shows(page, second)
    assert not look.asked.is_set(), "nobody looks any more at the task that was left"


async def test_nothing_can_be_done_to_the_task_before_while_another_is_being_opened(
    people: People, refer: Refer
) -> None:
    page, _, second = await one_of_two_open(people, refer, "cc-swift", "Dotterel", "Dunlin")
    opening, sent = await Held.at(page, f"**/tasks/{second}*"), list[str]()
    page.on(
        "request", lambda request: sent.append(request.url) if request.method == "POST" else None
    )
    await ask_for(page, second)

    with pytest.raises(PlaywrightTimeout):
        await page.locator("form[data-act=remind] button").click(timeout=700)
    await page.keyboard.press("c")
    await after_a_moment(page)
    assert sent == []

    opening.let_go()
    await shows(page, second)
    await page.keyboard.press("c")
    await expect(page.locator(".detail .holder.mine")).to_be_visible()
    assert [second in url for url in sent] == [True]


@pytest.mark.parametrize(
    ("families", "status"),
    [(("Garganey", "Gadwall"), None), (("Smew", "Scaup"), 503)],
    ids=["no-way", "server-in-trouble"],
)
async def test_the_task_before_can_be_worked_on_again_when_the_next_does_not_come(
    people: People, refer: Refer, families: tuple[str, str], status: int | None
) -> None:
    page, first, second = await one_of_two_open(people, refer, "cc-offline", *families)
    await Broken.at(page, f"**/tasks/{second}*", status)

    await ask_for(page, second)
    await expect(page.locator("[data-says]")).to_contain_text("Not to be reached just now")
    await page.get_by_role("button", name="Claim").click()

    await expect(page.locator(f'.detail article[data-task="{first}"] .holder.mine')).to_be_visible()


@pytest.mark.parametrize(
    ("family", "status"), [("Bufflehead", None), ("Goldeneye", 503)], ids=["no-way", "in-trouble"]
)
async def test_an_act_that_nobody_answered_says_so_and_keeps_every_word(
    people: People, refer: Refer, family: str, status: int | None
) -> None:
    _, task_id = await triage_of(refer, family)
    page = await at(people, "preset=everything", task_id, "cc-unheard")
    await open_task(page, task_id)
    await Broken.at(page, f"**/{task_id}/decision*", status)
    await page.get_by_label("Approve").check()
    reason = page.locator("form.decide textarea")
    await reason.fill("Read the referral, it fits")

    await page.get_by_role("button", name="Record the decision").click()

    said = page.locator("form.decide").get_by_role("alert")
    await expect(said).to_contain_text("Not to be reached just now")
    await expect(said).to_be_in_viewport()
    await expect(reason).to_have_value("Read the referral, it fits")
    await page.unroute(f"**/{task_id}/decision*")
    await page.get_by_role("button", name="Record the decision").click()
    await expect(page.locator(f'{ROW}[data-task="{task_id}"]')).to_have_count(0)


async def test_a_late_look_gives_no_button_back_while_its_task_is_being_saved(
    people: People, refer: Refer
) -> None:
    (_, task_id), who = await triage_of(refer, "Reedling"), f"cc-{uuid4().hex[:8]}"
    await tell(people, f"/v1/approvals/{task_id}/assign", "cc-lead", person=who)
    page = await at(people, "preset=mine", task_id, who)
    await open_task(page, task_id)
    look = await Held.at(page, f"**/tasks/{task_id}?*")
    saving = await Held.at(page, f"**/{task_id}/release*")
    await tell(people, f"/v1/approvals/{task_id}/remind", "cc-lead")
    await look.came()

    await page.get_by_role("button", name="Give back").click()
    async with page.expect_response(lambda answer: f"/tasks/{task_id}?" in answer.url):
        look.let_go()
    await after_a_moment(page)

    await expect(page.get_by_role("button", name="Give back")).to_be_disabled()
    await expect(page.locator(f'{ROW}[data-task="{task_id}"] [data-state]')).to_have_text("saving…")
    saving.let_go()
    await expect(page.locator(f'{ROW}[data-task="{task_id}"] .holder')).not_to_contain_text(who)


async def test_a_late_look_takes_no_word_away_that_was_written_meanwhile(
    people: People, refer: Refer
) -> None:
    (_, task_id), who = await triage_of(refer, "Phainopepla"), f"cc-{uuid4().hex[:8]}"
    page = await at(people, "preset=everything", task_id, who)
    await open_task(page, task_id)
    look = await Held.at(page, f"**/tasks/{task_id}?*")
    await tell(people, f"/v1/approvals/{task_id}/assign", "cc-lead", person=who)
    await look.came()

    await page.keyboard.press("s")
    reason = page.locator("form[data-act=snooze] [name=reason]")
    await reason.fill("Waits for the referrer's call")
    async with page.expect_response(lambda answer: f"/tasks/{task_id}?" in answer.url):
        look.let_go()
    await after_a_moment(page)

    await expect(reason).to_have_value("Waits for the referrer's call")
    await expect(page.locator("[data-says]")).to_contain_text("What you wrote is kept")
