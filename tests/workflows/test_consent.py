"""Informed consent as a gate: how fresh it may be, and when it is asked for again (section 3)."""

from datetime import timedelta

from schemas.base import Role
from schemas.consent import SignConsent
from schemas.infusion import SessionPlan
from schemas.journey import Phase
from schemas.screening import Modality
from simulator import papers
from simulator.staff import Staff
from tests.workflows.bare_chair import BareChair
from tests.workflows.bare_day import TEN
from tests.workflows.conftest import Clinical
from tests.workflows.places import by, cleared, signed, treated


async def planned(journeys: Clinical, staff: Staff) -> SessionPlan:
    """What the open day was booked on."""
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.open_session is not None
    day = journeys.client.get_workflow_handle(view.open_session)
    return await day.query("planned", result_type=SessionPlan)


# -- before the dose ----------------------------------------------------------------------------


def test_a_consent_signed_five_minutes_before_the_dose_starts_nothing_yet() -> None:
    chair = BareChair(consent_signed_at=TEN - timedelta(minutes=5))

    assert chair.prepare() == ["consent_too_fresh"]

    assert chair.refused("start_dosing", **chair.draws()) == ("consent_too_fresh",)
    assert chair.waits() == {"consent_too_fresh": Role.NURSE}
    chair.day.pass_(25 * 60)
    chair.read()
    assert chair.start().phase == "DOSING"


async def test_a_booked_day_knows_when_the_consent_in_force_was_signed(
    journeys: Clinical,
) -> None:
    consents = signed()
    staff = await journeys.refer(**cleared(consents=consents))

    plan = await planned(journeys, staff)

    assert plan.consent_signed_at == consents[Modality.IV_KETAMINE].signed_at


async def test_a_booked_day_rests_on_no_consent_older_than_six_months(journeys: Clinical) -> None:
    held = signed()[Modality.IV_KETAMINE]
    signed_at = held.signed_at - timedelta(days=170)
    consents = {Modality.IV_KETAMINE: held.model_copy(update={"signed_at": signed_at})}
    staff = await journeys.refer(**cleared(consents=consents))

    plan = await planned(journeys, staff)

    assert plan.consent_valid_until == signed_at + timedelta(days=180)


# -- asked for again ----------------------------------------------------------------------------


async def test_the_move_to_maintenance_asks_for_its_own_consent_before_anything_is_booked(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**treated())
    await staff.score(7)
    await staff.approve("reevaluation_decision", "maintenance")

    await staff.asked_for("sign_consent")

    view = await staff.reach(Phase.MAINTENANCE)
    assert view.open_session is None
    lapsed = await journeys.fact(staff, "ConsentExpired")
    assert lapsed.data["reasons"] == ["consent_maintenance"]
    await staff.sign()
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.consents[Modality.IV_KETAMINE].form.document_version == "maintenance-2026-1"


async def test_a_form_that_is_not_the_one_asked_for_leaves_the_question_open(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared(Phase.CONSENT, consents={}))
    await staff.asked_for("sign_consent")

    other = papers.consent(Modality.ESKETAMINE)
    await staff.give("sign_consent", SignConsent(**by(Role.PSYCHIATRIST, "other"), form=other))

    view = await staff.wait(lambda v: Modality.ESKETAMINE in v.consents)
    assert view.phase is Phase.CONSENT
    assert [entry.kind for entry in view.pending_entries] == ["sign_consent"]
    await staff.sign()
    await staff.reach(Phase.SCHEDULED)
