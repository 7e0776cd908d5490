"""A signed decision: the words of one person about one approval as it was shown, and no others."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from clinical.approval import cast, open_task, rule_for
from clinical.approval_rules import STANDARD_APPROVALS
from clinical.decision_signature import (
    CLOCKS_APART,
    GOOD_FOR,
    Signature,
    Standing,
    evidence_sha256,
    judge_signature,
    key_id_of,
    key_set_content,
    signed_content,
    standing_by_digest,
    standing_of,
    unpadded,
    vouched_for,
)
from schemas.approval import ApprovalKind, Choice, DecideApproval, Task
from schemas.base import SYSTEM, Actor, Role

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1_000)
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"a key of the north clinic's door")
PUBLIC = PRIVATE.public_key().public_bytes_raw()
KID = key_id_of(PUBLIC)
KEYS = {KID: unpadded(PUBLIC)}
STRANGER = Ed25519PrivateKey.from_private_bytes(b"somebody who found the frontend.")
LEE = Actor(id="dr-lee", role=Role.PSYCHIATRIST)
VEGA = Actor(id="dr-vega", role=Role.MEDICAL_SCREENER)


def a_task(**changes: Any) -> Task:
    kind = ApprovalKind.TREATMENT_CLEARANCE
    task = open_task(
        task_id="journey-x~treatment_clearance~1",
        kind=kind,
        key="clearance",
        title="Clear Ottoline Bracegirdle for a course",
        rule=rule_for(kind, STANDARD_APPROVALS),
        requested_by=SYSTEM,
        now=NOON,
        options=("taper", "maintenance"),
        evidence={"phq9": "21", "bp": "128/82"},
    )
    return task.model_copy(update=changes)


def a_decision(**changes: Any) -> DecideApproval:
    said: dict[str, Any] = {
        "command_id": "c-1",
        "actor": LEE,
        "approval_id": "journey-x~treatment_clearance~1",
        "decision": Choice.APPROVE,
        "reason": "seen and considered",
        "choice": "taper",
        **changes,
    }
    return DecideApproval(**said)


def signed(
    decision: DecideApproval,
    task: Task,
    *,
    at_ms: int = NOON_MS,
    by: Ed25519PrivateKey = PRIVATE,
    key_id: str = KID,
) -> DecideApproval:
    content = signed_content(
        decision,
        approval_id=decision.approval_id,
        signed_ms=at_ms,
        version=task.version,
        evidence=evidence_sha256(task),
    )
    signature = Signature(key_id, at_ms, by.sign(content))
    return decision.model_copy(update={"signature": signature.text()})


def codes(task: Task, decision: DecideApproval, now: datetime = NOON) -> list[str]:
    return [reason.code for reason in judge_signature(task, decision, KEYS, now)]


def test_a_decision_signed_over_what_was_shown_counts() -> None:
    assert codes(a_task(), signed(a_decision(), a_task())) == []


def test_an_unsigned_decision_is_called_so() -> None:
    assert codes(a_task(), a_decision()) == ["signature_missing"]


@pytest.mark.parametrize(
    "changed",
    [
        {"actor": Actor(id="dr-lie", role=Role.PSYCHIATRIST)},
        {"actor": Actor(id="dr-lee", role=Role.MEDICAL_DIRECTOR)},
        {"decision": Choice.DECLINE},
        {"choice": "maintenance"},
        {"choice": None},
        {"reason": "seen and considered!"},
        {"reason_code": "not_safe"},
        {"approval_id": "journey-x~treatment_clearance~2"},
        {"approval_id": "journey-y~treatment_clearance~1"},
    ],
)
def test_a_signature_does_not_pass_to_other_words(changed: dict[str, Any]) -> None:
    forged = signed(a_decision(), a_task()).model_copy(update=changed)

    assert codes(a_task(), forged) == ["signature_wrong"]


@pytest.mark.parametrize(
    "changed",
    [
        {"title": "Clear Ottoline Bracegirdle for a longer course"},
        {"evidence": {"phq9": "12", "bp": "128/82"}},
        {"evidence": {"phq9": "21"}},
        {"options": ("taper",)},
    ],
)
def test_a_signature_does_not_pass_to_other_evidence(changed: dict[str, Any]) -> None:
    assert codes(a_task(**changed), signed(a_decision(), a_task())) == ["signature_wrong"]


def test_the_key_of_a_stranger_signs_nothing() -> None:
    with_our_id = signed(a_decision(), a_task(), by=STRANGER)
    with_its_own = signed(
        a_decision(),
        a_task(),
        by=STRANGER,
        key_id=key_id_of(STRANGER.public_key().public_bytes_raw()),
    )

    assert codes(a_task(), with_our_id) == ["signature_wrong"]
    assert codes(a_task(), with_its_own) == ["signature_key_unknown"]


def test_what_was_signed_before_somebody_else_voted_is_stale() -> None:
    shown = a_task()
    since = cast(shown, a_decision(actor=VEGA), NOON)

    assert codes(since, signed(a_decision(), shown)) == ["stale"]
    assert codes(since, signed(a_decision(), since)) == []


def test_a_signature_waits_a_week_for_a_worker_and_no_longer() -> None:
    decision = signed(a_decision(), a_task())
    a_moment = timedelta(milliseconds=1)

    assert codes(a_task(), decision, NOON + GOOD_FOR) == []
    assert codes(a_task(), decision, NOON + GOOD_FOR + a_moment) == ["signature_too_old"]
    assert codes(a_task(), decision, NOON - CLOCKS_APART) == []
    assert codes(a_task(), decision, NOON - CLOCKS_APART - a_moment) == ["signature_from_future"]


@given(place=st.integers(min_value=0), byte=st.integers(min_value=32, max_value=126))
def test_any_changed_letter_of_a_signature_is_refused(place: int, byte: int) -> None:
    decision = signed(a_decision(), a_task())
    text = decision.signature or ""
    at = place % len(text)
    if text[at] == chr(byte):
        return
    forged = text[:at] + chr(byte) + text[at + 1 :]

    refused = codes(a_task(), decision.model_copy(update={"signature": forged}))

    assert len(refused) == 1
    assert refused[0].startswith("signature_")


WORDS = st.text(min_size=1, max_size=40).filter(lambda text: bool(text.strip()))
ACTORS = st.builds(
    Actor,
    id=st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=20),
    role=st.sampled_from(Role),
)
DECISIONS = st.builds(
    a_decision,
    actor=ACTORS,
    decision=st.sampled_from(Choice),
    choice=st.none() | st.text(max_size=10),
    reason=WORDS,
    reason_code=st.none() | st.sampled_from(["not_safe", "other"]),
    approval_id=st.sampled_from(["a~treatment_clearance~1", "a~treatment_clearance~2"]),
)
TASKS = st.builds(
    a_task,
    title=st.text(max_size=20),
    evidence=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    options=st.lists(st.text(max_size=5), max_size=3).map(tuple),
)
SIGNED_WORDS = ("actor", "decision", "choice", "reason", "reason_code", "approval_id")
SHOWN = ("title", "evidence", "options")


@given(one=DECISIONS, other=DECISIONS, shown=TASKS, now_shown=TASKS)
def test_a_signature_counts_exactly_where_every_signed_word_is_the_same(
    one: DecideApproval, other: DecideApproval, shown: Task, now_shown: Task
) -> None:
    moved = other.model_copy(update={"signature": signed(one, shown).signature})

    same = all(getattr(one, name) == getattr(other, name) for name in SIGNED_WORDS)
    same = same and all(getattr(shown, name) == getattr(now_shown, name) for name in SHOWN)

    assert codes(now_shown, moved) == ([] if same else ["signature_wrong"])


@given(text=st.text(max_size=200))
def test_whatever_is_sent_as_a_signature_is_answered(text: str) -> None:
    refused = codes(a_task(), a_decision(signature=text))

    assert refused in (["signature_malformed"], ["signature_missing"])


def test_there_is_one_way_to_write_a_signature() -> None:
    text = signed(a_decision(), a_task()).signature or ""
    head, _, value = text.rpartition(":")
    padded = f"{text}=="
    standard = f"{head}:{base64.b64encode(base64.urlsafe_b64decode(value + '==')).decode()}"
    spaced = text.replace(f":{NOON_MS}:", f": {NOON_MS}:")

    assert Signature.parse(text) is not None
    assert [Signature.parse(other) for other in (padded, standard, spaced)] == [None] * 3


@pytest.mark.parametrize("signed_ms", [-1, 253_402_300_800_000, 10**30])
def test_a_time_that_no_calendar_shows_is_no_signature(signed_ms: int) -> None:
    assert Signature.parse(Signature(KID, signed_ms, bytes(64)).text()) is None


def test_a_signature_fits_into_its_field() -> None:
    assert len(signed(a_decision(), a_task()).signature or "") < 200


# -- on record ----------------------------------------------------------------------------------


def test_each_vote_on_record_is_shown_with_its_standing() -> None:
    shown = a_task()
    once = cast(shown, signed(a_decision(), shown), NOON)
    unsigned = cast(once, a_decision(actor=VEGA), NOON)
    changed = unsigned.votes[0].model_copy(update={"reason": "rewritten afterwards"})
    rewritten = unsigned.model_copy(update={"votes": (changed, unsigned.votes[1])})

    def standings(task: Task) -> list[Standing]:
        return [standing_of(task, task.task_id, n, KEYS) for n in range(len(task.votes))]

    assert standings(unsigned) == [Standing.VALID, Standing.MISSING]
    assert standings(rewritten) == [Standing.WRONG, Standing.MISSING]
    assert standing_of(unsigned, "another~treatment_clearance~1", 0, KEYS) is Standing.WRONG
    assert standing_of(unsigned, unsigned.task_id, 0, {}) is Standing.WRONG


def test_what_is_no_signature_at_all_proves_nothing_on_record() -> None:
    shown = a_task()
    (vote,) = cast(shown, signed(a_decision(), shown), NOON).votes
    scribbled = vote.model_copy(update={"signature": "signed, Lee"})
    unsigned = vote.model_copy(update={"signature": None})

    def standings(task: Task) -> tuple[Standing, Standing]:
        by_digest = standing_by_digest(task.votes[0], task.task_id, 1, evidence_sha256(shown), KEYS)
        return standing_of(task, task.task_id, 0, KEYS), by_digest

    assert standings(a_task(votes=(scribbled,))) == (Standing.WRONG, Standing.WRONG)
    assert standings(a_task(votes=(unsigned,))) == (Standing.MISSING, Standing.MISSING)


def test_a_line_of_the_timeline_is_checked_by_the_digest_it_names() -> None:
    shown = a_task()
    (vote,) = cast(shown, signed(a_decision(), shown), NOON).votes
    digest = evidence_sha256(shown)

    def standing(task_id: str, version: int, evidence: str) -> Standing:
        return standing_by_digest(vote, task_id, version, evidence, KEYS)

    assert standing(shown.task_id, 1, digest) is Standing.VALID
    assert standing(shown.task_id, 2, digest) is Standing.WRONG
    assert standing(shown.task_id, 1, digest[::-1]) is Standing.WRONG
    assert standing("other", 1, digest) is Standing.WRONG


# -- keys ---------------------------------------------------------------------------------------


def test_a_set_of_keys_counts_only_as_a_known_key_signed_it() -> None:
    newer = {**KEYS, "f" * 16: unpadded(STRANGER.public_key().public_bytes_raw())}
    content = key_set_content(NOON_MS, newer, required=True)
    ours, theirs = unpadded(PRIVATE.sign(content)), unpadded(STRANGER.sign(content))

    assert vouched_for(content, {KID: ours}, KEYS)
    assert not vouched_for(content, {KID: theirs}, KEYS)
    assert not vouched_for(content, {"f" * 16: theirs}, KEYS)
    assert not vouched_for(key_set_content(NOON_MS, newer, required=False), {KID: ours}, KEYS)
    assert not vouched_for(content, {KID: ours}, {KID: unpadded(b"no key at all")})


def test_a_signature_over_keys_cannot_pass_for_one_over_a_decision() -> None:
    content = key_set_content(NOON_MS, KEYS, required=False)
    borrowed = Signature(KID, NOON_MS, PRIVATE.sign(content)).text()

    assert codes(a_task(), a_decision(signature=borrowed)) == ["signature_wrong"]
