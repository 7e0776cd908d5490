"""What operators see of a journey in the Temporal UI: search attributes, a small card, a memo.

Codes, roles and times only: attributes and card are readable by anyone who may look into the
server. The memo is sealed. It is more than for the eye: a task of the engine that heard something
and asked for nothing leaves no event. A worker that reads the history anew is handed such a silent
task together with the update after it, and judges the update by what was known before (decision
27). So what commands are judged by is shown in the moment it changes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from runtime.names import (
    ATTENTION,
    AWAITING_ROLE,
    CLINIC_CODE,
    HOLD_REASON,
    JOURNEY_PHASE,
    NEXT_ACTION_AT,
    PROTOCOL_VERSION,
    SESSION_NUMBER,
)
from schemas.approval import Task
from schemas.base import Reason
from schemas.event import JourneyCard
from schemas.infusion import SessionPhase, SessionPlan
from workflows.options import NAME_SHOWN


class Notice:
    """The card of one workflow, put up again only when it says something new."""

    def __init__(self) -> None:
        self._shown: JourneyCard | None = None

    def put_up(self, card: JourneyCard, waits_on: str) -> None:
        """Show where the journey stands; one history event when an attribute changed, else none."""
        workflow.set_current_details(_details(card, waits_on))
        if self._shown is not None and _same(self._shown, card):
            return
        workflow.upsert_search_attributes(_updates(card))
        self._shown = card


def session_attributes(plan: SessionPlan) -> TypedSearchAttributes:
    """What a session workflow is found by, from its start."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(JOURNEY_PHASE, SessionPhase.BOOKED.value),
            SearchAttributePair(CLINIC_CODE, plan.clinic.code),
            SearchAttributePair(PROTOCOL_VERSION, plan.protocol.version),
            SearchAttributePair(SESSION_NUMBER, plan.number),
            SearchAttributePair(NEXT_ACTION_AT, plan.scheduled_at),
        ]
    )


def show_session(phase: SessionPhase) -> None:
    """How a treatment day ended, as lists find it; a running one is found by its parent's card."""
    workflow.upsert_search_attributes([JOURNEY_PHASE.value_set(phase.value)])


def show_record(*, away: bool, lot_blocked: Sequence[Reason]) -> None:
    """Whether the record answers, and what it says of the lot: a start is judged by both."""
    workflow.upsert_memo(
        {
            "record": "away" if away else "answers",
            "lot_blocked": [reason.code for reason in lot_blocked],
        }
    )


def show_heard(signal: str) -> None:
    """The last signal that came in, by its name."""
    workflow.upsert_memo({"heard": signal[:NAME_SHOWN]})


def show_answered(who: str) -> None:
    """Who outside has answered last. Always, whatever else is on its way: whether it is may be told
    otherwise by a worker that is handed two answers together."""
    workflow.upsert_memo({"answered": who})


def show_ending() -> None:
    """The story has ended; the desk is being cleared."""
    workflow.upsert_memo({"run": "ending"})


class CabinetNotice:
    """What a drug cabinet waits on: who, by when, and whether somebody came too late; put up again
    only when it says something new."""

    def __init__(self) -> None:
        self._shown: tuple[str | None, datetime | None, bool] = (None, None, False)

    def put_up(self, pending: Sequence[Task]) -> None:
        """Show it; one history event when an attribute changed, else none."""
        first = pending[0] if pending else None
        role, due_at = (first.owed_to.value, first.due_at) if first else (None, None)
        waits_on = f"{first.kind.value}, owed to {role}" if first else "nobody"
        workflow.set_current_details(f"**drug cabinet**\n\nwaits on: {waits_on}")
        says = (role, due_at, any(task.escalated for task in pending))
        if says == self._shown:
            return
        self._shown = says
        workflow.upsert_search_attributes(
            [
                AWAITING_ROLE.value_set(role) if role else AWAITING_ROLE.value_unset(),
                NEXT_ACTION_AT.value_set(due_at) if due_at else NEXT_ACTION_AT.value_unset(),
                ATTENTION.value_set(says[2]),
            ]
        )


def _updates(card: JourneyCard) -> list[SearchAttributeUpdate[Any]]:
    updates: list[SearchAttributeUpdate[Any]] = [
        JOURNEY_PHASE.value_set(card.phase),
        CLINIC_CODE.value_set(card.clinic),
        PROTOCOL_VERSION.value_set(card.protocol_version),
        ATTENTION.value_set(card.attention),
        AWAITING_ROLE.value_set(card.awaiting_role)
        if card.awaiting_role
        else AWAITING_ROLE.value_unset(),
        HOLD_REASON.value_set(card.hold_reason) if card.hold_reason else HOLD_REASON.value_unset(),
        NEXT_ACTION_AT.value_set(card.next_action_at)
        if card.next_action_at
        else NEXT_ACTION_AT.value_unset(),
    ]
    return updates


def _same(shown: JourneyCard, card: JourneyCard) -> bool:
    """Whether an upsert would tell nothing new."""
    return (
        shown.phase,
        shown.awaiting_role,
        shown.attention,
        shown.hold_reason,
        shown.protocol_version,
        shown.next_action_at,
    ) == (
        card.phase,
        card.awaiting_role,
        card.attention,
        card.hold_reason,
        card.protocol_version,
        card.next_action_at,
    )


def _details(card: JourneyCard, waits_on: str) -> str:
    lines = [
        f"**{card.phase}** · clinic {card.clinic}" + (" · training" if card.training else ""),
        f"waits on: {waits_on}",
        f"owner: {card.awaiting_role or 'nobody'}",
        f"next: {_when(card.next_action_at)}",
    ]
    if card.hold_reason:
        lines.append(f"on hold: {card.hold_reason}")
    if card.attention:
        lines.append("needs attention")
    return "\n\n".join(lines)


def _when(moment: datetime | None) -> str:
    return moment.isoformat(timespec="minutes") if moment else "nothing scheduled"
