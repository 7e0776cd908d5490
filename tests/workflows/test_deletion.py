"""A person asks that their record be deleted: the law keeps it, and they have an answer (11.50)."""

from datetime import timedelta

import pytest

from clinical.clinic_hours import local_date
from clinical.parameters import Parameters
from schemas.base import Role
from schemas.deletion import RequestDeletion
from schemas.journey import CloseJourney, Phase
from simulator.staff import Staff
from tests.workflows.conftest import NORTH, Clinical
from tests.workflows.days import asked
from tests.workflows.doors import Refused
from tests.workflows.places import by, cleared, now, treated

WITHIN = Parameters.default().duration("records.answer_within")
TODAY = local_date(now(), NORTH)
KIND = "deletion_request"


async def ask_for_it(
    staff: Staff, key: str = "delete", *, days_ago: float = 0, role: Role = Role.CARE_COORDINATOR
) -> None:
    received_on = TODAY - timedelta(days=days_ago)
    command = RequestDeletion(**by(role, key), received_on=received_on, words="all of it")
    await staff.give("request_deletion", command)


async def test_edge_50_a_request_is_documented_restricts_and_deletes_nothing(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**treated())
    before = len(await skipping.facts(staff))

    await ask_for_it(staff)

    told = await skipping.fact(staff, "DeletionRequested")
    kept = told.data["kept"]
    assert isinstance(kept, dict)
    assert {"medical", "audit", "controlled_substance"} == set(kept)
    assert all(str(until).startswith("until ") for until in kept.values())
    view = await staff.door.journey(staff.journey_id)
    assert view.restricted
    assert view.phase is Phase.REEVALUATION, "treatment goes on as it is"
    assert len(await skipping.facts(staff)) > before


async def test_edge_50_a_medical_director_answers_within_thirty_days_of_the_request(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**treated())

    await ask_for_it(staff, days_ago=10)

    task = await asked(skipping, staff, KIND)
    assert task.slots == (Role.MEDICAL_DIRECTOR,)
    assert local_date(task.due_at - timedelta(hours=1), NORTH) == TODAY - timedelta(10) + WITHIN
    await staff.approve(KIND)
    view = await staff.wait(lambda v: all(a.kind != KIND for a in v.pending_approvals))
    assert view.restricted, "answered, and restricted all the same"


async def test_edge_50_a_journey_that_is_being_closed_waits_for_the_answer(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**treated(Phase.MAINTENANCE))
    await ask_for_it(staff)
    close = CloseJourney(**by(Role.CARE_COORDINATOR, "close"), reason="moves away")
    await staff.give("close_journey", close)
    view = await staff.reach(Phase.FOLLOW_UP)
    assert KIND in {a.kind for a in view.pending_approvals}

    await staff.approve(KIND)

    outcome = await skipping.handle(staff).result()
    assert outcome["outcome"] == "closed"


async def test_whoever_took_the_request_down_does_not_answer_it(skipping: Clinical) -> None:
    staff = await skipping.refer(**cleared())
    await ask_for_it(staff, role=Role.MEDICAL_DIRECTOR)

    with pytest.raises(Refused) as refused:
        await staff.approve(KIND)

    assert refused.value.codes == ["own_request"]


@pytest.mark.parametrize(
    ("days_ago", "asked_before", "code"),
    [(-2, False, "received_ahead"), (0, True, "deletion_already_requested")],
)
async def test_a_request_that_cannot_be_is_refused_and_changes_nothing(
    skipping: Clinical,
    days_ago: float,
    asked_before: bool,
    code: str,
) -> None:
    staff = await skipping.refer(**cleared())
    if asked_before:
        await ask_for_it(staff, "first")

    with pytest.raises(Refused) as refused:
        await ask_for_it(staff, days_ago=days_ago)

    assert refused.value.codes == [code]
    assert (await staff.door.journey(staff.journey_id)).restricted is asked_before


async def test_edge_50_who_was_asked_for_more_information_may_ask_again(skipping: Clinical) -> None:
    staff = await skipping.refer(**treated())
    await ask_for_it(staff)
    await staff.decline(KIND)
    await staff.wait(lambda v: all(a.kind != KIND for a in v.pending_approvals))

    await ask_for_it(staff, "again")

    assert (await staff.pending(KIND)).approval_id.endswith(f"{KIND}~2")
