"""The whole story of a journey, in skipped time."""

from schemas.approval import Choice
from schemas.journey import CloseJourney, Phase
from schemas.base import Role
from schemas.screening import Modality
from simulator.papers import STAFF
from tests.workflows.conftest import Clinical


async def test_a_referral_reaches_its_first_infusion(clinical: Clinical) -> None:
    staff = await clinical.refer()

    await staff.prepare(finding=True)

    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.phase is Phase.INFUSION_SERIES
    assert view.open_session == f"{staff.journey_id}-infusion-1"


async def test_six_infusions_one_paused_one_missed_then_the_spray_then_the_end(
    clinical: Clinical,
) -> None:
    staff = await clinical.refer()
    await staff.prepare()
    await staff.treat()
    await staff.follow_up()
    await staff.treat(pause=True)
    await staff.miss()
    for _ in range(4):
        await staff.treat()
    await staff.reach(Phase.REEVALUATION)
    await staff.score(7)
    await staff.approve("reevaluation_decision", "switch")
    await staff.approve("switch_to_spray")
    await staff.sign(Modality.ESKETAMINE)
    for _ in range(2):
        await staff.treat()
    await staff.give(
        "close_journey",
        CloseJourney(command_id="close-1", actor=STAFF[Role.CARE_COORDINATOR], reason="moves away"),
    )
    await staff.reach(Phase.FOLLOW_UP)
    await staff.follow_up()

    outcome = await clinical.handle(staff).result()
    print(outcome)
    import collections

    print(collections.Counter(clinical.outside.kinds(staff.journey_id)))
    for n in range(1, 8):
        h = await clinical.client.get_workflow_handle(
            f"{staff.journey_id}-infusion-{n}"
        ).fetch_history()
        print(n, len(h.events), sum(e.ByteSize() for e in h.events))
    h = await clinical.handle(staff).fetch_history()
    print(len(h.events))
    assert 0
