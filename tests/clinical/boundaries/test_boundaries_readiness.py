"""Every gate of the treatment day on both sides of its value (fact sheet 4.2, 5.3, 5.6)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from clinical.parameters import Parameters
from clinical.readiness import judge_readiness, session_length
from clinical.session_dates import arrival_at, day_ends_at
from schemas.infusion import CheckIn, OrderDose, SessionPlan, SessionResult, VitalSigns
from schemas.protocol import Protocol
from schemas.screening import Modality
from tests.clinical.boundaries.rows import (
    IV,
    NORTH,
    NURSE,
    SPRAY,
    T0,
    Fires,
    Row,
    ago,
    both,
    codes,
    filled,
    lasts,
    reached,
    under,
)

PLAN: dict[str, Any] = {
    "session_id": "s", "journey_id": "j", "clinic": NORTH, "number": 2, "scheduled_at": T0,
    "protocol": Protocol(version="standard-1", parameters={}),
}  # fmt: skip


def ready(code: str, modality: Modality = IV, **facts: Any) -> Fires:
    """Whether a gate stands open at T0; `facts` go to the plan, the check-in or the reading."""

    def fires(value: float, p: Parameters) -> bool:
        said = filled(facts, value)
        plan = {k: v for k, v in said.items() if k in SessionPlan.model_fields}
        here = {k: v for k, v in said.items() if k in CheckIn.model_fields}
        read = {k: v for k, v in said.items() if k in VitalSigns.model_fields}
        more = {k: said[k] for k in ("last_modality", "recent_doses_at") if k in said}
        answer = judge_readiness(
            SessionPlan(**PLAN | {"modality": modality} | plan),
            CheckIn(command_id="c", actor=NURSE, **here), said.get("order"), True,
            VitalSigns(**read), None, T0, p, **more,
        )  # fmt: skip
        return code in codes(answer.missing)

    return fires


def weighed(kg: float) -> SessionResult:
    return SessionResult(
        session_id="s", modality=IV, number=1, outcome="completed", phase="DISCHARGED",
        ended_at=T0, scheduled_at=T0 - timedelta(days=3), weight_kg=kg,
    )  # fmt: skip


def closing(minutes: float) -> object:
    """The clinic closes so many minutes after the dose at ten."""
    closes = datetime(2027, 3, 3, 10) + timedelta(minutes=minutes)  # noqa: DTZ001
    return NORTH.model_copy(update={"opening_hours": {2: ("08:00", f"{closes:%H:%M}")}})


def spray_order(dose_mg: float) -> OrderDose:
    return OrderDose(command_id="o", actor=NURSE, dose_mg=dose_mg)


TABLE = (
    Row("iv.min_interval", "<", 1,
        ready("too_soon", last_dose_at=ago("iv.min_interval"), last_modality=IV)),
    Row("iv.max_per_7d", ">=", 1,
        ready("weekly_limit", recent_doses_at=lambda v: (T0 - timedelta(days=1),) * int(v))),
    Row("esk.gap_after_iv_hard", "<", 1, ready(
        "too_soon", SPRAY, last_dose_at=ago("esk.gap_after_iv_hard"), last_modality=IV)),
    Row("esk.gap_after_iv_target", "<", 1, ready(
        "gap_after_infusion", SPRAY, last_dose_at=ago("esk.gap_after_iv_target"),
        last_modality=IV)),
    Row("arrival.late_max", ">", 1,
        ready("too_late", arrived_at=lambda v: T0 + timedelta(minutes=v))),
    Row("arrival.lead", "<=", 1,
        lambda v, p: T0 - timedelta(minutes=v) >= arrival_at(T0, p)),
    Row("arrival.day_ends", ">=", 1, reached("arrival.day_ends", lambda p: day_ends_at(T0, p))),
    Row("screen.alcohol_free", "<", 1,
        ready("alcohol", last_alcohol_at=ago("screen.alcohol_free"))),
    Row("screen.weight_confirm_pct", ">", 1, ready(
        "weight_second_person", history=(weighed(100),), weight_kg=lambda v: 100 + v,
        systolic_mmhg=120)),
    Row("screen.weight_confirm_pct", ">", 1, ready(
        "weight_second_person", dosing_weight_kg=100.0, weight_kg=lambda v: 100 - v)),
    Row("iv.fast_solids", "<", 1, ready("food_gap", last_solids_at=ago("iv.fast_solids"))),
    Row("iv.fast_clear", "<", 1, ready("liquid_gap", last_liquids_at=ago("iv.fast_clear"))),
    Row("esk.food_gap", "<", 1, ready("food_gap", SPRAY, last_solids_at=ago("esk.food_gap"))),
    Row("esk.liquid_gap", "<", 1,
        ready("liquid_gap", SPRAY, last_liquids_at=ago("esk.liquid_gap"))),
    Row("esk.nasal_drug_gap", "<", 1,
        ready("nasal_drug_gap", SPRAY, last_nasal_drug_at=ago("esk.nasal_drug_gap"))),
    Row("esk.dose_allowed", "!=", 1, ready("dose_not_on_label", SPRAY, order=spray_order), 0),
    Row("esk.dose_allowed", "!=", 1, ready("dose_not_on_label", SPRAY, order=spray_order), 1),
    Row("screen.hcg_valid_first", ">", 0.5, ready(
        "pregnancy_test_expired", pregnancy_test_needed=True, pregnancy_test_negative=True,
        pregnancy_test_at=ago("screen.hcg_valid_first"))),
    Row("screen.hcg_valid_repeat", ">", 0.5, under(ready(
        "pregnancy_test_expired", pregnancy_test_needed=True, pregnancy_test_negative=True,
        pregnancy_test_at=ago("screen.hcg_valid_repeat"), last_dose_at=T0 - timedelta(days=7)),
        screen__hcg_mode="28d")),
    Row("pdmp.first_lookback", ">", 0.5,
        ready("pdmp_query_outdated", pdmp_queried_at=ago("pdmp.first_lookback"))),
    Row("pdmp.repeat", ">", 1, ready(
        "pdmp_query_outdated", pdmp_queried_at=ago("pdmp.repeat"),
        last_dose_at=T0 - timedelta(days=7))),
    Row("ready.vitals_valid", ">", 1, ready(
        "vitals_old", systolic_mmhg=120, taken_at=ago("ready.vitals_valid"))),
    # the whole session fits before the clinic closes
    Row("iv.duration", "<", 1, ready(
        "observation_does_not_fit", clinic=lambda v: closing(v + 60 + 30))),
    Row("iv.obs_min_after_end", "<", 1, ready(
        "observation_does_not_fit", clinic=lambda v: closing(40 + v + 30))),
    Row("arrival.recovery_buffer", "<", 1, ready(
        "observation_does_not_fit", clinic=lambda v: closing(40 + 60 + v))),
    Row("esk.obs_min", "<", 1, ready(
        "observation_does_not_fit", SPRAY, clinic=lambda v: closing(10 + v + 30))),
    Row("esk.device_gap", ">=", 1, lasts(
        "esk.device_gap",
        lambda p: (session_length(SPRAY, p) - timedelta(minutes=120 + 30)) / 2)),
)  # fmt: skip


@pytest.mark.parametrize(("row", "at"), both(TABLE))
def test_a_gate_of_the_day_opens_at_its_value_and_not_before(row: Row, at: float) -> None:
    assert row.answers(at) == row.expected(at)
