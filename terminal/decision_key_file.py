"""The keys that sign decisions, on the command line: which there are, a new one, one retired, all
open work told of them."""

import asyncio
from collections import Counter

from runtime.decision_keys import DecisionKeys, open_decision_keys
from runtime.visibility import list_runs
from service.signing import announcement_of
from terminal.failures import CommandFailedError
from terminal.front_desk import front_desk
from terminal.output import print_json, print_line, print_table
from terminal.settings import command_settings

OPEN_WORK = (
    "WorkflowType IN ('PatientJourney', 'InfusionSession', 'NasalSpraySession', 'DrugCabinet') "
    "AND CloseTime IS NULL"
)


def list_decision_keys(as_json: bool) -> None:
    """Every key by id; the last one signs. Never a secret half.

    Raises:
        CommandFailedError: when the deployment names no file of such keys.
    """
    keys = _keys()
    rows = [(k.id, k.made_at, k.id == keys.newest, k.private is None) for k in keys.list()]
    if as_json:
        print_json(
            [
                {"id": i, "made_at": made.isoformat(), "signs": signs, "retired": retired}
                for i, made, signs, retired in rows
            ]
        )
        return
    print_table("Keys that sign decisions", ("id", "made", "signs", "retired"), rows)


def rotate_decision_keys(as_json: bool) -> None:
    """Make a new key that signs from now on; open work hears of it with its next decision."""
    made = _keys().rotate()
    if as_json:
        print_json({"id": made})
    else:
        print_line(f"new key {made} signs decisions from now on; running doors take it up")


def retire_decision_key(key: str, as_json: bool) -> None:
    """Take out the secret half of an older key. What it signed can still be verified."""
    _keys().retire(key)
    if as_json:
        print_json({"id": key, "retired": True})
    else:
        print_line(f"{key} signs no more; run `journey keys announce` so that nobody takes it")


async def announce_decision_keys(per_second: float, as_json: bool) -> int:
    """Tell all open work, little by little; safe to break off and to run again. Returns 1 where
    some did not take them."""
    async with front_desk() as desk:
        news = announcement_of(_keys(), required=desk.settings.require_signed_decisions)
        client = await desk.engine.client()
        told: dict[str, str] = {}
        for run in [run async for run in list_runs(client, OPEN_WORK)]:
            told[run.workflow_id] = await desk.commands.announce_keys(run.workflow_id, news)
            await asyncio.sleep(1 / per_second)
    counts = Counter(told.values())
    if as_json:
        print_json({"keys": sorted(news.keys), "counts": dict(counts), "workflows": told})
    else:
        did = ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))
        print_line(did or "nothing is open")
    return 1 if counts["refused"] or counts["unavailable"] else 0


def _keys() -> DecisionKeys:
    keys = open_decision_keys(command_settings())
    if keys is None:
        raise CommandFailedError("JOURNEY_DECISION_KEY names no file of keys that sign decisions")
    return keys
