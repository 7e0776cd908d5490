"""A referral handed in at the command line: as JSON, or as FHIR R4."""

import json
from collections.abc import Mapping

from pydantic import JsonValue

from schemas.base import SYSTEM
from schemas.referral import Referral
from terminal.failures import CommandFailedError
from terminal.files import read_json
from terminal.front_desk import front_desk
from terminal.output import print_json, print_line


async def refer(file: str, clinic: str | None, *, training: bool, as_json: bool) -> None:
    """Start the journey of this referral, or find the one it already started.

    Raises:
        CommandFailedError, FrontDeskError, ValidationError: when it is refused; nothing started.
    """
    content = read_json(file)
    if not isinstance(content, dict):
        raise CommandFailedError("a referral is one JSON object")
    referral = _referral(content, clinic)
    if training:
        referral = referral.model_copy(update={"training": True})
    async with front_desk() as desk:
        accepted = await desk.commands.refer(referral, SYSTEM)
    if as_json:
        print_json(accepted)
    elif accepted.created:
        print_line(f"{accepted.journey_id}: started")
    else:
        print_line(f"{accepted.journey_id}: this referral had already started it")


def _referral(content: Mapping[str, JsonValue], clinic: str | None) -> Referral:
    if "resourceType" in content:
        from gateways.health_record import read_referral

        return read_referral(dict(content), clinic)
    given = {**({"clinic": clinic} if clinic else {}), **content}
    return Referral.model_validate_json(json.dumps(given))
