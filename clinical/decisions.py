"""Every kind of decision that `journey decide` runs, by the word typed for it."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from clinical.decision_cases import DOSE, ELIGIBILITY, INSTRUMENT, REEVALUATION, SUICIDE_RISK
from clinical.decision_kind import DecisionKind

_BY_MODULE = (
    "clinical.screening",
    "clinical.consent",
    "clinical.readiness",
    "clinical.vital_signs",
    "clinical.discharge",
    "clinical.schedule",
)
"""Modules that name their own kind as `DECISION`."""


def _found() -> tuple[DecisionKind[Any], ...]:
    kinds = (getattr(import_module(name), "DECISION", None) for name in _BY_MODULE)
    return tuple(kind for kind in kinds if isinstance(kind, DecisionKind))


DECISIONS: Mapping[str, DecisionKind[Any]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (ELIGIBILITY, *_found(), DOSE, INSTRUMENT, SUICIDE_RISK, REEVALUATION)
    }
)
