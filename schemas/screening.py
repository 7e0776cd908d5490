"""The medical screening: conditions, medicines, work-up results with how long they stay valid."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Code, Command, Instant, LongText, Reason, Value


class Modality(StrEnum):
    IV_KETAMINE = "iv_ketamine"
    ESKETAMINE = "esketamine"


class Weight(StrEnum):
    """How a finding weighs: it blocks, it needs a named physician's decision, or it is a note."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"
    NOTE = "note"


class WorkUp(Value):
    """One test result. `kind`: history_physical, ecg, lft, ua, uds, hcg, cbc, tsh, pdmp...
    `value`: number in the test's own unit (ALT/AST in multiples of the upper limit)."""

    kind: Code
    taken_at: Instant
    result: Code = "normal"
    value: Annotated[float, Field(description="liver tests: multiple of the limit")] | None = None


class Medicine(Value):
    """A medicine taken now. `lorazepam_equivalent_mg_per_day` for benzodiazepines; `changed_on`:
    the day it was started or its dose changed."""

    name: Code
    drug_class: Code = "other"
    dose_mg_per_day: Annotated[float, Field(ge=0, le=100_000)] | None = None
    lorazepam_equivalent_mg_per_day: Annotated[float, Field(ge=0, le=200)] | None = None
    changed_on: date | None = None


class DatedCondition(Value):
    """A condition whose date matters, such as a heart attack or a stroke."""

    condition: Code
    happened_on: date


class Screening(Value):
    """What the medical screener found. `conditions`: codes of the contraindication matrix.
    `systolic_mmhg`/`diastolic_mmhg` in mmHg, `weight_kg` in kg, `height_cm` in cm."""

    conditions: Annotated[tuple[Code, ...], Field(max_length=80)] = ()
    medicines: Annotated[tuple[Medicine, ...], Field(max_length=80)] = ()
    work_up: Annotated[tuple[WorkUp, ...], Field(max_length=80)] = ()
    weight_kg: Annotated[float, Field(ge=35, le=250)] | None = None
    height_cm: Annotated[float, Field(ge=90, le=250)] | None = None
    systolic_mmhg: Annotated[int, Field(ge=50, le=300)] | None = None
    diastolic_mmhg: Annotated[int, Field(ge=20, le=200)] | None = None
    can_become_pregnant: bool = False
    age_years: Annotated[int, Field(ge=0, le=130)] | None = None
    summary: LongText = ""
    dated_conditions: Annotated[tuple[DatedCondition, ...], Field(max_length=40)] = ()


class Finding(Value):
    """One finding of the screening decision and how it weighs for one modality."""

    condition: Code
    modality: Modality
    weight: Weight
    reason: Reason


class ScreeningOutcome(StrEnum):
    """Cleared; needs a named physician's decision (or a result still owed); or blocked."""

    CLEARED = "cleared"
    NEEDS_DECISION = "needs_decision"
    BLOCKED = "blocked"


class ScreeningDecision(Value):
    """The screening judged for one modality and one planned dosing time.

    `missing`: required results absent, or that will have expired when dosing begins.
    `valid_until`: when the first required result expires; None while one is missing."""

    outcome: ScreeningOutcome
    findings: tuple[Finding, ...] = ()
    missing: tuple[Reason, ...] = ()
    valid_until: Instant | None = None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every reason, findings first."""
        return (*(finding.reason for finding in self.findings), *self.missing)


class RecordScreening(Command):
    """A medical screener's signed screening."""

    screening: Screening
