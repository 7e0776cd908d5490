"""Each reading of the vital signs judged: go on, read again, slow, call, pause or stop.

Thresholds: fact sheet 4.3 and 4.4, every one a parameter. `vital_rules` holds the rules;
here they are weighed together, and the clock of readings is kept.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, assert_never

from clinical.baseline_reading import signs_with_symptoms
from clinical.decision_kind import DecisionKind
from clinical.parameters import Parameters
from clinical.predose_rules import predose_signs
from clinical.vital_rules import Sign, dosing_signs, latest_first
from schemas.base import Reason, Value
from schemas.infusion import MissingDecision, ReadingDecision, VitalsAction, VitalSigns
from schemas.screening import Modality

ReadingPhase = Literal["pre", "during", "post"]

SEVERITY: tuple[VitalsAction, ...] = (
    VitalsAction.CONTINUE,
    VitalsAction.REPEAT,
    VitalsAction.SLOW,
    VitalsAction.CALL,
    VitalsAction.PAUSE,
    VitalsAction.STOP,
)
"""Actions, mildest first; the gravest that any rule asks for is the answer."""


def judge_reading(
    reading: VitalSigns,
    *,
    phase: ReadingPhase,
    baseline: VitalSigns | None,
    previous: Sequence[VitalSigns],
    paused: bool,
    parameters: Parameters,
) -> ReadingDecision:
    """What to do on this reading (fact sheet 4.4). `previous`: earlier readings of the same phase.

    Before dosing PAUSE never comes, STOP means "do not dose today" and CALL "hold for the
    physician". After dosing there is nothing to slow or stop: the answer is REPEAT or CALL.
    While paused, a quiet reading answers REPEAT: only a person's order resumes.
    """
    match phase:
        case "pre":
            return _weigh(predose_signs(reading, previous, parameters), paused=False)
        case "during":
            signs = dosing_signs(reading, baseline, previous, parameters)
            return _weigh((*signs, *_still_paused(paused, parameters)), paused=paused)
        case "post":
            signs = dosing_signs(reading, baseline, previous, parameters)
            return _weigh(tuple(_after_dosing(sign) for sign in signs), paused=False)
        case _:
            assert_never(phase)


def judge_late(
    reading: VitalSigns,
    *,
    phase: ReadingPhase,
    baseline: VitalSigns | None,
    readings: Sequence[VitalSigns],
    paused: bool,
    parameters: Parameters,
) -> ReadingDecision:
    """A reading that arrives after newer ones (11.27, 11.46). It may still raise an alert; what a
    newer reading has measured since no longer pauses or stops, because that moment is past."""
    before = tuple(r for r in readings if not _newer(r, reading))
    newer = tuple(r for r in readings if _newer(r, reading))
    whole = judge_reading(
        reading,
        phase=phase,
        baseline=baseline,
        previous=before,
        paused=paused,
        parameters=parameters,
    )
    if not newer:
        return whole
    fresh = judge_reading(
        _without_measured_since(reading, newer),
        phase=phase,
        baseline=baseline,
        previous=before,
        paused=paused,
        parameters=parameters,
    )
    capped = min(whole.action, VitalsAction.CALL, key=SEVERITY.index)
    action = max(fresh.action, capped, key=SEVERITY.index)
    superseded = Reason(
        code="late_reading",
        text="Entered after newer readings: it may alert, it does not pause again.",
        source="11.27",
    )
    return whole.model_copy(update={"action": action, "reasons": (*whole.reasons, superseded)})


def may_resume(
    previous: Sequence[VitalSigns],
    parameters: Parameters,
    *,
    baseline: VitalSigns | None,
    paused_at: datetime | None = None,
) -> tuple[Reason, ...]:
    """Why a paused infusion may not resume on the last reading; nothing means a prescriber may
    order it (4.4: resume only if below 160/100 and ordered). `baseline`: before the dose, which a
    drop is measured by. With `paused_at` only a reading taken since counts as the last. What it
    did not measure stands as it was measured before, and a symptom until a person tells it no
    more."""
    known = latest_first(previous)
    last = next(iter(known), None)
    if last is not None and paused_at is not None:
        last = None if last.taken_at is None or last.taken_at < paused_at else last
    if last is None or last.systolic_mmhg is None or last.diastolic_mmhg is None:
        return (_resume("no_reading", "A blood pressure since the pause is needed.", None),)
    reasons = []
    if last.systolic_mmhg >= parameters.number(
        "bp.resume_sys"
    ) or last.diastolic_mmhg >= parameters.number("bp.resume_dia"):
        pressure = f"{last.systolic_mmhg}/{last.diastolic_mmhg} mmHg"
        reasons.append(_resume("pressure_still_high", "Blood pressure is too high.", pressure))
    signs = dosing_signs(signs_with_symptoms(known), baseline, known[1:], parameters)
    gravest = {VitalsAction.CALL, VitalsAction.PAUSE, VitalsAction.STOP}
    reasons += [sign.reason for sign in signs if sign.action in gravest]
    return tuple(reasons)


def next_reading_due(
    phase: ReadingPhase,
    phase_began_at: datetime,
    last_reading_at: datetime | None,
    modality: Modality,
    parameters: Parameters,
) -> datetime:
    """When the next reading is owed (4.3): every 10 min while dosing, every 15 min after, and for
    the spray never past the 40-minute mark of its peak (5.3). No reading yet: at the phase's own
    first interval, and before dosing at once."""
    last = max(phase_began_at, last_reading_at) if last_reading_at else phase_began_at
    match phase:
        case "pre":
            began = last_reading_at is None
            return phase_began_at if began else last + parameters.duration("bp.repeat_wait")
        case "during":
            return last + parameters.duration("iv.vitals_infusion_interval")
        case "post":
            due = last + parameters.duration("iv.vitals_post_interval")
            peak = phase_began_at + parameters.duration("esk.bp_post_time")
            spray = modality is Modality.ESKETAMINE
            return peak if spray and last < peak < due else due
        case _:
            assert_never(phase)


def judge_missing(
    due_at: datetime, now: datetime, missed_in_row: int, parameters: Parameters
) -> MissingDecision:
    """A reading that is not there (4.3): alert at +2 min, charge nurse at +5 min, and two in a
    row pause the infusion. `missed_in_row` counts this one."""
    late = now - due_at
    alert = late >= parameters.duration("iv.vitals_missing_alert")
    if not alert:
        return MissingDecision()
    minutes = f"{late / timedelta(minutes=1):.0f} min overdue"
    reasons = [Reason(code="reading_overdue", text="A reading is missing.", fact=minutes)]
    escalate = late >= parameters.duration("iv.vitals_missing_escalate")
    if escalate:
        reasons.append(Reason(code="charge_nurse", text="Tell the charge nurse.", fact=minutes))
    pause = missed_in_row >= parameters.integer("iv.vitals_missing_pause")
    if pause:
        in_row = f"{missed_in_row} in a row"
        reasons.append(
            Reason(code="readings_missed", text="Pause: readings are missing.", fact=in_row)
        )
    return MissingDecision(alert=True, escalate=escalate, pause=pause, reasons=tuple(reasons))


def is_duplicate(reading: VitalSigns, previous: Sequence[VitalSigns]) -> bool:
    """Whether a device sent this very reading before: same device time, same values (11.27)."""
    return reading.taken_at is not None and reading in previous


def gap_needs_review(
    last_reading_at: datetime, now: datetime, parameters: Parameters, *, observing: bool = False
) -> tuple[Reason, ...]:
    """After an outage: whether readings stopped for so long that a clinician must look: more than
    5 min beyond the interval of dosing, or, `observing`, of the observation after it (11.25)."""
    interval = "iv.vitals_post_interval" if observing else "iv.vitals_infusion_interval"
    allowed = parameters.duration(interval) + parameters.duration("iv.vitals_missing_escalate")
    gap = now - last_reading_at
    if gap <= allowed:
        return ()
    fact = f"{gap / timedelta(minutes=1):.0f} min without a reading"
    return (Reason(code="readings_gap", text="Clinical review of the gap.", fact=fact),)


def _weigh(signs: Sequence[Sign], *, paused: bool) -> ReadingDecision:
    action = max((s.action for s in signs), key=SEVERITY.index, default=VitalsAction.CONTINUE)
    repeats = tuple(s.repeat_in_min for s in signs if s.repeat_in_min is not None)
    calls = tuple(dict.fromkeys(code for sign in signs for code in sign.call))
    reasons = tuple(s.reason for s in sorted(signs, key=_gravest_first))
    if paused and action is VitalsAction.SLOW:
        action = VitalsAction.REPEAT
    return ReadingDecision(
        action=action, repeat_in_min=min(repeats, default=None), call=calls, reasons=reasons
    )


def _gravest_first(sign: Sign) -> int:
    return -SEVERITY.index(sign.action)


def _still_paused(paused: bool, parameters: Parameters) -> tuple[Sign, ...]:
    if not paused:
        return ()
    reason = Reason(code="paused", text="Paused: only an ordered resume goes on.", source="4.4")
    return (Sign(VitalsAction.REPEAT, reason, (), parameters.number("bp.confirm_within")),)


def _after_dosing(sign: Sign) -> Sign:
    match sign.action:
        case VitalsAction.STOP | VitalsAction.PAUSE:
            return sign.as_action(VitalsAction.CALL)
        case VitalsAction.SLOW:
            return sign.as_action(VitalsAction.REPEAT)
        case VitalsAction.CONTINUE | VitalsAction.REPEAT | VitalsAction.CALL:
            return sign
        case _:
            assert_never(sign.action)


def _newer(other: VitalSigns, reading: VitalSigns) -> bool:
    return (
        other.taken_at is not None
        and reading.taken_at is not None
        and other.taken_at > reading.taken_at
    )


def _without_measured_since(reading: VitalSigns, newer: Sequence[VitalSigns]) -> VitalSigns:
    measured = {
        name
        for other in newer
        for name, value in other
        if name not in ("taken_at", "symptoms", "device") and value is not None
    }
    return reading.model_copy(update=dict.fromkeys(measured))


def _resume(code: str, text: str, fact: str | None) -> Reason:
    return Reason(code=code, text=text, fact=fact, source="4.4")


class VitalsFacts(Value):
    """One reading with the baseline and the earlier readings of its phase (`pre`, `during` or
    `post`). mmHg, beats a minute, percent, breaths a minute, degrees Celsius, kg."""

    reading: VitalSigns
    phase: ReadingPhase
    baseline: VitalSigns | None = None
    previous: tuple[VitalSigns, ...] = ()
    paused: bool = False


def _decide(facts: VitalsFacts, parameters: Parameters) -> ReadingDecision:
    return judge_reading(
        facts.reading,
        phase=facts.phase,
        baseline=facts.baseline,
        previous=facts.previous,
        paused=facts.paused,
        parameters=parameters,
    )


DECISION = DecisionKind(
    name="vitals",
    facts=VitalsFacts,
    decide=_decide,
    summary="What to do on one reading of the vital signs.",
)
