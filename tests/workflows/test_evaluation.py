"""An override of the eligibility rule: alone where 1.2 allows it, else two people decide."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.approval import Choice
from schemas.base import Actor, Role
from schemas.evaluation import Evaluation, RecordEvaluation
from schemas.journey import CloseJourney, HoldJourney, JourneyView, Phase, ResumeJourney
from simulator import papers
from simulator.papers import STAFF
from simulator.staff import Staff
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.places import by, now

OVERRIDE = "eligibility_override"
SECOND = Actor(id="dr-sorel", role=Role.PSYCHIATRIST)
WHY = "remitted for eleven years"


def found(**changes: Any) -> Evaluation:
    return papers.evaluation(now()).model_copy(update=changes)


def bipolar() -> Evaluation:
    return found(exclusions=("bipolar",))


def mild() -> Evaluation:
    return found(assessments=(papers.phq9(9, now()),))


async def evaluate(
    staff: Staff,
    evaluation: Evaluation,
    role: Role = Role.PSYCHIATRIST,
    key: str = "e",
    **more: Any,
) -> None:
    await staff.reach(Phase.PSYCH_EVAL)
    fields = {"override_reason": WHY, **more}
    await staff.give(
        "record_evaluation", RecordEvaluation(**by(role, key), evaluation=evaluation, **fields)
    )


async def evaluated(journeys: Clinical, evaluation: Evaluation, **more: Any) -> Staff:
    staff = await journeys.refer(phase=Phase.PSYCH_EVAL)
    await evaluate(staff, evaluation, **more)
    return staff


async def agree(staff: Staff, *actors: Actor) -> None:
    pending = await staff.pending(OVERRIDE)
    for actor in actors:
        await staff.decide(pending, actor, Choice.APPROVE)


def asks_nobody(view: JourneyView) -> bool:
    return all(asked.kind != OVERRIDE for asked in view.pending_approvals)


async def test_a_psychiatrist_overrides_the_severity_gate_at_once_with_a_reason(
    journeys: Clinical,
) -> None:
    staff = await evaluated(journeys, mild())

    view = await staff.reach(Phase.MED_SCREEN)

    recorded = await journeys.fact(staff, "EvaluationRecorded")
    assert recorded.data["override_reason"] == WHY
    assert recorded.data["eligible"] is True
    assert asks_nobody(view)


async def test_edge_52_a_medical_director_alone_does_not_override_the_severity_gate(
    journeys: Clinical,
) -> None:
    staff = await evaluated(journeys, mild(), role=Role.MEDICAL_DIRECTOR)

    asked = await staff.pending(OVERRIDE)

    assert asked.requested_by == STAFF[Role.MEDICAL_DIRECTOR]
    assert (await staff.door.journey(staff.journey_id)).phase is Phase.PSYCH_EVAL


@pytest.mark.parametrize("exclusion", ["psychosis", "ketamine_misuse", "dementia"])
async def test_no_override_lifts_what_is_absolute_for_infusions(
    journeys: Clinical, exclusion: str
) -> None:
    with pytest.raises(Refused) as refused:
        await evaluated(journeys, found(exclusions=(exclusion,)), role=Role.MEDICAL_DIRECTOR)

    assert refused.value.codes == ["excluded"]


async def test_edge_52_two_people_override_any_other_criterion_and_the_journey_waits_for_them(
    journeys: Clinical,
) -> None:
    staff = await evaluated(journeys, bipolar())
    asked = await staff.pending(OVERRIDE)
    waiting = await journeys.fact(staff, "EvaluationRecorded")
    opened = [f.data for f in await journeys.facts(staff) if f.data.get("kind") == OVERRIDE]

    await agree(staff, SECOND)
    waits = await staff.pending(OVERRIDE)
    await agree(staff, STAFF[Role.MEDICAL_DIRECTOR])

    await staff.reach(Phase.MED_SCREEN)
    assert asked.still_needed == (Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR)
    assert waits.still_needed == (Role.MEDICAL_DIRECTOR,)
    assert waiting.data["eligible"] is False
    assert opened[0]["evidence"] == {
        "excluded": "Bipolar disorder was excluded from the trials (bipolar)",
        "why": WHY,
    }


async def test_edge_52_nobody_decides_on_the_override_they_asked_for(journeys: Clinical) -> None:
    staff = await evaluated(journeys, bipolar())

    with pytest.raises(Refused) as refused:
        await agree(staff, STAFF[Role.PSYCHIATRIST])

    assert refused.value.codes == ["own_request"]


async def test_an_override_that_is_declined_is_not_eligible(journeys: Clinical) -> None:
    staff = await evaluated(journeys, bipolar())

    await staff.decide(await staff.pending(OVERRIDE), SECOND, Choice.DECLINE)

    await staff.reach(Phase.DISCONTINUE_REFER)
    assert (await journeys.kinds(staff)).count("EvaluationRecorded") == 1


async def test_an_override_that_nobody_decides_is_not_eligible(journeys: Clinical) -> None:
    staff = await evaluated(journeys, bipolar())
    await staff.pending(OVERRIDE)

    await journeys.jump(staff, timedelta(days=3, minutes=1))
    await staff.wait(lambda v: any(a.escalated for a in v.pending_approvals))
    await journeys.jump(staff, timedelta(days=2, minutes=1))

    await staff.reach(Phase.DISCONTINUE_REFER)


async def test_a_second_evaluation_is_refused_while_two_people_decide(journeys: Clinical) -> None:
    staff = await evaluated(journeys, bipolar())
    await staff.pending(OVERRIDE)

    with pytest.raises(Refused) as refused:
        await evaluate(staff, found(), key="again")

    assert refused.value.codes == ["override_undecided"]


async def test_an_override_is_asked_for_again_after_a_hold(journeys: Clinical) -> None:
    staff = await evaluated(journeys, bipolar())
    before = await staff.pending(OVERRIDE)
    on = now().date() + timedelta(days=7)

    await staff.give(
        "hold", HoldJourney(**by(Role.CARE_COORDINATOR, "h"), reason="abroad", review_on=on)
    )
    held = await staff.reach(Phase.ON_HOLD)
    await staff.give("resume", ResumeJourney(**by(Role.CARE_COORDINATOR, "r"), reason="is back"))
    await staff.approve("resume_from_hold")
    after = await staff.pending(OVERRIDE)
    await agree(staff, SECOND, STAFF[Role.MEDICAL_DIRECTOR])

    await staff.reach(Phase.MED_SCREEN)
    assert asks_nobody(held)
    assert after.approval_id != before.approval_id
    assert after.requested_by == STAFF[Role.PSYCHIATRIST]


async def test_a_journey_that_is_closed_waits_for_no_override(journeys: Clinical) -> None:
    staff = await evaluated(journeys, bipolar())
    await staff.pending(OVERRIDE)

    await staff.give(
        "close_journey", CloseJourney(**by(Role.CARE_COORDINATOR, "c"), reason="moves away")
    )

    view = await staff.wait(lambda v: v.phase in {Phase.FOLLOW_UP, Phase.CLOSED})
    assert asks_nobody(view)


async def test_who_is_not_recommended_is_overridden_by_nobody(journeys: Clinical) -> None:
    staff = await evaluated(journeys, bipolar(), recommend=False)

    view = await staff.reach(Phase.DISCONTINUE_REFER)

    assert asks_nobody(view)
