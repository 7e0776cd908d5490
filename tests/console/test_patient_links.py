"""A patient with a link and no account, on the whole stack: signs, takes it back; pages hold."""

import os
from datetime import date
from pathlib import Path

import httpx
from playwright.async_api import Page

from clinical.consent import REQUIRED_ELEMENTS
from schemas.base import Role
from schemas.consent import ConsentStatus
from schemas.journey import Phase
from schemas.screening import Modality
from service.training_issuer import TrainingIssuer
from simulator.staff import Staff
from tests.console.conftest import People, Refer, serious, somebody_else

THIMBLEWEED, FOXGLOVE = "Thimbleweed", "Foxglove"
NARROW = 320
FORM = {
    "document_version": "iv_ketamine-2026-1",
    "document_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "elements": REQUIRED_ELEMENTS[Modality.IV_KETAMINE],
    "teach_back": True,
    "copy_given": True,
}
CONSENT = {"purpose": "consent", "form": FORM}
PICTURES = os.environ.get("JOURNEY_TEST_PICTURES")
"""A folder for pictures of the pages, for whoever wants to look."""


async def a_link(people: People, staff: Staff, wish: dict[str, object]) -> str:
    """The address of a new link, made by a psychiatrist through the API."""
    token = TrainingIssuer.open(people.stack.settings).mint(
        "dr-lee", (Role.PSYCHIATRIST,), ("north",)
    )
    async with httpx.AsyncClient(base_url=people.stack.addresses["api"], trust_env=False) as http:
        answer = await http.post(
            f"/v1/journeys/{staff.journey_id}/links",
            json=wish,
            headers={"Authorization": f"Bearer {token}"},
        )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["url"])


async def patient(
    people: People, address: str, *, theme: str = "light", scripts: bool = True
) -> Page:
    """Somebody with a small telephone opens a link."""
    context = await people.browser.new_context(
        locale="en-US",
        color_scheme="dark" if theme == "dark" else "light",
        viewport={"width": NARROW, "height": 740},
        java_script_enabled=scripts,
    )
    people.contexts.append(context)
    page = await context.new_page()
    await page.goto(address)
    return page


async def say_birth_date(page: Page, family: str) -> None:
    born = date.fromisoformat(somebody_else(family)["birth_date"])
    for name, number in (("month", born.month), ("day", born.day), ("year", born.year)):
        await page.locator(f"#{name}").fill(str(number))
    await page.locator("button.primary").click()


async def until_consent_is_asked(staff: Staff) -> None:
    await staff.approve("referral_triage")
    await staff.evaluate()
    await staff.screen()
    await staff.asked_for("sign_consent")


async def test_consent_is_signed_by_link_and_the_journey_goes_on_until_it_is_taken_back(
    people: People, refer: Refer
) -> None:
    staff = await refer(THIMBLEWEED)
    await until_consent_is_asked(staff)
    address = await a_link(people, staff, CONSENT)
    page = await patient(people, address, scripts=False)

    await say_birth_date(page, THIMBLEWEED)
    await page.get_by_label("Write your full name to sign").fill("Isolde Thimbleweed")
    await page.get_by_role("button", name="Sign", exact=True).click()
    signed = await page.get_by_role("heading", level=1).inner_text()
    await staff.pending("treatment_clearance")

    await page.goto(address)
    await say_birth_date(page, THIMBLEWEED)
    await page.get_by_role("button", name="I take back my consent").click()
    withdrawn = await page.get_by_role("heading", level=1).inner_text()
    view = await staff.wait(lambda v: v.phase is Phase.DISCONTINUE_REFER)

    assert (signed, withdrawn) == ("You have signed", "Your consent is taken back")
    consent = view.consents[Modality.IV_KETAMINE]
    assert consent.status is ConsentStatus.WITHDRAWN
    assert consent.form.signer == "Isolde Thimbleweed"
    assert consent.form.capacity_attested_by == "dr-lee"


async def test_axe_finds_nothing_serious_on_a_patients_pages_and_they_fit_a_small_telephone(
    people: People, refer: Refer
) -> None:
    staff = await refer(FOXGLOVE)
    await staff.prepare()
    day = await staff.booked()
    home = await a_link(people, staff, {"purpose": "home_safe", "session_id": day.session_id})
    journal = await a_link(people, staff, {"purpose": "journal"})
    consent = await a_link(people, staff, CONSENT)

    found: list[str] = []
    for theme in ("light", "dark"):
        page = await patient(people, home, theme=theme)
        found += await _door(page, theme)
        found += await _both(page, f"{theme}-home")
        await page.locator("button[value=help]").click()
        found += await _both(page, f"{theme}-help")
        page = await patient(people, journal, theme=theme)
        await say_birth_date(page, FOXGLOVE)
        found += await _journal(page, theme)
        page = await patient(people, consent, theme=theme)
        await say_birth_date(page, FOXGLOVE)
        if theme == "light":
            found += await _both(page, f"{theme}-consent")
            await page.locator("#signer").fill("Isolde Foxglove")
            await page.locator("button[value=sign]").click()
        found += await _both(page, f"{theme}-signed")

    assert found == []


async def _door(page: Page, theme: str) -> list[str]:
    """The first page, and what a wrong birth date gets; then inside."""
    found = await _both(page, f"{theme}-door")
    await page.locator("#month").fill("2")
    await page.locator("#day").fill("2")
    await page.locator("#year").fill("1902")
    await page.locator("button.primary").click()
    found += await _look(page, f"{theme}-refused")
    await page.goto(page.url)
    await say_birth_date(page, FOXGLOVE)
    return found


async def _journal(page: Page, theme: str) -> list[str]:
    """Every question as far as the thoughts of death, none of them sent."""
    found = await _both(page, f"{theme}-mood")
    for step in ("sleep", "energy", "effects"):
        await page.get_by_role("button", name="Leave this out").click()
        found += await _look(page, f"{theme}-{step}")
    await page.locator("button.primary").click()
    return found + await _both(page, f"{theme}-thoughts")


async def _both(page: Page, name: str) -> list[str]:
    """One page: the light one in English, the dark one in Spanish; it comes back as it was."""
    switch = page.locator("button[name=switch]")
    if name.startswith("light") or not await switch.count():
        return await _look(page, name)
    await switch.click()
    found = await _look(page, f"{name}-es")
    await switch.click()
    return found


async def _look(page: Page, name: str) -> list[str]:
    await page.wait_for_load_state()
    await page.locator("main").wait_for()
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
    wide = await page.evaluate("document.documentElement.scrollWidth")
    too_wide = [f"{name}: {wide} px wide"] if wide > NARROW else []
    return [*too_wide, *(f"{name}: {problem}" for problem in await serious(page))]
