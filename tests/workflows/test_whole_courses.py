"""Whole courses of treatment, each told from its turning point to where it leads (section 7).

Beside these: a taper shown and lived through (`test_course_plan.py`), boosters after a relapse
(`test_journey_reevaluation.py`), a consent that had lapsed (`test_journey_courses.py`).
"""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from schemas.adverse_event import AdverseEvent, ReportAdverseEvent
from schemas.approval import Task
from schemas.base import Role
from schemas.consent import SignConsent
from schemas.journey import JourneyView, Phase
from schemas.safety_program import CertificationNews
from schemas.screening import Modality
from simulator.staff import Staff
from tests.workflows.conftest import Clinical
from tests.workflows.days import asked, given
from tests.workflows.going_on import go_on
from tests.workflows.places import by, cleared, dosed, signed, treated
from tests.workflows.test_hold_and_withdrawal import ask_back, hold

DECISION = "reevaluation_decision"
SIX_WEEKS = timedelta(weeks=6)


def _ends(phase: Phase) -> Any:
    return lambda view: view.phase is phase


async def _proposed(journeys: Clinical, staff: Staff, phq9: int) -> dict[str, str]:
    """What the decision rests on once these scores are in."""
    await staff.score(phq9)
    evidence: dict[str, str] = (await asked(journeys, staff, DECISION)).evidence
    return evidence


async def _close(journeys: Clinical, staff: Staff) -> list[str]:
    """What is still owed is made, one thing after the other, and the journey closes."""
    view = await staff.wait(_something_to_close)
    while not (kinds := {a.kind for a in view.pending_approvals}) >= {"close_review"}:
        if view.follow_ups:
            await staff.follow_up()
        else:
            await staff.approve(min(kinds))
        view = await staff.wait(_something_to_close)
    await staff.approve("close_review")
    return await journeys.ended(staff)


def _something_to_close(view: JourneyView) -> bool:
    return bool(view.pending_approvals) and view.phase is Phase.FOLLOW_UP


async def _view(staff: Staff) -> JourneyView:
    return await staff.door.journey(staff.journey_id)


async def test_a_responder_tapers_off_and_the_journey_closes(skipping: Clinical) -> None:
    staff = await skipping.refer(**treated())
    assert (await _proposed(skipping, staff, 4))["proposal"] == "taper"

    await staff.approve(DECISION, "taper")
    view = await go_on(staff, _ends(Phase.FOLLOW_UP))

    days = [session.scheduled_at.date() for session in view.sessions[5:]]
    apart = [round((b - a).days / 7) for a, b in pairwise(days)]
    assert apart == [1] * 4 + [2] * 4 + [4] * 3, "weeks between infusions"
    assert len(view.sessions) == 6 + 11
    assert "JourneyClosed" in await _close(skipping, staff)


async def test_a_partial_responder_is_titrated_and_decided_on_again(skipping: Clinical) -> None:
    days = [dosed(n, 3 + 3 * (6 - n), ordered_mg=35.0, weight_kg=70.0) for n in range(1, 7)]
    staff = await skipping.refer(**treated(sessions=days))
    evidence = await _proposed(skipping, staff, 12)
    assert (evidence["row"], evidence["proposal"]) == ("3", "extend")

    await staff.approve(DECISION, "extend")
    view = await go_on(staff, _ends(Phase.REEVALUATION))

    assert len(view.sessions) == 8, "two more, never above eight"
    assert (await _proposed(skipping, staff, 7))["row"] != "3"
    assert "extend" not in (await asked(skipping, staff, DECISION)).options
    await staff.approve(DECISION, "maintenance")
    await staff.reach(Phase.MAINTENANCE)


async def test_a_non_responder_is_referred_on_and_the_provider_hears_of_it(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**treated())
    assert (await _proposed(skipping, staff, 18))["proposal"] == "discontinue"

    await staff.approve(DECISION, "discontinue")
    await staff.reach(Phase.DISCONTINUE_REFER)
    await staff.approve("referral_onward")
    kinds = await _close(skipping, staff)

    assert "SessionBooked" not in kinds
    assert skipping.outside.letters
    assert "JourneyClosed" in kinds


