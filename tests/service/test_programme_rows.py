"""Monitoring forms and adverse events as the record tells of them."""

from datetime import UTC, datetime
from typing import Any

from schemas.safety_program import MonitoringForm
from service.programme_rows import monitoring_forms_of, open_events_of
from service.rows import EventRow

MOMENT = datetime(2026, 11, 27, 12, tzinfo=UTC)
SESSION = "journey-1-spray-1"
FORM = MonitoringForm(
    session_id=SESSION,
    patient_reference="journey-1",
    site="north",
    first_treatment=True,
    treated_at=MOMENT,
    dose_mg=56,
).model_dump(mode="json")


def fact(kind: str, **data: Any) -> EventRow:
    return EventRow(
        id=1,
        workflow_id="journey-1",
        journey_id="journey-1",
        clinic="north",
        sequence=1,
        kind=kind,
        at=MOMENT,
        recorded_at=MOMENT,
        actor_id="rn-quill",
        actor_role="nurse",
        data=data,
    )


def _assembled(kind: str, revision: int, digest: str) -> EventRow:
    return fact(
        kind,
        session_id=SESSION,
        revision=revision,
        digest=digest,
        due_at=MOMENT.isoformat(),
        form=FORM,
    )


def test_a_form_is_owed_until_its_receipt_and_remembers_what_it_replaced() -> None:
    owed = (
        _assembled("MonitoringFormAssembled", 1, "aa"),
        _assembled("MonitoringFormAmended", 2, "bb"),
    )
    sent = fact(
        "MonitoringFormSubmitted",
        session_id=SESSION,
        revision=2,
        digest="bb",
        how="online",
        receipt="PMF-1",
        submitted_at=MOMENT.isoformat(),
        late=False,
    )

    (before,) = monitoring_forms_of(owed)
    (after,) = monitoring_forms_of((*owed, sent))

    assert (before.submitted_at, before.replaced) == (None, ("aa",))
    assert (after.receipt, after.submitted_by) == ("PMF-1", "rn-quill")
    assert after.replaced == ("aa",)


def test_an_event_is_open_from_its_report_to_its_last_sign_off() -> None:
    event = {"code": "syncope", "grade": 3, "serious": True, "description": "fainted"}
    opened = fact(
        "AdverseEventOpened",
        event_id="ae-1",
        version=1,
        known_at=MOMENT.isoformat(),
        event=event,
        deadlines=[{"to": "medical_director"}],
    )
    mild = fact(
        "AdverseEventOpened",
        event_id="ae-2",
        version=1,
        known_at=MOMENT.isoformat(),
        event={**event, "grade": 1, "serious": False},
        deadlines=[],
    )
    signed = fact("AdverseEventSignedOff", event_id="ae-1", version=1, by="dr-sage")

    assert [e.event_id for e in open_events_of((opened, mild))] == ["ae-1"]
    assert open_events_of((opened, mild, signed)) == ()
