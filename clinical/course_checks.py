"""The periodic checks of one journey: when each was last done, which fall due, whose they are.

Fact sheet 7.4.
"""

from datetime import datetime
from typing import Final

from clinical.course import doses_at
from clinical.monitoring import monitoring_due
from clinical.parameters import Parameters
from clinical.work_up import READ, liver_raised
from schemas.base import Role
from schemas.journey import JourneyState
from schemas.schedule import MonitoringItem

ROLE_OF: Final = {
    "luts": Role.NURSE,
    "ua": Role.NURSE,
    "lft": Role.NURSE,
    "cognition": Role.NURSE,
    "misuse_screen": Role.NURSE,
    "pdmp": Role.PRESCRIBER,
    "psychiatrist_review": Role.PSYCHIATRIST,
}
"""Whose each check is. Consent has its own gate before every booking."""

SAME_TEST: Final = {"bpic_ss": "luts", "moca": "cognition"}
"""Instruments of the work-up under the name of the check they serve."""


def checks_at(
    state: JourneyState, at: datetime, parameters: Parameters
) -> tuple[MonitoringItem, ...]:
    """Every periodic check as it will stand at `at`, first due first; none before a first dose
    (7.4)."""
    doses = doses_at(state)
    if not doses:
        return ()
    items = monitoring_due(
        _last_done(state), doses[0], at, parameters,
        liver_raised=liver_raised(state.screening, parameters),
    )  # fmt: skip
    return tuple(item for item in items if item.kind in ROLE_OF)


def checks_before(
    state: JourneyState, at: datetime, parameters: Parameters
) -> dict[Role, list[MonitoringItem]]:
    """The checks that are due before a dose at `at`, by whose they are (7.4)."""
    found: dict[Role, list[MonitoringItem]] = {}
    for item in checks_at(state, at, parameters):
        if item.overdue:
            found.setdefault(ROLE_OF[item.kind], []).append(item)
    return found


def _last_done(state: JourneyState) -> dict[str, datetime | None]:
    """The newest of each check that was read, in the screening's work-up or asked for since."""
    last: dict[str, datetime | None] = {}
    work_up = state.screening.work_up if state.screening else ()
    for result in sorted(work_up, key=lambda r: r.taken_at):
        if result.result in READ:
            last[SAME_TEST.get(result.kind, result.kind)] = result.taken_at
    for kind, at in state.notes.monitoring.items():
        before = last.get(kind)
        last[kind] = at if before is None else max(at, before)
    return last
