"""From the first dose to the end: series, missed days, reevaluation and every way on."""

from datetime import timedelta
from typing import Any

import pytest

from clinical.approval import open_task
from clinical.standard_protocol import standard_protocol
from schemas.approval import ApprovalKind, Choice, DecideApproval
from schemas.base import Role
from schemas.consent import SignConsent
from schemas.journal import WriteJournal
from schemas.journey import ChangeProtocol, JourneyView, Phase
from schemas.protocol import Protocol
from schemas.reevaluation import Assessment, Course, Instrument, RecordScores
from schemas.screening import Modality, Screening
from simulator import papers
from simulator.papers import STAFF
from simulator.staff import Staff
from tests.workflows.conftest import NORTH, Clinical
from tests.workflows.days import asked as task_asked
from tests.workflows.doors import Refused
from tests.workflows.places import by, cleared, dosed, now, scored, signed, treated


async def _close_day(journeys: Clinical, staff: Staff, **told: Any) -> JourneyView:
    """The open session closes now, as it is told to."""
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.open_session is not None
    await journeys.client.get_workflow_handle(view.open_session).signal("close_as", told)
    return await staff.wait(lambda v: v.open_session != view.open_session)


async def _given(journeys: Clinical, staff: Staff) -> JourneyView:
    """The booked day comes and its dose is given."""
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.next_session_at is not None
    await staff.door.until(staff.journey_id, view.next_session_at + timedelta(hours=3))
    return await staff.wait(lambda v: v.open_session != view.open_session)


MISSED = {"phase": "MISSED", "outcome": "none"}
STOPPED = {"outcome": "partial", "stop_events": 1}


# -- consent ------------------------------------------------------------------------------------


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


# -- sessions -----------------------------------------------------------------------------------


async def test_a_missed_session_is_rebooked_by_a_person(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared())

    view = await _close_day(journeys, staff, **MISSED)
    assert view.open_session is None
    await staff.approve("missed_session")

    again = await staff.wait(lambda v: v.open_session is not None)
    assert again.open_session == f"{staff.journey_id}-infusion-2"
    assert "SessionRebooked" in await journeys.kinds(staff)
    assert not again.follow_ups, "no dose, no follow-up"


async def test_a_missed_session_that_is_not_rebooked_stops_the_series(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared())

    await _close_day(journeys, staff, **MISSED)
    await staff.decline("missed_session")

    await staff.reach(Phase.REEVALUATION)
    kinds = await journeys.kinds(staff)
    assert "SessionRebooked" not in kinds
    assert kinds.count("SessionBooked") == 1


async def test_two_sessions_with_a_stop_event_stop_the_series(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared())

    for _ in range(2):
        await _close_day(journeys, staff, **STOPPED)

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


# -- safety -------------------------------------------------------------------------------------


async def test_a_follow_up_that_could_not_be_made_goes_to_a_psychiatrist(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())
    view = await _given(journeys, staff)
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


# -- reevaluation -------------------------------------------------------------------------------


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
    await _given(journeys, staff)

    await staff.wait(lambda v: v.phase is Phase.REEVALUATION and len(v.sessions) == 8)
    assert (await journeys.kinds(staff)).count("SessionBooked") == 1


# -- taper, maintenance, spray ------------------------------------------------------------------


async def test_a_taper_goes_to_its_end_and_the_journey_closes(journeys: Clinical) -> None:
    steps = standard_protocol()
    protocol = steps.model_copy(
        update={"parameters": {**steps.parameters, "taper.steps": ("7x2",)}}
    )
    staff = await journeys.refer(**treated(Phase.TAPER, protocol=protocol))

    for _ in range(2):
        await _given(journeys, staff)
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
        await _given(journeys, staff)
    await staff.reach(Phase.REEVALUATION)
    await staff.score(7)
    await staff.approve("reevaluation_decision", "maintenance")

    await staff.reach(Phase.MAINTENANCE)
    await staff.wait(lambda v: v.open_session is not None)


async def test_the_switch_needs_two_people_enrolment_and_its_own_consent(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**treated(Phase.SWITCH_ESKETAMINE, authorization=None))
    asked = await staff.pending("switch_to_spray")
    assert set(asked.still_needed) == {Role.PSYCHIATRIST, Role.REMS_REPRESENTATIVE}
    still_open = (await task_asked(journeys, staff, "switch_to_spray")).evidence
    assert {"patient_not_enrolled", "consent_missing", "not_authorized"} <= set(still_open)
    assert "site_not_certified" not in still_open

    await staff.approve("switch_to_spray")
    view = await staff.wait(lambda v: any(e.kind == "sign_consent" for e in v.pending_entries))
    assert view.open_session is None, "consent to infusions is no consent to the spray"
    await staff.sign(Modality.ESKETAMINE)
    await staff.authorize()

    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.open_session == f"{staff.journey_id}-spray-1"
    kinds = await journeys.kinds(staff)
    assert kinds.index("SafetyProgramEnrolled") < kinds.index("SessionBooked")


