"""Two people move a journey to another protocol, and see before what it would change."""

from typing import Any

import pytest

from clinical.approval import open_task
from clinical.standard_protocol import standard_protocol
from schemas.approval import ApprovalKind, Choice, DecideApproval
from schemas.base import Role
from schemas.journey import ChangeProtocol, Phase
from schemas.protocol import Protocol
from simulator.papers import STAFF
from simulator.staff import Staff
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.places import by, now


async def _ask_for_protocol(staff: Staff, version: str, key: str = "protocol") -> None:
    protocol = standard_protocol().model_copy(update={"version": version})
    await staff.give(
        "change_protocol",
        ChangeProtocol(
            **by(Role.CARE_COORDINATOR, key), protocol=protocol, reason="longer intervals"
        ),
    )


async def test_two_people_move_a_journey_to_another_protocol(journeys: Clinical) -> None:
    staff = await journeys.refer()

    await _ask_for_protocol(staff, "north-2")
    asked = await staff.pending("protocol_change")
    assert set(asked.still_needed) == {Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR}
    with pytest.raises(Refused) as refused:
        await _ask_for_protocol(staff, "north-3", "again")
    assert refused.value.codes == ["already_asked"]
    await staff.approve("referral_triage")
    await staff.reach(Phase.PSYCH_EVAL)
    await staff.approve("protocol_change")

    view = await staff.wait(lambda v: v.protocol_version == "north-2")
    assert view.phase is Phase.PSYCH_EVAL
    changed = await journeys.fact(staff, "ProtocolChanged")
    assert changed.data == {
        "from": "standard-1", "to": "north-2", "code": "standard", "difference": [],
    }  # fmt: skip


async def test_a_refused_protocol_leaves_everything_as_it_was(journeys: Clinical) -> None:
    staff = await journeys.refer()

    await _ask_for_protocol(staff, "north-2")
    await staff.decline("protocol_change")

    await staff.wait(lambda v: all(a.kind != "protocol_change" for a in v.pending_approvals))
    assert (await staff.door.journey(staff.journey_id)).protocol_version == "standard-1"
    await _ask_for_protocol(staff, "north-2", "again")
    with pytest.raises(Refused) as refused:
        await _ask_for_protocol(staff, "standard-1", "same")
    assert refused.value.codes == ["already_asked"]


def stricter(version: str = "north-2", pause_sys: int = 170) -> Protocol:
    standard = standard_protocol()
    parameters = {**standard.parameters, "bp.pause_sys": pause_sys}
    return standard.model_copy(update={"version": version, "parameters": parameters})


PAUSE = {
    "name": "bp.pause_sys", "old": "180", "new": "170", "unit": "mmHg", "direction": "stricter",
}  # fmt: skip


async def ask_for(staff: Staff, protocol: Protocol, key: str = "protocol", **more: Any) -> None:
    command = ChangeProtocol(
        **by(Role.CARE_COORDINATOR, key), protocol=protocol, reason="new evidence", **more
    )
    await staff.give("change_protocol", command)


async def test_two_people_see_what_would_change_and_the_record_says_what_did(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer()

    await ask_for(staff, stricter())
    await staff.approve("protocol_change")

    await staff.wait(lambda v: v.protocol_version == "north-2")
    opened = [f for f in await journeys.facts(staff) if f.data.get("kind") == "protocol_change"]
    assert opened[0].data["evidence"] == {
        "from": "standard-1", "to": "north-2", "reason": "new evidence",
        "bp.pause_sys": "180 -> 170 mmHg, stricter",
    }  # fmt: skip
    assert (await journeys.fact(staff, "ProtocolChanged")).data["difference"] == [PAUSE]


async def test_the_values_a_journey_is_treated_by_go_on_record_with_the_facts_that_pin_them(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer()
    await ask_for(staff, stricter())
    await staff.approve("protocol_change")
    await staff.wait(lambda v: v.protocol_version == "north-2" and v.unrecorded == 0)

    kept = [batch.protocol.version for batch in journeys.outside.batches if batch.protocol]

    assert kept == ["standard-1", "north-2"]


async def test_a_refused_change_leaves_version_values_and_record_as_they_were(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer()

    await ask_for(staff, stricter())
    await staff.decline("protocol_change")
    await staff.wait(lambda v: all(a.kind != "protocol_change" for a in v.pending_approvals))

    assert "ProtocolChanged" not in await journeys.kinds(staff)
    await ask_for(staff, stricter(), "again")
    asked = await staff.pending("protocol_change")
    assert asked.approval_id.endswith("~2")


async def test_a_change_prepared_for_another_version_is_refused_and_changes_nothing(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer()
    await ask_for(staff, stricter(), from_version="standard-1")
    await staff.approve("protocol_change")
    await staff.wait(lambda v: v.protocol_version == "north-2")

    with pytest.raises(Refused) as refused:
        await ask_for(staff, stricter("north-3", 160), "stale", from_version="standard-1")

    assert refused.value.codes == ["stale"]
    view = await staff.door.journey(staff.journey_id)
    assert (view.protocol_version, view.pending_approvals[0].kind) == ("north-2", "referral_triage")


async def test_a_change_that_the_rules_refuse_by_the_day_it_is_approved_changes_nothing(
    journeys: Clinical,
) -> None:
    """Asked for under a release that allowed it, decided under one that does not."""
    loose = standard_protocol()
    loose = loose.model_copy(
        update={"version": "north-9", "parameters": {**loose.parameters, "bp.pause_sys": 230}}
    )
    waiting = open_task(
        task_id="waits",
        kind=ApprovalKind.PROTOCOL_CHANGE,
        key="protocol-change",
        title="Move this journey to another protocol version: two people",
        rule=standard_protocol().approvals["protocol_change"],
        requested_by=STAFF[Role.CARE_COORDINATOR],
        now=now(),
    )
    staff = await journeys.refer(pending_protocol=loose, tasks={"protocol-change": waiting})

    for role in (Role.PSYCHIATRIST, Role.MEDICAL_DIRECTOR):
        vote = {"approval_id": "waits", "decision": Choice.APPROVE, "reason": "seen"}
        await staff.give("decide_approval", DecideApproval(**by(role, f"vote-{role}"), **vote))

    refused = await journeys.fact(staff, "ProtocolRefused")
    assert (refused.data["to"], refused.data["reasons"]) == ("north-9", ["bp.pause_sys"])
    assert (await staff.door.journey(staff.journey_id)).protocol_version == "standard-1"


async def test_the_protocol_a_journey_is_on_is_no_change(journeys: Clinical) -> None:
    staff = await journeys.refer()

    with pytest.raises(Refused) as refused:
        await _ask_for_protocol(staff, "standard-1")

    assert refused.value.codes == ["same_version"]
