"""A fact of the record in words: what it says and why, for people who read a timeline.

Nothing is shown of a fact but what is named here: a kind that nobody gave words to says its name
alone, and what a person wrote as the reason.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from pydantic import JsonValue

from schemas.event import EventKind
from schemas.reevaluation import Instrument
from service.rows import EventRow

Data = Mapping[str, JsonValue]
A_CODE: Final = re.compile(r"^[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*$")
SCALE_NAMES: Final[Mapping[str, str]] = {
    Instrument.PHQ9.value: "PHQ-9",
    Instrument.MADRS.value: "MADRS",
    Instrument.QIDS_SR16.value: "QIDS-SR16",
    Instrument.GAD7.value: "GAD-7",
    Instrument.C_SSRS.value: "C-SSRS",
}
SAFETY_FACTS: Final = frozenset(
    kind.value
    for kind in (
        *(EventKind.SUICIDE_RISK_TOLD, EventKind.SUICIDE_RISK_RAISED, EventKind.RISK_PAGED),
        EventKind.RISK_ACKNOWLEDGED,
        *(EventKind.VITALS_BREACHED, EventKind.VITALS_MISSED, EventKind.DOSING_PAUSED),
        *(EventKind.DOSING_RESUMED, EventKind.DOSING_STOPPED, EventKind.ORDER_GIVEN),
        *(EventKind.ORDER_UNANSWERED, EventKind.ORDER_ACKNOWLEDGED, EventKind.RECORD_AWAY),
        *(EventKind.ADVERSE_EVENT_REPORTED, EventKind.ADVERSE_EVENT_OPENED),
        *(EventKind.ADVERSE_EVENT_AMENDED, EventKind.ADVERSE_EVENT_SIGNED_OFF),
        *(EventKind.HOLD_ENTERED, EventKind.HOLD_CHANGED, EventKind.HOLD_LEFT),
        *(EventKind.PRESENCE_LAPSED, EventKind.PRESCRIBER_LEFT, EventKind.FOLLOW_UP_TAKEN_OVER),
        *(EventKind.CONTACT_MADE, EventKind.CONTACT_ATTEMPTED, EventKind.CONTACT_SUPPRESSED),
        *(EventKind.DEVIATION_LOGGED, EventKind.CONSENT_WITHDRAWN, EventKind.JOURNAL_SILENT),
        *(EventKind.TASK_ESCALATED, EventKind.SESSION_LOST, EventKind.LOT_RECALLED),
    )
)
"""Facts that a search for safety shows."""


class Form(StrEnum):
    """How a word is to be shown: a code in the reader's language, what somebody wrote, what the
    engine says in English, or a moment."""

    CODE = "code"
    TEXT = "text"
    ENGLISH = "english"
    MOMENT = "moment"


class Word(NamedTuple):
    """One part of what a fact says."""

    form: Form
    text: str
    at: datetime | None = None


class FactTold(NamedTuple):
    """One fact as a timeline shows it. `machine`: no person did it."""

    event: EventRow
    what: tuple[Word, ...]
    why: tuple[Word, ...]
    machine: bool
    safety: bool


def tell(event: EventRow) -> FactTold:
    """A fact in words, whatever release wrote it."""
    words = WHAT.get(event.kind)
    return FactTold(
        event=event,
        what=tuple(word for word in words(event.data) if word.text) if words else (),
        why=tuple(_why(event.data)),
        machine=event.actor_role == "system",
        safety=event.kind in SAFETY_FACTS,
    )


def _why(data: Data) -> Iterable[Word]:
    """The reasons of a fact, a person's own first."""
    seen: set[str] = set()
    for word in (*_own_reasons(data), *_listed(data.get("reasons")), *_judged(data)):
        if word.text and word.text not in seen:
            seen.add(word.text)
            yield word


def _own_reasons(data: Data) -> Iterable[Word]:
    vote, event = _inside(data, "vote"), _inside(data, "event")
    for text in (
        *(_text(vote, "reason"), _text(event, "description")),
        *(_text(data, name) for name in ("reason", "declined_reason", "override_reason", "why")),
        *(_text(data, "note"), _text(data, "because"), _text(data, "observer_change")),
    ):
        yield code_or_text(text)


def _judged(data: Data) -> Iterable[Word]:
    return _listed(_inside(data, "decision").get("reasons"))


def _listed(reasons: JsonValue) -> Iterable[Word]:
    """Reasons as the engine lists them: with their words, or codes alone."""
    for reason in reasons if isinstance(reasons, list) else ():
        if isinstance(reason, dict):
            yield Word(Form.ENGLISH, _text(reason, "text"))
        elif isinstance(reason, str):
            yield code_or_text(reason)


def code_or_text(text: str) -> Word:
    """`bp_high` is a code; a sentence, or one word that somebody wrote, is theirs."""
    is_code = "_" in text and A_CODE.match(text) is not None
    return Word(Form.CODE if is_code else Form.TEXT, text)


def _codes(*names: str) -> Callable[[Data], Iterable[Word]]:
    return lambda data: (Word(Form.CODE, _text(data, name)) for name in names)


def _task_opened(data: Data) -> Iterable[Word]:
    yield Word(Form.ENGLISH, _text(data, "title"))


def _task_voted(data: Data) -> Iterable[Word]:
    vote = _inside(data, "vote")
    yield from _codes("kind")(data)
    yield from _codes("decision", "choice")(vote)


def _scores(data: Data) -> Iterable[Word]:
    scores = data.get("scores")
    for score in scores if isinstance(scores, list) else ():
        if isinstance(score, dict) and isinstance(total := score.get("total"), int | float):
            name = _text(score, "instrument")
            yield Word(Form.TEXT, f"{SCALE_NAMES.get(name, name)} {total:g}")


