"""Decisions signed as the front desk signs them, for tests that reach the workflows directly."""

from typing import Any

from clinical.decision_signature import (
    Signature,
    key_set_content,
    signed_content,
    unpadded,
)
from runtime.decision_keys import DecisionKeys
from schemas.approval import DecideApproval, PendingApproval
from schemas.base import SYSTEM, Command
from schemas.decision_keys import AdoptDecisionKeys
from tests.workflows.doors import Waits, WorkflowDoor


def begins_with(keys: DecisionKeys, *, required: bool = True) -> dict[str, Any]:
    """What a journey's first state says of signatures."""
    return {
        "signatures_required": required,
        "decision_keys": dict(keys.signing),
        "decision_keys_ms": keys.issued_ms,
    }


def sign(
    keys: DecisionKeys,
    decision: DecideApproval,
    shown: PendingApproval,
    *,
    at_ms: int,
    key_id: str | None = None,
) -> DecideApproval:
    """The decision with the signature of whoever was shown this approval."""
    used = key_id or keys.newest
    content = signed_content(
        decision,
        approval_id=decision.approval_id,
        signed_ms=at_ms,
        version=shown.version,
        evidence=shown.evidence_sha256,
    )
    text = Signature(used, at_ms, keys.sign(used, content)).text()
    return decision.model_copy(update={"signature": text})


def announced(newer: DecisionKeys, signers: DecisionKeys, **changes: Any) -> AdoptDecisionKeys:
    """One deployment's keys, vouched for by another's (or its own)."""
    said: dict[str, Any] = {
        "issued_ms": newer.issued_ms,
        "keys": dict(newer.signing),
        "required": True,
        **changes,
    }
    content = key_set_content(said["issued_ms"], said["keys"], required=said["required"])
    return AdoptDecisionKeys(
        command_id=f"keys-{said['issued_ms']}-{len(said['keys'])}",
        actor=SYSTEM,
        signatures={k: unpadded(signers.sign(k, content)) for k in signers.signing},
        **said,
    )


class SigningDoor(WorkflowDoor):
    """The staff's door, with a front desk that signs."""

    def __init__(self, door: WorkflowDoor, keys: DecisionKeys, at_ms: int) -> None:
        super().__init__(door.client)
        self._keys = keys
        self._at_ms = at_ms

    async def send(self, workflow_id: str, kind: str, command: Command) -> dict[str, Any]:
        if isinstance(command, DecideApproval):
            waits: Waits = await self.ask(workflow_id, Waits)
            shown = {a.approval_id: a for a in waits.pending_approvals}
            command = sign(self._keys, command, shown[command.approval_id], at_ms=self._at_ms)
        return await super().send(workflow_id, kind, command)
