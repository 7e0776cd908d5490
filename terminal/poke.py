"""`journey poke`: after a release, sleeping journeys are moved on to it, little by little."""

import asyncio
from collections import Counter
from dataclasses import asdict

from temporalio.client import Client

from runtime.code_versions import CodeVersions, read_code_versions
from runtime.temporal import connect
from service.poke import Outcome, Poked, poke
from terminal.failures import CommandFailedError
from terminal.output import print_json, print_line
from terminal.settings import command_settings

SETTLED_WITHIN_S = 10
NO_VERSIONS = (
    "this deployment has no code versions (JOURNEY_DEPLOYMENT_NAME is not set): "
    "every run goes on under the code that its worker has"
)


async def poke_journeys(
    *, per_second: float, at_most: int | None, rehearse: bool, as_json: bool
) -> int:
    """Ask what is left behind to turn over, and say of each what came of it. Returns 1 where one
    could not be reached.

    Raises:
        CommandFailedError: where there are no code versions, or none is current.
    """
    settings = command_settings()
    if not settings.deployment_name:
        raise CommandFailedError(NO_VERSIONS)
    client = await connect(settings, identity="journey-poke")
    versions = await _whither(client, settings.deployment_name)
    told: list[Poked] = []
    asked = poke(client, versions, per_second=per_second, at_most=at_most, rehearse=rehearse)
    async for one in asked:
        told.append(one)
        if not as_json:
            print_line(f"{one.outcome}: {one.workflow_id} (on {one.was_on or 'no version'})")
    counts = Counter(one.outcome for one in told)
    versions = await read_code_versions(client, settings.deployment_name)
    if as_json:
        print_json(_answer(versions, told))
    else:
        print_line(_summary(versions, counts))
    return 1 if counts[Outcome.MISSED] else 0


async def _whither(client: Client, deployment: str) -> CodeVersions:
    """The version that all are to go on under, given the server a while to know it everywhere: a
    run that turned over earlier might begin where it was, and be left for the next time."""
    for _ in range(SETTLED_WITHIN_S):
        versions = await read_code_versions(client, deployment)
        if not versions.current:
            raise CommandFailedError(f"no version of {deployment} is current: set one first")
        if versions.settled:
            break
        await asyncio.sleep(1)
    return versions


def _answer(versions: CodeVersions, told: list[Poked]) -> dict[str, object]:
    return {
        "current": versions.named(versions.current),
        "versions": {version.build_id: version.status for version in versions.versions},
        "runs": [asdict(one) for one in told],
    }


def _summary(versions: CodeVersions, counts: Counter[Outcome]) -> str:
    did = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    stand = ", ".join(f"{version.build_id} {version.status}" for version in versions.versions)
    return f"{did or 'nothing was left behind'}; versions: {stand}"
