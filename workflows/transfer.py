"""A patient goes on elsewhere, or comes from elsewhere: what is carried, with its source.

Clinical fact sheet, edge case 37. Who comes begins at the beginning: triage, evaluation,
screening, consent and clearance are this clinic's own, and nothing is dosed before them.
"""

from pydantic import JsonValue

from clinical.course import infusions_given
from schemas.approval import ApprovalKind
from schemas.base import Reason
from schemas.event import EventKind
from schemas.infusion import SessionPhase, SessionResult
from schemas.journey import Event, JourneyState
from schemas.reevaluation import Course
from schemas.referral import Referral
from schemas.transfer import MOST_COUNTED, CarriedDose, TransferOut
from workflows.story import Story

HANDOVER = "transfer-handover"
OUTCOME = "transferred"


def judge_transfer(story: Story, command: TransferOut) -> tuple[Reason, ...]:
    """Why the patient cannot be transferred now; empty when they can."""
    if story.state.close_outcome is not None:
        return (Reason(code="already_closing", text="this journey is already being closed"),)
    if not command.to_clinic and not command.to_name:
        return (Reason(code="destination_missing", text="say which clinic goes on"),)
    if command.to_clinic == story.state.clinic.code:
        return (Reason(code="same_clinic", text="the patient is at this clinic already"),)
    return ()


def transfer_out(story: Story, command: TransferOut) -> None:
    """No more sessions here. The journey closes when what is owed to safety is done and somebody
    has seen the record off; the course is the other clinic's as soon as it treats."""
    state = story.state
    state.close_outcome = OUTCOME
    course, done = _course_so_far(state)
    data: dict[str, JsonValue] = {
        "to_clinic": command.to_clinic,
        "to_name": command.to_name,
        "reason": command.reason,
        "course": course,
        "series_done": done,
    }
    story.recorder.note(EventKind.TRANSFERRED_OUT, data, by=command)
    story.tasks.open(
        ApprovalKind.TRANSFER_HANDOVER,
        HANDOVER,
        "Send doses, responses, consents and events to the clinic that goes on",
        evidence={"to": command.to_clinic or "another clinic", "reason": command.reason},
    )
    story.interrupt(Event.CLOSE_REQUESTED)


def receive_history(story: Story) -> None:
    """What was given elsewhere counts on, flagged with who says so. Nothing of it lets anybody be
    dosed here: no consent, no clearance, no enrolment comes along."""
    state, history = story.state, story.state.referral.transfer
    if history is None:
        return
    state.referral = without_history(state.referral)
    if state.carried is not None:
        return
    # Doses and scores live on in the state they belong to; the whole of it is on record.
    state.carried = history.model_copy(update={"doses": (), "baseline": (), "scores": ()})
    state.sessions = [_as_session(dose, history.source) for dose in history.doses]
    state.baseline, state.scores = list(history.baseline), list(history.scores)
    for dose in history.doses:
        state.booked[dose.modality] = max(state.booked.get(dose.modality, 0), dose.number)
    story.recorder.note(EventKind.HISTORY_CARRIED, history.model_dump(mode="json"))


def without_history(referral: Referral) -> Referral:
    """The referral as a journey keeps and compares it: what came along is kept elsewhere."""
    return referral.model_copy(update={"transfer": None})


def transferred_from(state: JourneyState) -> str | None:
    """The journey in this deployment that this one continues."""
    return state.carried.from_journey if state.carried else None


def _course_so_far(state: JourneyState) -> tuple[str | None, int]:
    """(course, infusions that count to an acute series that is not finished) as the clinic that
    goes on is told. Before the first dose and decision here it is what the clinic before told."""
    series, carried = state.series, state.carried
    treated_here = any(s.counts and not s.source for s in state.sessions)
    if carried is not None and state.course is None and not treated_here:
        return carried.course, carried.series_done
    if series is None:
        return (state.course.value if state.course else None), 0
    if series.course != "induction":
        return series.course, 0
    # An extension counts its own infusions only: the series is all of them.
    extended = state.course is Course.EXTEND
    done = len(infusions_given(state)) if extended else series.done
    return series.course, min(done, MOST_COUNTED)


def _as_session(dose: CarriedDose, source: str) -> SessionResult:
    return SessionResult(
        session_id=f"elsewhere-{dose.modality.value}-{dose.number}",
        source=dose.source or source,
        phase=SessionPhase.DISCHARGED,
        scheduled_at=dose.dosed_at,
        ended_at=dose.dosed_at,
        **dose.model_dump(exclude={"source"}),
    )
