"""What is asked about safety belongs to no phase: follow-up, danger in an answer or a journal."""

from datetime import timedelta

from schemas.approval import ApprovalKind
from schemas.base import Role
from schemas.journal import WriteJournal
from schemas.journey import Phase
from schemas.reevaluation import Assessment, Instrument, RecordScores
from tests.workflows.conftest import Clinical
from tests.workflows.days import given
from tests.workflows.places import by, cleared, treated


async def test_a_follow_up_that_could_not_be_made_goes_to_a_psychiatrist(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())
    view = await given(staff)
    owed = (await staff.wait(lambda v: bool(v.follow_ups))).follow_ups[0]
    assert view.sessions[0].dosed_at is not None

    await staff.door.until(staff.journey_id, owed.from_at)
    await staff.decline("safety_follow_up")

    escalated = await staff.pending("safety_follow_up")
    assert escalated.roles == (Role.PSYCHIATRIST,)
    still = await staff.door.journey(staff.journey_id)
    assert len(still.follow_ups) == 1
    await staff.approve("safety_follow_up")
    await staff.wait(lambda v: not v.follow_ups)


async def test_a_dangerous_answer_pages_the_psychiatrist_with_a_deadline(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**treated())
    at = (await staff.wait(lambda v: v.phase is Phase.REEVALUATION)).now
    items = (2, 2, 2, 2, 2, 2, 2, 2, 3)
    answers = Assessment(instrument=Instrument.PHQ9, items=items, taken_at=at)

    await staff.give(
        "record_scores", RecordScores(**by(Role.NURSE, "scores"), assessments=(answers,))
    )

    asked = await staff.pending("suicide_risk_review")
    assert asked.owed_to is Role.PSYCHIATRIST
    assert timedelta(0) < asked.due_at - asked.requested_at <= timedelta(hours=1)
    await staff.wait(lambda v: v.unsent == 0)
    told = {n.template for n in journeys.outside.sent}
    assert {"safety_alert", "suicide_resources"} <= told
    await staff.approve("suicide_risk_review")
    await staff.wait(lambda v: all(a.kind != "suicide_risk_review" for a in v.pending_approvals))


async def test_words_in_the_journal_reach_a_person(journeys: Clinical) -> None:
    staff = await journeys.refer()

    await staff.give("write_journal", WriteJournal(**by(Role.PATIENT, "day"), mood=6, text="Rain."))
    assert "SuicideRiskRaised" not in await journeys.kinds(staff)
    await staff.give(
        "write_journal",
        WriteJournal(**by(Role.PATIENT, "night"), mood=1, text="There is no reason to live."),
    )

    asked = await staff.pending("suicide_risk_review")
    assert asked.due_at > asked.requested_at
    raised = await journeys.fact(staff, "SuicideRiskRaised")
    assert "reason to live" not in str(raised.data)


async def test_safety_work_is_cancelled_by_no_phase(journeys: Clinical) -> None:
    staff = await journeys.refer()
    await staff.give(
        "write_journal",
        WriteJournal(**by(Role.PATIENT, "night"), suicidal_thoughts=3),
    )
    asked = await staff.pending("suicide_risk_review")

    await staff.approve("referral_triage")

    view = await staff.reach(Phase.PSYCH_EVAL)
    assert asked.approval_id in {a.approval_id for a in view.pending_approvals}


async def test_what_somebody_looked_into_leaves_the_state(journeys: Clinical) -> None:
    """A journey of years carries what is open, not what was settled."""
    staff = await journeys.refer()
    await staff.pending("referral_triage")
    await staff.give("write_journal", WriteJournal(**by(Role.PATIENT, "n"), suicidal_thoughts=3))
    await staff.approve("suicide_risk_review")
    await journeys.handle(staff).signal("refresh")
    await staff.wait(lambda v: v.runs == 2)

    carried = await journeys.carried(staff)

    assert {task.kind for task in carried.tasks.values()} == {ApprovalKind.REFERRAL_TRIAGE}
