"""Monitoring forms and adverse events as they stand, told from their facts on record."""

from collections.abc import Iterable
from datetime import datetime

from schemas.adverse_event import AdverseEvent
from schemas.event import EventKind
from schemas.safety_program import MonitoringForm
from service.rows import EventRow, Row

FORM_FACTS = (
    EventKind.MONITORING_FORM_ASSEMBLED.value,
    EventKind.MONITORING_FORM_AMENDED.value,
    EventKind.MONITORING_FORM_SUBMITTED.value,
)
EVENT_FACTS = (
    EventKind.ADVERSE_EVENT_OPENED.value,
    EventKind.ADVERSE_EVENT_AMENDED.value,
    EventKind.ADVERSE_EVENT_SIGNED_OFF.value,
)


class MonitoringFormRow(Row):
    """One session's form in its last revision. `submitted_at` None: still owed until `due_at`.
    `replaced`: digests of earlier revisions, oldest first."""

    session_id: str
    revision: int
    digest: str
    due_at: datetime
    form: MonitoringForm
    replaced: tuple[str, ...] = ()
    submitted_at: datetime | None = None
    submitted_by: str | None = None
    how: str | None = None
    receipt: str | None = None
    late: bool = False


class AdverseEventRow(Row):
    """One adverse event that waits for reports. `version`: 1, and one more for each amendment;
    every version is on the timeline."""

    event_id: str
    version: int
    session_id: str | None = None
    known_at: datetime
    event: AdverseEvent


def monitoring_forms_of(facts: Iterable[EventRow]) -> tuple[MonitoringFormRow, ...]:
    """The forms that these facts, oldest first, tell of."""
    forms: dict[str, MonitoringFormRow] = {}
    for fact in facts:
        session_id = str(fact.data["session_id"])
        before = forms.get(session_id)
        if fact.kind != EventKind.MONITORING_FORM_SUBMITTED.value:
            replaced = (*before.replaced, before.digest) if before else ()
            forms[session_id] = MonitoringFormRow.model_validate(
                {**fact.data, "replaced": replaced}
            )
        elif before is not None:
            forms[session_id] = MonitoringFormRow.model_validate(
                {**before.model_dump(), **fact.data, "submitted_by": fact.actor_id}
            )
    return tuple(forms.values())


def open_events_of(facts: Iterable[EventRow]) -> tuple[AdverseEventRow, ...]:
    """The events that these facts, oldest first, leave open: what asks nobody never was."""
    events: dict[str, AdverseEventRow] = {}
    for fact in facts:
        event_id = str(fact.data["event_id"])
        if fact.kind == EventKind.ADVERSE_EVENT_SIGNED_OFF.value:
            events.pop(event_id, None)
        elif fact.data.get("deadlines") or event_id in events:
            events[event_id] = AdverseEventRow.model_validate(fact.data)
    return tuple(events.values())
