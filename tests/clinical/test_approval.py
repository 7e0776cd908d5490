"""Who decides what waits on a person, and what silence becomes; never an approval."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clinical.approval import (
    FALLBACK_RULE,
    Step,
    cast,
    judge_vote,
    open_slots,
    open_task,
    rule_for,
    settle,
    when_due,
)
from clinical.approval_rules import STANDARD_APPROVALS
from schemas.approval import ApprovalKind, Choice, DecideApproval, EntryKind, Task, TaskStatus
from schemas.base import SYSTEM, Actor, Role
from schemas.protocol import ApprovalRule, ExpiryOutcome

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEE = Actor(id="dr-lee", role=Role.PSYCHIATRIST)
VEGA = Actor(id="dr-vega", role=Role.MEDICAL_SCREENER)
OKAFOR = Actor(id="dr-okafor", role=Role.MEDICAL_DIRECTOR)
HOUR = timedelta(hours=1)
RULE = ApprovalRule(
    slots=(Role.PSYCHIATRIST, Role.MEDICAL_SCREENER),
    due=24 * HOUR,
    remind_every=8 * HOUR,
    escalation=(Role.MEDICAL_DIRECTOR, Role.CARE_COORDINATOR),
    escalate_every=12 * HOUR,
)


def _task(rule: ApprovalRule = RULE, **changes: Any) -> Task:
    fields: dict[str, Any] = {"requested_by": SYSTEM, "now": NOON, **changes}
    return open_task(
        task_id="journey-x~treatment_clearance~1",
        kind=ApprovalKind.TREATMENT_CLEARANCE,
        key="clearance",
        title="Clear this patient",
        rule=rule,
        **fields,
    )


def _vote(actor: Actor, decision: Choice = Choice.APPROVE, **more: Any) -> DecideApproval:
    return DecideApproval(
        command_id="c", actor=actor, approval_id="a", decision=decision, reason="seen", **more
    )


def _codes(task: Task, command: DecideApproval) -> list[str]:
    return [reason.code for reason in judge_vote(task, command)]


def test_two_distinct_people_make_an_approval() -> None:
    once = cast(_task(), _vote(LEE), NOON)
    assert once.status is TaskStatus.PENDING
    assert once.owed_to is Role.MEDICAL_SCREENER
    assert open_slots(once) == (Role.MEDICAL_SCREENER,)

    twice = cast(once, _vote(VEGA), NOON)

    assert twice.status is TaskStatus.APPROVED
    assert twice.version == 3


def test_one_decline_is_enough() -> None:
    assert cast(_task(), _vote(LEE, Choice.DECLINE), NOON).status is TaskStatus.DECLINED


def test_one_person_in_two_roles_is_one_person() -> None:
    once = cast(_task(), _vote(LEE), NOON)
    twice = Actor(id=LEE.id, role=Role.MEDICAL_SCREENER)
    assert _codes(once, _vote(twice)) == ["same_person"]


def test_nobody_decides_on_their_own_request() -> None:
    assert _codes(_task(requested_by=LEE), _vote(LEE)) == ["own_request"]


def test_a_role_that_is_not_asked_does_not_decide() -> None:
    assert _codes(_task(), _vote(OKAFOR)) == ["wrong_role"]
    assert _codes(_task(), _vote(OKAFOR, Choice.DECLINE)) == ["wrong_role"]


def test_a_slot_is_filled_once() -> None:
    once = cast(_task(), _vote(LEE), NOON)
    assert _codes(once, _vote(Actor(id="dr-sorel", role=Role.PSYCHIATRIST))) == ["wrong_role"]


def test_who_the_task_escalated_to_may_stand_in_for_one_only() -> None:
    step = when_due(_task(), RULE, NOON + 24 * HOUR)
    assert step is not None
    escalated = step[1]
    assert _codes(escalated, _vote(OKAFOR)) == []
    once = cast(escalated, _vote(OKAFOR), NOON)
    assert once.status is TaskStatus.PENDING
    assert _codes(once, _vote(OKAFOR)) == ["same_person"]
    assert cast(once, _vote(VEGA), NOON).status is TaskStatus.APPROVED


def test_what_is_decided_is_decided() -> None:
    for status in set(TaskStatus) - {TaskStatus.PENDING}:
        assert _codes(settle(_task(), status), _vote(LEE)) == ["already_decided"]


@pytest.mark.parametrize(("seen", "codes"), [(1, []), (2, ["stale"]), (0, ["stale"])])
def test_a_decision_on_what_changed_since_is_stale(seen: int, codes: list[str]) -> None:
    assert _codes(_task(), _vote(LEE, expected_version=seen)) == codes


def test_a_choice_is_made_where_one_is_offered_and_only_there() -> None:
    choosing = _task(options=("taper", "maintenance"))
    assert _codes(choosing, _vote(LEE)) == ["choice_missing"]
    assert _codes(choosing, _vote(LEE, choice="rest")) == ["choice_unknown"]
    assert _codes(choosing, _vote(LEE, choice="taper")) == []
    assert _codes(choosing, _vote(LEE, Choice.DECLINE)) == []
    assert _codes(_task(), _vote(LEE, choice="taper")) == ["choice_unknown"]


def test_two_people_choose_the_same() -> None:
    once = cast(_task(options=("taper", "extend")), _vote(LEE, choice="taper"), NOON)
    assert _codes(once, _vote(VEGA, choice="extend")) == ["choice_differs"]
    assert _codes(once, _vote(VEGA, choice="taper")) == []


def test_reminders_come_in_their_time_and_not_before() -> None:
    task = _task()
    assert when_due(task, RULE, NOON + 8 * HOUR - timedelta(seconds=1)) is None
    step = when_due(task, RULE, NOON + 8 * HOUR)
    assert step is not None
    assert step[0] is Step.REMIND
    assert step[1].next_at == NOON + 16 * HOUR


def test_a_long_silence_is_one_reminder() -> None:
    step = when_due(_task(), RULE, NOON + 23 * HOUR)
    assert step is not None
    assert (step[0], step[1].reminded, step[1].next_at) == (Step.REMIND, 1, NOON + 24 * HOUR)


@pytest.mark.parametrize(
    ("outcome", "last", "status"),
    [
        (ExpiryOutcome.STAY, Step.REMIND, TaskStatus.PENDING),
        (ExpiryOutcome.DECLINE, Step.EXPIRE, TaskStatus.EXPIRED),
        (ExpiryOutcome.HOLD, Step.EXPIRE, TaskStatus.EXPIRED),
    ],
)
def test_silence_escalates_in_order_and_then_becomes_what_the_protocol_says(
    outcome: ExpiryOutcome, last: Step, status: TaskStatus
) -> None:
    rule = RULE.model_copy(update={"on_expiry": outcome})
    task, owed = _task(rule), []
    for hours in (24, 36):
        step = when_due(task, rule, NOON + hours * HOUR)
        assert step is not None
        assert step[0] is Step.ESCALATE
        task = step[1]
        owed.append(task.owed_to)
    assert owed == [Role.MEDICAL_DIRECTOR, Role.CARE_COORDINATOR]

    step = when_due(task, rule, NOON + 48 * HOUR)

    assert step is not None
    assert (step[0], step[1].status, step[1].on_expiry) == (last, status, outcome)


def test_nothing_is_ever_due_on_what_is_decided() -> None:
    assert when_due(settle(_task(), TaskStatus.DONE), RULE, NOON + 999 * HOUR) is None


def test_a_task_that_opens_later_counts_from_then() -> None:
    task = _task(opens_at=NOON + 20 * HOUR)
    assert task.next_at == NOON + 20 * HOUR
    assert task.due_at == NOON + 44 * HOUR
    assert _task(opens_at=NOON - HOUR).next_at == NOON + 8 * HOUR


def test_a_deadline_of_its_own_overrides_the_rule() -> None:
    task = _task(due_at=NOON + HOUR)
    assert (task.due_at, task.next_at) == (NOON + HOUR, NOON + HOUR)


def test_a_kind_without_rule_still_reaches_a_person() -> None:
    assert rule_for(EntryKind.SIGN_CONSENT, {}) is FALLBACK_RULE
    assert rule_for(EntryKind.SIGN_CONSENT, {"sign_consent": RULE}) is RULE


# -- why it is declined -------------------------------------------------------------------------

CODED = RULE.model_copy(update={"decline_reasons": ("not_safe", "other")})
STRICT = CODED.model_copy(update={"decline_needs_reason": True})


@pytest.mark.parametrize(
    ("rule", "decision", "code", "codes"),
    [
        (CODED, Choice.DECLINE, None, []),
        (CODED, Choice.DECLINE, "not_safe", []),
        (CODED, Choice.DECLINE, "bad_mood", ["reason_code_unknown"]),
        (RULE, Choice.DECLINE, "not_safe", ["reason_code_unknown"]),
        (STRICT, Choice.DECLINE, None, ["reason_code_missing"]),
        (STRICT, Choice.DECLINE, "other", []),
        (STRICT, Choice.APPROVE, None, []),
        (CODED, Choice.APPROVE, "not_safe", ["reason_code_unexpected"]),
    ],
)
def test_a_decline_names_a_reason_that_its_kind_offers(
    rule: ApprovalRule, decision: Choice, code: str | None, codes: list[str]
) -> None:
    vote = _vote(LEE, decision, reason_code=code)

    assert [reason.code for reason in judge_vote(_task(), vote, rule)] == codes


def test_why_it_was_declined_stays_with_the_vote() -> None:
    declined = cast(_task(), _vote(LEE, Choice.DECLINE, reason_code="not_safe"), NOON)

    assert declined.votes[0].reason_code == "not_safe"


def test_no_rule_lets_one_person_count_twice_or_decide_their_own_request() -> None:
    lax = RULE.model_copy(update={"distinct_people": False})
    once = cast(_task(requested_by=OKAFOR), _vote(LEE), NOON)
    twice = Actor(id=LEE.id, role=Role.MEDICAL_SCREENER)
    own = Actor(id=OKAFOR.id, role=Role.MEDICAL_SCREENER)

    assert [r.code for r in judge_vote(once, _vote(twice), lax)] == ["same_person"]
    assert [r.code for r in judge_vote(once, _vote(own), lax)] == ["own_request"]


def test_the_dangerous_kinds_ask_for_a_new_sign_in() -> None:
    asked = {kind for kind, rule in STANDARD_APPROVALS.items() if rule.step_up}

    assert asked == {
        "dose_exception", "readiness_override", "switch_to_spray", "protocol_change",
        "eligibility_override", "treatment_clearance",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ApprovalKind)
def test_every_kind_may_be_declined_for_another_reason(kind: ApprovalKind) -> None:
    rule = STANDARD_APPROVALS[kind.value]

    assert rule.decline_reasons[-1] == "other"
    assert rule.decline_needs_reason is False
