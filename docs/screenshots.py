"""Takes the pictures of the README: a browser looks at a training stack in mid-story.

`python docs/screenshots.py`; needs a `chromium` on the PATH and Playwright (the `dev` extra).
Look at each picture before it is committed.
"""

import asyncio
import json
import shutil
import sys
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from schemas.base import Role  # noqa: E402
from service.training_issuer import TrainingIssuer  # noqa: E402
from simulator import papers  # noqa: E402
from simulator.bedside import Bedside  # noqa: E402
from simulator.demo_story import tell  # noqa: E402
from simulator.http_door import HttpDoor  # noqa: E402
from simulator.stack import Stack, running_stack  # noqa: E402
from simulator.staff import Staff  # noqa: E402

IMAGES = ROOT / "docs" / "images"
STEPS_TOLD = 11  # the series has begun, one session was missed, the next one is booked
SETTLE_S = 4.0
WAIT_MS = 60_000
FLAGS = ("--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking")
CHROMIUMS = ("chromium", "chromium-headless-shell", "google-chrome")
COLUMNS = ("Status", "Workflow ID", "JourneyPhase", "AwaitingRole", "SessionNumber", "NextActionAt")


async def picture(page: Page, name, address, width, height, *, shows, prepare="", then_shows=""):
    """The page at `address` as `docs/images/<name>.png`, once it shows a text."""
    await page.set_viewport_size({"width": width, "height": height})
    await page.goto(address)
    await page.get_by_text(shows).first.wait_for(timeout=WAIT_MS)
    if prepare:
        await page.evaluate(prepare)
        await page.get_by_text(then_shows).first.wait_for(timeout=WAIT_MS)
    await asyncio.sleep(SETTLE_S)
    await page.screenshot(path=IMAGES / f"{name}.png")
    print(f"docs/images/{name}.png")


async def tell_some(stack: Stack) -> str:
    """The first steps of the demonstration's story, and more referrals that wait for their triage;
    the id of the story's journey."""
    door = HttpDoor(stack.addresses["api"], stack.settings)
    journey_id, told = "", 0
    async for journey_id, words in tell(stack, door):
        told += 1
        print(f"  {words}")
        if told == STEPS_TOLD:
            break
    for number in range(11, 16):
        content = papers.referral(f"WAITS-{number}", seed=number).model_dump_json(exclude_none=True)
        await door.refer("/v1/referrals", content.encode(), "application/json")
    await door.close()
    return journey_id


async def seat(door: HttpDoor, number: int) -> tuple[str, Bedside]:
    """A patient of their own, referred, cleared and arrived on the first treatment day."""
    referral = papers.referral(f"CHAIR-{number}", seed=number)
    content = referral.model_dump_json(exclude_none=True).encode()
    staff = Staff(door, await door.refer("/v1/referrals", content, "application/json"))
    await staff.prepare()
    day = await staff.booked()
    await staff.arrange(day.session_id)
    hands = Bedside(staff, day)
    await door.until(day.session_id, day.scheduled_at)
    await hands.prepare()
    return day.session_id, hands


async def fill_chairs(stack: Stack) -> tuple[str, str]:
    """Three patients in three phases; the session of the one being dosed, and its day."""
    door = HttpDoor(stack.addresses["api"], stack.settings)
    _, observed = await seat(door, 1)
    await observed.dose(pause=True)
    await seat(door, 2)
    session_id, dosed = await seat(door, 3)
    await dosed.start()
    day = (await door.session(session_id)).scheduled_at.date().isoformat()
    await door.close()
    return session_id, day


def columns(namespace: str) -> str:
    """The columns of the list as Temporal's UI keeps them in the browser."""
    return json.dumps({namespace: [{"label": label, "pinned": n < 2} for n, label in enumerate(COLUMNS)]})


async def visitor(browser: Browser, stack: Stack, subject: str, role: Role, theme: str = "light") -> Page:
    """Somebody of the clinic, signed in at the console."""
    token = TrainingIssuer.open(stack.settings).mint(subject, (role,), ("north",))
    context = await browser.new_context(color_scheme=theme)
    address = stack.addresses["console"]
    await context.add_cookies([{"name": "journey-visit", "value": token, "url": address}])
    return await context.new_page()


async def take(stack: Stack, browser: Browser) -> None:
    """Every picture."""
    journey_id = await tell_some(stack)
    at = stack.addresses
    page = await visitor(browser, stack, "cc-moreau", Role.CARE_COORDINATOR)
    workflows = f"{at['temporal_ui']}/namespaces/{at['namespace']}/workflows"
    await picture(
        page, "temporal-card", f"{workflows}/{journey_id}", 1360, 760, shows="Results will appear",
        prepare="[...document.querySelectorAll('a')].find(a => /User Metadata/.test(a.innerText)).click()",
        then_shows="Current Details",
    )
    await page.evaluate(f"localStorage.setItem('namespace-workflow-table-columns', '{columns(at['namespace'])}')")
    await picture(page, "temporal-list", workflows, 1660, 660, shows="infusion-5")
    await picture(
        page, "console-journey", f"{at['console']}/journeys/{journey_id}", 1000, 900, shows="Timeline"
    )
    await picture(
        page, "mail", at["mail"], 900, 640, shows="Your appointment",
        prepare="[...document.querySelectorAll('details')].find(d => /Your appointment/.test(d.innerText)).setAttribute('open', '')",
        then_shows="How to prepare",
    )
    await picture(
        page, "console-worklist", f"{at['console']}/worklist?preset=everything", 1360, 900, shows="Worklist",
        prepare="[...document.querySelectorAll('[data-task] a')].find(a => /New referral/.test(a.innerText)).click()",
        then_shows="Record the decision",
    )
    session_id, day = await fill_chairs(stack)
    nurse = await visitor(browser, stack, "rn-quill", Role.NURSE)
    await picture(
        nurse, "console-day", f"{at['console']}/day?clinic=north&on={day}", 1280, 720, shows="Dosing"
    )
    nurse = await visitor(browser, stack, "rn-quill", Role.NURSE, "dark")
    await picture(
        nurse, "console-bedside", f"{at['console']}/sessions/{session_id}", 900, 1000, shows="Next reading"
    )


async def photograph(stack: Stack) -> None:
    """A browser comes, looks and goes."""
    program = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if program is None:
        sys.exit("docs/screenshots.py: no chromium on the PATH")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        await take(stack, browser)
        await browser.close()


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with running_stack() as stack:
        asyncio.run(photograph(stack))


if __name__ == "__main__":
    main()
