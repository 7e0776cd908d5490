"""The spray's monitoring form (5.4, 11.24)."""

from datetime import UTC, datetime, timedelta

import pytest

from clinical.monitoring_form import amend_form, assemble_form, form_digest, judge_lateness
from clinical.parameters import Parameters
from schemas.adverse_event import AdverseEvent
from schemas.infusion import DoseOutcome, SessionPhase, SessionResult
from schemas.safety_program import MonitoringForm, Pressure, SprayFacts
from schemas.screening import Modality
from simulator import papers
from tests.clinical.boundaries.rows import NORTH

AT = datetime(2027, 3, 8, 15, tzinfo=UTC)
P = Parameters.default()
FACTS = SprayFacts(
    devices=2,
    lot="SPR-77",
    first_device_at=AT,
    ready_to_leave_at=AT + timedelta(minutes=125),
    left_at=AT + timedelta(minutes=140),
    acceptable_before=True,
    acceptable_at_end=True,
    pressures=tuple(Pressure(systolic_mmhg=s, diastolic_mmhg=80) for s in (120, 138, 124)),
    sedation=False,
    dissociation=True,
    respiratory_depression=False,
    supervised_by="rn-quill",
)


def _form(facts: SprayFacts | None = FACTS, *events: AdverseEvent) -> MonitoringForm:
    result = SessionResult(
        session_id="journey-1-spray-1",
        modality=Modality.ESKETAMINE,
        number=1,
        phase=SessionPhase.DISCHARGED,
        outcome=DoseOutcome.COMPLETED,
        delivered_mg=56,
        scheduled_at=AT,
        dosed_at=AT,
        ended_at=AT + timedelta(minutes=141),
        spray=facts,
        adverse_events=events,
    )
    patient = papers.referral("R-1").patient
    return assemble_form(result, AT, NORTH, patient, "journey-1", first_treatment=True)


def test_a_whole_session_leaves_nothing_for_a_person_to_add() -> None:
    form = _form()

    assert form.not_recorded == ()
    assert (form.total_minutes, form.ready_to_leave_minutes) == (140, 125)


def test_what_nobody_recorded_is_named_and_never_made_up() -> None:
    form = _form(None)

    assert {"lot", "devices", "pressures", "sedation"} <= set(form.not_recorded)
    assert form.facts.lot is None


def test_a_serious_event_is_on_the_form_and_a_mild_one_is_not() -> None:
    mild = AdverseEvent(code="nausea", grade=1, description="queasy")
    grave = AdverseEvent(code="syncope", grade=3, serious=True, description="fainted")

    assert _form(FACTS, mild, grave).serious_events == ("syncope",)


def test_a_revision_has_a_digest_of_its_own_and_the_same_form_the_same() -> None:
    form = _form()
    amended = amend_form(form, "syncope")

    assert amended.revision == form.revision + 1
    assert form_digest(form) == form_digest(_form())
    assert form_digest(amended) != form_digest(form)


@pytest.mark.parametrize(("days", "late"), [(0, False), (7, False), (8, True)])
def test_edge_24_a_form_is_late_after_its_seventh_calendar_day(days: int, late: bool) -> None:
    found = judge_lateness(AT, AT + timedelta(days=days), NORTH, P)

    assert [r.code for r in found] == ["monitoring_form_late"] * late
