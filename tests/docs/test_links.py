"""A page never sends its reader to something that is not there."""

import re

import pytest

from tests.docs.pages import PAGES, ROOT, links

DECISIONS = ROOT / "docs" / "decisions"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    lost = [target for target in links(page) if not (page.parent / target).exists()]

    assert lost == []


def test_every_picture_is_shown_on_a_page():
    shown = {(page.parent / target).resolve() for page in PAGES for target in links(page)}

    pictures = {path.resolve() for path in (ROOT / "docs" / "images").iterdir()}

    assert pictures <= shown


def test_decisions_are_numbered_without_gaps():
    numbers = [int(path.name[:4]) for path in sorted(DECISIONS.glob("0*.md"))]

    assert numbers == list(range(1, len(numbers) + 1))


def test_every_decision_is_in_the_index_under_its_own_title():
    index = (DECISIONS / "README.md").read_text()

    for number, path in enumerate(sorted(DECISIONS.glob("0*.md")), start=1):
        title = path.read_text().splitlines()[0].removeprefix(f"# {number}. ")
        assert f"{number}. [{title}]({path.name})" in index


@pytest.mark.parametrize("path", sorted(DECISIONS.glob("0*.md")), ids=lambda path: path.stem)
def test_a_decision_says_why_what_follows_and_what_would_change_it(path):
    heads = re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)

    assert heads == ["Context", "Decision", "Consequences", "What would change our mind"]