def _session_booked(data: Data) -> Iterable[Word]:
    yield from _codes("modality")(data)
    yield Word(Form.TEXT, _number(data, "number", "{:g}"))
    yield _moment(data, "scheduled_at")


def _vitals(data: Data) -> Iterable[Word]:
    vitals, decision = _inside(data, "vitals"), _inside(data, "decision")
    systolic, diastolic = vitals.get("systolic_mmhg"), vitals.get("diastolic_mmhg")
    if isinstance(systolic, int) and isinstance(diastolic, int):
        yield Word(Form.TEXT, f"{systolic}/{diastolic} mmHg")
    yield Word(Form.TEXT, _number(vitals, "heart_rate_bpm", "{:g}/min"))
    yield Word(Form.TEXT, _number(vitals, "spo2_percent", "SpO2 {:g} %"))
    yield from _codes("action")(decision)


def _mg(*names: str) -> Callable[[Data], Iterable[Word]]:
    return lambda data: (Word(Form.TEXT, _number(data, name, "{:g} mg")) for name in names)


def _hold(data: Data) -> Iterable[Word]:
    yield from _codes("reason_code", "owner")(data)
    if (review := _moment(data, "review_at")).text:
        yield Word(Form.CODE, "review_on")
        yield review


def _adverse_event(data: Data) -> Iterable[Word]:
    event = _inside(data, "event") or data
    yield from _codes("code")(event)
    yield Word(Form.TEXT, _number(event, "grade", "CTCAE {:g}"))
    if event.get("serious") is True:
        yield Word(Form.CODE, "serious")


def _consent(data: Data) -> Iterable[Word]:
    form = _inside(data, "form")
    yield from _codes("modality")(form)
    yield Word(Form.TEXT, _text(form, "document_version"))
    if (until := _moment(data, "valid_until")).text:
        yield Word(Form.CODE, "valid_until")
        yield until


def _proposal(data: Data) -> Iterable[Word]:
    yield from _codes("course")(data)
    yield Word(Form.TEXT, _number(data, "row", "7.3 #{:g}"))


def _inside(data: Data, name: str) -> Data:
    held = data.get(name)
    return held if isinstance(held, dict) else {}


def _text(data: Data, name: str) -> str:
    held = data.get(name)
    return held.strip() if isinstance(held, str) else ""


def _number(data: Data, name: str, shown: str) -> str:
    held = data.get(name)
    is_number = isinstance(held, int | float) and not isinstance(held, bool)
    return shown.format(held) if is_number else ""


def _moment(data: Data, name: str) -> Word:
    try:
        at = datetime.fromisoformat(_text(data, name))
    except ValueError:
        return Word(Form.MOMENT, "")
    return Word(Form.MOMENT, at.isoformat(), at) if at.tzinfo else Word(Form.MOMENT, "")


WHAT: Final[Mapping[str, Callable[[Data], Iterable[Word]]]] = {
    EventKind.PHASE_ENTERED: _codes("phase"),
    EventKind.JOURNEY_CLOSED: _codes("outcome"),
    EventKind.CLOSE_REQUESTED: _codes("outcome"),
    EventKind.TASK_OPENED: _task_opened,
    EventKind.TASK_REMINDED: _codes("kind", "owed_to"),
    EventKind.TASK_ESCALATED: _codes("kind", "owed_to"),
    EventKind.TASK_VOTED: _task_voted,
    EventKind.TASK_CLOSED: _codes("kind", "status"),
    EventKind.SCORES_RECORDED: _scores,
    EventKind.EVALUATION_RECORDED: _scores,
    EventKind.SESSION_BOOKED: _session_booked,
    EventKind.SESSION_CLOSED: _codes("modality", "phase", "outcome"),
    EventKind.VITALS_RECORDED: _vitals,
    EventKind.VITALS_BREACHED: _vitals,
    EventKind.DOSE_ORDERED: _mg("dose_mg"),
    EventKind.DOSE_LOGGED: _mg("drawn_mg"),
    EventKind.DOSING_STARTED: _mg("drawn_mg"),
    EventKind.DOSING_ENDED: _mg("delivered_mg"),
    EventKind.DOSING_STOPPED: _mg("delivered_mg"),
    EventKind.ORDER_GIVEN: _codes("action"),
    EventKind.HOLD_ENTERED: _hold,
    EventKind.HOLD_CHANGED: _hold,
    EventKind.ADVERSE_EVENT_REPORTED: _adverse_event,
    EventKind.ADVERSE_EVENT_OPENED: _adverse_event,
    EventKind.ADVERSE_EVENT_AMENDED: _adverse_event,
    EventKind.CONSENT_SIGNED: _consent,
    EventKind.CONSENT_EXPIRED: _codes("modality"),
    EventKind.COURSE_PROPOSED: _proposal,
    EventKind.COURSE_DECIDED: _proposal,
    EventKind.SUICIDE_RISK_TOLD: _codes("level"),
    EventKind.SUICIDE_RISK_RAISED: _codes("level"),
    EventKind.RISK_PAGED: _codes("role"),
    EventKind.CONTACT_MADE: _codes("whom", "how"),
    EventKind.CONTACT_ATTEMPTED: _codes("whom", "how"),
    EventKind.LETTER_FILED: _codes("milestone"),
    EventKind.LETTER_NOT_FILED: _codes("milestone"),
    EventKind.MESSAGE_DEAD_LETTERED: _codes("code"),
    EventKind.JOURNAL_SILENT: _codes("step"),
}
"""What each kind of fact says. Codes are codes of ours; texts are numbers with their units."""
