"""The gates before the first dose: each outcome of each phase."""

from typing import Any

import pytest

from schemas.approval import Choice
from schemas.base import Actor, Role
from schemas.evaluation import RecordEvaluation
from schemas.journey import Phase
from schemas.referral import AcceptReferral
from schemas.screening import RecordScreening
from simulator import papers
from simulator.papers import STAFF
from simulator.staff import Staff
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.places import by, cleared, now


async def _referred_onward(journeys: Clinical, staff: Staff) -> list[str]:
    """The way out is walked to its end: onward referral, close review."""
    await staff.reach(Phase.DISCONTINUE_REFER)
    await staff.approve("referral_onward")
    await staff.approve("close_review")
    return await journeys.ended(staff)


async def _evaluate(staff: Staff, **changes: Any) -> None:
    view = await staff.reach(Phase.PSYCH_EVAL)
    fields: dict[str, Any] = {"evaluation": papers.evaluation(view.now), **changes}
    await staff.give("record_evaluation", RecordEvaluation(**by(Role.PSYCHIATRIST, "e"), **fields))


async def _screen(staff: Staff, key: str = "s", **changes: Any) -> None:
    view = await staff.reach(Phase.MED_SCREEN)
    screening = papers.screening(view.now).model_copy(update=changes)
    await staff.give(
        "record_screening",
        RecordScreening(**by(Role.MEDICAL_SCREENER, key), screening=screening),
    )


async def test_a_declined_triage_refers_onward_and_closes(journeys: Clinical) -> None:
    staff = await journeys.refer()

    await staff.decline("referral_triage")

    kinds = await _referred_onward(journeys, staff)
    assert kinds[-1] == "JourneyClosed"
    assert "EvaluationRecorded" not in kinds
    told = [n.template for n in journeys.outside.sent]
    assert "suicide_resources" in told


async def test_the_psychiatrist_who_does_not_recommend_ends_the_way(journeys: Clinical) -> None:
    staff = await journeys.refer(phase=Phase.PSYCH_EVAL)

    await _evaluate(staff, recommend=False)

    kinds = await _referred_onward(journeys, staff)
    assert "ScreeningRecorded" not in kinds


async def test_who_is_not_eligible_is_referred_onward(journeys: Clinical) -> None:
    staff = await journeys.refer(phase=Phase.PSYCH_EVAL)

    too_short = papers.evaluation(now()).model_copy(update={"exclusions": ("psychosis",)})
    await _evaluate(staff, evaluation=too_short)

    await staff.reach(Phase.DISCONTINUE_REFER)
    recorded = await journeys.fact(staff, "EvaluationRecorded")
    assert recorded.data["eligible"] is False


