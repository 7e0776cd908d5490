"""The dose: logged before it starts, paused, resumed by order, stopped at once, ended."""

from clinical.dosing import judge_delivery
from clinical.vital_signs import may_resume
from schemas.base import Command, Reason
from schemas.event import EventKind
from schemas.infusion import (
    EndDosing,
    PauseDosing,
    ResumeDosing,
    SessionPhase,
    StartDosing,
    StopDosing,
)
from workflows.desk import refused
from workflows.readiness import ALREADY_STARTED
from workflows.session_state import AFTER_DOSE, ON_SITE, UNDER_DOSE
from workflows.supervision import ENVELOPE, Reasons, Supervision

CALLED_OFF = Reason(code="called_off", text="dosing was stopped before it began")


def judge_start(day: Supervision, command: StartDosing) -> Reasons:
    """Everything the gate needs, judged at this moment with the lot that is drawn from."""
    if day.state.starting or day.state.dosed_at is not None:
        return (ALREADY_STARTED,)
    wrong = day.only_in(ON_SITE, "not_checked_in")
    if wrong:
        return wrong
    missing = day.readiness(lot=command.lot, starting=True).missing
    return tuple(item.as_reason() for item in missing)


async def start_dosing(day: Supervision, command: StartDosing) -> None:
    """The dose log goes on record first; only then is the answer, and so the pump, given.

    While the log is on its way a reading, a withdrawal or the hour may forbid the dose, so
    the gate is judged again before it opens.
    """
    state = day.state
    state.starting, state.called_off = True, False
    logged = day.note(
        EventKind.DOSE_LOGGED,
        command,
        {
            **command.model_dump(mode="json", exclude=ENVELOPE),
            "ordered_mg": state.order.dose_mg if state.order else None,
            "overridden": sorted(state.overrides),
        },
    )
    await day.recorder.on_record(logged)
    state.starting = False
    reasons = (CALLED_OFF,) if state.called_off else judge_start(day, command)
    if reasons:
        _not_ready(day, command, reasons)
        raise refused(reasons)
    state.dosed_at = day.clock.now()
    day.overrides.close()
    day.go(SessionPhase.DOSING)
    day.note(EventKind.DOSING_STARTED, command, {})


def judge_pause(day: Supervision, _command: PauseDosing) -> Reasons:
    return day.only_in({SessionPhase.DOSING}, "not_dosing")


def pause_dosing(day: Supervision, command: PauseDosing) -> None:
    day.pause(command.actor, command.reason, command)


def judge_resume(day: Supervision, _command: ResumeDosing) -> Reasons:
    """Only on an order, and only on a reading since the pause that allows it."""
    wrong = day.only_in({SessionPhase.PAUSED}, "not_paused")
    return wrong or may_resume(day.state.during, day.parameters, paused_at=day.state.paused_at)


def resume_dosing(day: Supervision, command: ResumeDosing) -> None:
    day.go(SessionPhase.DOSING, began_at=day.state.phase_began_at)
    day.note(EventKind.DOSING_RESUMED, command, {"reason": command.reason})


def judge_stop(day: Supervision, _command: StopDosing) -> Reasons:
    """Always, while dosing or about to; afterwards once, to say how much was given."""
    if day.state.starting:
        return ()
    if day.state.phase in AFTER_DOSE and day.state.delivered_mg is None:
        return ()
    return day.only_in(UNDER_DOSE, "not_dosing")


def stop_dosing(day: Supervision, command: StopDosing) -> None:
    """Dosing ends for good; how much was given may follow in a second call. Before the pump
    has leave to start, it calls that start off."""
    if day.state.starting:
        day.state.called_off = True
        _not_ready(day, command, (CALLED_OFF,))
        return
    day.state.delivered_mg = command.delivered_mg
    _delivered(day)
    data = command.model_dump(mode="json", exclude=ENVELOPE)
    if day.state.phase in AFTER_DOSE:
        day.note(EventKind.DOSING_ENDED, command, data)
        return
    day.stop(command.actor, command.reason, command, data)


def judge_end(day: Supervision, _command: EndDosing) -> Reasons:
    return day.only_in(UNDER_DOSE, "not_dosing")


def end_dosing(day: Supervision, command: EndDosing) -> None:
    """Dosing ended; observation begins, and the discharge review gets its hour."""
    day.state.delivered_mg = command.delivered_mg
    _delivered(day)
    day.observe()
    day.note(EventKind.DOSING_ENDED, command, command.model_dump(mode="json", exclude=ENVELOPE))


def _not_ready(day: Supervision, command: Command, reasons: Reasons) -> None:
    """The dose log is on record by now; so must be that the dose was not given."""
    if day.state.phase in ON_SITE:
        missing = [reason.code for reason in reasons]
        day.note(EventKind.READINESS_JUDGED, command, {"ready": False, "missing": missing})


def _delivered(day: Supervision) -> None:
    state = day.state
    if state.delivered_mg is not None and state.order is not None:
        state.outcome = judge_delivery(state.order.dose_mg, state.delivered_mg, day.parameters)
