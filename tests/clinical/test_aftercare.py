"""After-care: the day after, whatever the clocks do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinical.aftercare import (
    JournalStep,
    driving_not_before,
    first_dose_call_at,
    follow_up_window,
    journal_gap_reasons,
    judge_evening,
    judge_follow_up,
    judge_journal_gap,
    judge_unanswered_alert,
    letter_due,
)
from clinical.parameters import Parameters
from schemas.health_record import Milestone
from schemas.protocol import Clinic
from schemas.screening import Modality

P = Parameters.default()
NEW_YORK = ZoneInfo("America/New_York")
NORTH = Clinic(code="north", name="Northlight Clinic", time_zone="America/New_York")
DISCHARGED = datetime(2027, 1, 4, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "discharged_at",
    [
        datetime(2027, 3, 13, 12, 0, tzinfo=NEW_YORK),
        datetime(2027, 11, 6, 12, 0, tzinfo=NEW_YORK),
        datetime(2027, 12, 31, 12, 0, tzinfo=NEW_YORK),
        datetime(2028, 2, 28, 12, 0, tzinfo=NEW_YORK),
    ],
)
def test_edge_44_the_follow_up_is_elapsed_time_over_a_clock_change(
    discharged_at: datetime,
) -> None:
    discharged_at = discharged_at.astimezone(UTC)

    opens, closes = follow_up_window(discharged_at, P)

    assert opens - discharged_at == timedelta(hours=20)
    assert closes - discharged_at == timedelta(hours=30)


@pytest.mark.parametrize(
    ("attempts", "hours", "at_risk", "codes"),
    [
        (0, 19.9, False, []),
        (0, 20, False, ["attempt_contact"]),
        (2, 35.9, False, ["attempt_contact"]),
        (3, 25, False, ["clinician_takes_over"]),
        (1, 36, False, ["attempt_contact", "clinician_takes_over"]),
        (3, 48, False, ["clinician_takes_over"]),
        (3, 48, True, ["clinician_takes_over", "welfare_check_decision"]),
    ],
)
def test_who_acts_when_nobody_answers(
    attempts: int, hours: float, at_risk: bool, codes: list[str]
) -> None:
    now = DISCHARGED + timedelta(hours=hours)

    reasons = judge_follow_up(attempts, DISCHARGED, now, P, at_risk=at_risk)

    assert [reason.code for reason in reasons] == codes


def test_after_a_first_dose_there_is_a_call_at_72_hours() -> None:
    assert first_dose_call_at(DISCHARGED, P) == DISCHARGED + timedelta(hours=72)


def test_driving_waits_24_hours_after_an_infusion_and_the_next_day_after_the_spray() -> None:
    dosed = datetime(2027, 1, 4, 15, 0, tzinfo=NEW_YORK)

    infusion = driving_not_before(dosed, Modality.IV_KETAMINE, NORTH, P)
    spray = driving_not_before(dosed, Modality.ESKETAMINE, NORTH, P)

    assert infusion == dosed + timedelta(hours=24)
    assert spray == datetime(2027, 1, 5, 0, 0, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("silent_days", "step"),
    [
        (0, JournalStep.NOTHING),
        (2, JournalStep.NOTHING),
        (3, JournalStep.NUDGE),
        (5, JournalStep.NUDGE),
        (6, JournalStep.NURSE_CALL),
    ],
)
def test_a_silent_journal(silent_days: int, step: JournalStep) -> None:
    today = date(2028, 3, 2)
    last = today - timedelta(days=silent_days)

    assert judge_journal_gap(last, date(2028, 1, 1), today, P) is step
    assert judge_journal_gap(None, last, today, P) is step
    reasons = journal_gap_reasons(last, date(2028, 1, 1), today, P)
    said = {JournalStep.NUDGE: ["journal_nudge"], JournalStep.NURSE_CALL: ["journal_nurse_call"]}
    assert [reason.code for reason in reasons] == said.get(step, [])
    assert all(reason.fact == f"{silent_days} days without an entry" for reason in reasons)


@pytest.mark.parametrize(
    ("milestone", "expected"),
    [
        (Milestone.SERIES_FINISHED, datetime(2027, 1, 5, 10, 0, tzinfo=NEW_YORK)),
        (Milestone.SUICIDE_RISK_MODERATE, datetime(2027, 1, 5, 10, 0, tzinfo=NEW_YORK)),
        (Milestone.SUICIDE_RISK_HIGH, datetime(2026, 12, 31, 23, 59, tzinfo=NEW_YORK)),
        (Milestone.SERIOUS_EVENT, datetime(2026, 12, 31, 23, 59, tzinfo=NEW_YORK)),
    ],
)
def test_letters_in_business_days_over_new_year(milestone: Milestone, expected: datetime) -> None:
    """Thursday 31 December; New Year's Day and the weekend do not count."""
    at = datetime(2026, 12, 31, 10, 0, tzinfo=NEW_YORK)

    assert letter_due(milestone, at, NORTH, P) == expected


@pytest.mark.parametrize(
    ("hours", "answered", "codes"),
    [
        (1, False, []),
        (2, False, ["ask_home_safe"]),
        (6, False, ["call_patient_and_escort"]),
        (6, True, []),
    ],
)
def test_the_evening_asks_once_and_then_calls(
    hours: float, answered: bool, codes: list[str]
) -> None:
    now = DISCHARGED + timedelta(hours=hours)

    reasons = judge_evening(DISCHARGED, now, P, answered=answered)

    assert [reason.code for reason in reasons] == codes
    assert all(reason.text and reason.source == "9" for reason in reasons)


@pytest.mark.parametrize(
    ("minutes", "codes"),
    [
        (14, []),
        (15, ["tell_medical_director"]),
        (44, ["tell_medical_director"]),
        (45, ["tell_medical_director", "emergency_services"]),
    ],
)
def test_an_alert_climbs_until_somebody_answers(minutes: float, codes: list[str]) -> None:
    now = DISCHARGED + timedelta(minutes=minutes)

    assert [r.code for r in judge_unanswered_alert(DISCHARGED, now, P)] == codes