async def test_the_scores_of_the_evaluation_are_on_record_as_the_first_ones(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(phase=Phase.PSYCH_EVAL)

    await _evaluate(staff)

    recorded = await journeys.fact(staff, "EvaluationRecorded")
    view = await staff.reach(Phase.MED_SCREEN)
    assert recorded.data["scores"] == [score.model_dump(mode="json") for score in view.scores]
    assert view.scores


async def test_edge_45_no_override_lifts_what_stands_for_every_treatment(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(phase=Phase.PSYCH_EVAL)

    confused = papers.evaluation(now()).model_copy(update={"exclusions": ("delirium",)})
    with pytest.raises(Refused) as refused:
        await _evaluate(staff, evaluation=confused, override_reason="the family wishes it")

    assert refused.value.codes == ["excluded"]
    assert "EvaluationRecorded" not in await journeys.kinds(staff)


async def test_an_evaluation_that_lacks_what_the_gate_needs_is_refused(journeys: Clinical) -> None:
    incomplete = papers.evaluation(now()).model_copy(update={"trials": ()})
    staff = await journeys.refer(phase=Phase.PSYCH_EVAL)

    with pytest.raises(Refused) as refused:
        await _evaluate(staff, evaluation=incomplete)

    assert "trials_missing" in refused.value.codes
    assert "EvaluationRecorded" not in await journeys.kinds(staff)


async def test_an_evaluation_belongs_to_its_phase(journeys: Clinical) -> None:
    staff = await journeys.refer()

    with pytest.raises(Refused) as refused:
        await staff.give(
            "record_evaluation",
            RecordEvaluation(**by(Role.PSYCHIATRIST, "early"), evaluation=papers.evaluation(now())),
        )

    assert refused.value.codes == ["wrong_phase"]


async def test_a_screening_that_blocks_ends_the_way(journeys: Clinical) -> None:
    staff = await journeys.refer(phase=Phase.MED_SCREEN)

    await _screen(staff, conditions=("pregnancy",))

    kinds = await _referred_onward(journeys, staff)
    assert "SessionBooked" not in kinds
    assert "ConsentSigned" not in kinds


async def test_a_finding_that_the_physician_declines_ends_the_way(journeys: Clinical) -> None:
    staff = await journeys.refer(phase=Phase.MED_SCREEN)

    await staff.screen(finding=True)
    await staff.decline("screening_finding")

    await staff.reach(Phase.DISCONTINUE_REFER)
    kinds = await journeys.kinds(staff)
    assert not {"ConsentSigned", "SessionBooked"} & {*kinds}


async def test_a_screening_is_recorded_once_and_only_complete(journeys: Clinical) -> None:
    staff = await journeys.refer(phase=Phase.MED_SCREEN)

    with pytest.raises(Refused):
        await _screen(staff, work_up=())
    await staff.screen(finding=True)
    with pytest.raises(Refused) as refused:
        await _screen(staff, "again")

    assert refused.value.codes == ["already_recorded"]
    assert (await journeys.kinds(staff)).count("ScreeningRecorded") == 1


async def test_a_screening_belongs_to_its_phase(journeys: Clinical) -> None:
    staff = await journeys.refer(phase=Phase.CONSENT, screening=papers.screening(now()))

    with pytest.raises(Refused) as refused:
        await staff.give(
            "record_screening",
            RecordScreening(**by(Role.MEDICAL_SCREENER, "late"), screening=papers.screening(now())),
        )

    assert refused.value.codes == ["wrong_phase"]


async def test_one_persons_clearance_is_not_enough(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared(Phase.SCHEDULED, cleared=False))
    pending = await staff.pending("treatment_clearance")

    await staff.decide(pending, STAFF[Role.PSYCHIATRIST], Choice.APPROVE)

    view = await staff.wait(lambda v: v.version == 1)
    assert view.phase is Phase.SCHEDULED
    waiting = await staff.pending("treatment_clearance")
    assert waiting.still_needed == (Role.MEDICAL_SCREENER,)


async def test_the_same_person_twice_is_not_two_people(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared(Phase.SCHEDULED, cleared=False))
    pending = await staff.pending("treatment_clearance")
    await staff.decide(pending, STAFF[Role.PSYCHIATRIST], Choice.APPROVE)

    with pytest.raises(Refused) as refused:
        await staff.decide(pending, Actor(id="dr-lee", role=Role.MEDICAL_SCREENER), Choice.APPROVE)

    assert refused.value.codes == ["same_person"]
    assert (await staff.pending("treatment_clearance")).still_needed == (Role.MEDICAL_SCREENER,)


async def test_a_refused_clearance_books_nothing(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared(Phase.SCHEDULED, cleared=False))

    await staff.decline("treatment_clearance")

    kinds = await _referred_onward(journeys, staff)
    assert "SessionBooked" not in kinds


async def test_dates_that_nobody_agrees_book_nothing(journeys: Clinical) -> None:
    staff = await journeys.refer(**cleared(Phase.SCHEDULED, cleared=False))

    await staff.approve("treatment_clearance")
    await staff.decline("series_start")

    await staff.reach(Phase.DISCONTINUE_REFER)
    assert "SessionBooked" not in await journeys.kinds(staff)


async def test_no_session_is_booked_before_consent_and_two_clearances(journeys: Clinical) -> None:
    staff = await journeys.refer()

    await staff.prepare(finding=True)

    await staff.wait(lambda v: v.open_session is not None)
    kinds = await journeys.kinds(staff)
    booked = kinds.index("SessionBooked")
    assert kinds.index("ConsentSigned") < booked
    assert kinds[:booked].count("TaskVoted") == 5, "triage, finding, clearance twice, start"


async def test_a_referral_without_patient_waits_until_it_is_completed(journeys: Clinical) -> None:
    complete = papers.referral("R-1")
    staff = await journeys.refer(
        referral=complete.model_copy(update={"patient": None, "patient_reference": "Patient/7"}),
        referral_accepted=True,
        accepted_by="first",
    )
    view = await staff.wait(lambda v: bool(v.pending_entries))
    assert [e.kind for e in view.pending_entries] == ["accept_referral"]
    assert not view.pending_approvals

    receipt = await staff.give(
        "accept_referral",
        AcceptReferral(**by(Role.CARE_COORDINATOR, "second"), referral=complete),
    )

    await staff.pending("referral_triage")
    assert "ReferralCompleted" in await journeys.kinds(staff)
    assert receipt["command_id"] == "first"
    assert receipt["duplicate"] is True


async def test_a_repeated_referral_changes_nothing_but_the_record(journeys: Clinical) -> None:
    staff = await journeys.refer()
    same = papers.referral("R-1")
    other_words = same.model_copy(update={"reason": "Sent again, in other words."})

    first = await staff.give(
        "accept_referral", AcceptReferral(**by(Role.CARE_COORDINATOR, "a"), referral=same)
    )
    again = await staff.give(
        "accept_referral", AcceptReferral(**by(Role.CARE_COORDINATOR, "b"), referral=same)
    )
    differs = await staff.give(
        "accept_referral", AcceptReferral(**by(Role.CARE_COORDINATOR, "c"), referral=other_words)
    )

    assert (first["duplicate"], again["duplicate"], differs["duplicate"]) == (False, True, True)
    assert differs["command_id"] == "a"
    assert (await journeys.kinds(staff)).count("ReferralRepeated") == 1


async def test_another_referral_does_not_belong_to_this_journey(journeys: Clinical) -> None:
    staff = await journeys.refer()

    with pytest.raises(Refused) as refused:
        await staff.give(
            "accept_referral",
            AcceptReferral(
                **by(Role.CARE_COORDINATOR, "stranger"), referral=papers.referral("R-2")
            ),
        )

    assert refused.value.codes == ["another_referral"]


async def test_an_evaluation_takes_the_provider_the_referral_names(journeys: Clinical) -> None:
    staff = await journeys.refer(phase=Phase.PSYCH_EVAL)

    unnamed = papers.evaluation(now()).model_copy(update={"primary_provider": None})
    await _evaluate(staff, evaluation=unnamed)

    await staff.reach(Phase.MED_SCREEN)
    assert (await journeys.kinds(staff)).count("EvaluationRecorded") == 1


async def test_a_patient_without_address_is_not_written_to(journeys: Clinical) -> None:
    nameless = papers.patient().model_copy(update={"email": None, "phone": None})
    referral = papers.referral("R-1").model_copy(update={"patient": nameless})
    staff = await journeys.refer(referral=referral)

    await staff.decline("referral_triage")

    await staff.pending("referral_onward")
    await journeys.kinds(staff)
    assert all(n.to_role is not None for n in journeys.outside.sent)


async def test_a_patient_without_mail_gets_a_text_message(journeys: Clinical) -> None:
    by_phone = papers.patient().model_copy(update={"email": None})
    referral = papers.referral("R-1").model_copy(update={"patient": by_phone})
    staff = await journeys.refer(referral=referral)

    await staff.decline("referral_triage")

    await staff.pending("referral_onward")
    await staff.wait(lambda v: v.unsent == 0)
    texts = [n for n in journeys.outside.sent if n.to_role is None]
    assert [(n.template, n.channel, n.address) for n in texts] == [
        ("suicide_resources", "sms", by_phone.phone)
    ]
