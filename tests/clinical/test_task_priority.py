"""How soon a person should look: by kind, by the deadline, raised by people and never lowered."""

from datetime import UTC, datetime, timedelta

import pytest

from clinical.task_priority import KINDS, PAYER_KINDS, SAFETY_KINDS, priority_of
from schemas.approval import ApprovalKind, EntryKind
from schemas.worklist import Priority

NOW = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)
LATER, BEFORE = NOW + timedelta(hours=1), NOW - timedelta(hours=1)


def test_every_kind_of_task_has_its_row_and_no_row_is_about_nothing() -> None:
    assert set(KINDS) == {kind.value for kind in (*ApprovalKind, *EntryKind)}


def test_whatever_is_about_somebodys_safety_now_is_at_least_high() -> None:
    assert {KINDS[kind].priority for kind in SAFETY_KINDS} <= {Priority.CRITICAL, Priority.HIGH}
    assert {"suicide_risk_review", "welfare_check", "session_lost"} <= set(SAFETY_KINDS)


def test_an_authorization_waits_on_the_payer() -> None:
    assert PAYER_KINDS == ("record_authorization",)


@pytest.mark.parametrize(
    ("kind", "due_at", "raised_to", "expected"),
    [
        ("suicide_risk_review", LATER, None, "critical"),
        ("suicide_risk_review", BEFORE, None, "critical"),
        ("referral_triage", LATER, None, "normal"),
        ("referral_triage", NOW, None, "normal"),
        ("referral_triage", BEFORE, None, "high"),
        ("close_review", BEFORE, None, "normal"),
        ("referral_triage", LATER, Priority.CRITICAL, "critical"),
        ("evening_call", LATER, Priority.LOW, "high"),
        ("a_kind_of_the_next_release", LATER, None, "normal"),
    ],
)
def test_overdue_is_one_word_higher_and_a_person_can_only_raise(
    kind: str, due_at: datetime, raised_to: Priority | None, expected: str
) -> None:
    assert priority_of(kind, due_at, NOW, raised_to) == expected
