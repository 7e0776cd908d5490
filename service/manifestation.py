"""A signature as it is shown beside its decision: who, in which role, when, what it means, and
whether it holds. 21 CFR 11.50: printed name, time and meaning, wherever the decision is shown.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from pydantic import ValidationError

from clinical.decision_signature import Signature, standing_by_digest, standing_of, version_after
from schemas.approval import Choice, Vote
from schemas.event import EventKind
from service.rows import EventRow, TaskRow, VoteRow

T = TypeVar("T", bound=TaskRow)

PublicKeys = Callable[[], Mapping[str, str]]
"""Key id -> public key, of every key that ever signed here."""


def meaning_of(vote: Vote) -> str:
    """What was signed, in a word: `approved`, `declined`, or what was chosen."""
    word = "declined" if vote.decision is Choice.DECLINE else "approved"
    return f"{word}: {vote.choice}" if vote.choice and vote.decision is Choice.APPROVE else word


def printed(vote: Vote) -> str:
    """The manifestation as a line of print."""
    found = Signature.parse(vote.signature or "")
    at = found.signed_at if found else vote.at
    when = at.isoformat(sep=" ", timespec="seconds")
    return f"{vote.actor.id} ({vote.actor.role.value}), {meaning_of(vote)}, {when}"


def show_task(row: T, keys: Mapping[str, str]) -> T:
    """The task with each of its votes' signatures checked."""
    if not row.votes:
        return row
    votes = tuple(
        _shown(vote, standing_of(row, row.task_id, number, keys))
        for number, vote in enumerate(row.votes)
    )
    return row.model_copy(update={"votes": votes})


def show_event(row: EventRow, keys: Mapping[str, str]) -> EventRow:
    """A line of the timeline; of a vote, with its signature checked."""
    if row.kind != EventKind.TASK_VOTED.value:
        return row
    try:
        vote = VoteRow.model_validate(row.data.get("vote"))
    except ValidationError:
        return row
    task_id, version = row.data.get("task_id"), row.data.get("version")
    evidence = row.data.get("evidence_sha256", "")
    cast_on = version - version_after(0) if isinstance(version, int) else 0
    standing = standing_by_digest(vote, str(task_id), cast_on, str(evidence), keys)
    shown = _shown(vote, standing).model_dump(mode="json")
    return row.model_copy(update={"data": {**row.data, "vote": shown}})


def _shown(vote: VoteRow, standing: str) -> VoteRow:
    told = {"signed": standing, "meaning": meaning_of(vote), "printed": printed(vote)}
    return vote.model_copy(update=told)
