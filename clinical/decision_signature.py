"""Signed decisions: what a signature covers, whether it holds, which keys vouch for later ones.

A pure function of bytes: the workflow asks before a decision takes effect, the doors when one is
shown. The front desk signs for whoever its token names (docs/decisions, 25). Not a clinical rule:
21 CFR 11.50 and 11.70 ask that name, time and meaning go along and cannot be moved to other words.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas.approval import Choice, DecideApproval, Vote
from schemas.base import Actor, Reason

ALGORITHM = "ed25519"
DECISION, KEY_SET, EVIDENCE = b"journey decision 1\n", b"journey keys 1\n", b"journey evidence 1\n"
"""What each kind of content begins with, so that none can pass for another."""

GOOD_FOR = timedelta(days=7)
"""A decision may wait for workers that are down, over a long weekend; not for ever."""

CLOCKS_APART = timedelta(minutes=5)
BEGINNING, LAST_MS = 0, 253_402_300_800_000
"""Milliseconds of the times that a calendar can show: up to the year 10,000."""

REFUSED = "signature_"
"""What the code of every refusal begins with that is about the signature."""


class Standing(StrEnum):
    """How a signature is shown beside its decision."""

    VALID = "valid"
    MISSING = "missing"
    WRONG = "wrong"


class Shown(Protocol):
    """A task as it was shown, from wherever it is read."""

    @property
    def title(self) -> str:
        """What is asked."""
        ...

    @property
    def evidence(self) -> Mapping[str, str]:
        """What it rests on."""
        ...

    @property
    def options(self) -> Sequence[str]:
        """The ways on to choose from."""
        ...

    @property
    def votes(self) -> Sequence[Vote]:
        """Who decided so far."""
        ...


class Said(Protocol):
    """A decision's own words, of the command or of the vote it became."""

    @property
    def actor(self) -> Actor:
        """Who, in which role."""
        ...

    @property
    def decision(self) -> Choice:
        """Approve or decline."""
        ...

    @property
    def choice(self) -> str | None:
        """The way on that was chosen."""
        ...

    @property
    def reason(self) -> str:
        """Why, in words."""
        ...

    @property
    def reason_code(self) -> str | None:
        """Why, as a code."""
        ...


@dataclass(frozen=True, slots=True)
class Signature:
    """`ed25519:<key id>:<unix milliseconds>:<base64url>`, taken apart."""

    key_id: str
    signed_ms: int
    value: bytes

    @classmethod
    def parse(cls, text: str) -> "Signature | None":
        """The signature in a text; None unless it is written in the one way it can be."""
        try:
            algorithm, key_id, signed, value = text.split(":")
            found = cls(key_id, int(signed), urlsafe_b64decode(value + "=="))
        except ValueError:
            return None
        if not BEGINNING <= found.signed_ms < LAST_MS:
            return None
        return found if algorithm == ALGORITHM and found.text() == text else None

    def text(self) -> str:
        """As it goes along with the decision."""
        return f"{ALGORITHM}:{self.key_id}:{self.signed_ms}:{unpadded(self.value)}"

    @property
    def signed_at(self) -> datetime:
        """When the front desk signed."""
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=self.signed_ms)


