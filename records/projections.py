"""What the worklists show, derived from the facts one by one: journeys, tasks, sessions, scores.

Each kind of fact has one small function from the fact to the statements that show it. They only
translate: a rebuild from the first fact on gives the same rows. Facts of kinds that no list shows
(or that a newer release writes) have no function, and that is fine.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import structlog
from pydantic import JsonValue, ValidationError

from schemas.approval import Task, TaskStatus, Vote
from schemas.base import Carried, Instant, Role
from schemas.event import EventKind
from schemas.infusion import SessionPhase, SessionResult
from schemas.people import Person
from schemas.reevaluation import Score

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Line:
    """One fact on record, with whose it is."""

    workflow_id: str
    journey_id: str
    clinic: str
    sequence: int
    kind: str
    at: datetime
    data: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Change:
    """One statement by name, with its arguments."""

    query: str
    arguments: tuple[object, ...]


def changes(line: Line) -> tuple[Change, ...]:
    """What one fact changes in the lists.

    A fact whose content is not as expected changes nothing and is logged: the fact itself is on
    record, the lists can be rebuilt, and a journey must never stand still for a list.
    """
    project = PROJECTIONS.get(line.kind)
    try:
        shown = tuple(project(line)) if project is not None else ()
        return shown + tuple(_session_progress(line))
    except (ValidationError, KeyError, TypeError) as error:
        # Somebody may not see a task for it: the loudest word there is.
        log.critical(
            "projection_skipped",
            workflow_id=line.workflow_id,
            sequence=line.sequence,
            kind=line.kind,
            error=type(error).__name__,
        )
        return ()


class _Begun(Carried):
    training: bool = False
    protocol_version: str = ""


class _TaskMove(Carried):
    """What reminders, escalations, votes and ends say of a task."""

    task_id: str
    next_at: Instant | None = None
    owed_to: Role | None = None
    escalated: int | None = None
    version: int | None = None
    status: TaskStatus = TaskStatus.DONE
    vote: Vote | None = None


class _SessionNote(Carried):
    """What one fact says of a session; None where it says nothing."""

    modality: str | None = None
    number: int | None = None
    attempt: int | None = None
    scheduled_at: Instant | None = None
    phase: SessionPhase | None = None
    outcome: str | None = None
    ordered_mg: float | None = None
    drawn_mg: float | None = None
    delivered_mg: float | None = None
    weight_kg: float | None = None
    lot: str | None = None
    checked_in_at: Instant | None = None
    dosed_at: Instant | None = None
    last_reading_at: Instant | None = None
    last_vitals: dict[str, JsonValue] | None = None
    ended_at: Instant | None = None
    lost_at: Instant | None = None
    result: dict[str, JsonValue] | None = None


def _journey_started(line: Line) -> Iterable[Change]:
    begun = _Begun.model_validate(line.data)
    name, birth_date = _patient(line.data)
    yield Change(
        "begin_journey",
        (
            line.journey_id,
            line.clinic,
            begun.training,
            begun.protocol_version,
            line.at,
            name,
            birth_date,
        ),
    )


def _referral_completed(line: Line) -> Iterable[Change]:
    name, birth_date = _patient(line.data)
    if name is not None:
        yield Change("name_patient", (line.journey_id, name, birth_date))


def _phase_entered(line: Line) -> Iterable[Change]:
    yield Change("enter_phase", (line.journey_id, str(line.data["phase"]), line.at, line.sequence))


def _journey_closed(line: Line) -> Iterable[Change]:
    yield Change("close_journey", (line.journey_id,))


def _task_opened(line: Line) -> Iterable[Change]:
    task = Task.model_validate(line.data)
    content = task.model_dump(mode="json")
    yield Change(
        "open_task", (line.workflow_id, line.journey_id, line.clinic, content, task.is_approval)
    )


def _task_reminded(line: Line) -> Iterable[Change]:
    move = _TaskMove.model_validate(line.data)
    yield Change("remind_task", (move.task_id, move.next_at))


def _task_escalated(line: Line) -> Iterable[Change]:
    move = _TaskMove.model_validate(line.data)
    if move.owed_to is not None:
        yield Change("escalate_task", (move.task_id, move.owed_to, move.next_at, move.escalated))


def _task_voted(line: Line) -> Iterable[Change]:
    move = _TaskMove.model_validate(line.data)
    if move.vote is not None:
        vote = move.vote.model_dump(mode="json")
        yield Change("vote_on_task", (move.task_id, vote, move.version))


def _task_closed(line: Line) -> Iterable[Change]:
    move = _TaskMove.model_validate(line.data)
    yield Change("close_task", (move.task_id, move.status, move.version, line.at))


def _session_booked(line: Line) -> Iterable[Change]:
    note = _SessionNote.model_validate({**line.data, "phase": None, "result": None})
    yield _about_session(line, str(line.data["session_id"]), note)


def _session_closed(line: Line) -> Iterable[Change]:
    result = SessionResult.model_validate(line.data)
    yield _about_session(line, result.session_id, _ending(result))


def _session_lost(line: Line) -> Iterable[Change]:
    session_id = str(line.data["session_id"])
    yield _about_session(line, session_id, _SessionNote(lost_at=line.at))


def _checked_in(line: Line) -> Iterable[Change]:
    yield _about_session(line, line.workflow_id, _SessionNote(checked_in_at=line.at))


def _dose_ordered(line: Line) -> Iterable[Change]:
    said = {"ordered_mg": line.data.get("dose_mg"), "weight_kg": line.data.get("weight_kg")}
    yield _about_session(line, line.workflow_id, _SessionNote.model_validate(said))


def _dosing_started(line: Line) -> Iterable[Change]:
    note = _SessionNote.model_validate(
        {
            "dosed_at": line.at,
            "lot": _lot(line.data.get("lot")),
            "drawn_mg": line.data.get("drawn_mg"),
        }
    )
    yield _about_session(line, line.workflow_id, note)


def _dose_logged(line: Line) -> Iterable[Change]:
    said = {
        "lot": _lot(line.data.get("lot")),
        "drawn_mg": line.data.get("drawn_mg"),
        "ordered_mg": line.data.get("ordered_mg"),
    }
    yield _about_session(line, line.workflow_id, _SessionNote.model_validate(said))


def _vitals_recorded(line: Line) -> Iterable[Change]:
    said = {"last_vitals": line.data.get("vitals"), "last_reading_at": line.at}
    yield _about_session(line, line.workflow_id, _SessionNote.model_validate(said))


def _dosing_over(line: Line) -> Iterable[Change]:
    said = {"delivered_mg": line.data.get("delivered_mg"), "outcome": line.data.get("outcome")}
    yield _about_session(line, line.workflow_id, _SessionNote.model_validate(said))


def _session_progress(line: Line) -> Iterable[Change]:
    """Every fact of a session says where it stands; its last one carries the result."""
    if line.workflow_id == line.journey_id:
        return
    result = line.data.get("result")
    if isinstance(result, dict):
        yield _about_session(line, line.workflow_id, _ending(SessionResult.model_validate(result)))
    elif (phase := line.data.get("session_phase")) is not None:
        note = _SessionNote.model_validate({"phase": phase})
        yield _about_session(line, line.workflow_id, note)


def _scores_recorded(line: Line) -> Iterable[Change]:
    scores = line.data["scores"]
    if not isinstance(scores, list):
        raise TypeError
    for ordinal, content in enumerate(scores):
        score = Score.model_validate(content)
        yield Change(
            "add_assessment",
            (
                line.workflow_id,
                line.sequence,
                ordinal,
                line.journey_id,
                line.clinic,
                score.instrument,
                score.total,
                score.suicidality,
                score.taken_at,
            ),
        )


def _protocol_changed(line: Line) -> Iterable[Change]:
    version = line.data.get("to")
    if isinstance(version, str):
        yield Change("pin_protocol", (line.journey_id, version, line.sequence))


def _about_session(line: Line, session_id: str, note: _SessionNote) -> Change:
    content = note.model_dump(mode="json", exclude_none=True)
    return Change("note_session", (session_id, line.journey_id, line.clinic, content))


def _ending(result: SessionResult) -> _SessionNote:
    content = result.model_dump(mode="json")
    # The scales of a treatment day that never dosed stay empty, not zero.
    return _SessionNote.model_validate({**content, "result": content})


def _lot(value: JsonValue) -> JsonValue:
    return value.get("lot") if isinstance(value, dict) else value


def _patient(data: Mapping[str, JsonValue]) -> tuple[str | None, date | None]:
    """Name and birth date of the person treated, from a referral or from what completed it."""
    referral = data.get("referral")
    held: Any = referral if isinstance(referral, dict) else data
    if held.get("patient") is None:
        return None, None
    person = Person.model_validate(held["patient"])
    return f"{person.given_name} {person.family_name}", person.birth_date


PROJECTIONS: Mapping[str, Callable[[Line], Iterable[Change]]] = {
    EventKind.JOURNEY_STARTED: _journey_started,
    EventKind.REFERRAL_COMPLETED: _referral_completed,
    EventKind.PHASE_ENTERED: _phase_entered,
    EventKind.JOURNEY_CLOSED: _journey_closed,
    EventKind.PROTOCOL_CHANGED: _protocol_changed,
    EventKind.TASK_OPENED: _task_opened,
    EventKind.TASK_REMINDED: _task_reminded,
    EventKind.TASK_ESCALATED: _task_escalated,
    EventKind.TASK_VOTED: _task_voted,
    EventKind.TASK_CLOSED: _task_closed,
    EventKind.SESSION_BOOKED: _session_booked,
    EventKind.SESSION_CLOSED: _session_closed,
    EventKind.SESSION_LOST: _session_lost,
    EventKind.CHECKED_IN: _checked_in,
    EventKind.DOSE_ORDERED: _dose_ordered,
    EventKind.DOSE_LOGGED: _dose_logged,
    EventKind.DOSING_STARTED: _dosing_started,
    EventKind.VITALS_RECORDED: _vitals_recorded,
    EventKind.VITALS_BREACHED: _vitals_recorded,
    EventKind.DOSING_ENDED: _dosing_over,
    EventKind.DOSING_STOPPED: _dosing_over,
    EventKind.SCORES_RECORDED: _scores_recorded,
}
"""What each kind of fact shows in the lists."""
