"""What the worklist shows and how it is asked: presets, filters that are an address, rows."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from pydantic import ValidationError

from schemas.base import Actor, Reason, Role
from schemas.event import EventKind
from schemas.worklist import ActLine, BulkOutcome, Handling, Priority
from service.errors import Refused
from service.rows import Page, Row, TaskRow

Clinics = frozenset[str] | None


class Asker(NamedTuple):
    """Who looks at the worklist. `clinics`: those they may see, None for all."""

    person: str
    roles: frozenset[Role]
    clinics: Clinics


class Preset(StrEnum):
    """The ways into the worklist."""

    NOW = "now"
    DUE_TODAY = "due_today"
    OVERDUE = "overdue"
    MINE = "mine"
    MY_ROLES = "my_roles"
    WAITING_ON_PATIENT = "waiting_on_patient"
    WAITING_ON_PAYER = "waiting_on_payer"
    DONE_TODAY = "done_today"
    EVERYTHING = "everything"


class Due(StrEnum):
    """How a task stands to its deadline. What has no deadline is no task that is on time."""

    OVERDUE = "overdue"
    TODAY = "today"
    LATER = "later"
    NO_DEADLINE = "no_deadline"
    ENDED = "ended"


class Filters(Row):
    """One way to look at the worklist; the same as an address. `assignee`: a person, or `-` for
    nobody. `snoozed`: show what was put off too."""

    preset: Preset = Preset.MY_ROLES
    clinic: str | None = None
    role: Role | None = None
    kind: str | None = None
    journey: str | None = None
    text: str | None = None
    assignee: str | None = None
    priority: Priority | None = None
    snoozed: bool = False

    @classmethod
    def of(cls, said: Mapping[str, str]) -> "Filters":
        """The filters of an address. What it says that nobody understands is left out: an old
        bookmark still opens."""
        found = cls()
        for name in cls.model_fields:
            if said.get(name):
                try:
                    one = cls.model_validate({name: said[name][:200]})
                except ValidationError:
                    continue
                found = found.model_copy(update={name: getattr(one, name)})
        return found

    @classmethod
    def of_query(cls, query: str) -> "Filters":
        """The same for what stands behind `?`."""
        return cls.of(dict(parse_qsl(query)))

    def query(self, **changes: Any) -> str:
        """What stands behind `?`: only what differs from the beginning."""
        content = self.model_copy(update=changes).model_dump(mode="json", exclude_defaults=True)
        return urlencode({name: "1" if value is True else value for name, value in content.items()})


class WorklistRow(TaskRow):
    """A task as the worklist shows it. `entered_at`: since when it waits; `handling.changed_at`:
    the last act on it; `due_at`: its deadline."""

    handling: Handling
    entered_at: datetime
    priority: Priority
    due: Due
    patient_name: str | None = None
    phase: str | None = None
    training: bool = False
    attention: bool = False


class TaskStep(Row):
    """What became of a task by itself, or at its end. `owed_to`: whom the engine reminded or
    turned to; `status`: how it ended."""

    at: datetime
    kind: EventKind
    actor: Actor
    owed_to: Role | None = None
    status: str | None = None


WorklistPage = Page[WorklistRow]


class WorklistCounts(Row):
    """How many of each preset; `snoozed`: put off by somebody."""

    now: int = 0
    due_today: int = 0
    overdue: int = 0
    mine: int = 0
    my_roles: int = 0
    waiting_on_patient: int = 0
    waiting_on_payer: int = 0
    done_today: int = 0
    everything: int = 0
    snoozed: int = 0


class ItemResult(Row):
    """What became of one item of many."""

    task_id: str
    outcome: BulkOutcome
    reasons: tuple[Reason, ...] = ()


class SavedFilter(Row):
    """A filter somebody keeps under a name. `shared_with`: a clinic, None for nobody else."""

    filter_id: int
    owner: str
    name: str
    query: str
    shared_with: str | None = None


class Absence(Row):
    """Somebody is away; `delegate` sees their tasks meanwhile. `clinics`: where; None for all."""

    absence_id: int
    person: str
    delegate: str
    from_at: datetime
    until_at: datetime
    told_by: str
    clinics: tuple[str, ...] | None = None


class HandlingRefused(Refused):
    """An act that was refused, with how the task is handled now and what was done meanwhile."""

    def __init__(
        self, reasons: tuple[Reason, ...], handling: Handling, since: tuple[ActLine, ...]
    ) -> None:
        self.handling = handling
        self.since = since
        super().__init__(*reasons)
