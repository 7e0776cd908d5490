"""What the worklists show, derived from the facts one by one: journeys, tasks, scores, stock.

Each kind of fact has one small function from the fact to the statements that show it. They only
translate: a rebuild from the first fact on gives the same rows. Facts of kinds that no list shows
(or that a newer release writes) have no function, and that is fine.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import structlog
from pydantic import JsonValue, ValidationError

from records.lines import Change, Line
from records.session_projections import SESSION_PROJECTIONS, progress
from records.stock_projections import STOCK_PROJECTIONS
from schemas.approval import Task, TaskStatus, Vote
from schemas.base import Carried, Instant, Role
from schemas.event import EventKind
from schemas.people import Person
from schemas.reevaluation import Score

log = structlog.get_logger()


def changes(line: Line) -> tuple[Change, ...]:
    """What one fact changes in the lists.

    A fact whose content is not as expected changes nothing and is logged: the fact itself is on
    record, the lists can be rebuilt, and a journey must never stand still for a list.
    """
    shown = _told(line, lambda: (*_of(PROJECTIONS, line), *progress(line)))
    # Apart from the lists: neither may keep the other from being written.
    return shown + _told(line, lambda: _of(STOCK_PROJECTIONS, line))


def _told(line: Line, project: Callable[[], Iterable[Change]]) -> tuple[Change, ...]:
    try:
        return tuple(project())
    except (ValidationError, KeyError, TypeError, ValueError) as error:
        # Somebody may not see a task for it: the loudest word there is.
        log.critical(
            "projection_skipped",
            workflow_id=line.workflow_id,
            sequence=line.sequence,
            kind=line.kind,
            error=type(error).__name__,
        )
        return ()


def _of(table: Mapping[str, Callable[[Line], Iterable[Change]]], line: Line) -> Iterable[Change]:
    project = table.get(line.kind)
    return project(line) if project is not None else ()


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
    yield Change("end_journey", (line.journey_id,))
    yield Change("give_up_course", (line.journey_id,))


def _transferred_out(line: Line) -> Iterable[Change]:
    to_clinic = line.data.get("to_clinic")
    if isinstance(to_clinic, str):
        yield Change("note_transfer", (line.journey_id, to_clinic))


def _people_told_apart(line: Line) -> Iterable[Change]:
    return _settled(line, different=True)


def _people_linked(line: Line) -> Iterable[Change]:
    return _settled(line, different=False)


def _settled(line: Line, *, different: bool) -> Iterable[Change]:
    """What a person said of this journey and others, pair by pair."""
    others = line.data["journeys"]
    if not isinstance(others, list):
        raise TypeError
    for other in others:
        yield Change("settle_identity", (line.journey_id, str(other), different, line.at))


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


def _evaluation_recorded(line: Line) -> Iterable[Change]:
    """The scores of the evaluation are the first ones; an older release did not say them."""
    return _scores_recorded(line) if "scores" in line.data else ()


def _protocol_changed(line: Line) -> Iterable[Change]:
    version = line.data.get("to")
    if isinstance(version, str):
        yield Change("pin_protocol", (line.journey_id, version, line.sequence))


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
    EventKind.TRANSFERRED_OUT: _transferred_out,
    EventKind.PEOPLE_TOLD_APART: _people_told_apart,
    EventKind.PEOPLE_LINKED: _people_linked,
    EventKind.PROTOCOL_CHANGED: _protocol_changed,
    EventKind.TASK_OPENED: _task_opened,
    EventKind.TASK_REMINDED: _task_reminded,
    EventKind.TASK_ESCALATED: _task_escalated,
    EventKind.TASK_VOTED: _task_voted,
    EventKind.TASK_CLOSED: _task_closed,
    EventKind.SCORES_RECORDED: _scores_recorded,
    EventKind.EVALUATION_RECORDED: _evaluation_recorded,
    **SESSION_PROJECTIONS,
}
"""What each kind of fact shows in the lists."""
