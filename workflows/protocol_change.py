"""A journey moves to another protocol version: asked by one person, decided by two others, and on
record with every difference. Refused or expired, nothing has changed.
"""

from collections.abc import Callable

from pydantic import JsonValue

from clinical.protocol_compare import compare
from clinical.protocol_judge import judge_protocol
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import Reason
from schemas.event import EventKind, Fact
from schemas.journey import ChangeProtocol
from schemas.protocol import Protocol
from workflows.story import Story

PROTOCOL = "protocol-change"
PINS = frozenset({EventKind.JOURNEY_STARTED, EventKind.PROTOCOL_CHANGED})


class ProtocolChange:
    """The protocol of one journey. `adopted`: told of the version that holds from now on."""

    def __init__(self, story: Story, adopted: Callable[[Protocol], None]) -> None:
        self._story = story
        self._state = story.state
        self._adopted = adopted
        story.listeners.append(self._decided)
        story.recorder.pinned = self._pinned

    def judge(self, command: ChangeProtocol) -> tuple[Reason, ...]:
        """Why this change cannot be asked for; empty when it can."""
        ours = self._state.protocol.version
        if self._state.pending_protocol is not None:
            text = "a change of protocol already waits on two people"
            return (Reason(code="already_asked", text=text),)
        if command.from_version not in (None, ours):
            text = "the journey is on another version than the one this change was prepared for"
            return (Reason(code="stale", text=text, fact=ours),)
        if command.protocol.version == ours:
            return (Reason(code="same_version", text="the journey is on this version already"),)
        return judge_protocol(command.protocol)

    def ask(self, command: ChangeProtocol) -> None:
        """Show two people what would change, with unit and direction, and let them decide."""
        self._state.pending_protocol = command.protocol
        changes = compare(self._state.protocol, command.protocol)
        self._story.tasks.open(
            ApprovalKind.PROTOCOL_CHANGE,
            PROTOCOL,
            "Move this journey to another protocol version: two people",
            requested_by=command.actor,
            evidence={
                "from": self._state.protocol.version,
                "to": command.protocol.version,
                "reason": command.reason,
                **{difference.name: difference.in_words() for difference in changes},
            },
        )

    def _pinned(self, facts: tuple[Fact, ...]) -> Protocol | None:
        """The values go on record beside the facts that name their version."""
        says_so = any(fact.kind in PINS for fact in facts)
        return self._state.protocol if says_so else None

    def _decided(self, task: Task) -> None:
        pending = self._state.pending_protocol
        if task.kind is not ApprovalKind.PROTOCOL_CHANGE or pending is None:
            return
        self._state.tasks.pop(PROTOCOL, None)
        self._state.pending_protocol = None
        if task.status is not TaskStatus.APPROVED:
            return
        data: dict[str, JsonValue] = {"from": self._state.protocol.version, "to": pending.version}
        reasons = judge_protocol(pending)
        if reasons:
            # What was within the rules when it was asked for need not be by the rules of today.
            refused: list[JsonValue] = [reason.fact or reason.code for reason in reasons]
            self._story.recorder.note(EventKind.PROTOCOL_REFUSED, {**data, "reasons": refused})
            return
        difference: list[JsonValue] = [
            {**one.as_data()} for one in compare(self._state.protocol, pending)
        ]
        self._state.protocol = pending
        self._story.tasks.rules = pending.approvals
        self._adopted(pending)
        self._story.recorder.note(
            EventKind.PROTOCOL_CHANGED,
            {**data, "code": pending.code, "difference": difference},
        )
