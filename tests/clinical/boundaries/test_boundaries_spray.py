"""The nasal spray's own numbers on both sides (fact sheet 5)."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clinical.authorization import judge_authorization
from clinical.dosing import DoseFacts, judge_order
from clinical.nasal_spray import (
    delivered_mg,
    devices_for,
    judge_spray_dose,
    judge_switch,
    monitoring_form_times,
    next_device_at,
)
from clinical.parameters import Parameters
from tests.clinical.boundaries.rows import (
    NORTH,
    SPRAY,
    T0,
    Fires,
    Row,
    both,
    codes,
    length,
    reached,
    under,
)


def ordered(code: str, number: int) -> Fires:
    """An order for that session refused for its dose."""

    def fires(value: float, p: Parameters) -> bool:
        order = DoseFacts(modality=SPRAY, dose_mg=value, session_number=number)
        return code in codes(judge_order(order, p).reasons)

    return fires


def labelled(code: str, number: int) -> Fires:
    return lambda value, p: code in codes(judge_spray_dose(value, number, p))


def switched(code: str, name: str) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        found = judge_switch(
            first_spray_at=T0, last_infusion_at=T0 - length(name, value), site_certified=True,
            patient_enrolled=True, consent_in_force=True, screening=None,
            prior_trials_documented=True, authorization_approved=True, parameters=p,
        )  # fmt: skip
        return code in codes(found)

    return fires


def reminded(place: int) -> Fires:
    def fires(value: float, p: Parameters) -> bool:
        reminders, _ = monitoring_form_times(T0, NORTH, p)
        return reminders[place].date() <= T0.date() + timedelta(days=value)

    return fires


def escalated(value: float, p: Parameters) -> bool:
    _, escalation = monitoring_form_times(T0, NORTH, p)
    return escalation.date() <= T0.date() + timedelta(days=value)


def escalated_by(value: float, p: Parameters) -> bool:
    _, escalation = monitoring_form_times(T0, NORTH, p)
    return escalation.astimezone(ZoneInfo(NORTH.time_zone)).hour <= value


def announced(place: int) -> Fires:
    """An authorisation that ends in so many days is announced by this step of the list."""

    def fires(value: float, p: Parameters) -> bool:
        today = date(2027, 3, 3)
        step = p.numbers("pa.alert_days")[place]
        found = judge_authorization(today + timedelta(days=value), today, p)
        said = {reason.fact for reason in found if reason.code == "authorization_ends_soon"}
        return any(float(fact.split()[0]) <= step for fact in said if fact)

    return fires


ANY: dict[str, Any] = {"esk__dose_allowed": tuple(range(20, 100))}
"""With every dose allowed only the rule of the first session is left."""

TABLE = (
    Row("esk.dose_start", "!=", 1, under(ordered("spray_first_dose", 1), **ANY)),
    Row("esk.dose_start", "!=", 1, under(labelled("first_dose", 1), **ANY)),
    Row("esk.dose_allowed", "!=", 1, ordered("spray_dose", 2), 0),
    Row("esk.dose_allowed", "!=", 1, ordered("spray_dose", 2), 1),
    Row("esk.dose_allowed", "!=", 1, labelled("dose_not_on_label", 2), 0),
    Row("esk.dose_allowed", "!=", 1, labelled("dose_not_on_label", 2), 1),
    Row("esk.device", ">=", 1, lambda v, p: devices_for(v, p) >= 1),
    Row("esk.device", "==", 1, lambda v, p: delivered_mg(1, p) == v),
    Row("esk.device_gap", ">=", 1,
        reached("esk.device_gap", lambda p: next_device_at(T0, p))),
    Row("esk.gap_after_iv_hard", "<", 1, switched("too_soon", "esk.gap_after_iv_hard")),
    Row("esk.gap_after_iv_target", "<", 1,
        switched("gap_below_target", "esk.gap_after_iv_target")),
    Row("rems.pmf_due", ">=", 1, escalated),
    Row("rems.pmf_escalate_hour", ">=", 1, escalated_by),
    *(Row("rems.pmf_reminders", ">=", 1, reminded(n), n) for n in range(3)),
    *(Row("pa.alert_days", "<=", 1, announced(n), n) for n in range(3)),
)  # fmt: skip


@pytest.mark.parametrize(("row", "at"), both(TABLE))
def test_the_spray_is_judged_on_both_sides_of_each_number(row: Row, at: float) -> None:
    assert row.answers(at) == row.expected(at)
