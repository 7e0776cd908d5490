"""`journey demo`: one synthetic patient from referral to a stable course, on real servers."""

import asyncio
import signal
import time
from contextlib import suppress
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from runtime.temporal import connect
from simulator.demo_checks import Findings, look
from simulator.demo_report import report
from simulator.demo_story import tell
from simulator.http_door import HttpDoor
from simulator.stack import Stack, StackDidNotStart, StackEnded, running_stack

STEPS = 19


def run_demo(keep: bool) -> int:
    """Tell the story on an ephemeral stack; 0 when every check at its end holds, else 1."""
    signal.signal(signal.SIGTERM, _leave)
    console = Console(highlight=False)
    console.print("[bold]Treatment Journey Engine[/] · a training journey about nobody real\n")
    try:
        with console.status("starting Temporal, PostgreSQL, mail, workers and the API"):
            stack = running_stack()
            up = stack.__enter__()
    except StackDidNotStart as error:
        console.print(f"[red]the stack did not start:[/] {error}")
        return 1
    try:
        return asyncio.run(up.serving(_demonstrate(up, console, keep=keep)))
    except StackEnded as error:
        console.print(f"[red]{error}[/]")
        return 1
    except KeyboardInterrupt:
        return 1
    finally:
        stack.__exit__(None, None, None)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """SIGTERM is Ctrl-C to us: nothing is left running, nothing is left in the way."""
    raise KeyboardInterrupt


async def _demonstrate(stack: Stack, console: Console, *, keep: bool) -> int:
    findings, journey_id = await play(stack, console)
    report(console, stack, findings, journey_id, keep=keep)
    if keep:
        await _stay(console)
    return 1 if findings.problems else 0


async def play(stack: Stack, console: Console) -> tuple[Findings, str]:
    """Play the story on a running stack and read the record back."""
    door = HttpDoor(stack.addresses["api"], stack.settings)
    began = time.monotonic()
    journey_id = ""
    with _progress(console) as progress:
        bar = progress.add_task("referral", total=STEPS)
        async for journey_id, words in tell(stack, door):  # noqa: B007 - the last one is kept
            progress.console.print(f"  [green]✓[/] {words}")
            progress.update(bar, advance=1, description=words)
        progress.update(bar, completed=STEPS, description="reading the record back")
    client = await connect(stack.settings, identity="demo", wait_s=60)
    findings = await look(stack, door, client, journey_id)
    await door.close()
    console.print(f"\n  told in {time.monotonic() - began:.0f} s\n")
    return findings, journey_id


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        BarColumn(bar_width=24),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


async def _stay(console: Console) -> None:
    console.print("\nThe stack stays up; Ctrl-C stops and removes it.")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with suppress(asyncio.CancelledError):
        await stop.wait()
