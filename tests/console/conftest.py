"""A real Chromium before a real stack: people of every role at the console's own pages.

One stack and one browser for all of these tests, which therefore run in one group; each test makes
the journeys it speaks of, so that none sees another's.
"""

import json
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from schemas.base import Role
from service.training_issuer import TrainingIssuer
from simulator.http_door import HttpDoor
from simulator.stack import Stack, running_stack
from simulator.staff import Staff

CHROMIUMS = ("chromium-headless-shell", "chromium", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, CHROMIUMS)), None)
WITHOUT = "no Chromium on this machine: the console's browser tests are left out (apt: chromium)"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
HERE = f"{Path(__file__).parent}/"
SERIOUS = frozenset({"serious", "critical"})
expect.set_options(timeout=60_000)
"""A busy machine is no finding."""

LOOKS = (
    ("light", "en-US"),
    ("dark", "es-US"),
    pytest.param("dark", "en-US", marks=pytest.mark.thorough),
    pytest.param("light", "es-US", marks=pytest.mark.thorough),
)
"""Every page in both themes and in both languages. Colours do not depend on words: the other two
pairs are for `--thorough`."""
REFERRAL = Path(__file__).parents[2] / "examples" / "referral.json"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One group, one event loop; without a browser one line says what was left out."""
    for item in items:
        if not str(item.path).startswith(HERE):
            continue
        if "browser" not in getattr(item, "fixturenames", ()):
            continue
        item.add_marker(pytest.mark.xdist_group("console"))
        item.add_marker(pytest.mark.slow)
        item.add_marker(pytest.mark.stack)
        item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
        if CHROMIUM is None and not os.environ.get("CONSOLE_BROWSER_REQUIRED"):
            item.add_marker(pytest.mark.skip(reason=WITHOUT))


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The whole product, as `journey up` starts it."""
    with running_stack() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The machine's own Chromium."""
    assert CHROMIUM is not None, WITHOUT
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        await chromium.close()


@dataclass
class People:
    """Visitors of one test: each a browser profile of their own, signed in."""

    browser: Browser
    stack: Stack
    contexts: list[BrowserContext] = field(default_factory=list)

    async def visit(
        self,
        path: str,
        role: Role = Role.CARE_COORDINATOR,
        *,
        subject: str | None = None,
        clinic: str = "north",
        language: str = "en-US",
        theme: str = "light",
        width: int = 1280,
    ) -> Page:
        """Somebody of this role looks at a page of the console (a path under `/console`)."""
        context = await self.browser.new_context(
            locale=language,
            color_scheme="dark" if theme == "dark" else "light",
            viewport={"width": width, "height": 900},
        )
        self.contexts.append(context)
        issuer = TrainingIssuer.open(self.stack.settings)
        token = issuer.mint(subject or f"{role.value}-1", (role,), (clinic,))
        await context.add_cookies([self._cookie(token)])
        page = await context.new_page()
        await page.goto(self.stack.addresses["console"] + path)
        return page

    def _cookie(self, token: str) -> dict[str, object]:
        return {"name": "journey-visit", "value": token, "url": self.stack.addresses["console"]}

    async def go_home(self) -> None:
        for context in self.contexts:
            await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def people(browser: Browser, stack: Stack) -> AsyncIterator[People]:
    """Whoever a test lets look at the console."""
    here = People(browser, stack)
    yield here
    await here.go_home()


@pytest_asyncio.fixture(loop_scope="session")
async def door(stack: Stack) -> AsyncIterator[HttpDoor]:
    """The staff's own door through the API, for what happens beside the page."""
    opened = HttpDoor(stack.addresses["api"], stack.settings)
    yield opened
    await opened.close()


Refer = Callable[[str], Awaitable[Staff]]


whose_name: dict[str, str] = {}
"""By family name: the test that refers somebody of that name, and no other may."""


@pytest.fixture
def refer(door: HttpDoor, request: pytest.FixtureRequest) -> Refer:
    """Refer a synthetic patient by a name of the test's own; their journey's staff."""

    test = f"{request.node.path.name}::{request.node.originalname}"

    async def one(family: str) -> Staff:
        assert whose_name.setdefault(family, test) == test, (
            f"{family} is the patient of {whose_name[family]}, which may have decided the task"
        )
        content = json.loads(REFERRAL.read_text())
        content["identifier"]["value"] = f"console-{family}"
        content["patient"] |= somebody_else(family)
        journey_id = await door.refer(
            "/v1/referrals", json.dumps(content).encode(), "application/json"
        )
        return Staff(door, journey_id)

    return one


def somebody_else(family: str) -> dict[str, str]:
    """A patient of this name alone: nobody is taken for the patient of another test."""
    number = int(sha256(family.encode()).hexdigest(), 16)
    return {
        "family_name": family,
        "birth_date": f"{1950 + number % 50}-{1 + number % 12:02}-{1 + number % 28:02}",
        "email": f"{family.lower()}@patients.invalid",
        "phone": f"+1-555-{number % 10_000:04}",
    }


async def serious(page: Page) -> list[str]:
    """What axe finds serious on a page: rule and first place."""
    found = await Axe().run(page)
    return [
        f"{rule['id']}: {rule['nodes'][0]['html'][:200]}"
        for rule in found.response["violations"]
        if rule["impact"] in SERIOUS
    ]
