"""Readings at the bedside: each judged at once, its order given in the same answer."""

from bisect import insort
from datetime import datetime

from clinical.monitor_stream import measures_all_that_is_due
from clinical.predose_rules import pressure_blocks
from clinical.vital_signs import gap_needs_review, is_duplicate, judge_late
from schemas.approval import ApprovalKind, Task
from schemas.base import SYSTEM, Reason
from schemas.event import EventKind
from schemas.infusion import (
    ReadingDecision,
    RecordVitals,
    SessionPhase,
    VitalsAction,
    VitalSigns,
)
from workflows.session_state import AFTER_DOSE, ON_SITE, OPEN, UNDER_DOSE
from workflows.supervision import Reasons, Supervision


def judge_vitals(day: Supervision, command: RecordVitals) -> Reasons:
    """A reading is taken at the bedside, never from the future."""
    wrong = day.only_in(OPEN - {SessionPhase.BOOKED}, "not_checked_in")
    taken_at = command.vitals.taken_at
    if not wrong and taken_at is not None and taken_at > day.clock.now():
        return (Reason(code="reading_from_future", text="the reading's time lies ahead"),)
    sedated_at = command.sedative_given_at
    if not wrong and sedated_at is not None and sedated_at > day.clock.now():
        return (Reason(code="sedative_from_future", text="the sedative's time lies ahead"),)
    if command.vitals.weight_confirmed_by == command.actor.id:
        return (Reason(code="same_person", text="a second person must confirm the weight"),)
    if day.state.phase in ON_SITE:  # later no reading is turned away for a name
        return day.judge_names(command)
    return wrong


def record_vitals(day: Supervision, command: RecordVitals) -> ReadingDecision:
    """Judge the reading at once; a pause or stop it asks for is ordered here and now."""
    state = day.state
    reading = _stamped(day, command)
    readings = state.readings
    if is_duplicate(reading, readings) and command.sedative_given_at is None:
        return ReadingDecision(
            action=VitalsAction.CONTINUE,
            reasons=(Reason(code="duplicate_reading", text="this reading was taken before"),),
        )
    decision = _judge_reading(day, reading, readings)
    if state.phase in ON_SITE:
        day.overrides.new_reading(reading, day.parameters)
    insort(readings, reading, key=_taken_at)
    if state.phase in ON_SITE and pressure_blocks(state.before, day.parameters):
        state.pressure_blocked = True
    if measures_all_that_is_due(reading, observing=state.phase in AFTER_DOSE):
        _look_at_gap(day)
        _arrived(day)
    day.note(
        EventKind.VITALS_RECORDED if _quiet(decision) else EventKind.VITALS_BREACHED,
        command,
        {
            "vitals": reading.model_dump(mode="json", exclude_none=True, exclude={"device"}),
            "decision": decision.model_dump(mode="json"),
            **_sedated(day, command.sedative_given_at),
            **({"device": reading.device} if reading.device else {}),
        },
    )
    _obey(day, decision)
    if state.phase in ON_SITE:
        day.rejudge()
    return decision


def _stamped(day: Supervision, command: RecordVitals) -> VitalSigns:
    """The reading with its moment, and with the monitor that sent it."""
    reading = command.vitals
    device = command.device or reading.device
    if reading.taken_at is not None and device == reading.device:
        return reading
    taken_at = reading.taken_at or day.clock.now()
    return reading.model_copy(update={"taken_at": taken_at, "device": device})


def gap_reviewed(day: Supervision, task: Task) -> None:
    """A prescriber has looked at the gap; the task has said so on record."""
    day.state.tasks.pop(task.key, None)


def _judge_reading(
    day: Supervision, reading: VitalSigns, readings: list[VitalSigns]
) -> ReadingDecision:
    state = day.state
    stretch = "during" if state.phase in UNDER_DOSE else "pre"
    return judge_late(
        reading,
        phase="post" if state.phase in AFTER_DOSE else stretch,  # type: ignore[arg-type]
        baseline=state.baseline,
        readings=tuple(readings),
        paused=state.phase is SessionPhase.PAUSED,
        parameters=day.parameters,
    )


def _look_at_gap(day: Supervision) -> None:
    """Nothing was read for too long, whatever the cause: a prescriber reviews the gap (11.25)."""
    state = day.state
    since = state.heard_at if state.heard_at and state.heard_at > _began(day) else _began(day)
    if state.phase not in UNDER_DOSE | AFTER_DOSE:
        return
    reasons = gap_needs_review(
        since, day.clock.now(), day.parameters, observing=state.phase in AFTER_DOSE
    )
    if reasons:
        state.gaps += 1
        day.tasks.open(
            ApprovalKind.GAP_REVIEW,
            f"gap-{state.gaps}",
            "No readings for too long: a clinical review of the gap",
            evidence={reason.code: reason.fact or reason.text for reason in reasons},
            session_id=state.plan.session_id,
        )


def _began(day: Supervision) -> datetime:
    """When readings of this stretch were first owed."""
    return day.state.phase_began_at or day.state.plan.scheduled_at


def _arrived(day: Supervision) -> None:
    day.state.read_until = day.state.heard_at = day.clock.now()
    day.state.missed_in_row = 0
    day.state.missed_level = 0


def _obey(day: Supervision, decision: ReadingDecision) -> None:
    """What a reading orders is ordered at once; people carry it out."""
    state = day.state
    if state.phase not in UNDER_DOSE:
        return
    why = decision.reasons[0].code if decision.reasons else decision.action.value
    if decision.action is VitalsAction.STOP:
        day.stop(SYSTEM, why, None, {})
    elif decision.action is VitalsAction.PAUSE and state.phase is SessionPhase.DOSING:
        day.pause(SYSTEM, why)


def _sedated(day: Supervision, at: datetime | None) -> dict[str, str]:
    """A rescue sedative: the observation is prolonged, a review that was open closes again."""
    if at is None:
        return {}
    day.sedative_given(at)
    return {"sedative_given_at": at.isoformat()}


def _taken_at(reading: VitalSigns) -> datetime:
    assert reading.taken_at is not None, "a reading without a device time got ours"
    return reading.taken_at


def _quiet(decision: ReadingDecision) -> bool:
    """Whether a reading asks for nothing but, during a pause, the next one."""
    if decision.action is VitalsAction.CONTINUE:
        return True
    return all(reason.code == "paused" for reason in decision.reasons)
