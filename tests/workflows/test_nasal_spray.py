"""The switch to the spray: two people, enrolment, a consent of its own; or another way on."""

from schemas.base import Role
from schemas.consent import SignConsent
from schemas.journey import Phase
from schemas.screening import Modality, Screening
from tests.workflows.conftest import Clinical
from tests.workflows.days import asked as task_asked
from tests.workflows.places import by, dosed, signed, treated


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
