"""Tokens of the training issuer, for trying the doors out."""

from service.training_issuer import mint_token
from terminal.output import print_json, print_line
from terminal.people import role_of
from terminal.settings import command_settings


def print_token(role: str, clinic: str, subject: str | None, *, as_json: bool) -> None:
    """Print a bearer token; in production there is no such issuer.

    Raises:
        CommandFailedError, IssuerRefused: when there is no such role, or no training issuer.
    """
    token = mint_token(command_settings(), role_of(role), clinic, subject)
    if as_json:
        print_json({"token": token})
    else:
        print_line(token)
