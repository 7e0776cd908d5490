"""Every page, in both themes and both languages: axe finds nothing serious."""

import pytest

from tests.console.conftest import LOOKS, People, Refer, serious


@pytest.mark.parametrize(("theme", "language"), LOOKS)
async def test_axe_finds_nothing_serious_on_the_sign_in_page(
    people: People, theme: str, language: str
) -> None:
    page = await people.visit("/sign-in", theme=theme, language=language)

    assert await serious(page) == []
    assert await page.locator("html").get_attribute("lang") == language[:2]


@pytest.mark.parametrize(("theme", "language"), LOOKS)
async def test_axe_finds_nothing_serious_on_the_list_and_the_page_of_a_journey(
    people: People, refer: Refer, theme: str, language: str
) -> None:
    staff = await refer("Larkspur")
    await staff.pending("referral_triage")
    page = await people.visit("/journeys", theme=theme, language=language)
    on_the_list = await serious(page)

    await page.goto(page.url + f"/{staff.journey_id}")

    assert [*on_the_list, *await serious(page)] == []


async def test_what_a_visitor_chose_stays_chosen(people: People) -> None:
    page = await people.visit("/journeys")

    await page.get_by_label("Language").select_option("es")
    await page.get_by_label("Theme").select_option("dark")
    await page.get_by_role("button", name="Apply").click()

    root = page.locator("html")
    assert await root.get_attribute("lang") == "es"
    assert await root.get_attribute("data-theme") == "dark"
    assert await page.get_by_role("heading", level=1).inner_text() == "Tratamientos"


async def test_before_a_visit_ends_the_page_says_so_and_goes_on_after_another_sign_in(
    people: People,
) -> None:
    """WCAG 2.2.1: warned five minutes ahead; what was written stays."""
    page = await people.visit("/worklist?preset=everything")
    bar, written = page.locator("#visit-ends"), page.get_by_label("Keep this filter as")
    await page.get_by_text("Saved filters").click()
    await written.fill("Consents of this week")
    assert not await bar.is_visible()

    async def ends_in(seconds: int) -> None:
        at = f"journey-visit-ends=${{Math.floor(Date.now() / 1000) + {seconds}}};path=/console"
        await page.evaluate(
            f"() => {{ document.cookie = `{at}`; dispatchEvent(new Event('focus')) }}"
        )

    await ends_in(240)
    assert "Your visit ends at" in await bar.inner_text()
    assert await bar.get_by_role("link", name="Sign in again").get_attribute("target") == "_blank"
    assert await serious(page) == []
    for _ in range(40):  # the bar stays in sight and stands before nothing that has the focus
        await page.keyboard.press("Tab")
        assert await page.evaluate(HIDDEN_BY) is None
    await ends_in(-1)
    assert "Your visit has ended." in await bar.inner_text()
    await ends_in(3_600)
    assert not await bar.is_visible()
    assert await page.locator("#visit-on").inner_text() == "Your visit goes on."
    assert await written.input_value() == "Consents of this week"


async def test_help_and_where_to_call_stand_in_the_same_place_on_every_page(
    people: People,
) -> None:
    """WCAG 2.2, 3.2.6: the last lines of every page, in the same order."""
    page = await people.visit("/journeys")
    last = await page.locator("footer").inner_text()

    for path in ("/worklist", "/day", "/reports?training=1"):
        await page.goto(page.url.partition("/console")[0] + "/console" + path)
        assert await page.locator("footer").inner_text() == last
        assert await page.locator("footer ~ *:not(script)").count() == 0


SMALL = """() => [...document.querySelectorAll(
  'button, select, input:not([type=hidden]), textarea, summary, nav a')]
  .filter(one => one.checkVisibility())
  .filter(one => [one, one.closest('label') ?? one].map(each => each.getBoundingClientRect())
    .every(box => box.width && box.right > 0 && (box.width < 24 || box.height < 24)))
  .map(one => one.outerHTML.slice(0, 80))"""
"""What is smaller to the finger than it may be, the label around it counted in."""

HIDDEN_BY = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  if (one === document.body || !box.width || box.right < 0) return null;
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return top && (one.contains(top) || top.contains(one)) ? null : one.outerHTML.slice(0, 80);
}"""
PAGES = ("/sign-in", "/worklist?preset=everything", "/journeys", "/day", "/reports?training=1")


@pytest.mark.parametrize("path", PAGES)
async def test_no_target_is_smaller_than_a_finger_and_focus_is_never_hidden(
    people: People, path: str
) -> None:
    """WCAG 2.2, 2.5.8 and 2.4.11."""
    page = await people.visit(path)
    assert await page.evaluate(SMALL) == []

    for _ in range(25):
        await page.keyboard.press("Tab")
        assert await page.evaluate(HIDDEN_BY) is None
