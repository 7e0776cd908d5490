"""What bedside monitors send: readings in batches, and what became of each."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue, model_validator

from schemas.base import Code, Instant, Reason, Value
from schemas.infusion import ReadingDecision, SessionPhase, VitalSigns
from schemas.protocol import ParameterValue
from schemas.screening import Modality

MOST_READINGS = 500
"""So many readings one request may carry."""


class MonitorReading(Value):
    """One reading of a device: percent, beats a minute, mmHg, breaths a minute, degrees Celsius.
    `taken_at`: the device's clock. Ranges are those of any reading; at least one value is there."""

    taken_at: Instant
    spo2_percent: Annotated[int, Field(ge=30, le=100)] | None = None
    heart_rate_bpm: Annotated[int, Field(ge=20, le=300)] | None = None
    systolic_mmhg: Annotated[int, Field(ge=40, le=300)] | None = None
    diastolic_mmhg: Annotated[int, Field(ge=20, le=200)] | None = None
    respiratory_rate_per_min: Annotated[int, Field(ge=0, le=80)] | None = None
    temperature_c: Annotated[float, Field(ge=30, le=45)] | None = None

    @model_validator(mode="after")
    def _measured(self) -> "MonitorReading":
        if all(value is None for name, value in self if name != "taken_at"):
            raise ValueError("nothing was measured")
        return self

    def vitals(self) -> VitalSigns:
        """The same as any reading at the bedside."""
        return VitalSigns.model_construct(
            VitalSigns.model_fields.keys() & self.model_fields_set, **dict(self)
        )


class ReadingBatch(Value):
    """Readings of one device for one session, at most 500. Each is judged by itself, so one that
    cannot be true does not spoil the others."""

    device: Code
    readings: Annotated[
        tuple[dict[str, JsonValue], ...], Field(min_length=1, max_length=MOST_READINGS)
    ]


class RefusedReading(Value):
    """A reading that was not taken, by its place in the batch from 0, and why."""

    index: int
    reasons: tuple[Reason, ...]


class Because(StrEnum):
    """Why a reading became a message: it breaches a limit, the limit is kept again, it is due."""

    BREACH = "breach"
    RECOVERY = "recovery"
    SCHEDULED = "scheduled"


class ToldStatus(StrEnum):
    """What became of a message to the session. `kept`: it is heard when a worker is back."""

    ANSWERED = "answered"
    KEPT = "kept"
    REFUSED = "refused"


class ToldReading(Value):
    """A reading that became a message to its session. `index`: its place in this batch; None for
    one of an earlier batch that had to be told first. `decision`: the session's own answer."""

    index: int | None
    taken_at: Instant
    because: Because
    status: ToldStatus
    phase: SessionPhase | None = None
    decision: ReadingDecision | None = None
    duplicate: bool = False
    reasons: tuple[Reason, ...] = ()


class BatchAnswer(Value):
    """What became of a batch. `accepted`: new readings on record; `duplicates`: readings of this
    device and moment that were there before. `watched` False: nobody could say where the session
    stands, and readings were judged by the standard limits of dosing."""

    session_id: str
    device: Code
    accepted: int
    duplicates: int
    refused: tuple[RefusedReading, ...] = ()
    told: tuple[ToldReading, ...] = ()
    phase: SessionPhase | None = None
    watched: bool = True


class MonitoringView(Value):
    """What a session says of itself to whoever watches its monitor: by what to judge, and when a
    reading is due. `readings`: the last ones of the stretch it is in."""

    session_id: str
    phase: SessionPhase
    modality: Modality
    clock_offset_s: float = 0
    baseline: VitalSigns | None = None
    readings: tuple[VitalSigns, ...] = ()
    next_reading_due_at: Instant | None = None
    parameters: dict[str, ParameterValue] = {}
