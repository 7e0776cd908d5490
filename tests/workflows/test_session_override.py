"""What two people may override before a dose, for how long, and what nobody may."""

from datetime import timedelta

import pytest

from schemas.approval import Choice
from schemas.base import Actor, Role
from schemas.infusion import SessionPhase
from simulator import papers
from simulator.papers import STAFF
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.treatment_day import TreatmentDay, book

DIRECTOR, PRESCRIBER = STAFF[Role.MEDICAL_DIRECTOR], STAFF[Role.PRESCRIBER]


async def asked(day: TreatmentDay) -> dict[str, str]:
    """Pending overrides: title -> approval id."""
    pending = (await day.view()).pending_approvals
    return {p.title: p.approval_id for p in pending if p.kind == "readiness_override"}


async def decide(
    day: TreatmentDay, approval_id: str, actor: Actor, decision: Choice = Choice.APPROVE
) -> None:
    fields = {"approval_id": approval_id, "decision": decision, "reason": "weighed, in writing"}
    await day.give("decide_approval", actor=actor, **fields)


async def fed_too_late(clinical: Clinical) -> TreatmentDay:
    """Ready but for a breakfast three hours before the infusion."""
    day = await book(clinical)
    ate_at = day.plan.scheduled_at - timedelta(hours=3)
    await day.check_in(last_solids_at=ate_at)
    await day.read(126, 80, weight_kg=papers.WEIGHT_KG)
    await day.order()
    return day


async def held(clinical: Clinical, heart_rate_bpm: int = 114) -> TreatmentDay:
    """Ready but for a heart rate that is held for the physician."""
    day = await book(clinical)
    await day.check_in()
    await day.read(126, 80, weight_kg=papers.WEIGHT_KG, heart_rate_bpm=heart_rate_bpm)
    await day.order()
    return day


async def test_edge_52_a_late_breakfast_is_overridden_by_a_director_and_a_prescriber_together(
    clinical: Clinical,
) -> None:
    day = await fed_too_late(clinical)
    ((title, approval_id),) = (await asked(day)).items()
    assert "Too soon after food" in title

    await decide(day, approval_id, DIRECTOR)
    with pytest.raises(Refused) as refused:
        await day.start()
    assert refused.value.codes == ["food_gap"]
    await decide(day, approval_id, PRESCRIBER)

    assert (await day.view()).phase is SessionPhase.READY
    await day.start()
    (logged,) = day.facts("DoseLogged")
    assert logged.data["overridden"] == ["food_gap"]
    assert [fact.data["vote"]["actor"]["id"] for fact in day.facts("TaskVoted")] == [  # type: ignore[index, call-overload]
        DIRECTOR.id,
        PRESCRIBER.id,
    ]


async def test_edge_52_two_prescribers_never_override_without_the_medical_director(
    clinical: Clinical,
) -> None:
    day = await fed_too_late(clinical)
    (approval_id,) = (await asked(day)).values()
    await decide(day, approval_id, PRESCRIBER)
    await day.pass_(31)

    with pytest.raises(Refused) as refused:
        await decide(day, approval_id, Actor(id="dr-ambrose", role=Role.PRESCRIBER))

    assert refused.value.codes == ["wrong_role"]


async def test_a_declined_override_stays_declined_and_the_dose_refused(clinical: Clinical) -> None:
    day = await fed_too_late(clinical)
    (approval_id,) = (await asked(day)).values()

    await decide(day, approval_id, DIRECTOR, Choice.DECLINE)
    await day.order()

    assert await asked(day) == {}
    with pytest.raises(Refused) as refused:
        await day.start()
    assert refused.value.codes == ["food_gap"]


async def test_an_override_nobody_decides_expires_and_permits_nothing(clinical: Clinical) -> None:
    day = await fed_too_late(clinical)

    await day.pass_(61)

    await day.sees(lambda view: not view.pending_approvals)
    with pytest.raises(Refused) as refused:
        await day.start()
    assert "food_gap" in refused.value.codes


async def test_an_override_of_one_reading_does_not_stand_for_the_next(clinical: Clinical) -> None:
    day = await held(clinical)
    (first,) = (await asked(day)).values()
    await decide(day, first, DIRECTOR)
    await decide(day, first, PRESCRIBER)
    assert (await day.view()).phase is SessionPhase.READY

    await day.read(126, 80, weight_kg=papers.WEIGHT_KG, heart_rate_bpm=118)

    assert (await day.view()).phase is SessionPhase.PRE_CHECK
    (second,) = (await asked(day)).values()
    assert second != first
    with pytest.raises(Refused) as refused:
        await day.start()
    assert refused.value.codes == ["vitals_hold"]


async def test_a_request_to_override_is_taken_back_once_the_reading_is_in_range(
    clinical: Clinical,
) -> None:
    day = await held(clinical)
    assert len(await asked(day)) == 1

    receipt = await day.read(126, 80, weight_kg=papers.WEIGHT_KG)

    assert receipt.phase is SessionPhase.READY
    assert await asked(day) == {}


async def test_a_pressure_that_blocks_the_day_is_never_put_to_anybody_to_override(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.check_in(intoxicated=True, escort_confirmed=False)
    await day.read(170, 104, weight_kg=papers.WEIGHT_KG)
    await day.pass_(10)
    await day.read(172, 104, weight_kg=papers.WEIGHT_KG)
    await day.order()

    codes = {missing.code for missing in (await day.view()).missing}
    assert {"intoxicated", "escort", "pressure_block"} <= codes
    assert await asked(day) == {}
    with pytest.raises(Refused) as refused:
        await day.start()
    assert codes <= set(refused.value.codes)


async def test_a_first_high_pressure_is_read_again_before_anybody_is_asked(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.check_in()

    receipt = await day.read(146, 92, weight_kg=papers.WEIGHT_KG)

    assert "pressure_repeat" in {reason.code for reason in receipt.missing} | {
        missing.code for missing in (await day.view()).missing
    }
    assert await asked(day) == {}
