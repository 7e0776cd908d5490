"""How every command ends: done, or one clear line on stderr and the exit code that says so."""

import asyncio
import sys
from collections.abc import Callable, Coroutine

import typer


def carry_out(command: str, run: Callable[[], object]) -> None:
    """Run a command's body; its failure is one line on stderr and exit code 1."""
    try:
        done = run()
        if isinstance(done, Coroutine):
            done = asyncio.run(done)
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(130) from None
    except BrokenPipeError:
        raise typer.Exit(0) from None
    except Exception as error:
        from terminal.failures import report

        sys.stdout.flush()
        report(command, error)
        raise typer.Exit(1) from None
    if isinstance(done, int) and not isinstance(done, bool):
        raise typer.Exit(done)
