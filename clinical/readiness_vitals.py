"""The readings before the dose: every sign of the baseline measured, not long ago, and in range or
decided on by a physician."""

from collections.abc import Sequence
from datetime import datetime

from clinical.baseline_reading import SIGNS, measured_last
from clinical.parameters import Parameters
from clinical.predose_rules import standing_signs
from clinical.vital_rules import Sign, latest_first
from clinical.vital_signs import SEVERITY
from schemas.base import Role
from schemas.infusion import Missing, VitalsAction, VitalSigns

NEVER_OVERRIDDEN = frozenset({"pressure_block", "symptom_stop", "distress_unsettled"})


def missing_vitals(
    readings: Sequence[VitalSigns],
    dosing_at: datetime,
    parameters: Parameters,
    *,
    blocked: bool = False,
) -> list[Missing]:
    """What the readings before the dose leave open (fact sheet 4.3 "baseline", 4.4 "pre"): signs
    that nobody measured, or too long before, and those that stand against the dose. `blocked`: two
    pressures ended the day's dosing before."""
    if not readings:
        return [_nurses("vitals_missing", "Vital signs before the dose.")]
    known = latest_first(readings)
    signs = standing_signs(readings, parameters, blocked=blocked)
    gravest_first = sorted(signs, key=lambda sign: -SEVERITY.index(sign.action))
    return [*_to_measure(known, dosing_at, parameters), *map(_stands, gravest_first)]


def _to_measure(
    known: Sequence[VitalSigns], dosing_at: datetime, parameters: Parameters
) -> list[Missing]:
    """Each sign of the baseline at least once, and not longer ago than a reading stands for [D];
    a repeat carries what it repeats."""
    never, old = [], []
    for name, label in SIGNS.items():
        newest = measured_last(known, name)
        if newest is None:
            never.append(label)
        elif _is_old(newest, dosing_at, parameters):
            old.append(label)
    missing = []
    if never:
        text = f"Still to be measured: {', '.join(never)}."
        missing.append(_nurses("vitals_incomplete", text))
    if old:
        missing.append(_nurses("vitals_old", f"To be measured again: {', '.join(old)}."))
    return missing


def _is_old(reading: VitalSigns, dosing_at: datetime, parameters: Parameters) -> bool:
    """At an unknown time nothing is known to be of this hour."""
    at = reading.taken_at
    return at is None or dosing_at - at > parameters.duration("ready.vitals_valid")


def _stands(sign: Sign) -> Missing:
    code = sign.reason.code
    return Missing(
        code=code,
        text=sign.reason.text,
        supplied_by=Role.NURSE if sign.action is VitalsAction.REPEAT else Role.PRESCRIBER,
        overridable=code not in NEVER_OVERRIDDEN,
    )


def _nurses(code: str, text: str) -> Missing:
    return Missing(code=code, text=text, supplied_by=Role.NURSE)
