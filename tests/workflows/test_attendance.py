"""Never alone: an attendant's word holds for minutes, is handed over without a gap, and its lapse
pages the charge nurse at once and climbs until somebody answers.

Founding article; fact sheet 1.3.
"""

from datetime import timedelta

import pytest

from schemas.base import Actor, Role
from schemas.infusion import SessionPhase
from simulator.papers import STAFF
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.treatment_day import TreatmentDay, book

WREN = Actor(id="rn-wren", role=Role.NURSE)
FELLOW = Actor(id="rn-fellowes", role=Role.NURSE)


async def dosing(clinical: Clinical) -> TreatmentDay:
    day = await book(clinical)
    await day.dose()
    return day


async def test_who_observes_at_check_in_stays_with_the_patient(clinical: Clinical) -> None:
    day = await dosing(clinical)

    view = await day.view()

    assert view.attendant == STAFF[Role.NURSE]
    assert view.presence_until is not None
    assert view.presence_until > view.now + timedelta(minutes=11)


async def test_an_attendant_who_is_not_heard_of_pages_the_charge_nurse_at_once(
    clinical: Clinical,
) -> None:
    day = await dosing(clinical)

    await day.pass_(9)
    await day.give("record_vitals", vitals={}, actor=WREN)  # somebody else's reading
    await day.pass_(3.2)

    await day.hears("presence_lapsed", Role.NURSE)
    await day.records(lambda kinds: "PresenceLapsed" in kinds)
    assert len(day.told("presence_lapsed")) == 1, "the charge nurse alone, and once"


async def test_a_lapse_climbs_the_ladder_until_the_attendant_answers(clinical: Clinical) -> None:
    day = await dosing(clinical)

    await day.pass_(12.2)
    await day.pass_(3.2)
    await day.pass_(3.2)
    await day.hears("presence_lapsed", Role.NURSE, Role.PRESCRIBER, Role.MEDICAL_DIRECTOR)
    await day.give("renew_presence")
    await day.pass_(4)

    assert len(day.told("presence_lapsed")) == 3, "who answered is not paged again"
    await day.records(lambda kinds: "PresenceRenewed" in kinds)
    (answered,) = day.facts("PresenceRenewed")
    assert answered.data["paged"] == 3


async def test_everything_the_attendant_does_at_the_chair_counts_as_presence(
    clinical: Clinical,
) -> None:
    day = await dosing(clinical)

    await day.read_every(10, 3)

    assert day.told("presence_lapsed") == []


async def test_a_handover_leaves_the_first_responsible_until_the_second_is_there(
    clinical: Clinical,
) -> None:
    day = await dosing(clinical)

    await day.give("hand_over", to=WREN)
    asked = await day.view()
    assert (asked.attendant, asked.handing_over_to) == (STAFF[Role.NURSE], WREN)
    with pytest.raises(Refused) as refused:
        await day.give("take_over", actor=FELLOW)
    assert refused.value.codes == ["not_handed_over"]
    await day.give("take_over", actor=WREN)

    taken = await day.view()
    assert (taken.attendant, taken.handing_over_to) == (WREN, None)
    with pytest.raises(Refused) as gone:
        await day.give("renew_presence")
    assert gone.value.codes == ["not_the_attendant"]


async def test_nobody_hands_over_for_somebody_else_nor_to_themselves(clinical: Clinical) -> None:
    day = await dosing(clinical)

    for actor, to, code in (
        (WREN, FELLOW, "not_the_attendant"),
        (STAFF[Role.NURSE], STAFF[Role.NURSE], "same_person"),
        (STAFF[Role.NURSE], STAFF[Role.CARE_COORDINATOR], "attendant_role"),
    ):
        with pytest.raises(Refused) as refused:
            await day.give("hand_over", actor=actor, to=to)
        assert refused.value.codes == [code]


async def test_a_nurse_sent_to_the_chair_is_present_when_they_say_so(clinical: Clinical) -> None:
    day = await dosing(clinical)
    await day.pass_(12.2)

    await day.give("assign_attendant", attendant=WREN, actor=FELLOW)
    await day.pass_(3.2)
    await day.hears("presence_lapsed", Role.NURSE, Role.PRESCRIBER)
    await day.give("renew_presence", actor=WREN)
    await day.pass_(4)

    assert len(day.told("presence_lapsed")) == 2
    assert (await day.view()).attendant == WREN


async def test_after_the_dose_the_watch_is_by_readings_not_by_one_attendant(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.observe()

    view = await day.view()

    assert view.phase is SessionPhase.POST_OBS
    assert view.presence_until is None