def unpadded(raw: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def key_id_of(public: bytes) -> str:
    """The id of a public key: its own fingerprint, so that no two keys share one."""
    return sha256(public).hexdigest()[:16]


def evidence_sha256(task: Shown, seen_votes: int | None = None) -> str:
    """The digest of all that a decision rests on: title, evidence, options, the votes so far and
    the version. `seen_votes`: how many of the votes had been cast when it was shown."""
    votes = task.votes[:seen_votes]
    content = {
        "title": task.title,
        "evidence": dict(task.evidence),
        "options": list(task.options),
        "votes": [_vote(vote) for vote in votes],
        "version": version_after(len(votes)),
    }
    return sha256(EVIDENCE + _canonical(content)).hexdigest()


def version_after(votes: int) -> int:
    """A pending task's version: it begins at 1, and each vote moves it on."""
    return 1 + votes


def signed_content(
    said: Said, *, approval_id: str, signed_ms: int, version: int, evidence: str
) -> bytes:
    """The bytes that are signed. `version`, `evidence`: of the task as it was shown."""
    return DECISION + _canonical(
        {
            "approval_id": approval_id,
            "decision": said.decision.value,
            "choice": said.choice,
            "reason": said.reason,
            "reason_code": said.reason_code,
            "actor_id": said.actor.id,
            "actor_role": said.actor.role.value,
            "signed_ms": signed_ms,
            "version": version,
            "evidence_sha256": evidence,
        }
    )


def judge_signature(
    task: Shown, command: DecideApproval, keys: Mapping[str, str], now: datetime
) -> tuple[Reason, ...]:
    """Why this decision's signature does not count; empty when it does. `now`: real time, also
    where the clinical clock has been moved."""
    if not command.signature:
        return _no("missing", "decisions must be signed in this deployment")
    found = Signature.parse(command.signature)
    if found is None:
        return _no("malformed", "this is no signature as the front desk writes them")
    if found.key_id not in keys:
        return _no("key_unknown", "it was signed with a key that is not known here")
    if found.signed_ms < _ms(now - GOOD_FOR):
        return _no("too_old", f"it was signed more than {GOOD_FOR.days} days ago")
    if found.signed_ms > _ms(now + CLOCKS_APART):
        return _no("from_future", "it was signed at a time that has not come yet")
    claim = _Claim(command, command.approval_id, found, keys[found.key_id])
    seen = claim.votes_seen(task, len(task.votes))
    if seen is None:
        return _no("wrong", "the signature is not of this decision by this person")
    if seen != len(task.votes):
        text = f"it changed since version {version_after(seen)} was shown and signed"
        return (Reason(code="stale", text=text),)
    return ()


def standing_of(task: Shown, approval_id: str, number: int, keys: Mapping[str, str]) -> Standing:
    """Whether the vote of this number (from 0), as it stands on record, was signed so."""
    vote = task.votes[number]
    if not vote.signature:
        return Standing.MISSING
    found = Signature.parse(vote.signature)
    if found is None:
        return Standing.WRONG
    claim = _Claim(vote, approval_id, found, keys.get(found.key_id))
    return Standing.WRONG if claim.votes_seen(task, number) is None else Standing.VALID


def standing_by_digest(
    vote: Vote, approval_id: str, version: int, evidence: str, keys: Mapping[str, str]
) -> Standing:
    """The same where only the digest of what was shown is at hand: a line of the timeline."""
    if not vote.signature:
        return Standing.MISSING
    found = Signature.parse(vote.signature)
    if found is None:
        return Standing.WRONG
    claim = _Claim(vote, approval_id, found, keys.get(found.key_id))
    return Standing.VALID if claim.holds(version, evidence) else Standing.WRONG


def key_set_content(issued_ms: int, keys: Mapping[str, str], *, required: bool) -> bytes:
    """The bytes by which known keys vouch for a set of keys."""
    return KEY_SET + _canonical({"issued_ms": issued_ms, "keys": dict(keys), "required": required})


def vouched_for(content: bytes, signatures: Mapping[str, str], keys: Mapping[str, str]) -> bool:
    """Whether one of the known keys signed this content."""
    return any(
        _holds(keys[key_id], _raw(value), content)
        for key_id, value in signatures.items()
        if key_id in keys
    )


@dataclass(frozen=True, slots=True)
class _Claim:
    """Somebody's words about one approval, and the signature that is to prove them."""

    said: Said
    approval_id: str
    signature: Signature
    public: str | None

    def votes_seen(self, task: Shown, most: int) -> int | None:
        """How many votes had been cast in what was signed, `most` or fewer; None: nothing fits."""
        for seen in range(most, -1, -1):
            if self.holds(version_after(seen), evidence_sha256(task, seen)):
                return seen
        return None

    def holds(self, version: int, evidence: str) -> bool:
        """Whether just this was signed."""
        if self.public is None:
            return False
        content = signed_content(
            self.said,
            approval_id=self.approval_id,
            signed_ms=self.signature.signed_ms,
            version=version,
            evidence=evidence,
        )
        return _holds(self.public, self.signature.value, content)


@lru_cache(maxsize=512)
def _holds(public: str, value: bytes, content: bytes) -> bool:
    """A decision is asked about when it arrives and when it takes effect: worked out once."""
    key = _parsed(public)
    if key is None:
        return False
    try:
        key.verify(value, content)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=64)
def _parsed(public: str) -> Ed25519PublicKey | None:
    try:
        return Ed25519PublicKey.from_public_bytes(_raw(public))
    except ValueError:
        return None


def _raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _vote(vote: Vote) -> dict[str, object]:
    return {
        "actor_id": vote.actor.id,
        "actor_role": vote.actor.role.value,
        "decision": vote.decision.value,
        "choice": vote.choice,
        "reason": vote.reason,
        "reason_code": vote.reason_code,
        "at": vote.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "signature": vote.signature,
    }


def _canonical(content: Mapping[str, object]) -> bytes:
    """One way to write a content: names in order, nothing between, nothing beyond ASCII."""
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode("ascii")


def _ms(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _no(code: str, text: str) -> tuple[Reason, ...]:
    return (Reason(code=f"{REFUSED}{code}", text=text),)
