"""The dose: logged before it starts, paused, resumed by order, stopped at once, ended."""

from clinical.discharge import CLINICIANS
from clinical.dosing import judge_delivery
from clinical.vital_signs import may_resume
from schemas.base import Command, Reason, Role
from schemas.controlled_substance import Waste
from schemas.event import EventKind
from schemas.infusion import (
    AtThePump,
    EndDosing,
    PauseDosing,
    Readiness,
    ResumeDosing,
    SessionPhase,
    StartDosing,
    StopDosing,
)
from workflows import controlled_substance, prescriber
from workflows.desk import refused
from workflows.readiness import ALREADY_STARTED
from workflows.session_state import AFTER_DOSE, ON_SITE, UNDER_DOSE
from workflows.supervision import ENVELOPE, Reasons, Supervision

CALLED_OFF = Reason(code="called_off", text="dosing was stopped before it began")
RECORD_AWAY = Reason(
    code="record_away",
    text="the dose log is not on record: do not start; start again, or go on by the paper "
    "procedure with its form and two signatures",
    source="11.25",
)
RECORD_ANSWERS = Reason(
    code="record_answers",
    text="nobody has found the record away: start without paper, and be told if it is",
    source="11.25",
)
NO_LONGER_WAITED_FOR = Reason(
    code="no_longer_waited_for",
    text="whoever asked was told by now that nobody answered: look at the phase, then ask again",
)
DOWNTIME_SIGNATURE = Reason(
    code="downtime_signature", text="a second, different clinician signs the paper form"
)


def judge_start(day: Supervision, command: StartDosing) -> Reasons:
    """Everything the gate needs, judged at this moment with the lot that is drawn from."""
    if day.state.starting or day.state.dosed_at is not None:
        return (ALREADY_STARTED,)
    if not _waited_for(day, command):
        return (NO_LONGER_WAITED_FOR,)
    wrong = day.only_in(ON_SITE, "not_checked_in")
    if wrong:
        return wrong
    missing = day.readiness(lot=command.lot, starting=True).missing
    return (*_judge_downtime(day, command), *(item.as_reason() for item in missing))


async def start_dosing(day: Supervision, command: StartDosing) -> None:
    """The dose log goes on record first; only then is the answer, and so the pump, given.

    While the log is on its way a reading, a withdrawal or the hour may forbid the dose, so
    the gate is judged again before it opens. A record that does not answer in time starts
    nothing: a person is told, and may go on by the paper procedure.
    """
    state = day.state
    state.starting, state.called_off = True, False
    logged = _log_dose(day, command)
    away = command.downtime is None and not await day.recorder.on_record(logged)
    state.starting = False
    if away and not state.called_off:
        _record_away(day, command)
        raise refused((RECORD_AWAY,))
    blocked = () if command.downtime else day.recorder.lot_blocked
    reasons = (CALLED_OFF,) if state.called_off else (*blocked, *judge_start(day, command))
    if reasons:
        _not_ready(day, command, reasons)
        raise refused(reasons)
    _begin(day, command)


def _waited_for(day: Supervision, command: AtThePump) -> bool:
    """Whether somebody still stands at the pump for the answer: a command that lay at the engine
    while nobody could answer it is carried out by nobody. By the engine's own clock."""
    return command.answer_by is None or day.clock.real_now() <= command.answer_by


def _log_dose(day: Supervision, command: StartDosing) -> int:
    """What is drawn, by lot; a syringe drawn for a start that did not come is not drawn again."""
    state = day.state
    ordered_mg = state.order.dose_mg if state.order else None
    drawn_mg = command.drawn_mg or ordered_mg
    logged = day.note(
        EventKind.DOSE_LOGGED,
        command,
        {
            **command.model_dump(mode="json", exclude=ENVELOPE),
            "drawn_mg": drawn_mg,
            "ordered_mg": ordered_mg,
            "overridden": sorted(state.overrides),
            "drawn_before": state.drawn_mg is not None,
        },
    )
    state.drawn_mg = drawn_mg
    state.lot = command.lot
    return logged


