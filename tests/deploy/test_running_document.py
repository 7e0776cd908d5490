"""docs/running.md: what it says of settings, ports and commands is what the program does."""

import re
from pathlib import Path

from cli import app
from embedded.stack import DEFAULT_PORTS
from runtime.settings import settings_table

TEXT = (Path(__file__).parents[2] / "docs" / "running.md").read_text("utf-8")


def test_the_table_of_settings_is_fresh() -> None:
    begin, end = "do not edit -->\n", "<!-- end of settings -->"

    assert TEXT.split(begin)[1].split(end)[0] == settings_table()


def test_the_ports_are_those_of_the_embedded_stack() -> None:
    said = {int(port) for port in re.findall(r"^\| (\d{4}) \|", TEXT, re.MULTILINE)}

    assert said == set(DEFAULT_PORTS.values())


def test_every_command_it_names_exists() -> None:
    known = {
        command.name or getattr(command.callback, "__name__", "")
        for command in app.registered_commands
    }
    known |= {group.name for group in app.registered_groups}
    named = set(re.findall(r"`journey ([a-z-]+)", TEXT))

    assert named - known == set()


def test_every_log_event_it_tells_people_to_watch_is_logged_somewhere() -> None:
    root = Path(__file__).parents[2]
    source = "".join(
        path.read_text("utf-8")
        for folder in ("activities", "gateways")
        for path in (root / folder).glob("*.py")
    )

    events = re.findall(r"[Ll]og event `([a-z_]+)`", TEXT)

    assert len(events) >= 3
    assert [event for event in events if f'"{event}"' not in source] == []
