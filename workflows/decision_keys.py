"""The keys by which a journey, a treatment day or a drug cabinet knows a signed decision.

They come with the start. A later set is taken only when a key known before vouches for it, so that
whoever merely reaches the engine cannot bring keys of their own (docs/decisions, 25).
"""

from typing import Protocol

from pydantic import JsonValue

from clinical.decision_signature import key_set_content, vouched_for
from schemas.base import Reason
from schemas.decision_keys import AdoptDecisionKeys
from schemas.event import EventKind
from workflows.recorder import Recorder


class KnowsKeys(Protocol):
    """State that knows decision keys: key id -> public key, and when that set was made."""

    signatures_required: bool
    decision_keys: dict[str, str]
    decision_keys_ms: int


class DecisionKeys:
    """The decision keys of one workflow."""

    def __init__(self, state: KnowsKeys, recorder: Recorder) -> None:
        self._state = state
        self._recorder = recorder

    def judge(self, command: AdoptDecisionKeys) -> tuple[Reason, ...]:
        """Why these keys are not taken; empty when they are. Where none is known yet the first
        set is taken: until then every decision counts unsigned, or none does."""
        state = self._state
        if command.issued_ms < state.decision_keys_ms:
            return (Reason(code="stale", text="a newer set of keys is known already"),)
        content = key_set_content(command.issued_ms, command.keys, required=command.required)
        known = state.decision_keys or command.keys
        if not vouched_for(content, command.signatures, known):
            text = "no key that is known here vouches for these"
            return (Reason(code="signature_wrong", text=text),)
        return ()

    def adopt(self, command: AdoptDecisionKeys) -> None:
        """Go by these keys from now on, and by no other. What must be signed stays so. Told what
        is known already, nothing happens."""
        state = self._state
        # Also where it says nothing new: an older set that is on its way must not come after it.
        state.decision_keys_ms = max(state.decision_keys_ms, command.issued_ms)
        if command.keys == state.decision_keys and command.required <= state.signatures_required:
            return
        state.decision_keys = dict(command.keys)
        state.signatures_required = state.signatures_required or command.required
        known: list[JsonValue] = [*sorted(command.keys)]
        self._recorder.note(
            EventKind.DECISION_KEYS_ADOPTED,
            {"keys": known, "required": state.signatures_required},
            by=command,
        )