def _begin(day: Supervision, command: StartDosing) -> None:
    state = day.state
    state.dosed_at, state.started_by = day.clock.now(), command.command_id
    if command.downtime is not None:
        state.downtime_form = command.downtime.form
    day.overrides.close()
    day.ask_for_missing(Readiness(ready=True))
    day.go(SessionPhase.DOSING)
    day.note(EventKind.DOSING_STARTED, command, {})


def _judge_downtime(day: Supervision, command: StartDosing) -> Reasons:
    """The paper procedure is for when the record is known to be away, and two clinicians sign it
    (11.25). Facts that are merely on their way are no reason: some always are."""
    if command.downtime is None:
        return ()
    second = command.downtime.second_signature
    if second.id == command.actor.id or second.role not in CLINICIANS:
        return (DOWNTIME_SIGNATURE,)
    unfit = day.judge_names(command)
    if unfit:
        return unfit
    return () if day.recorder.away else (RECORD_ANSWERS,)


def _record_away(day: Supervision, command: StartDosing) -> None:
    """Who stands at the chair hears it in the answer; a nurse and a prescriber are told besides."""
    day.note(EventKind.RECORD_AWAY, command, {})
    for role in (Role.NURSE, Role.PRESCRIBER):
        day.alert(role, "record_away", f"record-away-{day.state.version}-{role.value}")


def judge_pause(day: Supervision, _command: PauseDosing) -> Reasons:
    return day.only_in({SessionPhase.DOSING}, "not_dosing")


def pause_dosing(day: Supervision, command: PauseDosing) -> None:
    day.pause(command.actor, command.reason, command)


def judge_resume(day: Supervision, command: ResumeDosing) -> Reasons:
    """Only on an order, and only on a reading since the pause that allows it."""
    wrong = day.only_in({SessionPhase.PAUSED}, "not_paused")
    if wrong:
        return wrong
    if not _waited_for(day, command):
        return (NO_LONGER_WAITED_FOR,)
    state = day.state
    settled = may_resume(
        state.during, day.parameters, baseline=state.baseline, paused_at=state.paused_at
    )
    return (*prescriber.judge_going_on(day), *settled)


def resume_dosing(day: Supervision, command: ResumeDosing) -> None:
    day.orders.carried_out(command)
    if day.state.paused_at is not None:
        day.state.paused_for_s += (day.clock.now() - day.state.paused_at).total_seconds()
    day.go(SessionPhase.DOSING, began_at=day.state.phase_began_at)
    day.note(EventKind.DOSING_RESUMED, command, {"reason": command.reason})


def judge_stop(day: Supervision, _command: StopDosing) -> Reasons:
    """Always, while dosing or about to; afterwards once, to say how much was given. A start that
    a hold has ended with its day is not about to."""
    if day.state.starting and day.state.phase in ON_SITE:
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
    day.orders.carried_out(command)
    day.state.delivered_mg = command.delivered_mg
    _delivered(day, command, command.waste)
    data = command.model_dump(mode="json", exclude=ENVELOPE)
    if day.state.phase in AFTER_DOSE:
        day.note(EventKind.DOSING_ENDED, command, data)
        return
    day.stop(command.actor, command.reason, command, data)


def judge_end(day: Supervision, _command: EndDosing) -> Reasons:
    return day.only_in(UNDER_DOSE, "not_dosing")


def end_dosing(day: Supervision, command: EndDosing) -> None:
    """Dosing ended; observation begins, and the discharge review gets its hour."""
    day.orders.carried_out(command)
    day.state.delivered_mg = command.delivered_mg
    day.state.devices = command.devices
    _delivered(day, command, command.waste)
    day.observe()
    day.note(EventKind.DOSING_ENDED, command, command.model_dump(mode="json", exclude=ENVELOPE))


def _not_ready(day: Supervision, command: Command, reasons: Reasons) -> None:
    """The dose log is on record by now; so must be that the dose was not given."""
    if day.state.phase in ON_SITE:
        missing = [reason.code for reason in reasons]
        day.note(EventKind.READINESS_JUDGED, command, {"ready": False, "missing": missing})


def _delivered(day: Supervision, command: Command, waste: Waste | None) -> None:
    state = day.state
    if state.delivered_mg is not None and state.order is not None:
        state.outcome = judge_delivery(state.order.dose_mg, state.delivered_mg, day.parameters)
    controlled_substance.told(day, command, waste)
