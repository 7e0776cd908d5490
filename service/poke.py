"""Sleeping journeys and drug cabinets go on under the current code: each is asked, once, to begin
its next run.

A run that sleeps until next month is told nothing of a new version. What is left to do is what the
server's own list says: a job that broke off is simply started again. Treatment days are left
alone: they keep the code they began with, and a day that is booked must not change under anybody.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from runtime.code_versions import CodeVersions
from runtime.visibility import CODE_VERSION, Run, list_runs

LIVE_FOR_YEARS: Final = ("PatientJourney", "DrugCabinet")


class Outcome(StrEnum):
    """What came of one run. `gone`: it had turned over or ended by itself; `missed`: it could not
    be reached now, start again; `would`: nothing was sent, this was a rehearsal."""

    POKED = "poked"
    GONE = "gone"
    MISSED = "missed"
    WOULD = "would poke"


@dataclass(frozen=True, slots=True)
class Poked:
    """One run and what came of it. `was_on`: the version that told it so far."""

    workflow_id: str
    workflow_type: str
    was_on: str
    outcome: Outcome


def left_behind(versions: CodeVersions) -> str:
    """The query for open runs that are neither on the current version nor on one being tried."""
    ahead = ", ".join(_quoted(versions.named(b)) for b in (versions.current, versions.ramping) if b)
    types = ", ".join(_quoted(name) for name in LIVE_FOR_YEARS)
    return (
        f"WorkflowType IN ({types}) AND CloseTime IS NULL "
        f"AND ({CODE_VERSION} IS NULL OR {CODE_VERSION} NOT IN ({ahead}))"
    )


async def poke(
    client: Client,
    versions: CodeVersions,
    *,
    per_second: float,
    at_most: int | None = None,
    rehearse: bool = False,
) -> AsyncIterator[Poked]:
    """Ask each run that is left behind to turn over, never faster than `per_second`, so that the
    workers at a bedside notice nothing. Listed whole first: a run that is asked moves in the list.
    """
    runs = [run async for run in list_runs(client, left_behind(versions))]
    for run in runs[:at_most]:
        if rehearse:
            yield _told(run, Outcome.WOULD)
            continue
        yield _told(run, await _refresh(client, run))
        await asyncio.sleep(1 / per_second)


async def _refresh(client: Client, run: Run) -> Outcome:
    """To this very run: its successor began under the current code and need not turn over again."""
    try:
        await client.get_workflow_handle(run.workflow_id, run_id=run.run_id).signal("refresh")
    except RPCError as error:
        return Outcome.GONE if error.status is RPCStatusCode.NOT_FOUND else Outcome.MISSED
    return Outcome.POKED


def _told(run: Run, outcome: Outcome) -> Poked:
    return Poked(run.workflow_id, run.workflow_type, run.code_version, outcome)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
