"""Every kind of decision that `journey decide` runs, by the word typed for it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from clinical import consent, discharge, readiness, schedule, screening, vital_signs
from clinical.decision_cases import DOSE, ELIGIBILITY, INSTRUMENT, REEVALUATION, SUICIDE_RISK
from clinical.decision_kind import DecisionKind

_KINDS: tuple[DecisionKind[Any], ...] = (
    ELIGIBILITY,
    screening.DECISION,
    consent.DECISION,
    readiness.DECISION,
    DOSE,
    vital_signs.DECISION,
    discharge.DECISION,
    INSTRUMENT,
    SUICIDE_RISK,
    REEVALUATION,
    schedule.DECISION,
)

DECISIONS: Mapping[str, DecisionKind[Any]] = MappingProxyType({kind.name: kind for kind in _KINDS})
"""In the order in which a journey meets them."""
