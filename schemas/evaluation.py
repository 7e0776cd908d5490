"""The psychiatric evaluation: trials, episode, severity, safety, and who shares the care."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import (
    Actor,
    Carried,
    Code,
    Command,
    LongText,
    Percent,
    Reason,
    ShortText,
    Value,
)
from schemas.people import Contact
from schemas.reevaluation import Assessment


class TrialOutcome(StrEnum):
    FAILED = "failed"
    PARTIAL = "partial"
    INTOLERANT = "intolerant"
    RELAPSED = "responded_relapsed"


class AntidepressantTrial(Value):
    """One trial of an antidepressant. `weeks_at_adequate_dose` in weeks, `max_dose_mg` per day,
    `adherence_percent` 0-100, `improvement_percent` of the symptom score when known."""

    drug: Code
    max_dose_mg: Annotated[float, Field(gt=0, le=5_000)]
    weeks_at_adequate_dose: Annotated[float, Field(ge=0, le=520)]
    adherence_percent: Percent = 100
    outcome: TrialOutcome = TrialOutcome.FAILED
    improvement_percent: Annotated[float, Field(ge=-100, le=100)] | None = None
    augmentation_of: Code | None = None
    current_episode: bool = True
    evidence: ShortText = ""
    blood_level_ng_ml: (
        Annotated[float, Field(ge=0, le=10_000, description="lowest steady level in ng/mL")] | None
    ) = None


class Evaluation(Value):
    """What the psychiatric evaluator found. `exclusions`: codes such as `bipolar`, `psychosis`,
    `mania`; `moderate_severe_attested`: the evaluator's own judgement of severity."""

    evaluated_on: date | None = None
    diagnosis: Code = "mdd"
    episode_weeks: Annotated[float, Field(ge=0, le=5_200)] | None = None
    psychotic_features: bool = False
    trials: Annotated[tuple[AntidepressantTrial, ...], Field(max_length=40)] = ()
    assessments: Annotated[tuple[Assessment, ...], Field(max_length=20)] = ()
    moderate_severe_attested: bool = False
    exclusions: Annotated[tuple[Code, ...], Field(max_length=40)] = ()
    ymrs: Annotated[int, Field(ge=0, le=60, description="total in points")] | None = None
    moca: Annotated[int, Field(ge=0, le=30, description="total in points")] | None = None
    primary_provider: Contact | None = None
    safety_plan: bool = False
    summary: LongText = ""


class OverrideWanted(Carried):
    """An override that two people decide on: who asks for it and why, and what is not met."""

    asked_by: Actor
    why: str
    not_met: tuple[Reason, ...]


class RecordEvaluation(Command):
    """A psychiatrist's signed evaluation. `recommend`: go on to medical screening.
    An override of the eligibility rule names its reason; a psychiatrist's of the severity alone
    is taken at once, any other is put to two people."""

    evaluation: Evaluation
    recommend: bool = True
    override_reason: ShortText | None = None
