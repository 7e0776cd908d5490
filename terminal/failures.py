"""How a command fails: one clear line for the person who typed it, and exit code 1."""

import os
import sys
import traceback

from pydantic import ValidationError

from service.errors import FrontDeskError, NotYetAnswered, Refused, UnknownWorkflow
from service.intake import clinic_of_cabinet

EXPECTED = frozenset(
    {
        "SettingsError",
        "KeysError",
        "RPCError",
        "StackError",
        "PostgresError",
        "RecordError",
        "CatalogueRefused",
        "ProtocolRefused",
        "FhirRefused",
        "IssuerRefused",
        "OSError",
        "TimeoutError",
        "RuntimeError",
        "LookupError",
        "ValueError",
    }
)
"""Errors (or their bases) whose message says what is wrong; others are named with their type."""


class CommandFailedError(Exception):
    """The command was refused or could not be done; the message is the line that is shown."""


def explain(error: BaseException) -> str:
    """One line about an error; several reasons are joined. Never a traceback, never input."""
    match error:
        case ValidationError():
            return "; ".join(_problem(error))
        case Refused():
            return "refused: " + "; ".join(reason.text for reason in error.reasons)
        case UnknownWorkflow():
            return "there is no such journey, session or task"
        case NotYetAnswered():
            cabinet = clinic_of_cabinet(error.journey_id)
            look = f"stock --clinic {cabinet}" if cabinet else f"show {error.journey_id}"
            return (
                f"kept but not yet answered (command {error.command_id}): it takes effect when "
                f"the workers are back; see `journey {look}`"
            )
        case FrontDeskError():
            return one_line(str(error) or type(error).__doc__ or "")
        case ModuleNotFoundError():
            return f"this installation lacks a part: {error}"
        case CommandFailedError():
            return one_line(str(error))
        case _:
            text = one_line(str(error)) or _first_sentence(error)
            names = {kind.__name__ for kind in type(error).__mro__}
            expected = names & EXPECTED and not isinstance(error, KeyError)
            told = expected or not str(error)
            return text if told and text else f"{type(error).__name__}: {text}".rstrip(": ")


def report(command: str, error: BaseException) -> None:
    """Write the line to stderr; with JOURNEY_LOG_LEVEL=DEBUG the traceback too."""
    if os.environ.get("JOURNEY_LOG_LEVEL", "").upper() == "DEBUG":
        traceback.print_exception(error)
    print(f"journey {command}: {explain(error)}", file=sys.stderr)


def one_line(text: str) -> str:
    return " ".join(text.split())


def _first_sentence(error: BaseException) -> str:
    """What an error without words means, by the sentence that its kind opens with."""
    own = type(error).__doc__ if type(error).__module__ != "builtins" else ""
    return one_line(own or "").partition(". ")[0]


def _problem(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(str(part) for part in problem['loc']) or 'input'}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    ]
