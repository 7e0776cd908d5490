"""The shift's count: it closes when every lot agrees; what differs is two people's to settle.

Fact sheet 8.1 and 11.30: a variance keeps the shift open, is recounted by two, and, where nobody
can explain what is missing, starts the law's clock from the moment it was found.
"""

from collections.abc import Sequence

from pydantic import JsonValue

from clinical.stock import (
    incidents,
    judge_counters,
    judge_shift,
    named,
    unexplained,
    ways_to_settle,
)
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import Actor
from schemas.controlled_substance import Balance
from schemas.drug_cabinet import CountStock, LotBook, Variance
from schemas.event import EventKind
from workflows.cabinet import Cabinet, CabinetAnswer, Reasons, person, stock_line
from workflows.stock_movement import Loss, note_loss

PREFIX = "variance-"


def judge_count(_cabinet: Cabinet, command: CountStock) -> Reasons:
    """Two licensed people."""
    return judge_counters(command.actor, command.second)


async def count_stock(cabinet: Cabinet, command: CountStock) -> CabinetAnswer:
    """Close the shift, or keep it open and say why, lot by lot."""
    async with cabinet.one_at_a_time:
        books = {book.lot: book for book in await cabinet.books(command)}
        balances = judge_shift(tuple(books.values()), command.counts, cabinet.parameters)
        open_lots = incidents(balances)
        closes = all(judged.closes for judged in balances)
        counted = _counted(books, balances, command, closes=closes)
        kind = EventKind.SHIFT_CLOSED if closes else EventKind.STOCK_COUNTED
        cabinet.note(kind, counted, by=command)
        if closes:
            cabinet.state.shift_closed_at = cabinet.clock.now()
        for judged in balances:
            if judged.lot in open_lots:
                _found(cabinet, judged, books.get(judged.lot))
            elif judged.closes:
                _recounted(cabinet, judged.lot, command)
        await cabinet.on_record()
        if not closes:
            cabinet.refuse(command, named(balances))
        return CabinetAnswer(closed=True, balances=balances)


def settle_variance(cabinet: Cabinet, task: Task) -> None:
    """What two people decided. A decline leaves the shift open and the next count to find it."""
    if task.status not in (TaskStatus.APPROVED, TaskStatus.DECLINED):
        return
    variance = cabinet.state.variances.pop(task.key.removeprefix(PREFIX), None)
    if variance is None:
        return
    first, second = task.votes[0].actor, task.votes[-1].actor
    approved = task.status is TaskStatus.APPROVED
    choice = task.votes[-1].choice if approved else "declined"
    said = "; ".join(vote.reason for vote in task.votes)
    if choice == "explained":
        _correct(cabinet, variance, first, second, said)
    elif choice == "unexplained_loss":
        lines: list[tuple[float, str | None]] = [
            (d.amount_mg, d.session_id) for d in variance.left_over if d.amount_mg > 0
        ]
        if variance.variance_mg < 0:
            lines.insert(0, (-variance.variance_mg, None))
        note_loss(cabinet, Loss(_page(variance), tuple(lines), first, second, said))
        cabinet.report_loss_to_law(variance.found_at, variance.lot, variance.missing_mg)
    _settled(cabinet, variance, str(choice), second)


def _found(cabinet: Cabinet, judged: Balance, book: LotBook | None) -> None:
    """An incident for one lot. The same find again changes nothing; another number is put to
    people anew, and the clock runs on from the first find."""
    state, now = cabinet.state, cabinet.clock.now()
    known = state.variances.get(judged.lot)
    variance = Variance(
        lot=judged.lot,
        product=book.product if book else "unknown",
        expires_on=book.expires_on if book else None,
        variance_mg=judged.variance_mg or 0.0,
        left_over=unexplained(book, cabinet.parameters),
        found_at=known.found_at if known else now,
    )
    if known == variance:
        return
    key = PREFIX + judged.lot
    cabinet.tasks.cancel(key)
    state.variances[judged.lot] = variance
    evidence = {
        "lot": judged.lot,
        "expected_mg": f"{judged.expected_mg:g}",
        "counted_mg": "" if judged.counted_mg is None else f"{judged.counted_mg:g}",
        "variance_mg": f"{variance.variance_mg:+g}",
        "missing_mg": f"{variance.missing_mg:g}",
        "reasons": ", ".join(reason.code for reason in judged.reasons),
    }
    cabinet.note(EventKind.VARIANCE_FOUND, {**evidence})
    cabinet.tasks.open(
        ApprovalKind.SUBSTANCE_VARIANCE,
        key,
        f"Count and log of lot {judged.lot} differ: recount by two people",
        options=ways_to_settle(variance.missing_mg, cabinet.parameters),
        evidence=evidence,
    )


def _recounted(cabinet: Cabinet, lot: str, command: CountStock) -> None:
    """A later count by two people agrees: what differed was the count."""
    variance = cabinet.state.variances.pop(lot, None)
    if variance is not None:
        cabinet.tasks.cancel(PREFIX + lot)
        _settled(cabinet, variance, "recounted", command.second, command.actor)


def _correct(cabinet: Cabinet, variance: Variance, first: Actor, second: Actor, said: str) -> None:
    """The difference has an explanation: the log is set right by a line of its own. Where a
    treatment day gave more than it drew, it drew more than was written down."""
    page = _page(variance)
    belated = [d for d in variance.left_over if d.amount_mg < 0]
    off_mg = variance.variance_mg - sum(d.amount_mg for d in belated)
    cabinet.note(
        EventKind.STOCK_CORRECTED,
        {
            "lines": [stock_line(page, round(abs(off_mg), 6))],
            "belated": [stock_line(page, -d.amount_mg, d.session_id) for d in belated],
            "upward": off_mg > 0,
            "witness": person(second),
            "reason": said,
            "settles": True,
        },
        actor=first,
    )


def _settled(
    cabinet: Cabinet, variance: Variance, outcome: str, second: Actor, first: Actor | None = None
) -> None:
    cabinet.note(
        EventKind.VARIANCE_SETTLED,
        {
            "lot": variance.lot,
            "outcome": outcome,
            "variance_mg": variance.variance_mg,
            "found_at": variance.found_at.isoformat(),
            "second": person(second),
        },
        actor=first or second,
    )


def _page(variance: Variance) -> LotBook:
    return LotBook(
        lot=variance.lot,
        product=variance.product,
        expires_on=variance.expires_on,
        on_hand_mg=0,
    )


def _counted(
    books: dict[str, LotBook], balances: Sequence[Balance], command: CountStock, *, closes: bool
) -> dict[str, JsonValue]:
    """The count as it goes on record: what was counted beside what was expected."""
    expected = {judged.lot: judged.expected_mg for judged in balances}
    lines: list[JsonValue] = []
    for count in command.counts:
        page = books.get(count.lot) or LotBook(lot=count.lot, product="unknown", on_hand_mg=0)
        line = stock_line(page, count.counted_mg)
        lines.append({**line, "expected_mg": expected.get(count.lot)})
    return {"lines": lines, "witness": person(command.second), "settles": closes}
