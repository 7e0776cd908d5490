"""Never alone: who stays with the patient while the dose is given, renewed, handed over without a
gap; a lapse pages the charge nurse at once and climbs until somebody answers.
"""

from datetime import datetime

from clinical.attendance import next_page_at, presence_until, whom_to_page
from clinical.discharge import CLINICIANS
from schemas.base import Actor, Command, Reason, Role
from schemas.event import EventKind
from schemas.infusion import AssignAttendant, HandOver, RenewPresence, SessionPhase, TakeOver
from workflows.session_state import OPEN, UNDER_DOSE
from workflows.supervision import Reasons, Supervision

ON_THE_DAY = OPEN - {SessionPhase.BOOKED}


def assigned_at_check_in(day: Supervision, observer: str | None) -> None:
    """The observer named at check-in stays with the patient from the first drop on."""
    if observer is not None and day.state.attendant is None:
        day.state.attendant = Actor(id=observer, role=Role.NURSE)


def observer_changed(day: Supervision, before: str | None, observer: str | None) -> None:
    """Another observer was named before the dose: they stay, unless somebody was sent since."""
    attendant = day.state.attendant
    if attendant is not None and attendant.id == before and observer != before:
        day.state.attendant = None
    assigned_at_check_in(day, observer)


def judge_assign(day: Supervision, command: AssignAttendant) -> Reasons:
    """Any clinician, while the day lasts."""
    wrong = day.only_in(ON_THE_DAY, "not_checked_in")
    if wrong or command.attendant.role in CLINICIANS:
        return wrong
    return (Reason(code="attendant_role", text="a clinician stays with the patient"),)


def assign_attendant(day: Supervision, command: AssignAttendant) -> None:
    """Somebody is sent to the chair; present from when they say so themselves."""
    day.state.attendant = command.attendant
    day.state.handing_over_to = None
    day.note(
        EventKind.ATTENDANT_ASSIGNED,
        command,
        {"attendant": command.attendant.model_dump(mode="json")},
    )
    seen(day, command)


def judge_presence(day: Supervision, command: RenewPresence) -> Reasons:
    """Only the attendant's own word counts."""
    return day.only_in(ON_THE_DAY, "not_checked_in") or _is_attendant(day, command)


def renew_presence(_day: Supervision, _command: RenewPresence) -> None:
    """The attendant is there; `seen` has taken it down."""


def judge_hand_over(day: Supervision, command: HandOver) -> Reasons:
    """From the attendant, to another clinician."""
    wrong = day.only_in(ON_THE_DAY, "not_checked_in") or _is_attendant(day, command)
    if wrong:
        return wrong
    if command.to.id == command.actor.id:
        return (Reason(code="same_person", text="hand over to somebody else"),)
    if command.to.role not in CLINICIANS:
        return (Reason(code="attendant_role", text="a clinician stays with the patient"),)
    return ()


def hand_over(day: Supervision, command: HandOver) -> None:
    """Asked for; the attendant stays responsible until the other is there."""
    day.state.handing_over_to = command.to
    day.note(EventKind.HANDOVER_ASKED, command, {"to": command.to.id})


def judge_take_over(day: Supervision, command: TakeOver) -> Reasons:
    """Only whoever was asked takes over."""
    asked = day.state.handing_over_to
    if asked is None or asked.id != command.actor.id:
        return (Reason(code="not_handed_over", text="nobody hands this patient over to you"),)
    return day.only_in(ON_THE_DAY, "not_checked_in")


def take_over(day: Supervision, command: TakeOver) -> None:
    """From now on the other is responsible: no minute lies between the two."""
    before = day.state.attendant
    day.state.attendant = command.actor
    day.state.handing_over_to = None
    day.note(EventKind.HANDED_OVER, command, {"from": before.id if before else None})
    seen(day, command)


def seen(day: Supervision, command: Command) -> None:
    """Whatever the attendant does at the chair shows that they are there."""
    state = day.state
    if state.attendant is None or command.actor.id != state.attendant.id:
        return
    if state.presence_paged or isinstance(command, RenewPresence):
        day.note(EventKind.PRESENCE_RENEWED, command, {"paged": state.presence_paged})
    state.attendant_seen_at = day.clock.now()
    state.presence_paged, state.presence_paged_at = 0, None


def lapses_at(day: Supervision) -> datetime | None:
    """Until when the attendant's word holds; None while nobody is being dosed."""
    state = day.state
    if state.phase not in UNDER_DOSE or state.dosed_at is None:
        return None
    since = max(state.dosed_at, state.attendant_seen_at or state.dosed_at)
    return presence_until(since, day.parameters)


def page_at(day: Supervision) -> datetime | None:
    """When somebody is paged because nobody is known to be with the patient."""
    first = lapses_at(day)
    return first and next_page_at(first, day.state.presence_paged_at, day.parameters)


def look(day: Supervision) -> None:
    """Page the charge nurse at once, then the next on the ladder, until the attendant answers."""
    state, now = day.state, day.clock.now()
    due = page_at(day)
    if due is None or now < due:
        return
    role = whom_to_page(state.presence_paged)
    state.presence_paged += 1
    state.presence_paged_at = now
    day.note(EventKind.PRESENCE_LAPSED, None, {"paged": role.value})
    occurrence = f"presence-{due.isoformat(timespec='seconds')}"
    day.alert(role, "presence_lapsed", occurrence)


def _is_attendant(day: Supervision, command: Command) -> Reasons:
    attendant = day.state.attendant
    if attendant is not None and attendant.id == command.actor.id:
        return ()
    return (Reason(code="not_the_attendant", text="only the attendant can say so"),)
