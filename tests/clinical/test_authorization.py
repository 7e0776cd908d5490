"""Who pays for the spray: what covers a day, what is told ahead, and what cannot be recorded."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clinical.authorization import against_dose, judge_recorded, needs_authorization, next_alert
from clinical.nasal_spray import missing_authorization
from clinical.parameters import Parameters
from schemas.authorization import Authorization, RecordAuthorization
from schemas.base import Actor, Role
from schemas.screening import Modality
from tests.clinical.treatment_day import PLAN
from tests.workflows.conftest import NORTH

P = Parameters.default()
LAST = date(2026, 12, 31)
MOREAU = Actor(id="cc-moreau", role=Role.CARE_COORDINATOR)


def held(**changes: object) -> Authorization:
    facts = {"approved": True, "valid_until": LAST, "recorded_at": datetime(2026, 6, 1, tzinfo=UTC)}
    return Authorization.model_validate({**facts, **changes})


DENIED = held(approved=False, valid_until=None)


@pytest.mark.parametrize(
    ("authorization", "on", "codes"),
    [
        (None, LAST, ["not_authorized"]),
        (DENIED, LAST, ["authorization_denied"]),
        (held(), LAST, []),
        (held(), LAST + timedelta(days=1), ["authorization_ended"]),
        (held(), LAST - timedelta(days=14), []),
        (held(patient_pays=True), LAST + timedelta(days=1), []),
        (held(approved=False, valid_until=None, patient_pays=True), LAST, []),
    ],
)
def test_edge_38_no_spray_on_a_claim_that_nobody_pays(
    authorization: Authorization | None, on: date, codes: list[str]
) -> None:
    assert [reason.code for reason in against_dose(authorization, on, P)] == codes


def test_an_infusion_asks_no_insurer_and_who_pays_asks_none_either() -> None:
    assert not needs_authorization(None, Modality.IV_KETAMINE)
    assert needs_authorization(None, Modality.ESKETAMINE)
    assert needs_authorization(DENIED, Modality.ESKETAMINE)
    assert not needs_authorization(held(patient_pays=True), Modality.ESKETAMINE)


@pytest.mark.parametrize(
    ("alerted", "days"), [(None, 45.0), (45.0, 30.0), (30.0, 14.0), (14.0, None)]
)
def test_edge_39_its_end_is_told_45_30_and_14_days_ahead_by_the_clinics_own_days(
    alerted: float | None, days: float | None
) -> None:
    alert = next_alert(LAST, alerted, NORTH, P)

    if days is None:
        assert alert is None
        return
    assert alert is not None
    step, at = alert
    assert step == days
    assert at == datetime(2026, 12, 31, 5, tzinfo=UTC) - timedelta(days=days)


@pytest.mark.parametrize(
    ("until", "codes"),
    [
        (None, ["valid_until_missing"]),
        (date(2026, 11, 26), ["authorization_past"]),
        (date(2026, 11, 27), []),
    ],
)
def test_an_approval_has_a_last_day_that_is_still_to_come(
    until: date | None, codes: list[str]
) -> None:
    command = RecordAuthorization(command_id="1", actor=MOREAU, approved=True, valid_until=until)

    found = judge_recorded(command, date(2026, 11, 27))

    assert [reason.code for reason in found] == codes


@pytest.mark.parametrize(
    ("until", "missing"), [(LAST, []), (LAST - timedelta(days=1), ["not_authorized"])]
)
def test_edge_39_the_gate_counts_by_the_clinics_own_day(until: date, missing: list[str]) -> None:
    """Ten in the evening of New Year's Eve in New York is already the new year in UTC."""
    facts = {"clinic": NORTH, "authorization_needed": True, "authorized_until": until}
    plan = PLAN.model_copy(update=facts)
    late = datetime(2027, 1, 1, 3, tzinfo=UTC)

    assert [item.code for item in missing_authorization(plan, late)] == missing
