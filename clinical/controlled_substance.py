"""Controlled substance: what was drawn is given or wasted before a witness, and stock adds up.

Fact sheet 8.1. A variance blocks the close and opens an incident; no log is edited in silence.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from clinical.adverse_event import report_deadlines
from clinical.parameters import Parameters
from clinical.retention import after_months
from schemas.adverse_event import AdverseEvent, Deadline
from schemas.base import Actor, Reason, Role
from schemas.controlled_substance import Balance, StockEntry, StockMovement, Waste
from schemas.protocol import Clinic
from schemas.screening import Modality

WITNESSES = frozenset(
    {Role.NURSE, Role.PRESCRIBER, Role.PHARMACIST, Role.MEDICAL_DIRECTOR, Role.PSYCHIATRIST}
)
"""Licensed staff who may witness waste."""

ADDS = frozenset({StockMovement.OPENING, StockMovement.RECEIVED, StockMovement.CORRECTED_UP})
MOVES_NOTHING = frozenset(
    {
        StockMovement.COUNTED,
        StockMovement.RECALLED,
        StockMovement.FROZEN,
        StockMovement.RELEASED,
    }
)


def judge_waste(
    drawn_mg: float,
    given_mg: float,
    waste: Waste | None,
    actor: Actor,
    parameters: Parameters,
) -> tuple[Reason, ...]:
    """Why a dose cannot be closed: drawn = given + wasted within 0.5 mg, and a second licensed
    person saw the waste. Nothing means it reconciles. All in mg."""
    wasted_mg = waste.wasted_mg if waste else 0.0
    variance_mg = round(drawn_mg - given_mg - wasted_mg, 6)
    reasons = []
    if abs(variance_mg) > parameters.number("cs.reconcile_tolerance"):
        fact = f"drawn {drawn_mg:g} mg, given {given_mg:g} mg, wasted {wasted_mg:g} mg"
        reasons.append(_reason("waste_variance", "The dose does not reconcile.", fact))
    if wasted_mg > 0 and parameters.flag("cs.waste_witness"):
        reasons += judge_witness(waste.witness if waste else None, actor)
    return tuple(reasons)


def judge_witness(witness: Actor | None, actor: Actor | None) -> tuple[Reason, ...]:
    """Why this is no witness: nobody named, the same person, or not licensed (8.1)."""
    if witness is None:
        return (_reason("witness_missing", "Waste needs a second person's signature.", None),)
    if actor is not None and witness.id == actor.id:
        return (_reason("witness_same_person", "Nobody witnesses their own waste.", witness.id),)
    if witness.role not in WITNESSES:
        text = "Only licensed staff witness waste."
        return (_reason("witness_not_licensed", text, witness.role.value),)
    return ()


def judge_inventory(last_on: date, today: date, parameters: Parameters) -> tuple[Reason, ...]:
    """Whether the stock must be counted and dated again: every 24 months (21 CFR 1304.11)."""
    due_on = after_months(last_on, parameters.number("cs.inventory"))
    if today < due_on:
        return ()
    text = "The inventory of controlled substances is due."
    return (_reason("inventory_due", text, f"due {due_on.isoformat()}"),)


def balance(
    lot: str,
    entries: Sequence[StockEntry],
    counted_mg: float | None,
    parameters: Parameters,
) -> Balance:
    """One lot at the end of a shift: opening + received - administered - wasted - returned - lost
    = closing, in mg; what is drawn and not yet given or wasted is not in the cabinet either. It
    closes when a count agrees within tolerance and nothing went missing without a witness.
    Entries of other lots are not its own and are left out (8.1)."""
    own = [entry for entry in entries if entry.lot == lot]
    expected_mg = round(sum(map(_into_cabinet_mg, own)), 6)
    reasons = [*_unwitnessed(own, parameters), *_negative(expected_mg, parameters)]
    variance_mg = None if counted_mg is None else round(counted_mg - expected_mg, 6)
    if variance_mg is None:
        reasons.append(_reason("not_counted", "The lot must be counted.", lot))
    elif abs(variance_mg) > parameters.number("cs.reconcile_tolerance"):
        text = "Count and log differ: recount by two people; open an incident."
        reasons.append(_reason("variance", text, f"{variance_mg:+g} mg"))
    return Balance(
        lot=lot,
        expected_mg=expected_mg,
        counted_mg=counted_mg,
        variance_mg=variance_mg,
        closes=not reasons,
        reasons=tuple(reasons),
    )


def loss_deadlines(
    found_at: datetime, clinic: Clinic, parameters: Parameters, holidays: Iterable[date] = ()
) -> tuple[Deadline, ...]:
    """Whom an unexplained loss is reported to, and by when (11.30). A broken vial with a witness
    is breakage, not theft (11.31): it is logged as `wasted`."""
    event = AdverseEvent(code="significant_loss", grade=1, description="unexplained loss")
    return report_deadlines(
        event, Modality.IV_KETAMINE, found_at, clinic, parameters, holidays=holidays
    )


def _into_cabinet_mg(entry: StockEntry) -> float:
    """What one line adds to the cabinet; less than nothing where it takes away."""
    if entry.movement in MOVES_NOTHING or entry.of_draw:
        return 0.0
    return entry.amount_mg if entry.movement in ADDS else -entry.amount_mg


def _unwitnessed(own: Sequence[StockEntry], parameters: Parameters) -> list[Reason]:
    if not parameters.flag("cs.waste_witness"):
        return []
    reasons: list[Reason] = []
    for entry in own:
        if entry.movement is StockMovement.WASTED and entry.amount_mg > 0:
            reasons += judge_witness(entry.witness, entry.actor)
    return reasons


def _negative(expected_mg: float, parameters: Parameters) -> list[Reason]:
    if expected_mg >= -parameters.number("cs.reconcile_tolerance"):
        return []
    return [_reason("below_zero", "More left the lot than came in.", f"{expected_mg:g} mg")]


def _reason(code: str, text: str, fact: str | None) -> Reason:
    return Reason(code=code, text=text, fact=fact, source="8.1")