async def test_a_switch_that_is_refused_goes_back_to_reevaluation(journeys: Clinical) -> None:
    staff = await journeys.refer(**treated(Phase.SWITCH_ESKETAMINE))

    await staff.decline("switch_to_spray")

    await staff.reach(Phase.REEVALUATION)
    kinds = await journeys.kinds(staff)
    assert not {"ConsentSigned", "SafetyProgramEnrolled", "SessionBooked"} & {*kinds}


async def test_who_may_not_have_the_spray_is_asked_nothing_and_decided_on_again(
    journeys: Clinical,
) -> None:
    """Contraindications are checked anew against the label before a switch (5.6)."""
    malformation = Screening(conditions=("arteriovenous_malformation",))
    staff = await journeys.refer(**treated(Phase.SWITCH_ESKETAMINE, screening=malformation))

    await staff.reach(Phase.REEVALUATION)
    await staff.score(8)

    decision = await task_asked(journeys, staff, "reevaluation_decision")
    assert decision.evidence["switch_refused"] == "contraindicated"
    assert "switch" not in decision.options
    assert "switch_to_spray" not in {
        f.data["kind"] for f in await journeys.facts(staff) if f.kind == "TaskOpened"
    }


async def test_a_spray_consent_that_is_declined_goes_back_to_reevaluation(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(
        **treated(Phase.SWITCH_ESKETAMINE, enrolled_in_safety_program=True)
    )
    await staff.wait(lambda v: bool(v.pending_entries))

    await staff.give(
        "sign_consent", SignConsent(**by(Role.PSYCHIATRIST, "n"), declined_reason="no")
    )

    await staff.reach(Phase.REEVALUATION)
    kinds = await journeys.kinds(staff)
    assert "ConsentDeclined" in kinds
    assert "SessionBooked" not in kinds


async def test_a_spray_course_already_begun_goes_on_at_the_later_pace(journeys: Clinical) -> None:
    before = [dosed(n, 3, modality=Modality.ESKETAMINE) for n in (1, 2)]
    staff = await journeys.refer(
        **treated(
            Phase.SWITCH_ESKETAMINE,
            sessions=before,
            consents=signed(Modality.ESKETAMINE),
            enrolled_in_safety_program=True,
            booked={Modality.ESKETAMINE: 2},
        )
    )

    view = await staff.wait(lambda v: v.open_session is not None)

    assert view.open_session == f"{staff.journey_id}-spray-3"


# -- protocol -----------------------------------------------------------------------------------


async def _ask_for_protocol(staff: Staff, version: str, key: str = "protocol") -> None:
    protocol = standard_protocol().model_copy(update={"version": version})
    await staff.give(
        "change_protocol",
        ChangeProtocol(
            **by(Role.CARE_COORDINATOR, key), protocol=protocol, reason="longer intervals"
        ),
    )


async def test_two_people_move_a_journey_to_another_protocol(journeys: Clinical) -> None:
    staff = await journeys.refer()

    await _ask_for_protocol(staff, "north-2")
    asked = await staff.pending("protocol_change")
    assert set(asked.still_needed) == {Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR}
    with pytest.raises(Refused) as refused:
        await _ask_for_protocol(staff, "north-3", "again")
    assert refused.value.codes == ["already_asked"]
    await staff.approve("referral_triage")
    await staff.reach(Phase.PSYCH_EVAL)
    await staff.approve("protocol_change")

    view = await staff.wait(lambda v: v.protocol_version == "north-2")
    assert view.phase is Phase.PSYCH_EVAL
    changed = await journeys.fact(staff, "ProtocolChanged")
    assert changed.data == {
        "from": "standard-1", "to": "north-2", "code": "standard", "difference": [],
    }  # fmt: skip


async def test_a_refused_protocol_leaves_everything_as_it_was(journeys: Clinical) -> None:
    staff = await journeys.refer()

    await _ask_for_protocol(staff, "north-2")
    await staff.decline("protocol_change")

    await staff.wait(lambda v: all(a.kind != "protocol_change" for a in v.pending_approvals))
    assert (await staff.door.journey(staff.journey_id)).protocol_version == "standard-1"
    await _ask_for_protocol(staff, "north-2", "again")
    with pytest.raises(Refused) as refused:
        await _ask_for_protocol(staff, "standard-1", "same")
    assert refused.value.codes == ["already_asked"]


def stricter(version: str = "north-2", pause_sys: int = 170) -> Protocol:
    standard = standard_protocol()
    parameters = {**standard.parameters, "bp.pause_sys": pause_sys}
    return standard.model_copy(update={"version": version, "parameters": parameters})


PAUSE = {
    "name": "bp.pause_sys", "old": "180", "new": "170", "unit": "mmHg", "direction": "stricter",
}  # fmt: skip


async def ask_for(staff: Staff, protocol: Protocol, key: str = "protocol", **more: Any) -> None:
    command = ChangeProtocol(
        **by(Role.CARE_COORDINATOR, key), protocol=protocol, reason="new evidence", **more
    )
    await staff.give("change_protocol", command)


async def test_two_people_see_what_would_change_and_the_record_says_what_did(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer()

    await ask_for(staff, stricter())
    await staff.approve("protocol_change")

    await staff.wait(lambda v: v.protocol_version == "north-2")
    opened = [f for f in await journeys.facts(staff) if f.data.get("kind") == "protocol_change"]
    assert opened[0].data["evidence"] == {
        "from": "standard-1", "to": "north-2", "reason": "new evidence",
        "bp.pause_sys": "180 -> 170 mmHg, stricter",
    }  # fmt: skip
    assert (await journeys.fact(staff, "ProtocolChanged")).data["difference"] == [PAUSE]


async def test_the_values_a_journey_is_treated_by_go_on_record_with_the_facts_that_pin_them(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer()
    await ask_for(staff, stricter())
    await staff.approve("protocol_change")
    await staff.wait(lambda v: v.protocol_version == "north-2" and v.unrecorded == 0)

    kept = [batch.protocol.version for batch in journeys.outside.batches if batch.protocol]

    assert kept == ["standard-1", "north-2"]


async def test_a_refused_change_leaves_version_values_and_record_as_they_were(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer()

    await ask_for(staff, stricter())
    await staff.decline("protocol_change")
    await staff.wait(lambda v: all(a.kind != "protocol_change" for a in v.pending_approvals))

    assert "ProtocolChanged" not in await journeys.kinds(staff)
    await ask_for(staff, stricter(), "again")
    asked = await staff.pending("protocol_change")
    assert asked.approval_id.endswith("~2")


async def test_a_change_prepared_for_another_version_is_refused_and_changes_nothing(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer()
    await ask_for(staff, stricter(), from_version="standard-1")
    await staff.approve("protocol_change")
    await staff.wait(lambda v: v.protocol_version == "north-2")

    with pytest.raises(Refused) as refused:
        await ask_for(staff, stricter("north-3", 160), "stale", from_version="standard-1")

    assert refused.value.codes == ["stale"]
    view = await staff.door.journey(staff.journey_id)
    assert (view.protocol_version, view.pending_approvals[0].kind) == ("north-2", "referral_triage")


async def test_a_change_that_the_rules_refuse_by_the_day_it_is_approved_changes_nothing(
    journeys: Clinical,
) -> None:
    """Asked for under a release that allowed it, decided under one that does not."""
    loose = standard_protocol()
    loose = loose.model_copy(
        update={"version": "north-9", "parameters": {**loose.parameters, "bp.pause_sys": 230}}
    )
    waiting = open_task(
        task_id="waits",
        kind=ApprovalKind.PROTOCOL_CHANGE,
        key="protocol-change",
        title="Move this journey to another protocol version: two people",
        rule=standard_protocol().approvals["protocol_change"],
        requested_by=STAFF[Role.CARE_COORDINATOR],
        now=now(),
    )
    staff = await journeys.refer(pending_protocol=loose, tasks={"protocol-change": waiting})

    for role in (Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR):
        vote = {"approval_id": "waits", "decision": Choice.APPROVE, "reason": "seen"}
        await staff.give("decide_approval", DecideApproval(**by(role, f"vote-{role}"), **vote))

    refused = await journeys.fact(staff, "ProtocolRefused")
    assert (refused.data["to"], refused.data["reasons"]) == ("north-9", ["bp.pause_sys"])
    assert (await staff.door.journey(staff.journey_id)).protocol_version == "standard-1"


async def test_the_protocol_a_journey_is_on_is_no_change(journeys: Clinical) -> None:
    staff = await journeys.refer()

    with pytest.raises(Refused) as refused:
        await _ask_for_protocol(staff, "standard-1")

    assert refused.value.codes == ["same_version"]


async def test_the_first_scores_before_any_dose_stay_the_baseline(journeys: Clinical) -> None:
    staff = await journeys.refer(
        **cleared(Phase.SCHEDULED, baseline=[], scores=[scored(21, 9), scored(18, 1)])
    )

    await staff.approve("series_start")
    await staff.reach(Phase.INFUSION_SERIES)
    await staff.score(6)

    view = await staff.wait(lambda v: len(v.scores) == 3)
    assert [score.total for score in view.baseline] == [18]
