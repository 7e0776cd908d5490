"""What the psychiatric evaluation may find that stands against treatment.

Clinical fact sheet, sections 1.2 and 2.1. A code that is not listed here excludes as well: the
evaluator wrote it as an exclusion, and two people may override it with a reason.
"""

from collections.abc import Mapping
from types import MappingProxyType

EXCLUSIONS: Mapping[str, str] = MappingProxyType(
    {
        "bipolar": "Bipolar disorder was excluded from the trials",
        "mania": "Mania or hypomania now",
        "psychosis": "Psychosis now, or a schizophrenia-spectrum disorder",
        "schizophrenia": "A schizophrenia-spectrum disorder",
        "schizoaffective": "A schizophrenia-spectrum disorder",
        "dementia": "Dementia",
        "delirium": "Delirium",
        "substance_use": "An active substance use disorder that is not controlled",
        "ketamine_misuse": "Misuse of ketamine or phencyclidine",
        "no_capacity": "The patient cannot consent",
        "catatonia": "Catatonia needs hospital treatment",
        "imminent_risk": "An imminent risk of suicide needs hospital treatment",
    }
)

BEYOND_OVERRIDE = frozenset(
    {
        "mania", "delirium", "no_capacity",
        "psychosis", "schizophrenia", "schizoaffective", "dementia",
        "substance_use", "ketamine_misuse",
        "catatonia", "imminent_risk",
    }
)  # fmt: skip
"""Absolute for the infusions that every journey begins with (2.1), or a matter for a hospital: no
override lifts them. Substance use stands until it is controlled; the evaluator who finds it so no
longer names it."""

DEPRESSIVE_DIAGNOSES: tuple[str, ...] = ("mdd", "trd", "major_depress", "f32", "f33")
"""How the code of an eligible diagnosis begins: words, or ICD-10-CM chapters F32 and F33."""

PSYCHOTIC_DIAGNOSES: tuple[str, ...] = ("f32.3", "f33.3")
"""ICD-10-CM: severe, with psychotic symptoms."""

NO_EPISODE_NOW: tuple[str, ...] = ("f32.4", "f32.5", "f33.4", "f32.81")
"""ICD-10-CM within F32 and F33 that are no major depressive episode now: in remission, or
premenstrual dysphoric disorder."""
