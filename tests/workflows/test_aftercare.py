"""After a treatment day: home safe, reached the day after, and looked for when nobody answers.

Clinical fact sheet, section 9.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from schemas.aftercare import Occasion, Party, RecordContact
from schemas.base import Role
from schemas.journal import WriteJournal
from schemas.journey import FollowUp, JourneyView, Phase
from schemas.patient_link import LinkPurpose, LinkWish
from simulator.staff import Staff
from tests.workflows.conftest import Clinical
from tests.workflows.days import MISSED, close_day, given
from tests.workflows.doors import Refused
from tests.workflows.places import by, cleared, dosed, now, scored, treated

HOURS = timedelta(hours=1)


async def after_a_dose(journeys: Clinical, **changes: Any) -> tuple[Staff, FollowUp]:
    """A patient who has just gone home after a first dose."""
    staff = await journeys.refer(**{**cleared(), **changes})
    await given(staff)
    view = await staff.wait(lambda v: bool(v.follow_ups) and v.open_session is not None)
    return staff, view.follow_ups[-1]


async def later(staff: Staff, owed: FollowUp, hours: float) -> None:
    """So many elapsed hours after the discharge."""
    assert owed.discharged_at is not None
    await staff.door.until(staff.journey_id, owed.discharged_at + hours * HOURS)


async def called(staff: Staff, key: str, **said: Any) -> None:
    said = {"reached": True, **said}
    role = said.pop("role", Role.NURSE)
    await staff.give("record_contact", RecordContact(**by(role, key), **said))


async def told(journeys: Clinical, staff: Staff) -> list[str]:
    await staff.wait(lambda v: v.unsent == 0)
    return [n.template for n in journeys.outside.sent]


def a_clinician_calls(view: JourneyView) -> bool:
    calls = [a.roles for a in view.pending_approvals if a.kind == "patient_contact"]
    return (Role.PRESCRIBER,) in calls


# -- the evening --------------------------------------------------------------------------------


async def test_two_hours_after_discharge_the_patient_is_asked_whether_they_are_home(
    journeys: Clinical,
) -> None:
    staff, owed = await after_a_dose(journeys)
    assert "home_safe" not in await told(journeys, staff)

    await later(staff, owed, 2.0)

    await staff.wait(lambda v: v.follow_ups[0].home_asked)
    templates = await told(journeys, staff)
    assert templates.count("home_safe") == 1
    asked = next(n for n in journeys.outside.sent if n.template == "home_safe")
    assert asked.link == LinkWish(purpose=LinkPurpose.HOME_SAFE, session_id=owed.session_id)
    going = next(n for n in journeys.outside.sent if n.template == "going_home")
    assert datetime.fromisoformat(going.facts["drive_not_before"]) > now(), "when to drive again"


async def test_an_evening_without_an_answer_is_a_call_then_a_clinicians_decision(
    journeys: Clinical,
) -> None:
    staff, owed = await after_a_dose(journeys)
    await later(staff, owed, 2.0)
    await later(staff, owed, 6.0)
    call = await staff.pending("evening_call")
    assert call.roles == (Role.NURSE,)

    await called(staff, "no-1", occasion=Occasion.EVENING, reached=False)
    view = await staff.door.journey(staff.journey_id)
    assert all(a.kind != "welfare_check" for a in view.pending_approvals), "the escort comes first"
    await called(staff, "no-2", occasion=Occasion.EVENING, whom=Party.ESCORT, reached=False)

    decision = await staff.pending("welfare_check")
    assert decision.roles == (Role.PSYCHIATRIST,)
    await staff.approve("welfare_check")
    kinds = await journeys.kinds(staff)
    assert kinds.count("ContactAttempted") == 2


async def test_a_patient_who_says_they_are_home_is_not_called_that_evening(
    journeys: Clinical,
) -> None:
    staff, owed = await after_a_dose(journeys)
    await later(staff, owed, 2.5)

    await called(staff, "home", role=Role.PATIENT, occasion=Occasion.EVENING, companion=True)
    await later(staff, owed, 8.0)

    view = await staff.door.journey(staff.journey_id)
    assert view.follow_ups[0].companion is True, "somebody stays this evening"
    assert all(a.kind != "evening_call" for a in view.pending_approvals)
    assert len(view.follow_ups) == 1, "the call of the day after is still owed"


async def test_a_patient_cannot_answer_the_call_of_the_day_after_for_the_nurse(
    journeys: Clinical,
) -> None:
    staff, owed = await after_a_dose(journeys)
    await later(staff, owed, 21.0)

    with pytest.raises(Refused) as refused:
        await called(staff, "me", role=Role.PATIENT, suicidal_thoughts=0)

    assert refused.value.codes == ["not_yours_to_say"]


# -- the day after ------------------------------------------------------------------------------


async def test_the_follow_up_is_made_by_saying_what_the_patient_said(journeys: Clinical) -> None:
    staff, owed = await after_a_dose(journeys)
    with pytest.raises(Refused) as early:
        await called(staff, "early", suicidal_thoughts=0)
    await later(staff, owed, 20.0)
    with pytest.raises(Refused) as unasked:
        await called(staff, "unasked", mood=6)

    await called(staff, "made", suicidal_thoughts=0, mood=6, sleep=7, urinary_symptoms=True)

    assert (early.value.codes, unasked.value.codes) == (
        ["too_early"],
        ["suicide_question_missing"],
    )
    view = await staff.wait(lambda v: not v.follow_ups)
    assert a_clinician_calls(view), "urinary symptoms are a clinician's call"
    made = await journeys.fact(staff, "ContactMade")
    assert (made.data["mood"], made.data["session_id"]) == (6, owed.session_id)


async def test_symptoms_told_at_the_follow_up_are_somebodys_until_they_have_called(
    journeys: Clinical,
) -> None:
    staff, owed = await after_a_dose(journeys)
    symptoms = {"occasion": Occasion.SYMPTOMS, "session_id": owed.session_id}
    with pytest.raises(Refused) as early:
        await called(staff, "nobody-told", **symptoms)
    await later(staff, owed, 24)
    await called(
        staff,
        "told",
        session_id=owed.session_id,
        suicidal_thoughts=0,
        urinary_symptoms=True,
    )
    await staff.wait(a_clinician_calls)

    await called(staff, "rang-out", role=Role.PRESCRIBER, reached=False, **symptoms)
    assert a_clinician_calls(await staff.door.journey(staff.journey_id)), "not reached: still owed"

    await called(staff, "rang", role=Role.PRESCRIBER, **symptoms)
    await staff.wait(lambda v: not a_clinician_calls(v))
    assert early.value.codes == ["nothing_owed"]


async def test_a_patient_whom_nobody_asked_is_not_taken_down_as_home_safe(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())

    with pytest.raises(Refused) as refused:
        await called(staff, "home", role=Role.PATIENT, occasion=Occasion.EVENING)

    assert refused.value.codes == ["nothing_owed"]


async def test_after_three_attempts_a_clinician_takes_over(journeys: Clinical) -> None:
    staff, owed = await after_a_dose(journeys)
    await later(staff, owed, 20.5)

    for attempt in range(3):
        assert (await staff.pending("safety_follow_up")).owed_to is Role.NURSE
        await called(staff, f"no-{attempt}", reached=False)

    asked = await staff.pending("safety_follow_up")
    assert asked.owed_to is Role.PSYCHIATRIST
    taken = await journeys.fact(staff, "FollowUpTakenOver")
    assert taken.data["attempts"] == 3
    await called(staff, "made", role=Role.PSYCHIATRIST, suicidal_thoughts=0)
    await staff.wait(lambda v: not v.follow_ups)


async def test_by_36_hours_a_clinician_has_it_whatever_was_tried(journeys: Clinical) -> None:
    staff, owed = await after_a_dose(journeys)

    await later(staff, owed, 36.0)

    await staff.wait(lambda v: v.follow_ups[0].taken_over)
    assert (await staff.pending("safety_follow_up")).owed_to is not Role.NURSE


@pytest.mark.parametrize("suicidality", [0, 2])
async def test_after_48_hours_somebody_with_prior_risk_is_a_welfare_check_decision(
    journeys: Clinical, suicidality: int
) -> None:
    before = scored(19, 30).model_copy(update={"suicidality": suicidality})
    evaluation = cleared()["evaluation"].model_copy(update={"safety_plan": False})
    staff, owed = await after_a_dose(
        journeys, scores=[before], baseline=[before], evaluation=evaluation
    )

    await later(staff, owed, 47.5)
    view = await staff.door.journey(staff.journey_id)
    assert all(a.kind != "welfare_check" for a in view.pending_approvals)
    await later(staff, owed, 48.0)

    if suicidality:
        await staff.pending("welfare_check")
        await called(staff, "made", suicidal_thoughts=0)
        view = await staff.wait(lambda v: not v.follow_ups)
    else:
        view = await staff.door.journey(staff.journey_id)
    assert all(a.kind != "welfare_check" for a in view.pending_approvals)


async def test_suicidal_thoughts_told_at_the_follow_up_raise_the_alarm(journeys: Clinical) -> None:
    staff, owed = await after_a_dose(journeys)
    await later(staff, owed, 22.0)

    await called(staff, "made", suicidal_thoughts=3)

    review = await staff.pending("suicide_risk_review")
    assert review.due_at - review.requested_at == HOURS


async def test_a_first_dose_is_called_about_on_the_third_day_and_a_later_one_is_not(
    journeys: Clinical,
) -> None:
    staff, owed = await after_a_dose(journeys)
    calls = [a for a in (await staff.door.journey(staff.journey_id)).pending_approvals
             if a.kind == "patient_contact"]  # fmt: skip
    assert owed.discharged_at is not None
    assert [a.due_at for a in calls] == [owed.discharged_at + 84 * HOURS]
    assert [a.opens_at for a in calls] == [owed.discharged_at + 72 * HOURS], "not before"
    await given(staff)

    await called(staff, "third-day", occasion=Occasion.FIRST_DOSE)

    view = await staff.wait(lambda v: len(v.sessions) == 2 and v.open_session is not None)
    assert all(a.kind != "patient_contact" for a in view.pending_approvals)


def _day_before_clocks_change() -> datetime:
    """Noon of the last Saturday before the clocks of New York change next."""
    day = now().replace(hour=17, minute=0, second=0, microsecond=0)
    while _offset(day + timedelta(days=1)) == _offset(day):
        day += timedelta(days=1)
    return day


def _offset(moment: datetime) -> timedelta | None:
    return moment.astimezone(ZoneInfo("America/New_York")).utcoffset()


async def test_edge_44_a_follow_up_is_elapsed_time_also_when_the_clocks_change(
    skipping: Clinical,
) -> None:
    """Discharged on the Saturday; on the Sunday the clinic's clocks change."""
    shift = (_day_before_clocks_change() - now()).total_seconds()
    staff = await skipping.refer(**cleared(), clock_offset_s=shift)
    await close_day(skipping, staff, outcome="completed")

    owed = (await staff.wait(lambda v: bool(v.follow_ups))).follow_ups[0]

    assert owed.discharged_at is not None
    assert _offset(owed.discharged_at) != _offset(owed.by_at), "the clocks changed in between"
    assert owed.from_at - owed.discharged_at == 20 * HOURS
    assert owed.by_at - owed.discharged_at == 30 * HOURS
    await later(staff, owed, 19.9)
    with pytest.raises(Refused):
        await called(staff, "early", suicidal_thoughts=0)
    await later(staff, owed, 20.0)
    await called(staff, "made", suicidal_thoughts=0)
    await staff.wait(lambda v: not v.follow_ups)