@pytest.mark.slow
async def test_a_switch_to_the_spray_runs_to_month_six_by_the_label(skipping: Clinical) -> None:
    """Twice a week for four weeks, weekly for four, then every two weeks; reviewed in between."""
    staff = await skipping.refer(**treated())
    await staff.score(7)
    await staff.approve(DECISION, "switch")
    began = (await staff.reach(Phase.SWITCH_ESKETAMINE)).now

    view = await _view(staff)
    reviews = 0
    while view.now < began + timedelta(days=180):
        view = await go_on(staff, _reviewed_or_past(began), signs=Modality.ESKETAMINE)
        if view.phase is Phase.REEVALUATION:
            reviews += 1
            await staff.score(6)
            await staff.approve(DECISION, "switch")
            view = await staff.reach(Phase.SWITCH_ESKETAMINE)

    sprays = [s for s in view.sessions if s.modality is Modality.ESKETAMINE]
    days = [s.scheduled_at.date() for s in sprays]
    apart = [(b - a).days for a, b in pairwise(days)]
    assert set(apart[:7]) <= {3, 4}
    assert set(apart[7:11]) == {7}
    assert set(apart[11:]) == {14}, apart
    assert reviews >= 3
    assert "SafetyProgramEnrolled" in await skipping.kinds(staff)


def _reviewed_or_past(began: Any) -> Any:
    return lambda v: v.phase is Phase.REEVALUATION or v.now >= began + timedelta(days=180)


async def test_a_consent_lapses_in_maintenance_and_is_asked_for_again(skipping: Clinical) -> None:
    consents = signed(valid=timedelta(days=30))
    staff = await skipping.refer(**treated(Phase.MAINTENANCE, consents=consents))
    await given(staff)
    await staff.asked_for("sign_consent")
    assert (await _view(staff)).open_session is None, "no dose is booked without consent"

    await staff.sign()

    await staff.wait(lambda v: v.open_session is not None)
    kinds = await skipping.kinds(staff)
    assert kinds.index("ConsentExpired") < kinds.index("ConsentSigned")


async def test_a_lapsed_consent_that_is_not_given_again_leads_to_a_decision(
    skipping: Clinical,
) -> None:
    consents = signed(valid=timedelta(days=30))
    staff = await skipping.refer(**treated(Phase.MAINTENANCE, consents=consents))
    await given(staff)
    await staff.asked_for("sign_consent")

    no = SignConsent(**by(Role.PSYCHIATRIST, "no"), declined_reason="enough for now")
    await staff.give("sign_consent", no)

    await staff.reach(Phase.REEVALUATION)


async def _held_for_six_weeks(journeys: Clinical, staff: Staff) -> None:
    await hold(staff, days=14)
    await staff.reach(Phase.ON_HOLD)
    for _ in range(3):
        await journeys.jump(staff, SIX_WEEKS / 3 + timedelta(days=1))
        await staff.approve("hold_review", "stay")
    await ask_back(staff)
    await staff.approve("resume_from_hold")


async def test_a_hold_of_six_weeks_in_maintenance_refreshes_the_checks_before_the_next_dose(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**treated(Phase.MAINTENANCE))
    await given(staff)
    before = await staff.wait(lambda v: v.open_session is not None)

    await _held_for_six_weeks(skipping, staff)

    await staff.reach(Phase.MAINTENANCE)
    review = await asked(skipping, staff, "course_review")
    assert "reassess" in review.evidence
    await staff.approve("course_review")
    view = await staff.wait(lambda v: v.open_session not in {None, before.open_session})
    assert any(a.kind == "monitoring_due" for a in view.pending_approvals)
    assert view.next_session_at is not None
    assert view.next_session_at > view.now


