"""The spray's safety programme: its form after every session, and what a lost certification means.

Clinical fact sheet, 5.4; edge cases 21 and 24.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from clinical.clinic_hours import local_date
from schemas.adverse_event import AdverseEvent, ReportAdverseEvent
from schemas.approval import ApprovalKind
from schemas.base import Role
from schemas.journey import Phase
from schemas.reevaluation import Course
from schemas.safety_program import CertificationNews, FormOwed, SubmissionWay, SubmitMonitoringForm
from schemas.screening import Modality
from simulator.staff import Staff
from tests.workflows.conftest import NORTH, Clinical
from tests.workflows.days import given
from tests.workflows.doors import Refused
from tests.workflows.places import by, signed, treated

DAY = timedelta(days=1)


def on_the_spray(**more: Any) -> dict[str, Any]:
    """A patient enrolled in the programme, with consent, before the next spray."""
    return treated(
        Phase.SWITCH_ESKETAMINE,
        consents=signed(Modality.ESKETAMINE),
        **{"enrolled_in_safety_program": True, "course": Course.SWITCH, **more},
    )


async def sprayed(journeys: Clinical) -> tuple[Staff, FormOwed]:
    """A patient who had a first spray today."""
    staff = await journeys.refer(**on_the_spray())
    await given(staff)
    view = await staff.wait(lambda v: bool(v.monitoring_forms) and v.open_session is not None)
    return staff, view.monitoring_forms[0]


async def submit(staff: Staff, owed: FormOwed, key: str = "sent", **how: Any) -> None:
    said = {"how": SubmissionWay.ONLINE, "receipt": "PMF-4711", **how}
    command = SubmitMonitoringForm(**by(Role.NURSE, key), session_id=owed.form.session_id, **said)
    await staff.give("submit_monitoring_form", command)


async def news(staff: Staff, kind: str, key: str) -> None:
    told = CertificationNews(**by(Role.REMS_REPRESENTATIVE, key), reason="representative left")
    await staff.give(kind, told)


async def test_every_dosed_spray_session_owes_a_form_made_of_its_own_facts(
    journeys: Clinical,
) -> None:
    staff, owed = await sprayed(journeys)

    assert (owed.form.site, owed.form.first_treatment) == ("north", True)
    assert owed.form.dose_mg > 0
    assert "lot" in owed.form.not_recorded, "what nobody recorded is named, not made up"
    task = await staff.pending("monitoring_form")
    assert task.due_at == owed.due_at
    assembled = await journeys.fact(staff, "MonitoringFormAssembled")
    assert assembled.data["digest"] == owed.digest
    await submit(staff, owed)
    view = await staff.wait(lambda v: not v.monitoring_forms)
    assert all(a.kind != "monitoring_form" for a in view.pending_approvals)
    sent = await journeys.fact(staff, "MonitoringFormSubmitted")
    assert (sent.data["receipt"], sent.data["late"]) == ("PMF-4711", False)


async def test_edge_24_the_form_is_reminded_on_days_2_4_and_6_and_escalates_on_day_7_at_18(
    skipping: Clinical,
) -> None:
    staff, owed = await sprayed(skipping)
    treated_at = owed.form.treated_at
    told = [await reminders(skipping, staff, owed, treated_at + n * DAY) for n in range(1, 8)]

    assert told == [0, 1, 1, 2, 2, 3, 3]
    task = await staff.pending("monitoring_form")
    assert task.owed_to is Role.NURSE
    assert local_date(task.due_at, NORTH) == local_date(treated_at, NORTH) + 7 * DAY
    assert task.due_at.astimezone(_zone()).hour == 18
    await staff.door.until(staff.journey_id, task.due_at)

    await staff.wait(
        lambda v: any(a.owed_to is Role.REMS_REPRESENTATIVE for a in v.pending_approvals)
    )
    await staff.door.until(staff.journey_id, treated_at + 9 * DAY)
    await submit(staff, owed)
    late = await skipping.fact(staff, "DeviationLogged")
    assert late.data["deviation"] == "monitoring_form_late"
    assert (await skipping.fact(staff, "MonitoringFormSubmitted")).data["late"] is True


async def reminders(journeys: Clinical, staff: Staff, owed: FormOwed, moment: datetime) -> int:
    """How often the form was reminded of by then."""
    await staff.door.until(staff.journey_id, moment + timedelta(minutes=30))
    await staff.wait(lambda v: v.unsent == 0)
    task = await staff.pending("monitoring_form")
    return sum(
        n.template == "task_reminder" and n.facts["task_id"] == task.approval_id
        for n in journeys.outside.sent
    )


def _zone() -> Any:
    from clinical.clinic_hours import zone

    return zone(NORTH)


async def test_a_submission_needs_its_receipt_and_is_taken_once(journeys: Clinical) -> None:
    staff, owed = await sprayed(journeys)

    with pytest.raises(Refused) as without:
        await submit(staff, owed, "none", receipt=None)
    await submit(staff, owed)
    with pytest.raises(Refused) as again:
        await submit(staff, owed, "again")

    assert (without.value.codes, again.value.codes) == (["receipt_missing"], ["no_form_owed"])


async def test_a_form_may_be_faxed_for_the_person_and_the_receipt_closes_it(
    journeys: Clinical,
) -> None:
    staff, owed = await sprayed(journeys)

    await submit(staff, owed, how=SubmissionWay.FAX_SERVICE, receipt=None)

    await staff.wait(lambda v: not v.monitoring_forms)
    (fax,) = journeys.outside.faxes.values()
    assert fax.digest == owed.digest
    assert (await journeys.fact(staff, "MonitoringFormSubmitted")).data["receipt"] == "fax-1"


async def test_a_decision_at_the_stock_command_line_closes_it_and_a_no_does_not(
    journeys: Clinical,
) -> None:
    staff, _ = await sprayed(journeys)

    await staff.decline("monitoring_form")
    again = await staff.pending("monitoring_form")
    assert again.roles == (Role.REMS_REPRESENTATIVE,)
    await staff.approve("monitoring_form")

    await staff.wait(lambda v: not v.monitoring_forms)


async def test_a_serious_event_goes_on_the_form_as_a_revision_with_its_own_clock(
    journeys: Clinical,
) -> None:
    staff, owed = await sprayed(journeys)
    event = AdverseEvent(code="syncope", grade=3, serious=True, description="fainted at home")

    await staff.give(
        "report_adverse_event", ReportAdverseEvent(**by(Role.NURSE, "fainted"), event=event)
    )

    view = await staff.wait(lambda v: v.monitoring_forms[0].form.revision == 2)
    form = view.monitoring_forms[0]
    assert form.form.serious_events == ("syncope",)
    amended = await journeys.fact(staff, "MonitoringFormAmended")
    assert (amended.data["replaces"], amended.data["digest"]) == (owed.digest, form.digest)
    (case,) = view.adverse_events
    assert "safety_programme" in case.waiting, "the programme hears of it within 24 hours"


async def test_edge_22_nobody_is_sprayed_before_enrolment_is_agreed_by_two(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**on_the_spray(enrolled_in_safety_program=False))

    asked = await staff.pending("switch_to_spray")

    assert set(asked.roles) == {Role.PSYCHIATRIST, Role.REMS_REPRESENTATIVE}
    assert (await staff.door.journey(staff.journey_id)).open_session is None


# -- certification ------------------------------------------------------------------------------


async def test_edge_21_a_lost_certification_is_another_plan_and_no_new_spray(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**on_the_spray())
    view = await staff.wait(lambda v: v.open_session is not None)

    await news(staff, "certification_lost", "lost")
    await news(staff, "certification_lost", "lost again")

    asked = await staff.pending("spray_replan")
    assert {"sister_site", "transfer", "bridge_infusion"} <= set(asked.options)
    await staff.wait(lambda v: v.unsent == 0)
    assert [n.template for n in journeys.outside.sent].count("spray_paused") == 1
    await given(staff)
    view = await staff.door.journey(staff.journey_id)
    assert view.open_session is None, "nothing is booked while the site is not certified"
    await news(staff, "certification_regained", "back")
    view = await staff.wait(lambda v: v.open_session is not None)
    assert all(a.kind != "spray_replan" for a in view.pending_approvals)


async def test_edge_21_whom_another_plan_is_made_for_is_reevaluated(journeys: Clinical) -> None:
    staff = await journeys.refer(**on_the_spray())
    await staff.wait(lambda v: v.open_session is not None)
    await news(staff, "certification_lost", "lost")
    await staff.approve("spray_replan", "bridge_infusion")

    await given(staff)

    await staff.reach(Phase.REEVALUATION)


async def test_a_patient_on_infusions_is_not_disturbed_by_it(journeys: Clinical) -> None:
    staff = await journeys.refer(**treated(Phase.MAINTENANCE))
    await staff.wait(lambda v: v.open_session is not None)

    await news(staff, "certification_lost", "lost")

    view = await staff.wait(lambda v: v.site_certified is False)
    assert all(a.kind != ApprovalKind.SPRAY_REPLAN.value for a in view.pending_approvals)
    lost = await journeys.fact(staff, "CertificationLost")
    assert lost.data["affected"] is False
