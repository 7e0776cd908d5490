"""What the front desk reads: one frozen value for each kind of row, and a page of them."""

from datetime import date, datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue

from schemas.approval import TaskStatus, Vote
from schemas.base import Role
from schemas.controlled_substance import StockMovement
from schemas.drug_cabinet import LotStanding
from schemas.infusion import SessionResult
from schemas.notification import DeliveryStatus
from schemas.reevaluation import Instrument

T = TypeVar("T")


class Row(BaseModel):
    """A row as it is read. Columns that a newer release added are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Page(Row, Generic[T]):
    """Some rows in order. `next_cursor`: where the next page begins; None after the last."""

    items: tuple[T, ...]
    next_cursor: str | None = None


class JourneyRow(Row):
    """Where a journey stands. `patient_name` and `patient_birth_date` are None until known."""

    journey_id: str
    clinic: str
    phase: str
    phase_entered_at: datetime | None = None
    training: bool
    protocol_version: str
    patient_name: str | None = None
    patient_birth_date: date | None = None
    awaiting_role: str | None = None
    attention: bool
    hold_reason: str | None = None
    next_action_at: datetime | None = None
    began_at: datetime | None = None
    closed: bool
    updated_at: datetime


class EventRow(Row):
    """One fact on record. `at`: the clinical clock; `recorded_at`: the database's."""

    id: int
    workflow_id: str
    journey_id: str
    clinic: str
    sequence: int
    kind: str
    at: datetime
    recorded_at: datetime
    actor_id: str
    actor_role: str
    command_id: str | None = None
    data: dict[str, JsonValue]


class VoteRow(Vote):
    """A vote as it is shown. `signed`: valid, missing or wrong; `meaning`: what was signed;
    `printed`: who, in which role, what and when, as a line. None where nobody looked."""

    model_config = ConfigDict(extra="ignore")

    signed: str | None = None
    meaning: str | None = None
    printed: str | None = None


class TaskRow(Row):
    """One thing that waits, or waited, on a person. `still_needed`: roles yet to decide;
    `stand_ins`: roles that may decide in their place; `owed_to`: the role told last."""

    task_id: str
    workflow_id: str
    journey_id: str
    session_id: str | None = None
    clinic: str
    kind: str
    is_approval: bool
    key: str
    title: str
    slots: tuple[Role, ...]
    still_needed: tuple[Role, ...]
    stand_ins: tuple[Role, ...] = ()
    owed_to: Role
    options: tuple[str, ...] = ()
    evidence: dict[str, str] = {}
    requested_by_id: str
    requested_by_role: Role
    requested_at: datetime
    opens_at: datetime | None = None
    due_at: datetime
    next_at: datetime
    on_expiry: str
    reminded: int
    escalated: int
    version: int
    status: TaskStatus
    votes: tuple[VoteRow, ...] = ()
    closed_at: datetime | None = None


class SessionRow(Row):
    """A treatment day. mg and kg; `last_vitals` as it was entered; `result` once it ended.
    `modality`, `number` and `scheduled_at` may be missing for a moment after booking."""

    session_id: str
    journey_id: str
    clinic: str
    modality: str | None = None
    number: int | None = None
    attempt: int | None = None
    scheduled_at: datetime | None = None
    phase: str
    outcome: str | None = None
    ordered_mg: float | None = None
    drawn_mg: float | None = None
    delivered_mg: float | None = None
    weight_kg: float | None = None
    lot: str | None = None
    checked_in_at: datetime | None = None
    dosed_at: datetime | None = None
    last_reading_at: datetime | None = None
    last_vitals: dict[str, JsonValue] | None = None
    ended_at: datetime | None = None
    lost_at: datetime | None = None
    result: SessionResult | None = None


class PlaceRow(Row):
    """One place that a stay takes up. `purpose`: chair, care or observation."""

    purpose: str
    place: str
    from_at: datetime
    to_at: datetime


class StayRow(Row):
    """One session's stay. `status`: held, confirmed or released; `phase`: where its day stands."""

    session_id: str
    journey_id: str
    clinic: str
    training: bool
    scheduled_at: datetime
    arrives_at: datetime
    ends_at: datetime
    status: str
    expires_at: datetime | None = None
    phase: str
    modality: str | None = None
    places: tuple[PlaceRow, ...] = ()


class ScoreRow(Row):
    """One scored assessment."""

    instrument: Instrument
    total: float
    suicidality: int | None = None
    taken_at: datetime


class NotificationRow(Row):
    """One message that was owed to somebody, and what became of it."""

    workflow_id: str
    occurrence: str
    journey_id: str
    clinic: str
    template: str
    channel: str
    kind: str
    recipient_role: str | None = None
    address: str | None = None
    status: DeliveryStatus
    attempts: int
    provider_id: str | None = None
    claimed_at: datetime
    sent_at: datetime | None = None


class PinnedRow(Row):
    """An open journey and the values it is treated by; `digest` None: only their name is known."""

    journey_id: str
    clinic: str
    phase: str
    training: bool
    protocol_version: str
    digest: str | None = None


class ProtocolChangeRow(Row):
    """One difference between two protocols. `direction`: stricter, laxer or neither. `unit`: of
    both values. `phases`, `modalities`: where it is felt."""

    name: str
    old: str
    new: str
    unit: str
    direction: str
    phases: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()


class JourneyImpact(Row):
    """What one open journey would feel of another protocol: `now`, in its phase, and `later`.
    `unknown`: why nobody can tell."""

    journey_id: str
    clinic: str
    phase: str
    training: bool
    protocol_version: str
    now: tuple[ProtocolChangeRow, ...] = ()
    later: tuple[ProtocolChangeRow, ...] = ()
    unknown: str | None = None
    note: str = ""


class ProtocolPreview(Row):
    """Every open journey, and what it would feel of this protocol version."""

    code: str
    version: str
    journeys: tuple[JourneyImpact, ...]


class CommandRow(Row):
    """A command that took effect, by the first fact it led to."""

    workflow_id: str
    command_id: str
    sequence: int
    kind: str
    at: datetime
    journey_id: str
    clinic: str


class StockRow(Row):
    """One lot of a clinic, in mg: received + corrected = on hand + in use + administered + wasted +
    returned + lost. `left_over_mg`: drawn for a day that has ended and not accounted for."""

    clinic: str
    lot: str
    product: str
    expires_on: date | None = None
    received_mg: float
    corrected_mg: float
    on_hand_mg: float
    in_use_mg: float
    left_over_mg: float
    administered_mg: float
    wasted_mg: float
    returned_mg: float
    lost_mg: float
    counted_at: datetime | None = None
    standing: LotStanding


class StockLine(Row):
    """One line of the log of controlled substances. `at`: the clinical clock; `recorded_at`: when
    it was entered. `session_id`: the treatment day it belongs to."""

    id: int
    clinic: str
    product: str
    lot: str
    expires_on: date | None = None
    movement: StockMovement
    amount_mg: float
    actor_id: str
    actor_role: str
    witness_id: str | None = None
    witness_role: str | None = None
    reason: str | None = None
    journey_id: str
    session_id: str | None = None
    workflow_id: str
    sequence: int
    command_id: str | None = None
    at: datetime
    recorded_at: datetime
    settles: bool
    training: bool


class Counts(Row):
    """How many: journeys by phase, pending and overdue tasks by the role they are owed to,
    messages by status."""

    journeys: int
    closed: int
    attention: int
    by_phase: dict[str, int]
    pending_tasks: dict[str, int]
    overdue_tasks: dict[str, int]
    notifications: dict[str, int]