async def test_a_hold_of_six_weeks_in_the_series_goes_to_reevaluation_with_what_there_is(
    skipping: Clinical,
) -> None:
    """The window of 28 days has closed: what was given is decided on (4.1, 11.1)."""
    staff = await skipping.refer(**cleared())
    for number in (1, 2):
        await given(staff)
        if number == 1:
            await staff.score(12)
    await staff.wait(lambda v: v.open_session is not None)

    await _held_for_six_weeks(skipping, staff)

    view = await staff.reach(Phase.REEVALUATION)
    assert len([s for s in view.sessions if s.dosed_at]) == 2
    assert all(a.kind != "place_wanted" for a in view.pending_approvals)


async def test_edge_8_a_pregnancy_in_mid_series_holds_all_dosing_and_keeps_the_follow_up(
    skipping: Clinical,
) -> None:
    """Both medicines are held, obstetrics and the registry are told, the prescriber
    owns the hold, and what is owed to the patient's safety goes on."""
    staff = await skipping.refer(**cleared())
    await given(staff)
    view = await staff.wait(lambda v: v.open_session is not None and bool(v.follow_ups))
    booked = view.open_session

    event = AdverseEvent(code="pregnancy", grade=1, description="urine hCG positive")
    await staff.give(
        "report_adverse_event", ReportAdverseEvent(**by(Role.NURSE, "hcg"), event=event)
    )

    held = await staff.reach(Phase.ON_HOLD)
    assert held.hold is not None
    assert (held.hold.owner, held.hold.reason_code) == (Role.PRESCRIBER, "safety_event")
    assert held.back_to is Phase.INFUSION_SERIES
    await staff.wait(lambda v: v.open_session is None)
    opened = await _opened(skipping, staff)
    told = {t.evidence["to"] for t in opened if t.kind == "safety_report"}
    assert {"obstetrics", "pregnancy_registry", "primary_care"} <= told
    await staff.follow_up()
    view = await _view(staff)
    assert not view.follow_ups
    assert [s.session_id for s in view.sessions if not s.dosed_at] == [booked]


async def test_edge_21_a_certification_lost_in_spray_induction_and_back_asks_the_prescriber(
    skipping: Clinical,
) -> None:
    """After a gap of two weeks the prescriber decides on induction anew (5.5)."""
    before = [dosed(n, 9 - 3 * n, modality=Modality.ESKETAMINE) for n in (1, 2)]
    staff = await skipping.refer(
        **treated(
            Phase.SWITCH_ESKETAMINE,
            sessions=before,
            booked={Modality.ESKETAMINE: 2},
            consents=signed(Modality.ESKETAMINE),
            enrolled_in_safety_program=True,
        )
    )
    await staff.wait(lambda v: v.open_session is not None)

    await _news(staff, "certification_lost")
    await staff.approve("spray_replan", "wait")
    await given(staff)
    view = await _view(staff)
    assert view.open_session is None
    given_so_far = len(view.sessions)
    await skipping.jump(staff, timedelta(days=20))
    assert (await _view(staff)).open_session is None
    await _news(staff, "certification_regained")

    view = await go_on(staff, lambda v: len(v.sessions) == given_so_far + 1)
    last, next_one = view.sessions[-2:]
    assert next_one.scheduled_at - last.scheduled_at >= timedelta(days=20)
    reviews = [t for t in await _opened(skipping, staff) if t.kind == "course_review"]
    assert [t.slots for t in reviews] == [(Role.PRESCRIBER,)]


async def _opened(journeys: Clinical, staff: Staff) -> list[Task]:
    facts = await journeys.facts(staff)
    return [Task.model_validate(f.data) for f in facts if f.kind == "TaskOpened"]


async def _news(staff: Staff, kind: str) -> None:
    told = CertificationNews(**by(Role.REMS_REPRESENTATIVE, kind), reason="representative left")
    await staff.give(kind, told)
