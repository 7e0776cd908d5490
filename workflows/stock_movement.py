"""Stock comes in, is wasted, goes back or is gone: each before a witness, each against the log."""

from dataclasses import dataclass

from clinical.controlled_substance import judge_witness
from clinical.stock import judge_outgoing, judge_receipt
from schemas.base import Actor
from schemas.drug_cabinet import (
    LotBook,
    ReceiveStock,
    ReportLoss,
    ReturnStock,
    WasteReason,
    WasteStock,
)
from schemas.event import EventKind
from workflows.cabinet import Cabinet, Reasons, person, stock_line

Outgoing = WasteStock | ReturnStock | ReportLoss


def judge_receive(cabinet: Cabinet, command: ReceiveStock) -> Reasons:
    """Not expired; what was there before the log began is counted before a witness."""
    expired = judge_receipt(command.expires_on, cabinet.today)
    if not command.opening and command.witness is None:
        return expired
    return (*expired, *judge_witness(command.witness, command.actor))


async def receive_stock(cabinet: Cabinet, command: ReceiveStock) -> None:
    """Stock came in."""
    book = LotBook(
        lot=command.lot, product=command.product, expires_on=command.expires_on, on_hand_mg=0
    )
    await cabinet.put_on_record(
        EventKind.STOCK_RECEIVED,
        {
            "lines": [stock_line(book, command.amount_mg)],
            "opening": command.opening,
            "witness": person(command.witness),
            "note": command.note,
        },
        command,
    )


def judge_seen(_cabinet: Cabinet, command: Outgoing) -> Reasons:
    """Nothing leaves without a second licensed person who saw it."""
    return judge_witness(command.witness, command.actor)


async def waste_stock(cabinet: Cabinet, command: WasteStock) -> None:
    """Discarded before a witness: a vial that broke, or what a treatment day had left over."""
    async with cabinet.one_at_a_time:
        book = await _insist(cabinet, command, command.session_id, command.why)
        await cabinet.put_on_record(
            EventKind.STOCK_WASTED,
            {
                "lines": [stock_line(book, command.amount_mg, command.session_id)],
                "witness": person(command.witness),
                "reason": command.why.value,
                "note": command.note,
            },
            command,
        )


async def return_stock(cabinet: Cabinet, command: ReturnStock) -> None:
    """Unused stock went back."""
    async with cabinet.one_at_a_time:
        book = await _insist(cabinet, command)
        await cabinet.put_on_record(
            EventKind.STOCK_RETURNED,
            {
                "lines": [stock_line(book, command.amount_mg)],
                "witness": person(command.witness),
                "reason": command.returned_to,
            },
            command,
        )


async def report_loss(cabinet: Cabinet, command: ReportLoss) -> None:
    """Two people say that stock is gone and nobody knows where: the law's clock runs at once."""
    async with cabinet.one_at_a_time:
        # A loss is put down whatever the log still holds: refusing it would hide it.
        book = await cabinet.book(command, command.lot) or LotBook(
            lot=command.lot, product="unknown", on_hand_mg=0
        )
        found_at = cabinet.clock.now()
        line = (command.amount_mg, command.session_id)
        loss = Loss(book, (line,), command.actor, command.witness, command.reason)
        note_loss(cabinet, loss, command)
        cabinet.report_loss_to_law(found_at, command.lot, command.amount_mg)
        await cabinet.on_record()


@dataclass(frozen=True)
class Loss:
    """What is gone, out of the cabinet or out of a treatment day's draw, and who two say so."""

    book: LotBook
    lines: tuple[tuple[float, str | None], ...]
    first: Actor
    second: Actor | None
    reason: str


def note_loss(cabinet: Cabinet, loss: Loss, command: ReportLoss | None = None) -> int:
    """Put down what is gone. Where two people settled a count with it, the lot is right again."""
    return cabinet.note(
        EventKind.STOCK_LOST,
        {
            "lines": [stock_line(loss.book, mg, session) for mg, session in loss.lines],
            "witness": person(loss.second),
            "reason": loss.reason,
            "settles": command is None,
        },
        by=command,
        actor=loss.first,
    )


async def _insist(
    cabinet: Cabinet,
    command: WasteStock | ReturnStock,
    session_id: str | None = None,
    why: WasteReason | None = None,
) -> LotBook:
    """The lot's page in the log; refuses what the log does not have."""
    book = await cabinet.book(command, command.lot)
    reasons = judge_outgoing(book, command.amount_mg, session_id, cabinet.parameters, why=why)
    if reasons or book is None:
        cabinet.refuse(command, reasons)
    return book
