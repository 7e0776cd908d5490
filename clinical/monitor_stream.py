"""Which readings of a monitor become messages to the session: breaches, recoveries, what is due.

A monitor measures every second; a session must hear what matters, in order, and not the same
alarm every second. What is graver than what was told is told at once; the same again only when
the rule itself asks for another reading. Fact sheet 4.3, 4.4 and 11.27.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from clinical.parameters import Parameters
from clinical.vital_signs import SEVERITY, ReadingPhase, judge_late, judge_reading
from schemas.infusion import ReadingDecision, SessionPhase, VitalsAction, VitalSigns
from schemas.monitor import Because

STRETCH: Mapping[SessionPhase, ReadingPhase] = MappingProxyType(
    {
        SessionPhase.PRE_CHECK: "pre",
        SessionPhase.READY: "pre",
        SessionPhase.DOSING: "during",
        SessionPhase.PAUSED: "during",
        SessionPhase.POST_OBS: "post",
        SessionPhase.DISCHARGE_REVIEW: "post",
    }
)
"""The phases in which somebody is in the chair, and by which limits they are watched."""


@dataclass(frozen=True, slots=True)
class Told:
    """The alarm that was told last: how grave, why, on a reading of when, and how soon the rule
    asks for another reading."""

    action: VitalsAction
    codes: frozenset[str]
    at: datetime
    again: timedelta


def judge_monitored(
    reading: VitalSigns,
    *,
    phase: SessionPhase,
    baseline: VitalSigns | None,
    readings: Sequence[VitalSigns],
    parameters: Parameters,
) -> ReadingDecision:
    """What a reading asks for, judged as the session judges it, with the stream's own readings
    before and after it (4.4, 11.27). A reading that is no sign of anything by itself is quiet
    whatever came before it; so the many are judged quickly and the few with care."""
    stretch = STRETCH.get(phase, "during")
    paused = phase is SessionPhase.PAUSED
    alone = judge_reading(
        reading,
        phase=stretch,
        baseline=baseline,
        previous=(),
        paused=paused,
        parameters=parameters,
    )
    if is_quiet(alone):
        return alone
    return judge_late(
        reading,
        phase=stretch,
        baseline=baseline,
        readings=readings,
        paused=paused,
        parameters=parameters,
    )


def is_quiet(decision: ReadingDecision) -> bool:
    """Whether a reading asks for nothing but, during a pause, the next one (4.4)."""
    if decision.action is VitalsAction.CONTINUE:
        return True
    return all(reason.code == "paused" for reason in decision.reasons)


def measures_all_that_is_due(reading: VitalSigns, *, observing: bool = False) -> bool:
    """Whether a reading, a monitor's or a person's, can stand for a scheduled one: pressure and
    heart rate, and while `observing` oxygen too, which only during the dose is measured all the
    time (4.3). Neither a pulse oximeter nor a look at the patient puts off the next pressure."""
    return (
        reading.systolic_mmhg is not None
        and reading.diastolic_mmhg is not None
        and reading.heart_rate_bpm is not None
        and (reading.spo2_percent is not None or not observing)
    )


def worth_telling(
    reading: VitalSigns,
    decision: ReadingDecision,
    told: Told | None,
    due_at: datetime | None,
    *,
    observing: bool = False,
) -> Because | None:
    """Why the session must hear of this reading; None when it need not (4.3, 4.4). `observing`:
    after the dose."""
    taken_at = reading.taken_at
    if taken_at is None:
        return Because.BREACH
    again = told is not None and taken_at - told.at >= told.again
    if not is_quiet(decision):
        if told is None or again or _is_news(decision, told):
            return Because.BREACH
    elif again:
        return Because.RECOVERY
    answers = measures_all_that_is_due(reading, observing=observing)
    if due_at is not None and taken_at >= due_at and answers:
        return Because.SCHEDULED
    return None


def told_now(
    reading: VitalSigns, decision: ReadingDecision, told: Told | None, parameters: Parameters
) -> Told | None:
    """What was told last, now that this reading was; None once all is quiet (4.4). A late reading
    takes nothing back that a newer one said (11.27)."""
    assert reading.taken_at is not None, "a monitor says when it measured"
    if told is not None and reading.taken_at < told.at:
        return told
    if is_quiet(decision):
        return None
    minutes = decision.repeat_in_min
    wait = parameters.duration("bp.confirm_within")
    codes = frozenset(reason.code for reason in decision.reasons)
    if told is not None and reading.taken_at - told.at < told.again:
        codes |= told.codes
    return Told(
        decision.action, codes, reading.taken_at, timedelta(minutes=minutes) if minutes else wait
    )


def _is_news(decision: ReadingDecision, told: Told) -> bool:
    if SEVERITY.index(decision.action) > SEVERITY.index(told.action):
        return True
    return not {reason.code for reason in decision.reasons} <= told.codes
