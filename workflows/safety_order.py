"""What the engine orders at the chair: a pause or stop, to a named person, until one answers.

An order changes nothing by itself: a person carries it out and says so. While nobody does, others
are paged, one after the other; an order that was acknowledged is never paged again.
"""

from collections.abc import Callable
from datetime import datetime

from clinical.attendance import acknowledge_by, next_page_at, whom_to_page
from clinical.parameters import Parameters
from schemas.base import Actor, Command, Reason, Role, earliest
from schemas.event import EventKind
from schemas.infusion import AcknowledgeOrder, SafetyOrder, VitalsAction
from workflows.deadlines import Clock
from workflows.session_state import SessionState

Note = Callable[[EventKind, Command | None, dict[str, object]], int]
Alert = Callable[[Role, str, str], None]


class SafetyOrders:
    """The orders of one treatment day."""

    def __init__(
        self, state: SessionState, clock: Clock, parameters: Parameters, note: Note, alert: Alert
    ) -> None:
        self._state = state
        self._clock = clock
        self._parameters = parameters
        self._note = note
        self._alert = alert

    def give(self, action: VitalsAction, reason: str) -> SafetyOrder:
        """Order a pause or stop of whoever stays with the patient."""
        order = SafetyOrder(
            order_id=f"order-{len(self._state.orders) + 1}",
            action=action,
            reason=reason,
            to=self._state.attendant,
            given_at=self._clock.now(),
        )
        self._state.orders.append(order)
        self._note(EventKind.ORDER_GIVEN, None, order.model_dump(mode="json", exclude_none=True))
        return order

    @property
    def unanswered(self) -> list[SafetyOrder]:
        """Orders that nobody has acknowledged yet, oldest first."""
        return [order for order in self._state.orders if order.acknowledged_by is None]

    def judge(self, command: AcknowledgeOrder) -> tuple[Reason, ...]:
        """Why this acknowledgement is refused; empty when it is taken."""
        order = next((o for o in self._state.orders if o.order_id == command.order_id), None)
        if order is None:
            return (Reason(code="unknown_order", text="no such order was given here"),)
        if order.acknowledged_by is not None:
            return (Reason(code="already_acknowledged", text="this order was acknowledged before"),)
        return ()

    def acknowledge(self, order_id: str, command: Command, by: Actor) -> None:
        """Somebody has seen the order and carries it out."""
        answer = {"acknowledged_by": by, "acknowledged_at": self._clock.now()}
        self._state.orders[:] = [
            order.model_copy(update=answer) if order.order_id == order_id else order
            for order in self._state.orders
        ]
        self._note(EventKind.ORDER_ACKNOWLEDGED, command, {"order_id": order_id})

    def carried_out(self, command: Command) -> None:
        """Whoever stops, ends or resumes the dose has seen every order there was."""
        for order in self.unanswered:
            self.acknowledge(order.order_id, command, command.actor)

    def next_at(self) -> datetime | None:
        """When the next person is paged about an order."""
        return earliest(self._page_at(order) for order in self.unanswered)

    def look(self) -> None:
        """Page whoever is next on the ladder for every order left unanswered for too long."""
        now = self._clock.now()
        for order in self.unanswered:
            if now >= self._page_at(order):
                self._page(order, now)

    def _page_at(self, order: SafetyOrder) -> datetime:
        first = acknowledge_by(order.given_at, self._parameters)
        return next_page_at(first, order.last_paged_at, self._parameters)

    def _page(self, order: SafetyOrder, now: datetime) -> None:
        role = whom_to_page(order.paged)
        paged = order.model_copy(update={"paged": order.paged + 1, "last_paged_at": now})
        self._state.orders[:] = [
            paged if o.order_id == order.order_id else o for o in self._state.orders
        ]
        self._note(
            EventKind.ORDER_UNANSWERED,
            None,
            {"order_id": order.order_id, "action": order.action.value, "paged": role.value},
        )
        self._alert(role, "order_unanswered", f"{order.order_id}-page-{paged.paged}")
