"""The worklist as a test uses it: tasks that wait, rows, the open task, answers held back."""

import asyncio
from typing import Any

import httpx
from playwright.async_api import Page, Route, expect

from schemas.base import Role
from service.training_issuer import TrainingIssuer
from tests.console.conftest import People, Refer

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


async def ask_for(page: Page, task_id: str) -> None:
    """Press the row's own button."""
    await page.locator(f'{ROW}[data-task="{task_id}"] [data-open]').click()


async def shows(page: Page, task_id: str) -> None:
    """It is the task that can be worked on now."""
    await expect(page.locator(f'.detail article[data-task="{task_id}"]')).to_be_visible()


async def open_task(page: Page, task_id: str) -> None:
    await ask_for(page, task_id)
    await shows(page, task_id)


class Held:
    """Requests that a test lets through when it likes: the network, slow at one place."""

    def __init__(self) -> None:
        self.asked, self._through = asyncio.Event(), asyncio.Event()

    @classmethod
    async def at(cls, page: Page, pattern: str) -> "Held":
        held = cls()
        await page.route(pattern, held._wait)
        return held

    async def came(self) -> None:
        await asyncio.wait_for(self.asked.wait(), 60)

    def let_go(self) -> None:
        self._through.set()

    async def _wait(self, route: Route) -> None:
        self.asked.set()
        await self._through.wait()
        await route.continue_()


class Broken:
    """Requests that come to nothing: nobody is reached, or a server in trouble answers."""

    def __init__(self, status: int | None) -> None:
        self.asked, self._status = asyncio.Event(), status

    @classmethod
    async def at(cls, page: Page, pattern: str, status: int | None) -> "Broken":
        broken = cls(status)
        await page.route(pattern, broken._answer)
        return broken

    async def came(self) -> None:
        await asyncio.wait_for(self.asked.wait(), 60)

    async def _answer(self, route: Route) -> None:
        if self._status is None:
            await route.abort()
        else:
            await route.fulfill(status=self._status, body="no such luck")
        self.asked.set()


async def after_a_moment(page: Page, milliseconds: int = 100) -> None:
    """Whatever the page does with an answer, it has done by then."""
    await page.evaluate(f"new Promise((done) => setTimeout(done, {milliseconds}))")