# -- who did not come ---------------------------------------------------------------------------


@pytest.mark.parametrize("suicidality", [0, 1])
async def test_edge_1_whoever_is_at_risk_and_did_not_come_is_a_welfare_check_after_two_hours(
    journeys: Clinical, suicidality: int
) -> None:
    before = scored(19, 30).model_copy(update={"suicidality": suicidality})
    evaluation = cleared()["evaluation"].model_copy(update={"safety_plan": False})
    staff = await journeys.refer(
        **cleared(scores=[before], baseline=[before], evaluation=evaluation)
    )
    await close_day(journeys, staff, **MISSED)
    await staff.pending("missed_session")
    view = await staff.door.journey(staff.journey_id)

    await staff.door.until(staff.journey_id, view.now + 2 * HOURS)

    view = await staff.door.journey(staff.journey_id)
    asked = {a.kind for a in view.pending_approvals}
    assert ("welfare_check" in asked) is bool(suicidality)
    await staff.approve("missed_session")
    await staff.wait(lambda v: all(a.kind != "welfare_check" for a in v.pending_approvals))


# -- the journal --------------------------------------------------------------------------------


async def test_a_journal_silent_for_three_days_is_a_nudge_then_a_nurses_call(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(
        **treated(Phase.MAINTENANCE, sessions=[dosed(n, 20 - n) for n in range(1, 7)])
    )
    await staff.pending("patient_contact")
    await staff.give("write_journal", _entry("again"))
    view = await staff.wait(lambda v: all(a.kind != "patient_contact" for a in v.pending_approvals))

    await staff.door.until(staff.journey_id, view.now + timedelta(days=4))
    assert "journal_nudge" in await told(journeys, staff)
    wishes = [n.link for n in journeys.outside.sent if n.template == "journal_nudge"]
    assert set(wishes) == {LinkWish(purpose=LinkPurpose.JOURNAL)}
    await staff.door.until(staff.journey_id, view.now + timedelta(days=7))

    await staff.pending("patient_contact")
    silent = [f.data["step"] for f in await journeys.facts(staff) if f.kind == "JournalSilent"]
    assert silent == ["nurse_call", "nudge", "nurse_call"]
    await called(staff, "rang", occasion=Occasion.JOURNAL)


def _entry(key: str) -> Any:
    return WriteJournal(**by(Role.PATIENT, key), mood=6)
