"""What is known of a patient, before the dose above all: each sign by its own newest measured
value.

A nurse reads all of it once; a monitor or a repeat measures part of it again. So no reading speaks
for what it did not measure, and none takes back what a person has told (fact sheet 4.3, 4.4).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from clinical.vital_rules import latest_first
from schemas.infusion import VitalSigns

SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "systolic_mmhg": "systolic pressure",
        "diastolic_mmhg": "diastolic pressure",
        "heart_rate_bpm": "heart rate",
        "spo2_percent": "SpO2",
        "respiratory_rate_per_min": "breathing",
        "temperature_c": "temperature",
        "moaas": "MOAA/S",
    }
)
"""What the baseline consists of, beside the weight, which has a rule of its own (4.3)."""

VALUES = (*SIGNS, "cadss6")


def baseline_reading(readings: Sequence[VitalSigns]) -> VitalSigns | None:
    """The readings before the dose as one: every sign as it was measured last, at the time of the
    newest reading. None where nothing was read (4.3)."""
    return newest_signs(latest_first(readings))


def newest_signs(latest: Sequence[VitalSigns]) -> VitalSigns | None:
    """The same of readings that are in order, newest first (4.3)."""
    if not latest[1:]:
        return latest[0] if latest else None
    values = {name: getattr(measured_last(latest, name), name, None) for name in VALUES}
    return VitalSigns(taken_at=latest[0].taken_at).model_copy(update=values)


def signs_with_symptoms(latest: Sequence[VitalSigns]) -> VitalSigns:
    """While dosing, of at least one reading, newest first: every sign as it was measured last, and
    every symptom told since a person last entered a reading, that reading's own among them (4.4).
    In mid-dose nobody takes a whole reading to say that somebody has settled."""
    symptoms: list[str] = []
    for reading in latest:
        symptoms += reading.symptoms
        if reading.device is None:
            break
    newest = newest_signs(latest)
    assert newest is not None, "asked of at least one reading"
    return newest.model_copy(update={"symptoms": tuple(dict.fromkeys(symptoms))})


def measured_last(latest: Sequence[VitalSigns], name: str) -> VitalSigns | None:
    """The newest reading that measured this sign, of readings with the newest first (4.3)."""
    for reading in latest:
        if getattr(reading, name) is not None:
            return reading
    return None


def looks_at_all(reading: VitalSigns) -> bool:
    """Whether a person, not a monitor, has taken the whole reading: then a symptom that it does
    not tell has gone. A monitor cannot ask, and who repeats a pressure may not have (4.4; [D])."""
    return reading.device is None and all(getattr(reading, name) is not None for name in SIGNS)


def with_symptoms_carried(latest: Sequence[VitalSigns]) -> tuple[VitalSigns, ...]:
    """The same readings, newest first, each with every symptom that was told and that nobody has
    looked for since without finding it (4.4)."""
    carried: list[VitalSigns] = []
    standing: tuple[str, ...] = ()
    for reading in reversed(latest):
        told = () if looks_at_all(reading) else standing
        standing = tuple(dict.fromkeys((*told, *reading.symptoms)))
        same = standing == reading.symptoms
        carried.append(reading if same else reading.model_copy(update={"symptoms": standing}))
    return tuple(reversed(carried))
