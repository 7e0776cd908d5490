"""The front desk signs a decision for whoever its door has verified, over what they were shown.

One signer for every door. What was shown is what the record shows; where the caller names no
version, or one that the record does not have yet, the workflow itself is asked.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple, Protocol

import structlog
from pydantic import BaseModel, ConfigDict

from clinical.decision_signature import (
    Signature,
    evidence_sha256,
    key_set_content,
    signed_content,
    unpadded,
)
from records.errors import RecordUnavailable
from runtime.decision_keys import DecisionKeys
from runtime.settings import Settings
from schemas.approval import DecideApproval
from schemas.base import Actor, Role
from schemas.decision_keys import AdoptDecisionKeys
from service.manifestation import PublicKeys
from service.rows import TaskRow

FRONT_DESK: Final = Actor(id="front-desk", role=Role.SYSTEM)
REMEMBERED: Final = 10_000

log = structlog.get_logger(__name__)

AskLive = Callable[[str], Awaitable[Mapping[str, object] | None]]
"""A workflow's own `state`; None when nobody can ask it."""


class ShownTasks(Protocol):
    """The record's lookup of one task."""

    async def task(self, task_id: str, *, clinics: frozenset[str] | None) -> TaskRow | None: ...


class Seen(NamedTuple):
    """What a decision rests on: a task's version and the digest of all it shows."""

    version: int
    evidence: str


class _Waiting(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    approval_id: str
    version: int
    evidence_sha256: str = ""


class _Waits(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    pending_approvals: tuple[_Waiting, ...] = ()


class DecisionSigner:
    """Signs with the deployment's newest key. `required`: this deployment takes no decision
    unsigned."""

    def __init__(
        self,
        keys: DecisionKeys,
        shown: ShownTasks,
        *,
        required: bool,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._shown = shown
        self._required = required
        self._now = now
        self._told: dict[str, int] = {}

    async def signed(
        self, decision: DecideApproval, workflow_id: str, ask: AskLive
    ) -> DecideApproval:
        """The decision with its signature, which takes the place of any that it brought; as it
        came where nobody can say what was shown: the workflow then says why it does not count."""
        seen = await self._seen(decision, workflow_id, ask)
        if seen is None:
            return decision
        signed_ms = int(self._now() * 1_000)
        key_id = self._keys.newest
        content = signed_content(
            decision,
            approval_id=decision.approval_id,
            signed_ms=signed_ms,
            version=seen.version,
            evidence=seen.evidence,
        )
        signature = Signature(key_id, signed_ms, self._keys.sign(key_id, content))
        return decision.model_copy(update={"signature": signature.text()})

    def news_for(self, workflow_id: str) -> AdoptDecisionKeys | None:
        """The keys, where they have changed since some work began and this workflow has not been
        told by this process; told again it takes them as known."""
        issued = self._keys.issued_ms
        if not self._keys.rotated or self._told.get(workflow_id) == issued:
            return None
        return self.announcement()

    def told(self, workflow_id: str, news: AdoptDecisionKeys) -> None:
        """This workflow has heard the news, or has it before the decision that follows."""
        if len(self._told) >= REMEMBERED:
            self._told.clear()
        self._told[workflow_id] = news.issued_ms

    def announcement(self) -> AdoptDecisionKeys:
        """The keys of this deployment, vouched for by each of them."""
        return announcement_of(self._keys, required=self._required)

    async def _seen(self, decision: DecideApproval, workflow_id: str, ask: AskLive) -> Seen | None:
        recorded = await self._recorded(decision.approval_id)
        wanted = decision.expected_version
        if recorded is not None and recorded.version == wanted:
            return recorded
        return await _live(decision.approval_id, workflow_id, ask) or recorded

    async def _recorded(self, approval_id: str) -> Seen | None:
        try:
            row = await self._shown.task(approval_id, clinics=None)
        except RecordUnavailable:
            log.warning("signing_without_record")
            return None
        return Seen(row.version, evidence_sha256(row)) if row and row.is_approval else None


def announcement_of(keys: DecisionKeys, *, required: bool) -> AdoptDecisionKeys:
    """A set of keys, vouched for by each of them. Always the same command for the same set."""
    issued, signing = keys.issued_ms, dict(keys.signing)
    content = key_set_content(issued, signing, required=required)
    return AdoptDecisionKeys(
        command_id=f"decision-keys-{issued}{'-required' if required else ''}",
        actor=FRONT_DESK,
        issued_ms=issued,
        keys=signing,
        required=required,
        signatures={key_id: unpadded(keys.sign(key_id, content)) for key_id in signing},
    )


async def _live(approval_id: str, workflow_id: str, ask: AskLive) -> Seen | None:
    told = await ask(workflow_id)
    waits = _Waits.model_validate(told or {}).pending_approvals
    found = next((w for w in waits if w.approval_id == approval_id and w.evidence_sha256), None)
    return Seen(found.version, found.evidence_sha256) if found else None


def signer(
    keys: DecisionKeys | None, shown: ShownTasks, settings: Settings
) -> DecisionSigner | None:
    """The signer of a deployment that has keys to sign with."""
    if keys is None:
        return None
    return DecisionSigner(keys, shown, required=settings.require_signed_decisions)


def public_keys(keys: DecisionKeys | None) -> PublicKeys:
    """By which signatures on record are checked; without a key file none is known."""
    return lambda: keys.public if keys else {}
