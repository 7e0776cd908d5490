"""A clinic's drug cabinet: what is told to it, what it answers, what it carries from run to run."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.approval import PendingApproval, Task
from schemas.base import (
    Actor,
    Carried,
    CarriedState,
    Code,
    Command,
    CommandId,
    Instant,
    Reason,
    Receipt,
    RequiredText,
    ShortText,
    Value,
)
from schemas.controlled_substance import Balance, StockEntry
from schemas.event import Fact
from schemas.message import DeadLetter, LedgerEntry
from schemas.notification import Notification
from schemas.protocol import Clinic, Protocol

Lot = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$", to_upper=True),
]
"""A lot as it is printed, in capitals: a recalled lot stays recalled however somebody types it."""

Milligrams = Annotated[float, Field(gt=0, le=1_000_000)]
SessionId = Annotated[
    str, StringConstraints(max_length=100, pattern=r"^journey-[a-z0-9]+-(infusion|spray)-[0-9]+$")
]


class WasteReason(StrEnum):
    """Why stock was discarded. A broken vial before a witness is breakage, not theft (11.31)."""

    RESIDUE = "residue"
    BREAKAGE = "breakage"
    EXPIRED = "expired"
    CONTAMINATED = "contaminated"


class ReceiveStock(Command):
    """Stock came in. `opening`: it was there before the log began, counted before a witness."""

    lot: Lot
    product: Code = "ketamine"
    expires_on: date
    amount_mg: Milligrams
    opening: bool = False
    witness: Actor | None = None
    note: ShortText = ""


class LotCount(Value):
    """How much of one lot lies in the cabinet, in mg."""

    lot: Lot
    counted_mg: Annotated[float, Field(ge=0, le=1_000_000)]


class CountStock(Command):
    """Every lot counted by two licensed people: the shift closes when all of them agree."""

    counts: Annotated[tuple[LotCount, ...], Field(max_length=500)]
    second: Actor


class WasteStock(Command):
    """Stock was discarded before a witness. `session_id`: the rest of what that treatment day
    drew; without it, stock out of the cabinet."""

    lot: Lot
    amount_mg: Milligrams
    why: WasteReason
    witness: Actor | None = None
    session_id: SessionId | None = None
    note: ShortText = ""


class ReturnStock(Command):
    """Stock left unused, to a supplier or a reverse distributor."""

    lot: Lot
    amount_mg: Milligrams
    returned_to: RequiredText
    witness: Actor | None = None


class ReportLoss(Command):
    """Stock is gone and nobody knows where: two people say so, and the law's clock runs."""

    lot: Lot
    amount_mg: Milligrams
    reason: RequiredText
    witness: Actor | None = None
    session_id: SessionId | None = None


class RecallLot(Command):
    """The maker or an authority calls a lot back: nothing of it is given any more."""

    lot: Lot
    reason: RequiredText


class FreezeLot(Command):
    """Wrong drug, dose or patient: the lot stays as it is until two people have looked."""

    lot: Lot
    incident: RequiredText


class UnfreezeLot(Command):
    """Ask two others to let a frozen lot be used again."""

    lot: Lot
    reason: RequiredText


class AdoptSettings(Command):
    """The deployment has another clinic file or protocol than the cabinet was opened with.
    `pins`: their fingerprint."""

    clinic: Clinic
    protocol: Protocol
    pins: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class LotRequest(Value):
    """A question about one lot of one clinic. `on`: the clinic's day, by the journey's clock; the
    database's own day where it is not said."""

    clinic: Code
    lot: Lot
    on: date | None = None


class LotStanding(Value):
    """Whether a lot may be drawn from, and every reason why not: `lot_expired`, `lot_recalled`,
    `lot_frozen`. `known`: whether the clinic's log has ever seen it."""

    usable: bool
    reasons: tuple[Reason, ...] = ()
    known: bool = True


class StockRequest(Value):
    """A question about a clinic's stock, or one lot of it. `tolerance_mg`: what a treatment day
    that has ended may have left over without being named."""

    clinic: Code
    lot: Lot | None = None
    tolerance_mg: float = 0


class LeftOver(Value):
    """What a treatment day drew and neither gave nor wasted, in mg. `ended`: the day is over."""

    session_id: str
    amount_mg: float
    ended: bool = False


class LotBook(Value):
    """One lot as the log has it: what is on hand, what is out for a dose, and each entry since two
    people last found it right."""

    lot: Lot
    product: Code = "ketamine"
    expires_on: date | None = None
    on_hand_mg: float
    in_use_mg: float = 0
    recalled: bool = False
    frozen: bool = False
    entries: tuple[StockEntry, ...] = ()
    left_over: tuple[LeftOver, ...] = ()


class Exposure(Value):
    """Who was given a lot, or had it drawn for them: opaque ids of journeys and treatment days."""

    journeys: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()


class CabinetReceipt(Receipt):
    """The answer to a command to the cabinet. `closed`: whether a count closed the shift;
    `exposed`: the journeys that a recall touches; `pins`: the fingerprint of the clinic file and
    protocol that the cabinet goes by."""

    closed: bool | None = None
    balances: tuple[Balance, ...] = ()
    exposed: tuple[str, ...] = ()
    pins: str = ""


class Variance(Carried):
    """Count and log of one lot differ. `variance_mg`: counted minus expected; `left_over`: what
    treatment days drew and never accounted for."""

    lot: str
    product: str
    expires_on: date | None = None
    variance_mg: float
    left_over: tuple[LeftOver, ...] = ()
    found_at: Instant

    @property
    def missing_mg(self) -> float:
        """What is gone: out of the cabinet by count, and out of syringes by the log."""
        return max(-self.variance_mg, 0.0) + sum(max(d.amount_mg, 0.0) for d in self.left_over)


class Refused(Carried):
    """A command that was refused only once the log was read: the same command again is refused
    for the same reasons."""

    command_id: CommandId
    reasons: tuple[Reason, ...]


class CabinetState(CarriedState):
    """What a cabinet carries from run to run; never what it holds: that is in the record. Fields
    are only added, each with a default."""

    workflow_id: str
    clinic: Clinic
    protocol: Protocol
    pins: str = ""
    training: bool = False
    clock_may_move: bool = False
    clock_offset_s: float = 0
    signatures_required: bool = False
    decision_keys: dict[str, str] = {}
    decision_keys_ms: int = 0
    refused_commands: list[str] = []
    version: int = 0
    sequence: int = 0
    recorded_sequence: int = 0
    runs: int = 1
    losses: int = 0
    shift_closed_at: Instant | None = None
    variances: dict[str, Variance] = {}
    refused: list[Refused] = []
    tasks: dict[str, Task] = {}
    task_counts: dict[str, int] = {}
    closed_tasks: list[str] = []
    ledger: list[LedgerEntry] = []
    dead_letters: list[DeadLetter] = []
    dead_letter_count: int = 0
    unrecorded: list[Fact] = []
    unsent: list[Notification] = []


class CabinetInput(Carried):
    """The one input of `DrugCabinet`: a clinic's first use, or the state of the run before."""

    state: CabinetState


class CabinetView(Value):
    """The answer to the cabinet's `state` query. What it holds is asked of the record."""

    workflow_id: str
    clinic: Code
    version: int
    now: Instant
    shift_closed_at: Instant | None = None
    inventory: tuple[Reason, ...] = ()
    variances: tuple[Variance, ...] = ()
    pending_approvals: tuple[PendingApproval, ...] = ()
    pending_entries: tuple[PendingApproval, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    dead_letter_count: int = 0
    unrecorded: int = 0
    unsent: int = 0
    facts: int = 0
    runs: int = 1
