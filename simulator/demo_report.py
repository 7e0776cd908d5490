"""What the demonstration prints at its end: timeline, messages, checks, where to look."""

from collections import Counter
from datetime import datetime

from rich.console import Console
from rich.table import Table

from simulator.demo_checks import Findings
from simulator.stack import Stack

TOLD = frozenset(
    {
        "JourneyStarted",
        "PhaseEntered",
        "EvaluationRecorded",
        "ScreeningRecorded",
        "ConsentSigned",
        "TaskVoted",
        "SessionBooked",
        "DosingStarted",
        "DosingPaused",
        "DosingResumed",
        "DosingEnded",
        "Discharged",
        "SessionMissed",
        "SessionRebooked",
        "ScoresRecorded",
        "CourseProposed",
        "SafetyProgramEnrolled",
        "AuthorizationRecorded",
        "CloseRequested",
        "JourneyClosed",
    }
)


def report(
    console: Console, stack: Stack, findings: Findings, journey_id: str, *, keep: bool
) -> None:
    """Print everything a newcomer should see."""
    console.print(_timeline(findings))
    console.print(_messages(findings))
    for what in findings.held:
        console.print(f"  [green]✓[/] {what}")
    for what in findings.problems:
        console.print(f"  [bold red]✗ {what}[/]")
    if keep:
        console.print(f"\n  journey      {journey_id}")
        for name in ("temporal_ui", "console", "mail", "api"):
            console.print(f"  {name:<12} {stack.addresses[name]}")
    verdict = (
        "[bold green]every check holds[/]"
        if not findings.problems
        else f"[bold red]{len(findings.problems)} checks do not hold[/]"
    )
    console.print(
        f"\n  {verdict}: {len(findings.held)} of "
        f"{len(findings.held) + len(findings.problems)}"
        + ("" if keep else "; look around with: make demo DEMO_ARGS=--keep")
    )


def _timeline(findings: Findings) -> Table:
    table = Table(title="Timeline (the journey's clinical clock)", title_justify="left", box=None)
    table.add_column("when", no_wrap=True)
    table.add_column("what")
    table.add_column("who")
    table.add_column("detail", overflow="fold")
    for event in findings.timeline:
        if event["kind"] in TOLD:
            table.add_row(_when(event["at"]), event["kind"], event["actor_id"], _detail(event))
    return table


def _messages(findings: Findings) -> Table:
    table = Table(title="\nWhat was sent to whom", title_justify="left", box=None)
    for column in ("to", "message", "how many"):
        table.add_column(column)
    sent = Counter(
        (m["recipient_role"] or "patient", m["template"], m["channel"]) for m in findings.messages
    )
    for (role, template, channel), count in sorted(sent.items()):
        table.add_row(role, f"{template} ({channel})", str(count))
    return table


def _when(moment: str) -> str:
    return datetime.fromisoformat(moment).strftime("%Y-%m-%d %H:%M")


def _detail(event: dict[str, object]) -> str:
    data = event["data"]
    assert isinstance(data, dict)
    match event["kind"]:
        case "PhaseEntered":
            return str(data["phase"])
        case "TaskVoted":
            choice = data["vote"].get("choice")
            return f"{data['kind']}: {data['vote']['decision']}" + (f" {choice}" if choice else "")
        case "SessionBooked":
            return f"{data['modality']} {data['number']} for {_when(str(data['scheduled_at']))}"
        case "DosingPaused":
            return str(data["reason"])
        case "DosingEnded":
            return f"{data['delivered_mg']} mg"
        case "CourseProposed":
            return f"row {data['row']} proposes {data['course']}"
        case "AuthorizationRecorded":
            return f"approved until {data['valid_until']}"
        case "ScoresRecorded":
            return ", ".join(f"{s['instrument']} {s['total']:.0f}" for s in data["scores"])
        case _:
            return ""
