"""A recalled or frozen lot is drawn from by nobody until whoever may has seen to it."""

from schemas.base import Role
from tests.workflows.cabinets import (
    DAY_1,
    DAY_2,
    DIRECTOR,
    LOT,
    PRESCRIBER,
    WITNESS,
    Shelves,
    drawn,
    given,
    refusal,
)


async def test_edge_32_a_recall_blocks_the_lot_and_lists_everybody_exposed(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)
    await shelves.dose(DAY_1, drawn(50), given(35, 15))
    await shelves.dose(DAY_2, drawn(50))
    await shelves.dose("journey-plum-infusion-1", drawn(50, lot="KET-9"))
    assert (await shelves.standing()).usable

    receipt = await shelves.say("recall_lot", lot=LOT.lower(), reason="particles, notice 77")

    assert receipt.exposed == ("journey-mauve", "journey-tangerine")
    assert [r.code for r in (await shelves.standing()).reasons] == ["lot_recalled"]
    (asked,) = await shelves.waiting("lot_recall")
    assert asked.owed_to is Role.MEDICAL_DIRECTOR
    assert "2 patients" in asked.title


async def test_edge_32_a_recalled_lot_stays_blocked_when_the_director_has_seen_to_it(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)
    await shelves.say("recall_lot", lot=LOT, reason="particles")

    await shelves.decide("lot_recall", DIRECTOR)

    assert await shelves.waiting("lot_recall") == []
    assert not (await shelves.standing()).usable


async def test_edge_29_an_incident_freezes_the_lot_until_two_people_release_it(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)

    await shelves.say("freeze_lot", lot=LOT, incident="labels of two vials differ")

    assert [r.code for r in (await shelves.standing()).reasons] == ["lot_frozen"]
    discarded = {"lot": LOT, "amount_mg": 10, "why": "expired", "witness": WITNESS}
    assert await refusal(shelves.say("waste_stock", **discarded)) == ["lot_frozen"]
    await shelves.decide("lot_release", DIRECTOR)
    assert not (await shelves.standing()).usable
    await shelves.decide("lot_release", PRESCRIBER)
    await shelves.receive(1, lot="KET-9")  # an answered command: what came before is on record
    assert (await shelves.standing()).usable


async def test_edge_29_whoever_froze_a_lot_does_not_release_it(shelves: Shelves) -> None:
    await shelves.receive(500)
    await shelves.say("freeze_lot", lot=LOT, incident="wrong patient", actor=PRESCRIBER)
    (asked,) = await shelves.waiting("lot_release")

    own = shelves.say(
        "decide_approval",
        approval_id=asked.approval_id,
        decision="approve",
        reason="fine",
        actor=PRESCRIBER,
    )

    assert "own_request" in await refusal(own)


async def test_edge_29_a_declined_release_leaves_the_lot_frozen_and_may_be_asked_again(
    shelves: Shelves,
) -> None:
    await shelves.receive(500)
    await shelves.say("freeze_lot", lot=LOT, incident="wrong dose")
    (asked,) = await shelves.waiting("lot_release")
    await shelves.say(
        "decide_approval", approval_id=asked.approval_id, decision="decline", reason="not yet"
    )
    assert not (await shelves.standing()).usable

    await shelves.say("unfreeze_lot", lot=LOT, reason="the maker answered")

    assert len(await shelves.waiting("lot_release")) == 1
    assert await refusal(shelves.say("unfreeze_lot", lot=LOT, reason="soon?")) == ["already_asked"]
    assert await refusal(shelves.say("unfreeze_lot", lot="KET-9", reason="?")) == ["not_frozen"]
