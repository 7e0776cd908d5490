"""Boundary values of what is looked after while a course goes on: providers, absence, pressure."""

from datetime import date, datetime, time, timedelta

import pytest

from clinical.absence import ask_about_absence_at
from clinical.clinic_hours import at_local
from clinical.deletion import answered_by
from clinical.hold import judge_review
from clinical.medication_review import judge_high_days
from clinical.parameters import Parameters
from clinical.primary_provider import named_by
from schemas.deletion import RequestDeletion
from schemas.infusion import SessionPhase, SessionResult
from tests.clinical.boundaries.rows import IV, T0, Row, both
from tests.workflows.conftest import a_journey
from tests.workflows.places import cleared

RECEIVED = date(2027, 3, 3)


def treated(at: datetime, *, high: bool = False) -> SessionResult:
    return SessionResult(
        session_id="journey-before-infusion-1",
        modality=IV,
        number=1,
        phase=SessionPhase.DISCHARGED,
        scheduled_at=at,
        dosed_at=at,
        ended_at=at,
        pressure_high=high,
    )


def absent(value: float, p: Parameters) -> bool:
    """Dosed so many days ago and not heard of since."""
    state = a_journey("journey-otto", **cleared(sessions=[treated(T0 - timedelta(days=value))]))
    asked_at = ask_about_absence_at(state, p)
    return asked_at is not None and asked_at <= T0


def too_far(value: float, p: Parameters) -> bool:
    """A hold that is looked at again only so many days from now."""
    return bool(judge_review(T0 + timedelta(days=value), T0, p))


def answered(value: float, p: Parameters) -> bool:
    """So many days after a request came, its answer is still in time."""
    state = a_journey("journey-otto", **cleared())
    command = RequestDeletion.model_construct(received_on=RECEIVED)
    day = RECEIVED + timedelta(days=value)
    return at_local(day, time(23), state.clinic) < answered_by(command, state, p)


def replaced(value: float, p: Parameters) -> bool:
    """So many days after the provider was lost, another may still be named in time."""
    state = a_journey("journey-otto", **cleared())
    state.provider_lost_at = T0 - timedelta(days=value)
    by = named_by(state, p)
    return by is not None and by <= T0


def high_days(value: float, p: Parameters) -> bool:
    days = [treated(T0 + timedelta(days=n), high=True) for n in range(int(value))]
    return bool(judge_high_days(days, None, p))


def apart(value: float, p: Parameters) -> bool:
    days = [treated(at, high=True) for at in (T0 - timedelta(days=value), T0)]
    return bool(judge_high_days(days, None, p))


TABLE = (
    Row("absence.ask_after", ">=", 1, absent),
    Row("hold.review_within", ">", 1, too_far),
    Row("records.answer_within", "<=", 1, answered),
    Row("pmhp.replace_within", ">=", 1, replaced),
    Row("bp.review_days", ">=", 1, high_days),
    Row("bp.review_window", "<=", 1, apart),
)


@pytest.mark.parametrize(("row", "at"), both(TABLE))
def test_what_is_watched_for_is_asked_at_its_number_and_not_before(row: Row, at: float) -> None:
    assert row.answers(at) == row.expected(at)
