"""What two people may override before a dose: asked for, item by item, and how long it stands.

Fact sheet 11.52: two keys, a reason, an expiry. What may be overridden at all is decided in
`clinical`. A request nobody decides expires as a refusal; an override ends with the treatment
day, with the item it stood for, and, where it rests on a measurement, with the next one of that
sign.
"""

from clinical.parameters import Parameters
from clinical.predose_rules import measured_anew
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import Role
from schemas.infusion import Missing, Readiness, VitalSigns
from workflows.approval import Tasks
from workflows.session_state import SessionState

TWO_KEYS = (Role.MEDICAL_DIRECTOR, Role.PRESCRIBER)
PREFIX = "override-"


class Overrides:
    """The overrides of one treatment day."""

    def __init__(self, state: SessionState, tasks: Tasks) -> None:
        self._state = state
        self._tasks = tasks

    def ask(self, readiness: Readiness) -> None:
        """Put every item that may be overridden to two people; take back what is settled."""
        open_items = {PREFIX + m.code: m for m in readiness.missing if _to_be_asked(m)}
        self._take_back(keep=set(open_items))
        for key, item in open_items.items():
            self._tasks.open(
                ApprovalKind.READINESS_OVERRIDE,
                key,
                f"Not ready: {item.text} A medical director and a prescriber may override",
                evidence={"missing": item.code, "text": item.text},
                slots=TWO_KEYS,
                session_id=self._state.plan.session_id,
            )

    def decided(self, task: Task) -> bool:
        """Note what was decided; True where the gate is to be judged again. A refusal stays, so
        that it is not asked again while the item stands."""
        if task.status is not TaskStatus.APPROVED:
            return False
        self._state.tasks.pop(task.key, None)
        self._state.overrides |= {task.key.removeprefix(PREFIX)}
        return True

    def new_reading(self, reading: VitalSigns, parameters: Parameters) -> None:
        """What was weighed on one measurement does not stand for the next of the same sign."""
        state = self._state
        rested = measured_anew(reading, state.before, parameters)
        state.overrides -= rested
        for code in sorted(rested):
            self._tasks.cancel(PREFIX + code)

    def close(self) -> None:
        """The dose has begun: nothing is left to override."""
        self._take_back(keep=set())

    def _take_back(self, keep: set[str]) -> None:
        for key in list(self._state.tasks):
            if key.startswith(PREFIX) and key not in keep:
                self._tasks.cancel(key)


def _to_be_asked(item: Missing) -> bool:
    """Not what a nurse can still supply by measuring again."""
    return item.overridable and not (item.supplied_by is Role.NURSE and item.by is None)
