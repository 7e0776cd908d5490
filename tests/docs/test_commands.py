"""What the pages tell a reader to type exists."""

import re

import pytest
import typer.main

import cli
from tests.docs.pages import ROOT, typed

PAGES = [ROOT / "README.md", ROOT / "docs" / "running.md"]
JOURNEY = re.compile(r"(?:^|[|($] ?)journey ([a-z][a-z-]*)")
MAKE = re.compile(r"^make ([a-z]+)")
OPTION = re.compile(r"(?<= )--[a-z][a-z-]+")


@pytest.fixture(scope="module")
def commands():
    return typer.main.get_command(cli.app).commands


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_journey_command_on_a_page_exists(page, commands):
    named = {name for line in typed(page) for name in JOURNEY.findall(line)}

    assert named
    assert named <= set(commands)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_on_a_page_exists(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    named = {name for line in typed(page) for name in MAKE.findall(line)}

    assert named
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_given_to_a_journey_command_exists(page, commands):
    for line in typed(page):
        if not line.startswith("journey ") or line.split()[1].startswith("-"):
            continue
        command = commands[line.split()[1]]
        if hasattr(command, "commands"):  # a group: its own commands take the options
            continue
        known = {name for parameter in command.params for name in parameter.opts}
        assert set(OPTION.findall(line)) <= known, line


def test_every_command_that_writes_nothing_but_an_answer_takes_json(commands):
    reading = ("tasks", "show", "timeline", "stock", "decide", "doctor", "day", "plan")

    for name in reading:
        assert "--json" in {option for p in commands[name].params for option in p.opts}
