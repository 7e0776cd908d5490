"""Who pays for the nasal spray: asked before the first, told of before it ends (11.38, 11.39)."""

from datetime import date, timedelta
from typing import Any

import pytest

from clinical.clinic_hours import local_date
from schemas.authorization import RecordAuthorization
from schemas.base import Role
from schemas.journey import HoldJourney, JourneyView, Phase
from schemas.screening import Modality
from simulator.staff import Staff
from tests.workflows.conftest import NORTH, Clinical
from tests.workflows.days import asked
from tests.workflows.doors import Refused
from tests.workflows.places import authorized, by, dosed, now, signed, treated

TODAY = local_date(now(), NORTH)


def on_the_spray(**changes: Any) -> dict[str, Any]:
    """Enrolled and consenting, two sprays given."""
    before = [dosed(n, 9 - 3 * n, modality=Modality.ESKETAMINE) for n in (1, 2)]
    facts = {
        "sessions": before,
        "booked": {Modality.ESKETAMINE: 2},
        "consents": signed(Modality.ESKETAMINE),
        "enrolled_in_safety_program": True,
    }
    return treated(Phase.SWITCH_ESKETAMINE, **{**facts, **changes})


async def insurer_says(staff: Staff, key: str, **said: Any) -> None:
    command = RecordAuthorization(**by(Role.CARE_COORDINATOR, key), **said)
    await staff.give("record_authorization", command)


def booked(view: JourneyView) -> bool:
    return view.open_session is not None


def entries(view: JourneyView) -> set[str]:
    return {entry.kind for entry in view.pending_entries}


async def test_edge_38_nothing_is_booked_until_somebody_pays(skipping: Clinical) -> None:
    staff = await skipping.refer(**on_the_spray(authorization=None))
    view = await staff.wait(lambda v: "record_authorization" in entries(v))
    assert not booked(view)

    await insurer_says(staff, "yes", approved=True, valid_until=TODAY + timedelta(days=90))

    view = await staff.wait(booked)
    assert "record_authorization" not in entries(view)
    assert view.authorization is not None
    said = await skipping.fact(staff, "AuthorizationRecorded")
    assert said.data["valid_until"] == (TODAY + timedelta(days=90)).isoformat()


async def test_edge_38_a_denial_is_appealed_or_bridged_by_a_psychiatrist(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**on_the_spray(authorization=None))
    await staff.wait(lambda v: "record_authorization" in entries(v))
    await insurer_says(staff, "no", approved=False)
    task = await asked(skipping, staff, "authorization_denied")
    assert task.slots == (Role.PSYCHIATRIST,)
    await staff.approve("authorization_denied", "appeal")
    await staff.wait(lambda v: "record_authorization" in entries(v))

    await insurer_says(staff, "no again", approved=False)
    await staff.approve("authorization_denied", "bridge_infusion")

    view = await staff.reach(Phase.REEVALUATION)
    assert view.open_session is None


async def test_edge_38_a_patient_who_signs_to_pay_waits_for_no_insurer(skipping: Clinical) -> None:
    staff = await skipping.refer(**on_the_spray(authorization=None))
    await staff.wait(lambda v: "record_authorization" in entries(v))
    await insurer_says(staff, "no", approved=False)
    await staff.pending("authorization_denied")

    await insurer_says(staff, "pays", approved=False, patient_pays=True)

    view = await staff.wait(booked)
    assert all(a.kind != "authorization_denied" for a in view.pending_approvals)


async def test_edge_39_the_coordinator_hears_45_30_and_14_days_before_it_ends(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**on_the_spray(authorization=authorized(timedelta(days=46))))
    await staff.wait(booked)

    told = []
    for days in (2, 15, 16):
        await skipping.jump(staff, timedelta(days=days))
        await staff.wait(lambda v: "record_authorization" in entries(v))
        facts = await skipping.facts(staff)
        told = [f.data["within_days"] for f in facts if f.kind == "AuthorizationEndsSoon"]

    assert told == [45, 30, 14]
    opened = [f for f in await skipping.facts(staff) if f.kind == "TaskOpened"]
    extension = [f for f in opened if f.data["kind"] == "record_authorization"]
    assert len(extension) == 3, "asked anew at each step, so that somebody is written to each time"


async def test_edge_39_a_booked_day_learns_that_the_authorisation_was_taken_back(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**on_the_spray())
    await staff.wait(booked)

    await insurer_says(staff, "no longer", approved=False)

    view = await staff.wait(
        lambda v: any("authorisation for this day" in e.title for e in v.pending_entries)
    )
    assert view.open_session is not None, "the day stays booked until somebody says otherwise"


@pytest.mark.parametrize(
    ("until", "code"),
    [(None, "valid_until_missing"), (TODAY - timedelta(days=2), "authorization_past")],
)
async def test_an_approval_without_a_day_to_come_is_refused_and_changes_nothing(
    skipping: Clinical, until: date | None, code: str
) -> None:
    staff = await skipping.refer(**on_the_spray(authorization=None))

    with pytest.raises(Refused) as refused:
        await insurer_says(staff, "yes", approved=True, valid_until=until)

    assert refused.value.codes == [code]
    assert (await staff.door.journey(staff.journey_id)).authorization is None


async def test_edge_39_a_hold_does_not_forget_that_the_authorisation_ends(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**on_the_spray(authorization=authorized(timedelta(days=13))))
    await staff.wait(lambda v: "record_authorization" in entries(v))

    hold = HoldJourney(
        **by(Role.CARE_COORDINATOR, "hold"), reason="travelling", review_on=TODAY + timedelta(9)
    )
    await staff.give("hold", hold)

    view = await staff.reach(Phase.ON_HOLD)
    assert "record_authorization" in entries(view)
