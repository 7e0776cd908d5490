"""After-care on both sides of every number: calls, journal, letters, driving (fact sheet 9)."""

from datetime import date, timedelta

import pytest

from clinical.aftercare import (
    JournalStep,
    driving_not_before,
    first_dose_call_at,
    follow_up_window,
    judge_evening,
    judge_follow_up,
    judge_journal_gap,
    judge_no_contact,
    judge_unanswered_alert,
    letter_due,
)
from clinical.parameters import Parameters
from schemas.health_record import Milestone
from tests.clinical.boundaries.rows import (
    IV,
    NORTH,
    T0,
    Fires,
    Row,
    both,
    codes,
    length,
    reached,
)


def past(name: str, code: str) -> Fires:
    """A follow-up that has been without an answer for so long."""
    return lambda value, p: (
        code in codes(judge_follow_up(1, T0, T0 + length(name, value), p, at_risk=True))
    )


def tried(value: float, p: Parameters) -> bool:
    found = judge_follow_up(int(value), T0, T0 + timedelta(hours=29), p, at_risk=False)
    return "clinician_takes_over" in codes(found)


def evening(name: str, code: str) -> Fires:
    return lambda value, p: code in codes(judge_evening(T0, T0 + length(name, value), p))


def alert(code: str, waited: timedelta = timedelta(0)) -> Fires:
    """An alert that nobody has acknowledged for so many minutes, after others have waited."""
    return lambda value, p: (
        code in codes(judge_unanswered_alert(T0, T0 + waited + timedelta(minutes=value), p))
    )


def out_of_reach(value: float, p: Parameters) -> bool:
    found = judge_no_contact(T0, T0 + timedelta(minutes=value), p, high=True)
    return codes(found) == {"welfare_check_decision"}


def silent(value: float, p: Parameters) -> bool:
    began = date(2027, 1, 1)
    step = judge_journal_gap(None, began, began + timedelta(days=value), p)
    return step is not JournalStep.NOTHING


def silent_again(value: float, p: Parameters) -> bool:
    began = date(2027, 1, 1)
    step = judge_journal_gap(None, began, began + timedelta(days=3 * value), p)
    return step is JournalStep.NURSE_CALL


def written(value: float, p: Parameters) -> bool:
    """From Wednesday on: the business days are the days themselves."""
    due = letter_due(Milestone.SERIES_FINISHED, T0, NORTH, p)
    return due <= T0 + timedelta(days=value)


TABLE = (
    Row("drive.iv_hours", ">=", 1,
        reached("drive.iv_hours", lambda p: driving_not_before(T0, IV, NORTH, p))),
    Row("after.contact_from", ">=", 0.5, evening("after.contact_from", "ask_home_safe")),
    Row("after.contact_by", ">=", 0.5, evening("after.contact_by", "call_patient_and_escort")),
    Row("after.followup_from", ">=", 1, past("after.followup_from", "attempt_contact")),
    Row("after.followup_from", ">=", 1,
        reached("after.followup_from", lambda p: follow_up_window(T0, p)[0])),
    Row("after.followup_by", ">=", 1,
        reached("after.followup_by", lambda p: follow_up_window(T0, p)[1])),
    Row("after.followup_attempts", ">=", 1, tried),
    Row("after.attempts_until", ">=", 1, past("after.attempts_until", "clinician_takes_over")),
    Row("after.welfare_check", ">=", 1, past("after.welfare_check", "welfare_check_decision")),
    Row("after.first_dose_call", ">=", 1,
        reached("after.first_dose_call", lambda p: first_dose_call_at(T0, p))),
    Row("after.journal_gap_nudge", ">=", 1, silent),
    Row("after.journal_nurse_gaps", ">=", 1, silent_again),
    Row("after.letter", ">=", 1, written),
    Row("risk.oncall_ack", ">=", 1, alert("tell_medical_director")),
    Row("after.director_ack", ">=", 1, alert("emergency_services", timedelta(minutes=15))),
    Row("risk.no_contact", ">=", 1, out_of_reach),
)  # fmt: skip


@pytest.mark.parametrize(("row", "at"), both(TABLE))
def test_after_care_is_judged_on_both_sides_of_each_number(row: Row, at: float) -> None:
    assert row.answers(at) == row.expected(at)
