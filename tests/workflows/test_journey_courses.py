"""From the first dose to the end: series, missed days, reevaluation and every way on."""

from datetime import timedelta

import pytest

from clinical.standard_protocol import standard_protocol
from schemas.approval import Choice
from schemas.base import Role
from schemas.consent import SignConsent
from schemas.journey import Phase
from schemas.reevaluation import Assessment, Course, Instrument, RecordScores
from simulator import papers
from simulator.papers import STAFF
from tests.workflows.conftest import NORTH, Clinical
from tests.workflows.days import MISSED, close_day, given
from tests.workflows.doors import Refused
from tests.workflows.places import by, cleared, now, scored, signed, treated

STOPPED = {"outcome": "partial", "stop_events": 1}


# -- consent --------------------------------------------------------------------------------------


async def test_a_declined_consent_refers_onward(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared(Phase.CONSENT, consents={}))
    await staff.wait(lambda v: bool(v.pending_entries))

    with pytest.raises(Refused) as refused:
        await staff.give("sign_consent", SignConsent(**by(Role.PSYCHIATRIST, "empty")))
    await staff.give(
        "sign_consent",
        SignConsent(**by(Role.PSYCHIATRIST, "no"), declined_reason="wants to think about it"),
    )

    assert refused.value.codes == ["form_missing"]
    await staff.reach(Phase.DISCONTINUE_REFER)
    assert "ConsentDeclined" in await journeys.kinds(staff)


async def test_a_form_that_explains_too_little_is_not_consent(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared(Phase.CONSENT, consents={}))
    await staff.wait(lambda v: bool(v.pending_entries))
    thin = papers.consent().model_copy(update={"elements": (), "teach_back": False})

    with pytest.raises(Refused) as refused:
        await staff.give("sign_consent", SignConsent(**by(Role.PSYCHIATRIST, "thin"), form=thin))

    assert "consent_elements_missing" in refused.value.codes
    assert not (await staff.door.journey(staff.journey_id)).consents


async def test_consent_is_not_taken_before_the_screening(journeys: Clinical) -> None:
    staff = await journeys.refer()

    with pytest.raises(Refused) as refused:
        await staff.give(
            "sign_consent", SignConsent(**by(Role.PSYCHIATRIST, "early"), form=papers.consent())
        )

    assert refused.value.codes == ["wrong_phase"]


async def test_a_consent_that_lapses_is_asked_for_again_before_the_next_dose(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared(consents=signed(valid=timedelta(seconds=-1))))

    view = await staff.wait(lambda v: bool(v.pending_entries))
    assert [c.status for c in view.consents.values()] == ["expired"]
    assert view.open_session is None
    await staff.sign()

    await staff.wait(lambda v: v.open_session is not None)
    kinds = await journeys.kinds(staff)
    assert kinds.index("ConsentExpired") < kinds.index("ConsentSigned")
    assert kinds.index("ConsentSigned") < kinds.index("SessionBooked")


async def test_a_lapsed_consent_that_is_declined_stops_the_series(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared(consents=signed(valid=timedelta(seconds=-1))))
    await staff.wait(lambda v: bool(v.pending_entries))

    await staff.give(
        "sign_consent", SignConsent(**by(Role.PSYCHIATRIST, "no"), declined_reason="no")
    )

    await staff.reach(Phase.REEVALUATION)
    assert "SessionBooked" not in await journeys.kinds(staff)


# -- sessions -------------------------------------------------------------------------------------


async def test_a_missed_session_is_rebooked_by_a_person(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared())

    view = await close_day(journeys, staff, **MISSED)
    assert view.open_session is None
    await staff.approve("missed_session")

    again = await staff.wait(lambda v: v.open_session is not None)
    assert again.open_session == f"{staff.journey_id}-infusion-2"
    assert "SessionRebooked" in await journeys.kinds(staff)
    assert not again.follow_ups, "no dose, no follow-up"


async def test_a_missed_session_that_is_not_rebooked_stops_the_series(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared())

    await close_day(journeys, staff, **MISSED)
    await staff.decline("missed_session")

    await staff.reach(Phase.REEVALUATION)
    kinds = await journeys.kinds(staff)
    assert "SessionRebooked" not in kinds
    assert kinds.count("SessionBooked") == 1


async def test_two_sessions_with_a_stop_event_stop_the_series(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared())

    for _ in range(2):
        await close_day(journeys, staff, **STOPPED)

    view = await staff.reach(Phase.REEVALUATION)
    assert len(view.sessions) == 2


