"""Nobody has heard of a patient for long: a psychiatrist decides what happens (11.49)."""

from datetime import timedelta
from typing import Any

from clinical.parameters import Parameters
from schemas.adverse_event import AdverseEvent, ReportAdverseEvent
from schemas.base import Role
from schemas.journal import WriteJournal
from schemas.journey import JourneyView, Phase
from simulator.staff import Staff
from tests.workflows.conftest import Clinical
from tests.workflows.days import asked
from tests.workflows.places import by, dosed, treated

LONG = Parameters.default().duration("absence.ask_after")
KIND = "disappearance"


def last_seen(days_ago: float) -> dict[str, Any]:
    """In reevaluation, the last infusion so many days ago, and no word since."""
    return treated(sessions=[dosed(n, days_ago + 3 * (6 - n)) for n in range(1, 7)])


def is_asked(view: JourneyView) -> bool:
    return any(task.kind == KIND for task in view.pending_approvals)


async def nothing_heard(skipping: Clinical) -> Staff:
    staff = await skipping.refer(**last_seen(LONG.days - 1))
    view = await staff.wait(lambda v: v.next_action_at is not None)
    assert not is_asked(view)
    await skipping.jump(staff, timedelta(days=1, hours=1))
    await staff.wait(is_asked)
    return staff


async def test_edge_49_after_thirty_days_without_a_word_a_psychiatrist_is_asked(
    skipping: Clinical,
) -> None:
    staff = await nothing_heard(skipping)

    task = await asked(skipping, staff, KIND)

    assert timedelta(days=30) == LONG
    assert task.slots == (Role.PSYCHIATRIST,)
    assert task.options == ("welfare_check", "close", "go_on")
    assert "nothing_heard_since" in task.evidence


async def test_edge_49_closed_as_disappeared_the_patient_gets_no_automated_message_any_more(
    skipping: Clinical,
) -> None:
    staff = await nothing_heard(skipping)
    await staff.wait(lambda v: v.unsent == 0)
    before = len(skipping.outside.sent)

    await staff.approve(KIND, "close")

    outcome = await skipping.handle(staff).result()
    assert outcome["outcome"] == "disappeared"
    assert all(n.address is None for n in skipping.outside.sent[before:]), "no word to the patient"
    suppressed = [k for k in skipping.outside.kinds(staff.journey_id) if k == "ContactSuppressed"]
    assert len(suppressed) == 1


async def test_edge_49_a_welfare_check_is_asked_for_and_the_journey_goes_on(
    skipping: Clinical,
) -> None:
    staff = await nothing_heard(skipping)

    await staff.approve(KIND, "welfare_check")

    task = await asked(skipping, staff, "welfare_check")
    assert task.slots == (Role.PSYCHIATRIST,)
    view = await staff.door.journey(staff.journey_id)
    assert view.phase is Phase.REEVALUATION


async def test_edge_49_who_goes_on_is_asked_about_again_only_after_as_long(
    skipping: Clinical,
) -> None:
    staff = await nothing_heard(skipping)
    await staff.approve(KIND, "go_on")
    await staff.wait(lambda v: not is_asked(v))

    await skipping.jump(staff, LONG - timedelta(hours=2))
    assert not is_asked(await staff.door.journey(staff.journey_id))
    await skipping.jump(staff, timedelta(hours=3))

    await staff.wait(is_asked)


async def test_edge_49_a_word_from_the_patient_answers_the_question(skipping: Clinical) -> None:
    staff = await nothing_heard(skipping)

    await staff.give("write_journal", WriteJournal(**by(Role.PATIENT, "back"), text="I was away."))

    view = await staff.wait(lambda v: not is_asked(v))
    assert view.phase is Phase.REEVALUATION, "treatment goes on where it was"


async def test_edge_49_a_day_that_is_booked_answers_the_question(skipping: Clinical) -> None:
    """Nobody closes a journey as disappeared under a patient who is expected at the chair."""
    staff = await nothing_heard(skipping)
    await staff.score(6)
    await staff.approve("reevaluation_decision", "taper")
    await staff.approve("course_review")

    view = await staff.wait(lambda v: v.open_session is not None)

    assert not is_asked(view)


async def test_edge_49_a_death_that_is_told_after_a_disappearance_is_a_death(
    skipping: Clinical,
) -> None:
    staff = await nothing_heard(skipping)
    await staff.approve(KIND, "welfare_check")
    await staff.pending("welfare_check")
    await skipping.jump(staff, LONG + timedelta(hours=1))
    await staff.approve(KIND, "close")
    await staff.reach(Phase.FOLLOW_UP)

    event = AdverseEvent(code="death", grade=5, description="found dead at home")
    await staff.give(
        "report_adverse_event", ReportAdverseEvent(**by(Role.PSYCHIATRIST, "death"), event=event)
    )

    view = await staff.wait(lambda v: all(a.kind != "welfare_check" for a in v.pending_approvals))
    assert {a.kind for a in view.pending_approvals} == {"safety_report"}
    told = [f.data["because"] for f in await skipping.facts(staff) if f.kind == "ContactSuppressed"]
    assert told == ["disappeared", "death"]
