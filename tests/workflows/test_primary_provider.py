"""The provider who shares the care is lost in mid-course: fourteen days to name another (11.53)."""

from datetime import timedelta

import pytest

from clinical.parameters import Parameters
from schemas.base import Role
from schemas.journey import JourneyView, Phase
from schemas.people import Contact
from schemas.primary_provider import ChangeProvider
from simulator.staff import Staff
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.places import by, cleared, treated
from tests.workflows.test_hold_and_withdrawal import ask_back, hold

WITHIN = Parameters.default().duration("pmhp.replace_within")
SUCCESSOR = Contact(name="Dr Eudora Merriweather", email="merriweather@pmhp.example")


async def lose(staff: Staff, key: str = "lost") -> None:
    why = ChangeProvider(**by(Role.CARE_COORDINATOR, key), reason="the practice has closed")
    await staff.give("change_provider", why)


async def name(staff: Staff, key: str = "found") -> None:
    found = ChangeProvider(
        **by(Role.CARE_COORDINATOR, key), provider=SUCCESSOR, reason="takes the patient over"
    )
    await staff.give("change_provider", found)


def asked_for(view: JourneyView) -> bool:
    return any(entry.kind == "change_provider" for entry in view.pending_entries)


async def test_edge_53_a_coordinator_has_fourteen_days_to_name_another_provider(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**cleared())
    await staff.wait(lambda v: v.open_session is not None)

    await lose(staff)

    view = await staff.wait(asked_for)
    (entry,) = [e for e in view.pending_entries if e.kind == "change_provider"]
    assert view.provider_lost_at is not None
    assert entry.owed_to is Role.CARE_COORDINATOR
    assert entry.due_at == view.provider_lost_at + WITHIN
    assert view.open_session is not None, "treatment goes on meanwhile"

    await name(staff)

    view = await staff.wait(lambda v: not asked_for(v))
    assert view.provider_lost_at is None
    told = [f.data for f in await skipping.facts(staff) if f.kind == "ProviderChanged"]
    assert [bool(said["provider"]) for said in told] == [False, True]


async def test_edge_53_without_a_provider_for_fourteen_days_the_journey_is_held(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**treated(Phase.MAINTENANCE))
    await lose(staff)
    await staff.wait(asked_for)
    await skipping.jump(staff, WITHIN - timedelta(hours=1))
    assert (await staff.door.journey(staff.journey_id)).phase is Phase.MAINTENANCE

    await skipping.jump(staff, timedelta(hours=2))

    held = await staff.reach(Phase.ON_HOLD)
    assert held.hold is not None
    assert (held.hold.reason_code, held.hold.owner) == ("no_provider", Role.CARE_COORDINATOR)
    assert asked_for(held), "somebody is still asked to name one"


async def test_edge_53_a_hold_for_want_of_a_provider_is_left_once_one_is_named(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**treated(Phase.MAINTENANCE))
    await lose(staff)
    await skipping.jump(staff, WITHIN + timedelta(hours=1))
    await staff.reach(Phase.ON_HOLD)
    with pytest.raises(Refused) as refused:
        await ask_back(staff, key="too early")
    assert refused.value.codes == ["provider_missing"]

    await name(staff)
    await ask_back(staff)
    await staff.approve("resume_from_hold")

    view = await staff.reach(Phase.MAINTENANCE)
    assert view.hold is None
    assert not asked_for(view)


async def test_edge_53_a_journey_held_for_another_reason_is_not_let_go_on_without_a_provider(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**treated(Phase.MAINTENANCE))
    await lose(staff)
    await hold(staff)
    await staff.reach(Phase.ON_HOLD)
    await skipping.jump(staff, WITHIN + timedelta(hours=1))

    with pytest.raises(Refused) as refused:
        await ask_back(staff)

    assert refused.value.codes == ["provider_missing"]
    view = await staff.door.journey(staff.journey_id)
    assert view.hold is not None
    assert view.hold.reason_code == "clinical", "one hold, and its own reason"


async def test_letters_go_to_the_provider_who_was_named_last(skipping: Clinical) -> None:
    staff = await skipping.refer(**treated(Phase.DISCONTINUE_REFER))
    await name(staff)

    await staff.approve("referral_onward")
    await staff.approve("close_review")

    await skipping.handle(staff).result()
    assert {letter.to for letter in skipping.outside.letters.values()} == {SUCCESSOR}


async def test_a_provider_who_was_lost_already_is_not_lost_again(skipping: Clinical) -> None:
    staff = await skipping.refer(**cleared())
    await lose(staff)

    with pytest.raises(Refused) as refused:
        await lose(staff, "again")

    assert refused.value.codes == ["provider_already_lost"]


async def test_before_the_evaluation_the_evaluation_names_the_provider(skipping: Clinical) -> None:
    staff = await skipping.refer()

    with pytest.raises(Refused) as refused:
        await name(staff)

    assert refused.value.codes == ["not_evaluated"]
