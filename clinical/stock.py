"""The drug cabinet: who counts, whether a shift may close, what may leave a lot (8.1, 11.29-11.32).

Perpetual, though no law asks for it: every lot, every shift, two licensed people. What differs is
recounted by two and becomes an incident; nothing is adjusted in silence.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from clinical.controlled_substance import WITNESSES, balance
from clinical.parameters import Parameters
from schemas.base import Actor, Reason
from schemas.controlled_substance import Balance
from schemas.drug_cabinet import LeftOver, LotBook, LotCount, WasteReason

INCOMPLETE = "not_counted"


def judge_counters(first: Actor, second: Actor) -> tuple[Reason, ...]:
    """Why these two may not count a shift: they must be two, and both licensed (8.1)."""
    if first.id == second.id:
        text = "A shift is counted by two different people."
        return (_reason("same_person", text, second.id),)
    if second.role not in WITNESSES:
        text = "Only licensed staff count controlled substances."
        return (_reason("counter_not_licensed", text, second.role.value),)
    return ()


def judge_shift(
    books: Sequence[LotBook], counts: Sequence[LotCount], parameters: Parameters
) -> tuple[Balance, ...]:
    """Every lot that the log or the count knows, balanced: the shift closes when all of them
    close. What a treatment day that has ended drew and neither gave nor wasted keeps a lot open
    as much as a wrong count does (8.1)."""
    counted = {count.lot: count.counted_mg for count in counts}
    known = {book.lot: book for book in books}
    found = []
    for lot in sorted({*counted, *known}):
        book = known.get(lot)
        if lot not in counted and book is not None and _spent(book, parameters):
            continue
        judged = balance(lot, book.entries if book else (), counted.get(lot), parameters)
        unsettled = tuple(_unsettled(book, parameters)) if book else ()
        reasons = (*judged.reasons, *unsettled)
        found.append(judged.model_copy(update={"reasons": reasons, "closes": not reasons}))
    return tuple(found)


def unexplained(book: LotBook | None, parameters: Parameters) -> tuple[LeftOver, ...]:
    """What treatment days that have ended drew and never accounted for, beyond tolerance (8.1)."""
    tolerance_mg = parameters.number("cs.reconcile_tolerance")
    left = book.left_over if book else ()
    return tuple(draw for draw in left if draw.ended and abs(draw.amount_mg) > tolerance_mg)


def judge_outgoing(
    book: LotBook | None,
    amount_mg: float,
    session_id: str | None,
    parameters: Parameters,
    *,
    why: WasteReason | None = None,
) -> tuple[Reason, ...]:
    """Why so much cannot leave this lot: the log has never seen it, has less of it, or it is
    frozen, and stays untouched until two people have looked. What breaks all the same, or is left
    in a syringe, is put down even then (8.1, 11.29, 11.31)."""
    if book is None:
        text = "The log has never seen this lot: receive it first."
        return (_reason("unknown_lot", text, None),)
    if book.frozen and session_id is None and why is not WasteReason.BREAKAGE:
        return (_reason("lot_frozen", "The lot is frozen: nothing leaves it.", book.lot, "11.29"),)
    there_mg = book.on_hand_mg
    if session_id is not None:
        there_mg = sum(d.amount_mg for d in book.left_over if d.session_id == session_id)
    if amount_mg > there_mg + parameters.number("cs.reconcile_tolerance"):
        code = "more_than_on_hand" if session_id is None else "more_than_drawn"
        text = "More cannot leave than the log has."
        return (_reason(code, text, f"{amount_mg:g} mg of {there_mg:g} mg"),)
    return ()


def judge_receipt(expires_on: date, today: date) -> tuple[Reason, ...]:
    """Why stock is not taken in: its last day is over (11.32)."""
    if expires_on >= today:
        return ()
    fact = f"until {expires_on.isoformat()}"
    return (_reason("lot_expired", "The lot has expired.", fact, "11.32"),)


def ways_to_settle(missing_mg: float, parameters: Parameters) -> tuple[str, ...]:
    """What two people may decide about a variance: the count was wrong, the difference has an
    explanation, or, where something is missing, it is a loss that nobody can explain (11.30)."""
    lost = missing_mg > parameters.number("cs.reconcile_tolerance")
    return ("miscounted", "explained", *(("unexplained_loss",) if lost else ()))


def named(balances: Sequence[Balance]) -> tuple[Reason, ...]:
    """Every reason why a shift does not close, each with its lot (8.1)."""
    return tuple(
        reason.model_copy(
            update={
                "text": f"{judged.lot}: {reason.text}",
                "fact": f"{judged.lot}: {reason.fact or ''}".rstrip(": "),
            }
        )
        for judged in balances
        for reason in judged.reasons
    )


def incidents(balances: Sequence[Balance]) -> Mapping[str, Balance]:
    """The lots whose close is refused for more than that nobody counted them (11.30)."""
    return {
        judged.lot: judged
        for judged in balances
        if any(reason.code != INCOMPLETE for reason in judged.reasons)
    }


def _spent(book: LotBook, parameters: Parameters) -> bool:
    """Whether nothing of the lot is left to count, and nothing of it is out."""
    tolerance_mg = parameters.number("cs.reconcile_tolerance")
    return abs(book.on_hand_mg) <= tolerance_mg and not unexplained(book, parameters)


def _unsettled(book: LotBook, parameters: Parameters) -> Iterator[Reason]:
    for draw in unexplained(book, parameters):
        text = "Drawn for a treatment day that has ended, and neither given nor wasted."
        fact = f"{draw.session_id} {draw.amount_mg:+g} mg"
        yield _reason("draw_unsettled", text, fact)


def _reason(code: str, text: str, fact: str | None, source: str = "8.1") -> Reason:
    return Reason(code=code, text=text, fact=fact, source=source)
