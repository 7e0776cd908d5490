"""What the worklists show of a treatment day, told by its own workflow and by its journey's."""

from collections.abc import Callable, Iterable, Mapping

from pydantic import JsonValue

from records.lines import Change, Line
from schemas.base import Carried, Instant
from schemas.event import EventKind
from schemas.infusion import SessionPhase, SessionResult


def progress(line: Line) -> Iterable[Change]:
    """Every fact of a session says where it stands; its last one carries the result."""
    if line.workflow_id == line.journey_id:
        return
    result = line.data.get("result")
    if isinstance(result, dict):
        yield _about_session(line, line.workflow_id, _ending(SessionResult.model_validate(result)))
    elif (phase := line.data.get("session_phase")) is not None:
        note = _SessionNote.model_validate({"phase": phase})
        yield _about_session(line, line.workflow_id, note)


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


def _about_session(line: Line, session_id: str, note: _SessionNote) -> Change:
    content = note.model_dump(mode="json", exclude_none=True)
    return Change("note_session", (session_id, line.journey_id, line.clinic, content))


def _ending(result: SessionResult) -> _SessionNote:
    content = result.model_dump(mode="json")
    # `phase`, `outcome` and the doses stand in columns of their own; the whole is kept beside them.
    return _SessionNote.model_validate({**content, "result": content})


def _lot(value: JsonValue) -> JsonValue:
    return value.get("lot") if isinstance(value, dict) else value


SESSION_PROJECTIONS: Mapping[str, Callable[[Line], Iterable[Change]]] = {
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
}
"""What each kind of fact shows of a session."""
