"""A transfer: what goes from one clinic to another with a patient, and where each of it is from."""

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Code, Command, Instant, RequiredText, ShortText, Value
from schemas.infusion import DoseOutcome
from schemas.reevaluation import Score
from schemas.screening import Modality

MOST_COUNTED = 20
"""More infusions than an acute series can have."""

JourneyId = Annotated[str, StringConstraints(pattern=r"^journey-[a-z0-9]{1,60}$")]


class CarriedDose(Value):
    """A treatment day somewhere else, as that place told it. `number`: counted there, from 1.
    `source`: where it was, if not where the history is from."""

    modality: Modality
    number: Annotated[int, Field(ge=1, le=1_000)]
    dosed_at: Instant
    outcome: DoseOutcome = DoseOutcome.COMPLETED
    ordered_mg: Annotated[float, Field(gt=0, le=1_000)] | None = None
    delivered_mg: Annotated[float, Field(ge=0, le=1_000)] = 0
    weight_kg: Annotated[float, Field(ge=35, le=250)] | None = None
    stop_events: Annotated[int, Field(ge=0, le=100)] = 0
    pauses: Annotated[int, Field(ge=0, le=100)] = 0
    serious_events: Annotated[int, Field(ge=0, le=100)] = 0
    source: ShortText = ""


class CarriedConsent(Value):
    """A consent signed somewhere else: shown, never in force here. `source`: where it was, if not
    where the history is from."""

    modality: Modality
    signed_at: Instant
    valid_until: Instant | None = None
    source: ShortText = ""


class CarriedEvent(Value):
    """An adverse event somewhere else. `source`: where it was, if not where the history is from."""

    code: Code
    at: Instant
    serious: bool = False
    description: ShortText = ""
    source: ShortText = ""


class TransferHistory(Value):
    """What comes with a patient. `source`: who says so. `from_journey`: the journey there, where
    it is in this deployment. `course`: what the patient was on; `series_done`: infusions that
    counted in an acute series that is not finished. `monitoring`: what the prescription
    monitoring programme showed there."""

    source: RequiredText
    from_journey: JourneyId | None = None
    course: Code | None = None
    series_done: Annotated[int, Field(ge=0, le=MOST_COUNTED)] = 0
    doses: Annotated[tuple[CarriedDose, ...], Field(max_length=200)] = ()
    baseline: Annotated[tuple[Score, ...], Field(max_length=10)] = ()
    scores: Annotated[tuple[Score, ...], Field(max_length=40)] = ()
    consents: Annotated[tuple[CarriedConsent, ...], Field(max_length=20)] = ()
    adverse_events: Annotated[tuple[CarriedEvent, ...], Field(max_length=100)] = ()
    monitoring: ShortText = ""


class TransferOut(Command):
    """The patient goes on with treatment elsewhere: no more sessions here, what is owed to safety
    is still done, and the journey closes once somebody has sent the record. `to_clinic`: a clinic
    of this deployment; else `to_name`."""

    to_clinic: Code | None = None
    to_name: ShortText = ""
    reason: RequiredText
