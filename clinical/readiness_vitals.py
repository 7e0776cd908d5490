"""The reading before the dose: complete, and in range or decided on by a physician."""

from collections.abc import Sequence

from clinical.parameters import Parameters
from clinical.vital_signs import judge_reading
from schemas.base import Role
from schemas.infusion import Missing, VitalsAction, VitalSigns

REQUIRED = ("systolic_mmhg", "diastolic_mmhg", "heart_rate_bpm", "spo2_percent")
"""What a reading before the dose must carry; the rest is judged where it was taken."""

NEVER_OVERRIDDEN = frozenset({"pressure_block", "symptom_stop", "distress_unsettled"})


def missing_vitals(
    baseline: VitalSigns | None, earlier: Sequence[VitalSigns], parameters: Parameters
) -> list[Missing]:
    """What the reading before the dose leaves open (fact sheet 4.4, rows "pre")."""
    if baseline is None:
        return [_missing("vitals_missing", "Vital signs before the dose.", Role.NURSE)]
    absent = [name for name in REQUIRED if getattr(baseline, name) is None]
    if absent:
        words = ", ".join(name.rsplit("_", 1)[0].replace("_", " ") for name in absent)
        return [_missing("vitals_incomplete", f"Still to be measured: {words}.", Role.NURSE)]
    decision = judge_reading(
        baseline,
        phase="pre",
        baseline=None,
        previous=earlier,
        paused=False,
        parameters=parameters,
    )
    repeat = decision.action is VitalsAction.REPEAT
    supplied_by = Role.NURSE if repeat else Role.PRESCRIBER
    return [
        Missing(
            code=reason.code,
            text=reason.text,
            supplied_by=supplied_by,
            overridable=reason.code not in NEVER_OVERRIDDEN,
        )
        for reason in decision.reasons
    ]


def _missing(code: str, text: str, supplied_by: Role) -> Missing:
    return Missing(code=code, text=text, supplied_by=supplied_by)