async def test_a_session_ended_by_an_operator_is_lost_and_somebody_must_look(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.open_session is not None

    await journeys.client.get_workflow_handle(view.open_session).terminate("by mistake")

    lost = await staff.pending("session_lost")
    assert lost.owed_to is Role.NURSE
    assert (await staff.door.journey(staff.journey_id)).attention
    await staff.approve("missed_session")
    again = await staff.wait(lambda v: v.open_session is not None)
    assert again.open_session != view.open_session
    assert any(a.kind == "session_lost" for a in again.pending_approvals)


async def test_a_journey_does_not_close_over_a_lost_session(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared())
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.open_session is not None
    await journeys.client.get_workflow_handle(view.open_session).terminate("by mistake")
    await staff.pending("session_lost")
    await staff.decline("missed_session")
    await staff.reach(Phase.REEVALUATION)
    await staff.score(12)
    await staff.decline("reevaluation_decision")
    await staff.approve("referral_onward")

    held = await staff.reach(Phase.FOLLOW_UP)
    assert all(a.kind != "close_review" for a in held.pending_approvals)
    await staff.approve("session_lost")
    await staff.approve("close_review")

    assert "JourneyClosed" in await journeys.ended(staff)


# -- reevaluation ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("course", "phase"),
    [
        (Course.EXTEND, Phase.INFUSION_SERIES),
        (Course.TAPER, Phase.TAPER),
        (Course.MAINTENANCE, Phase.MAINTENANCE),
        (Course.SWITCH, Phase.SWITCH_ESKETAMINE),
        (Course.DISCONTINUE, Phase.DISCONTINUE_REFER),
    ],
)
async def test_the_psychiatrist_chooses_how_treatment_goes_on(
    journeys: Clinical, course: Course, phase: Phase
) -> None:
    staff = await journeys.refer(**treated())
    await staff.wait(lambda v: bool(v.pending_entries))
    await staff.score(7)

    await staff.approve("reevaluation_decision", course.value)

    await staff.reach(phase)
    proposed = await journeys.fact(staff, "CourseProposed")
    assert proposed.data["percent_change"] is not None


async def test_a_reevaluation_nobody_agrees_with_ends_the_treatment(journeys: Clinical) -> None:
    staff = await journeys.refer(**treated())
    await staff.score(7)

    await staff.decline("reevaluation_decision")

    view = await staff.reach(Phase.DISCONTINUE_REFER)
    assert view.open_session is None
    assert "SessionBooked" not in await journeys.kinds(staff)


async def test_a_clinic_without_the_spray_does_not_offer_it(journeys: Clinical) -> None:
    clinic = NORTH.model_copy(update={"spray_certified": False})
    staff = await journeys.refer(**treated(clinic=clinic))
    await staff.score(7)

    asked = await staff.pending("reevaluation_decision")

    assert "switch" not in asked.options
    with pytest.raises(Refused) as refused:
        await staff.decide(asked, STAFF[Role.PSYCHIATRIST], Choice.APPROVE, "switch")
    assert refused.value.codes == ["choice_unknown"]


async def test_scores_that_cannot_be_scored_are_refused(journeys: Clinical) -> None:
    staff = await journeys.refer(**treated())
    await staff.wait(lambda v: bool(v.pending_entries))
    torn = Assessment(instrument=Instrument.PHQ9, items=(1, 2), taken_at=now())

    with pytest.raises(Refused):
        await staff.give("record_scores", RecordScores(**by(Role.NURSE, "x"), assessments=(torn,)))

    assert "ScoresRecorded" not in await journeys.kinds(staff)


async def test_an_extension_never_exceeds_the_longest_series(journeys: Clinical) -> None:
    staff = await journeys.refer(**treated(infusions=7))
    await staff.score(7)

    await staff.approve("reevaluation_decision", "extend")
    await given(staff)

    await staff.wait(lambda v: v.phase is Phase.REEVALUATION and len(v.sessions) == 8)
    assert (await journeys.kinds(staff)).count("SessionBooked") == 1


async def test_the_first_scores_before_any_dose_stay_the_baseline(journeys: Clinical) -> None:
    staff = await journeys.refer(
        **cleared(Phase.SCHEDULED, baseline=[], scores=[scored(21, 9), scored(18, 1)])
    )

    await staff.approve("series_start")
    await staff.reach(Phase.INFUSION_SERIES)
    await staff.score(6)

    view = await staff.wait(lambda v: len(v.scores) == 3)
    assert [score.total for score in view.baseline] == [18]


# -- taper and maintenance ------------------------------------------------------------------------


async def test_a_taper_goes_to_its_end_and_the_journey_closes(journeys: Clinical) -> None:
    steps = standard_protocol()
    protocol = steps.model_copy(
        update={"parameters": {**steps.parameters, "taper.steps": ("7x2",)}}
    )
    staff = await journeys.refer(**treated(Phase.TAPER, protocol=protocol))

    for _ in range(2):
        await given(staff)
    await staff.reach(Phase.FOLLOW_UP)
    await staff.follow_up()
    await staff.approve("close_review")

    kinds = await journeys.ended(staff)
    assert kinds.count("SessionBooked") == kinds.count("SessionClosed") == 2
    assert (await journeys.handle(staff).result())["outcome"] == "completed"


async def test_a_close_review_that_is_declined_is_asked_again(journeys: Clinical) -> None:
    staff = await journeys.refer(**treated(Phase.FOLLOW_UP))
    first = await staff.pending("close_review")

    await staff.decline("close_review")

    again = await staff.wait(
        lambda v: any(
            a.kind == "close_review" and a.approval_id != first.approval_id
            for a in v.pending_approvals
        )
    )
    assert again.phase is Phase.FOLLOW_UP


async def test_maintenance_is_reviewed_and_may_go_on(journeys: Clinical) -> None:
    staff = await journeys.refer(**treated(Phase.MAINTENANCE))

    for _ in range(4):
        await given(staff)
    await staff.reach(Phase.REEVALUATION)
    await staff.score(7)
    await staff.approve("reevaluation_decision", "maintenance")

    await staff.reach(Phase.MAINTENANCE)
    await staff.wait(lambda v: v.open_session is not None)
