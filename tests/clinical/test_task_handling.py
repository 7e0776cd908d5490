"""Who may take, hand on, put off and raise a task, and what they are told when they may not."""

from datetime import UTC, datetime, timedelta

import pytest

from clinical.task_handling import (
    REMIND_AGAIN_AFTER,
    Asked,
    Person,
    changes_nothing,
    handled,
    judge_handling,
)
from schemas.base import Actor, Role
from schemas.worklist import (
    AssignTask,
    ClaimTask,
    HandleTask,
    Handling,
    Priority,
    RaisePriority,
    ReleaseTask,
    RemindColleague,
    SnoozeTask,
    TaskAct,
)

NOW = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)
DUE = NOW + timedelta(hours=2)
PSYCHIATRY = frozenset({Role.PSYCHIATRIST})
TASK = Asked("reevaluation_decision", True, "pending", PSYCHIATRY, DUE)
FREE = Handling(task_id="t")
LEE = Person("dr-lee", PSYCHIATRY)
VALE = Person("dr-vale", PSYCHIATRY)
ROMERO = Person("cc-romero", frozenset({Role.CARE_COORDINATOR}))
QUILL = Person("rn-quill", frozenset({Role.NURSE}))
LEES = Handling(task_id="t", version=1, claimed_by="dr-lee", claimed_at=NOW)


def said(model: type[HandleTask], by: Person = LEE, /, **more: object) -> HandleTask:
    speaker = Actor(id=by.id, role=next(iter(by.roles)))
    return model.model_validate({"command_id": "c", "actor": speaker, "approval_id": "t", **more})


def codes(
    person: Person, command: HandleTask, handling: Handling = FREE, task: Asked = TASK
) -> list[str]:
    return [reason.code for reason in judge_handling(task, handling, command, person, NOW)]


def test_somebody_of_the_role_claims_what_is_free() -> None:
    assert codes(LEE, said(ClaimTask)) == []
    assert codes(QUILL, said(ClaimTask, QUILL)) == ["wrong_role"]


def test_whoever_comes_second_is_told_who_has_it_and_since_when() -> None:
    reasons = judge_handling(TASK, LEES, said(ClaimTask, VALE), VALE, NOW)

    assert [reason.code for reason in reasons] == ["claimed"]
    assert reasons[0].fact == "dr-lee"
    assert "2026-11-27T17:00:00" in reasons[0].text


def test_an_act_on_a_version_that_has_passed_is_refused_and_names_the_holder() -> None:
    assert codes(VALE, said(ClaimTask, VALE, expected_version=0), LEES) == [
        *("changed_since", "claimed")
    ]
    assert codes(LEE, said(ReleaseTask, expected_version=1), LEES) == []


def test_what_is_decided_is_handled_no_more() -> None:
    over = TASK._replace(pending=False, status="approved")

    assert codes(LEE, said(ClaimTask), FREE, over) == ["already_decided"]


def test_a_colleagues_task_is_taken_back_by_those_who_divide_the_work_and_their_delegate() -> None:
    delegate = VALE._replace(stands_for=frozenset({"dr-lee"}))

    assert codes(VALE, said(ReleaseTask, VALE), LEES) == ["claimed", "not_yours"]
    assert codes(ROMERO, said(ReleaseTask, ROMERO), LEES) == []
    assert codes(delegate, said(ReleaseTask, delegate), LEES) == []


def test_a_delegate_gains_no_role() -> None:
    delegate = QUILL._replace(stands_for=frozenset({"dr-lee"}))

    assert codes(delegate, said(ClaimTask, delegate)) == ["wrong_role"]


def test_work_is_handed_on_by_its_holder_the_role_or_a_coordinator() -> None:
    give = {"person": "dr-vale"}

    assert codes(LEE, said(AssignTask, LEE, **give), LEES) == []
    assert codes(LEE, said(AssignTask, LEE, **give)) == []
    assert codes(ROMERO, said(AssignTask, ROMERO, **give), LEES) == []
    assert codes(VALE, said(AssignTask, VALE, **give), LEES) == ["claimed", "not_yours"]
    assert codes(QUILL, said(AssignTask, QUILL, **give)) == ["wrong_role"]


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (NOW, ["in_the_past"]),
        (NOW + timedelta(seconds=1), []),
        (DUE, []),
        (DUE + timedelta(seconds=1), ["past_due"]),
    ],
)
def test_nothing_is_put_off_past_its_deadline(until: datetime, expected: list[str]) -> None:
    command = said(SnoozeTask, until=until, reason="waits for the laboratory")

    assert codes(LEE, command, LEES) == expected


def test_a_priority_is_raised_and_never_lowered() -> None:
    higher = said(RaisePriority, priority=Priority.HIGH, reason="her mother called twice")
    same = said(RaisePriority, priority=Priority.NORMAL, reason="as it is")

    assert codes(LEE, higher, LEES) == []
    assert codes(LEE, same, LEES) == ["not_higher"]
    assert codes(VALE, higher, LEES) == ["claimed", "not_yours"]


def test_what_changes_nothing_is_no_act() -> None:
    just_now = LEES.model_copy(update={"reminded_at": NOW - REMIND_AGAIN_AFTER / 2})
    long_ago = LEES.model_copy(update={"reminded_at": NOW - REMIND_AGAIN_AFTER})
    put_off = LEES.model_copy(update={"snoozed_until": DUE})

    assert changes_nothing(LEES, said(ClaimTask), LEE, NOW)
    assert changes_nothing(FREE, said(ReleaseTask), LEE, NOW)
    assert changes_nothing(LEES, said(AssignTask, LEE, person="dr-lee"), LEE, NOW)
    assert changes_nothing(put_off, said(SnoozeTask, until=DUE, reason="again"), LEE, NOW)
    assert changes_nothing(just_now, said(RemindColleague), LEE, NOW)
    assert not changes_nothing(long_ago, said(RemindColleague), LEE, NOW)
    assert not changes_nothing(
        LEES, said(RaisePriority, priority=Priority.HIGH, reason="soon"), LEE, NOW
    )


@pytest.mark.parametrize(
    ("command", "act", "field", "value"),
    [
        (said(ClaimTask), TaskAct.CLAIMED, "claimed_by", "dr-lee"),
        (said(ReleaseTask), TaskAct.RELEASED, "claimed_by", None),
        (said(AssignTask, person="dr-vale"), TaskAct.ASSIGNED, "claimed_by", "dr-vale"),
        (said(SnoozeTask, until=DUE, reason="r"), TaskAct.SNOOZED, "snoozed_until", DUE),
        (
            *(said(RaisePriority, priority=Priority.HIGH, reason="r"), TaskAct.RAISED),
            *("raised_to", Priority.HIGH),
        ),
        (said(RemindColleague), TaskAct.REMINDED, "reminded_at", NOW),
    ],
)
def test_every_act_is_one_version_and_says_who_and_when(
    command: HandleTask, act: TaskAct, field: str, value: object
) -> None:
    done, after = handled(LEES, command, LEE, NOW)

    assert done is act
    assert getattr(after, field) == value
    assert (after.version, after.changed_by, after.changed_at) == (2, "dr-lee", NOW)
    assert codes(LEE, said(RemindColleague), LEES) == []


def test_an_act_that_nobody_knows_is_our_mistake() -> None:
    with pytest.raises(TypeError):
        judge_handling(TASK, FREE, said(HandleTask), LEE, NOW)
    with pytest.raises(TypeError):
        handled(FREE, said(HandleTask), LEE, NOW)
