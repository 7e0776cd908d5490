"""A lot that nothing is drawn from: called back by its maker, or frozen after an incident.

Fact sheet 11.32 and 11.29: blocked first, on record before anybody is answered; then whoever was
given it is listed, and people decide. A frozen lot is used again only when two people say so.
"""

from pydantic import JsonValue

from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import Actor, Command, Reason
from schemas.drug_cabinet import FreezeLot, LotBook, RecallLot, UnfreezeLot
from schemas.event import EventKind
from workflows.cabinet import Cabinet, CabinetAnswer, Reasons, person, stock_line

RELEASE = "release-"


def judge_block(_cabinet: Cabinet, _command: Command) -> Reasons:
    """A lot may always be blocked."""
    return ()


async def recall_lot(cabinet: Cabinet, command: RecallLot) -> CabinetAnswer:
    """Block the lot, list everybody exposed, and ask the medical director to see to them."""
    await cabinet.put_on_record(EventKind.LOT_RECALLED, _told(command.lot, command.reason), command)
    async with cabinet.one_at_a_time:
        exposure = await cabinet.exposed(command, command.lot)
    listed = cabinet.note(
        EventKind.EXPOSURE_LISTED,
        {
            "lot": command.lot,
            "journeys": list(exposure.journeys),
            "sessions": list(exposure.sessions),
        },
        by=command,
    )
    count = len(exposure.journeys)
    cabinet.tasks.open(
        ApprovalKind.LOT_RECALL,
        f"recall-{listed}",
        f"Lot {command.lot} was recalled: {count} patients were given it",
        evidence={"lot": command.lot, "exposed": str(count), "reason": command.reason},
    )
    await cabinet.on_record()
    return CabinetAnswer(exposed=exposure.journeys)


async def freeze_lot(cabinet: Cabinet, command: FreezeLot) -> None:
    """Wrong drug, dose or patient: the lot stays as it is."""
    cabinet.note(EventKind.LOT_FROZEN, _told(command.lot, command.incident), by=command)
    ask_release(cabinet, command.lot, command.actor, command.incident)
    await cabinet.on_record()


def judge_unfreeze(cabinet: Cabinet, command: UnfreezeLot) -> Reasons:
    """Asked once at a time."""
    if cabinet.tasks.find(RELEASE + command.lot) is not None:
        text = "two people are already asked to let this lot be used again"
        return (Reason(code="already_asked", text=text),)
    return ()


async def unfreeze_lot(cabinet: Cabinet, command: UnfreezeLot) -> None:
    """Ask two people, neither of them the one who asks."""
    async with cabinet.one_at_a_time:
        book = await cabinet.book(command, command.lot)
        if book is None or not book.frozen:
            text = "this lot is not frozen"
            cabinet.refuse(command, (Reason(code="not_frozen", text=text),))
        if not judge_unfreeze(cabinet, command):
            ask_release(cabinet, command.lot, command.actor, command.reason)
        await cabinet.on_record()


def ask_release(cabinet: Cabinet, lot: str, asked_by: Actor, reason: str) -> None:
    """Two people may let the lot be used again."""
    cabinet.tasks.open(
        ApprovalKind.LOT_RELEASE,
        RELEASE + lot,
        f"Lot {lot} is frozen: may it be used again?",
        requested_by=asked_by,
        evidence={"lot": lot, "reason": reason},
    )


def release(cabinet: Cabinet, task: Task) -> None:
    """Two people let the lot be used again; a decline leaves it frozen."""
    if task.status is not TaskStatus.APPROVED:
        return
    first, second = task.votes[0].actor, task.votes[-1].actor
    lot = task.key.removeprefix(RELEASE)
    reason = "; ".join(vote.reason for vote in task.votes)
    cabinet.note(
        EventKind.LOT_RELEASED,
        {**_told(lot, reason), "witness": person(second)},
        actor=first,
    )


def _told(lot: str, reason: str) -> dict[str, JsonValue]:
    page = LotBook(lot=lot, product="unknown", on_hand_mg=0)
    return {"lines": [stock_line(page, 0.0)], "reason": reason}
