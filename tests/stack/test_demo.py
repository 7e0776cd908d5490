"""The demonstration as a newcomer runs it, and what it makes of what it finds."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from activities.notifications import message_id
from runtime.settings import Settings
from simulator.demo_checks import Findings, check_links, check_messages
from simulator.demo_report import report
from simulator.stack import Stack, StackEnded
from tests.stack.kept_demo import STAYS_UP, Undisturbed

JOURNEY = "journey-aaaa"


@pytest.mark.xdist_group("story")
@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_demo_tells_everything_and_ends_well_beside_another_stack(
    undisturbed: Undisturbed,
) -> None:
    printed = undisturbed.demo_printed
    assert undisturbed.demo_exit_code == 0, printed[-2_000:]
    for words in (
        "infusion 2 of 6: paused at 186/106, resumed once settled",
        "Timeline",
        "SafetyProgramEnrolled",
        "What was sent to whom",
        "care_coordinator",
        "events in PostgreSQL",
        "nothing was sent twice",
        "every check holds",
        "temporal_ui",
        STAYS_UP,
    ):
        assert words in printed
    assert undisturbed.told.findings.problems == []


@pytest.mark.xdist_group("story")
@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_journey_from_referral_to_its_end_by_its_record(undisturbed: Undisturbed) -> None:
    facts = _facts_of(undisturbed)
    kinds = [fact["kind"] for fact in facts]

    assert [fact["data"]["phase"] for fact in facts if fact["kind"] == "PhaseEntered"] == [
        "REFERRAL",
        "PSYCH_EVAL",
        "MED_SCREEN",
        "CONSENT",
        "SCHEDULED",
        "INFUSION_SERIES",
        "REEVALUATION",
        "SWITCH_ESKETAMINE",
        "FOLLOW_UP",
        "CLOSED",
    ]
    first = kinds.index("SessionBooked")
    assert kinds.index("ScreeningRecorded") < kinds.index("ConsentSigned") < first
    assert kinds[:first].count("TaskVoted") == 5, "triage, finding, clearance by two, start"
    assert kinds.count("SessionBooked") == kinds.count("SessionClosed") == 10
    assert kinds.count("SessionRebooked") == 1
    assert kinds.count("ConsentSigned") == 2
    assert kinds.count("TaskOpened") == kinds.count("TaskClosed")
    paused = [fact["kind"] for fact in _facts_of(undisturbed, "-infusion-2")]
    assert paused.index("DosingPaused") < paused.index("DosingResumed")


def test_whoever_had_the_story_told_hears_how_to_look_around(stack: Stack) -> None:
    said = Console(file=StringIO(), width=160)
    report(said, stack, Findings(timeline=[], messages=[], mails=[]), JOURNEY, keep=False)
    assert "every check holds: 0 of 0; look around with" in said.file.getvalue()


def _facts_of(undisturbed: Undisturbed, session: str = "") -> list[dict[str, Any]]:
    """The facts of the journey, or of one of its sessions, in their order."""
    whose = undisturbed.told.journey_id + session
    mine = [e for e in undisturbed.told.findings.timeline if e["workflow_id"] == whose]
    return sorted(mine, key=lambda fact: int(fact["sequence"]))


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack as far as the demonstration's waiting goes: a process."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], stdout=subprocess.PIPE, text=True
    )
    yield Stack({}, Settings(), tmp_path, process)
    process.kill()
    process.communicate()


async def test_a_stack_that_ends_ends_the_demo_at_once(stack: Stack) -> None:
    told = asyncio.create_task(stack.serving(asyncio.sleep(120)))
    stack.process.kill()
    with pytest.raises(StackEnded, match="exit code -9"):
        await told


async def test_a_standing_stack_gives_the_works_answer(stack: Stack) -> None:
    assert await stack.serving(asyncio.sleep(0, "told")) == "told"


@pytest.mark.parametrize(
    ("kind", "attempts", "mails", "right"),
    [
        ("information", 1, 1, True),
        ("information", 2, 2, False),
        ("reminder", 1, 2, False),
        ("reminder", 2, 2, True),
        ("reminder", 3, 3, False),
        ("action", 1, 2, False),
        ("action", 2, 2, True),
        ("action", 2, 3, False),
        ("safety", 1, 2, True),
        ("safety", 1, 3, False),
    ],
)
def test_a_copy_is_right_only_where_its_class_prefers_it_to_a_loss(
    kind: str, attempts: int, mails: int, right: bool
) -> None:
    findings = _findings([_row("n:0", kind, attempts)], ["n:0"] * mails)
    check_messages(findings)
    assert (findings.problems == []) is right


def test_a_mail_that_no_row_knows_is_found() -> None:
    findings = _findings([_row("n:0", "action", 1)], ["n:0", "n:1"])
    check_messages(findings)
    assert findings.problems == ["every message reached the mail server"]


def test_a_row_that_says_sent_without_a_mail_is_found() -> None:
    findings = _findings([_row("n:0", "action", 1), _row("n:1", "action", 1)], ["n:0"])
    check_messages(findings)
    assert findings.problems == ["every message reached the mail server"]


def test_two_rows_of_one_occurrence_are_found() -> None:
    findings = _findings([_row("n:0", "action", 1)] * 2, ["n:0"])
    check_messages(findings)
    assert findings.problems == ["one delivery row an occurrence"]


@pytest.mark.parametrize(
    ("template", "texts", "right"),
    [
        ("home_safe", ["Tell us: http://door/l/north~a"], True),
        ("home_safe", ["http://door/l/north~a", "http://door/l/north~a"], True),
        ("home_safe", ["http://door/l/north~a", "http://door/l/north~b"], False),
        ("home_safe", ["Tell us."], False),
        ("task_opened", ["http://door/l/north~a"], False),
    ],
)
def test_a_patients_link_stands_where_an_answer_is_asked_and_is_one(
    template: str, texts: list[str], right: bool
) -> None:
    findings = _findings([_row("n:0", "action", 1) | {"template": template}], [])
    findings.mails = [{"message_id": message_id(JOURNEY, "n:0"), "text": text} for text in texts]

    check_links(findings)

    assert (findings.problems == []) is right


def _row(occurrence: str, kind: str, attempts: int) -> dict[str, Any]:
    return {
        "workflow_id": JOURNEY,
        "occurrence": occurrence,
        "channel": "email",
        "kind": kind,
        "attempts": attempts,
        "status": "sent",
    }


def _findings(rows: list[dict[str, Any]], occurrences: list[str]) -> Findings:
    mails = [{"message_id": message_id(JOURNEY, o)} for o in occurrences]
    return Findings(timeline=[], messages=rows, mails=mails)
