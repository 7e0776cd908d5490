"""Where decisions must be signed, a word by whoever merely reaches the engine changes nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from clinical.standard_protocol import standard_protocol
from runtime.decision_keys import DecisionKeys
from runtime.names import JOURNEYS
from schemas.approval import Choice, DecideApproval, PendingApproval
from schemas.base import Actor, Role
from schemas.drug_cabinet import (
    CabinetInput,
    CabinetState,
    CabinetView,
    LotBook,
    UnfreezeLot,
)
from schemas.infusion import SessionPlan
from schemas.journey import Phase
from simulator.papers import STAFF
from simulator.staff import Staff
from tests.workflows.conftest import NORTH, Clinical
from tests.workflows.doors import Refused
from tests.workflows.places import by
from tests.workflows.signed import SigningDoor, announced, begins_with, sign

OURS = DecisionKeys.in_memory()
THEIRS = DecisionKeys.in_memory()
SECRET = "Ottoline's daughter objects"


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000)


NOW_MS = ms(datetime.now(UTC))  # noqa: TID251 - the real server's clock


async def signing_journey(journeys: Clinical) -> tuple[Staff, PendingApproval]:
    staff = await journeys.refer(**begins_with(OURS))
    return staff, await staff.pending("referral_triage")


def approval(asked: PendingApproval, **changes: Any) -> DecideApproval:
    said: dict[str, Any] = {
        **by(Role.CARE_COORDINATOR, uuid4().hex),
        "approval_id": asked.approval_id,
        "decision": Choice.APPROVE,
        "reason": SECRET,
        **changes,
    }
    return DecideApproval(**said)


def unsigned(asked: PendingApproval) -> DecideApproval:
    return approval(asked)


def by_a_stranger(asked: PendingApproval) -> DecideApproval:
    return sign(THEIRS, approval(asked), asked, at_ms=NOW_MS)


def for_somebody_else(asked: PendingApproval) -> DecideApproval:
    signed = sign(OURS, approval(asked), asked, at_ms=NOW_MS)
    return signed.model_copy(update={"actor": Actor(id="cc-nobody", role=Role.CARE_COORDINATOR)})


def turned_around(asked: PendingApproval) -> DecideApproval:
    signed = sign(OURS, approval(asked), asked, at_ms=NOW_MS)
    return signed.model_copy(update={"decision": Choice.DECLINE})


def of_another_approval(asked: PendingApproval) -> DecideApproval:
    other = asked.model_copy(update={"approval_id": asked.approval_id[:-1] + "7"})
    text = sign(OURS, approval(other), other, at_ms=NOW_MS).signature
    return approval(asked).model_copy(update={"signature": text})


def of_another_version(asked: PendingApproval) -> DecideApproval:
    later = asked.model_copy(update={"version": asked.version + 1})
    return sign(OURS, approval(asked), later, at_ms=NOW_MS)


def of_other_evidence(asked: PendingApproval) -> DecideApproval:
    other = asked.model_copy(update={"evidence_sha256": "0" * 64})
    return sign(OURS, approval(asked), other, at_ms=NOW_MS)


def of_last_month(asked: PendingApproval) -> DecideApproval:
    at = NOW_MS - int(timedelta(days=30).total_seconds() * 1_000)
    return sign(OURS, approval(asked), asked, at_ms=at)


def made_up(asked: PendingApproval) -> DecideApproval:
    return approval(asked, signature="trust me")


Forger = Callable[[PendingApproval], DecideApproval]
FORGED: list[tuple[Forger, str]] = [
    (unsigned, "signature_missing"),
    (made_up, "signature_malformed"),
    (by_a_stranger, "signature_key_unknown"),
    (for_somebody_else, "signature_wrong"),
    (turned_around, "signature_wrong"),
    (of_another_approval, "signature_wrong"),
    (of_another_version, "signature_wrong"),
    (of_other_evidence, "signature_wrong"),
    (of_last_month, "signature_too_old"),
]


async def _said_once(journeys: Clinical, staff: Staff, code: str) -> None:
    """Nothing has changed, one dead letter tells of it, and nobody's words are in it."""
    view = await staff.wait(lambda v: v.dead_letter_count > 0)
    assert (view.version, view.phase) == (0, Phase.REFERRAL)
    assert [letter.code for letter in view.dead_letters] == [code]
    assert len(view.pending_approvals) == 1
    told = await journeys.fact(staff, "MessageDeadLettered")
    assert told.data == {"channel": "decide_approval", "code": code}
    facts = await journeys.facts(staff)
    assert "TaskVoted" not in [fact.kind.value for fact in facts]
    assert SECRET not in "".join(fact.model_dump_json() for fact in facts)


@pytest.mark.parametrize(("forge", "code"), FORGED, ids=lambda one: getattr(one, "__name__", ""))
async def test_a_forged_update_is_refused_and_on_record_once(
    journeys: Clinical, forge: Forger, code: str
) -> None:
    staff, asked = await signing_journey(journeys)
    command = forge(asked)

    for _ in range(3):
        with pytest.raises(Refused) as refused:
            await journeys.door._send(staff.journey_id, "decide_approval", command)
        assert refused.value.codes == [code]

    await _said_once(journeys, staff, code)


@pytest.mark.parametrize("signal", ["approval_decided", "command_submitted"])
@pytest.mark.parametrize(("forge", "code"), FORGED, ids=lambda one: getattr(one, "__name__", ""))
async def test_a_forged_signal_changes_nothing_and_is_on_record_once(
    journeys: Clinical, forge: Forger, code: str, signal: str
) -> None:
    staff, asked = await signing_journey(journeys)
    command = forge(asked)
    enveloped = {"kind": "decide_approval", "command": command.model_dump(mode="json")}
    payload = command if signal == "approval_decided" else enveloped

    for _ in range(3):
        await journeys.handle(staff).signal(signal, payload)

    await _said_once(journeys, staff, code)
    assert (await staff.door.journey(staff.journey_id)).dead_letter_count == 1, "of three"


async def test_the_same_forgery_under_another_update_id_leaves_no_second_trace(
    journeys: Clinical,
) -> None:
    staff, asked = await signing_journey(journeys)
    command = unsigned(asked)
    for update_id in ("one", "two", "three"):
        with pytest.raises(Exception, match="Workflow update failed"):
            await journeys.handle(staff).execute_update(
                "decide_approval", command, id=f"{update_id}-{command.command_id}"
            )
    await journeys.handle(staff).signal("approval_decided", command)
    await journeys.flush(staff)

    assert (await journeys.kinds(staff)).count("MessageDeadLettered") == 1


@pytest.mark.parametrize("door", ["update", "approval_decided", "command_submitted"])
async def test_a_signed_decision_takes_effect_and_stays_signed(
    journeys: Clinical, door: str
) -> None:
    staff, asked = await signing_journey(journeys)
    command = sign(OURS, approval(asked), asked, at_ms=NOW_MS)

    if door == "update":
        await staff.give("decide_approval", command)
    elif door == "approval_decided":
        await journeys.handle(staff).signal(door, command)
    else:
        enveloped = {"kind": "decide_approval", "command": command.model_dump(mode="json")}
        await journeys.handle(staff).signal(door, enveloped)

    view = await staff.reach(Phase.PSYCH_EVAL)
    voted = await journeys.fact(staff, "TaskVoted")
    assert voted.data["vote"]["signature"] == command.signature  # type: ignore[index, call-overload]
    assert voted.data["evidence_sha256"] == asked.evidence_sha256
    assert view.dead_letter_count == 0


async def test_a_refused_decision_may_still_be_given_signed(journeys: Clinical) -> None:
    staff, asked = await signing_journey(journeys)
    command = unsigned(asked)
    with pytest.raises(Refused):
        await journeys.door._send(staff.journey_id, "decide_approval", command)

    await journeys.handle(staff).signal(
        "approval_decided", sign(OURS, command, asked, at_ms=NOW_MS)
    )

    await staff.reach(Phase.PSYCH_EVAL)


async def test_where_none_is_required_the_stock_payload_is_enough(journeys: Clinical) -> None:
    staff = await journeys.refer(**begins_with(OURS, required=False))
    asked = await staff.pending("referral_triage")

    await journeys.handle(staff).signal("approval_decided", unsigned(asked))

    assert (await staff.reach(Phase.PSYCH_EVAL)).dead_letter_count == 0


async def test_two_people_sign_each_what_they_were_shown(journeys: Clinical) -> None:
    staff = await journeys.refer(**begins_with(OURS))
    staff = Staff(SigningDoor(journeys.door, OURS, NOW_MS), staff.journey_id)
    await staff.approve("referral_triage")
    await staff.evaluate()
    await staff.screen()
    await staff.sign()
    asked = await staff.pending("treatment_clearance")
    both = [
        sign(OURS, approval(asked, actor=STAFF[role]), asked, at_ms=NOW_MS)
        for role in (Role.PSYCHIATRIST, Role.MEDICAL_SCREENER)
    ]

    await journeys.door.send(staff.journey_id, "decide_approval", both[0])
    with pytest.raises(Refused) as refused:
        await journeys.door.send(staff.journey_id, "decide_approval", both[1])
    await staff.approve("treatment_clearance")

    assert refused.value.codes == ["stale"]
    await staff.pending("series_start")


async def test_a_treatment_day_knows_the_keys_of_its_journey(whole: Clinical) -> None:
    begun = await whole.refer(**begins_with(OURS))
    staff = Staff(SigningDoor(whole.door, OURS, NOW_MS), begun.journey_id)

    await staff.prepare()
    day = await staff.booked()

    history = await whole.client.get_workflow_handle(day.session_id).fetch_history()
    started = history.events[0].workflow_execution_started_event_attributes
    (plan,) = await whole.client.data_converter.decode(started.input.payloads, [SessionPlan])
    assert plan.signatures_required
    assert plan.decision_keys == dict(OURS.signing)
    assert plan.decision_keys_ms == OURS.issued_ms


# -- keys change --------------------------------------------------------------------------------


async def test_a_journey_takes_newer_keys_that_a_known_key_vouches_for(
    journeys: Clinical,
) -> None:
    keys = DecisionKeys.in_memory()
    staff = await journeys.refer(**begins_with(keys))
    asked = await staff.pending("referral_triage")
    old = keys.newest
    new = keys.rotate()
    signed = sign(keys, approval(asked), asked, at_ms=NOW_MS)
    with pytest.raises(Refused) as unknown:
        await staff.give("decide_approval", signed)

    await staff.give("adopt_decision_keys", announced(keys, keys))
    await staff.give("decide_approval", signed.model_copy(update={"command_id": "again"}))

    await staff.reach(Phase.PSYCH_EVAL)
    assert unknown.value.codes == ["signature_key_unknown"]
    adopted = await journeys.fact(staff, "DecisionKeysAdopted")
    assert adopted.data == {"keys": sorted([old, new]), "required": True}


async def test_keys_that_only_vouch_for_themselves_are_refused(journeys: Clinical) -> None:
    staff, asked = await signing_journey(journeys)

    with pytest.raises(Refused) as refused:
        await staff.give("adopt_decision_keys", announced(THEIRS, THEIRS))
    with pytest.raises(Refused) as forged:
        await staff.give("decide_approval", by_a_stranger(asked))

    assert refused.value.codes == ["signature_wrong"]
    assert forged.value.codes == ["signature_key_unknown"]
    assert (await staff.door.journey(staff.journey_id)).version == 0


async def test_an_older_set_of_keys_never_comes_back(journeys: Clinical) -> None:
    keys = DecisionKeys.in_memory()
    staff = await journeys.refer(**begins_with(keys))
    stolen = keys.newest
    keys.rotate()
    both = announced(keys, keys)
    left = {key_id: key for key_id, key in keys.signing.items() if key_id != stolen}
    without = announced(keys, keys, keys=left, issued_ms=keys.issued_ms + 1)

    await staff.give("adopt_decision_keys", both)
    await staff.give("adopt_decision_keys", without)
    with pytest.raises(Refused) as refused:
        await staff.give("adopt_decision_keys", both.model_copy(update={"command_id": "again"}))

    assert refused.value.codes == ["stale"]
    asked = await staff.pending("referral_triage")
    with pytest.raises(Refused) as by_the_stolen:
        await staff.give(
            "decide_approval", sign(keys, approval(asked), asked, at_ms=NOW_MS, key_id=stolen)
        )
    assert by_the_stolen.value.codes == ["signature_key_unknown"]


async def test_a_journey_without_keys_takes_the_first_and_asks_for_signatures(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer()
    asked = await staff.pending("referral_triage")

    await staff.give("adopt_decision_keys", announced(OURS, OURS))
    with pytest.raises(Refused) as refused:
        await staff.give("decide_approval", unsigned(asked))

    assert refused.value.codes == ["signature_missing"]
    (again,) = (await staff.door.journey(staff.journey_id)).pending_approvals
    await staff.give("decide_approval", sign(OURS, approval(again), again, at_ms=NOW_MS))
    await staff.reach(Phase.PSYCH_EVAL)


async def test_keys_and_what_was_refused_go_along_to_the_next_run(journeys: Clinical) -> None:
    staff, asked = await signing_journey(journeys)
    command = unsigned(asked)
    with pytest.raises(Refused):
        await staff.give("decide_approval", command)

    await journeys.handle(staff).signal("refresh")
    await staff.wait(lambda v: v.runs == 2)
    await journeys.handle(staff).signal("approval_decided", command)
    await journeys.flush(staff)
    await staff.give("decide_approval", sign(OURS, approval(asked), asked, at_ms=NOW_MS))

    await staff.reach(Phase.PSYCH_EVAL)
    assert (await journeys.kinds(staff)).count("MessageDeadLettered") == 1


async def test_keys_are_brought_by_the_engine_alone(journeys: Clinical) -> None:
    staff, _ = await signing_journey(journeys)
    asked = announced(THEIRS, OURS).model_copy(update={"actor": STAFF[Role.MEDICAL_DIRECTOR]})

    with pytest.raises(Refused) as refused:
        await staff.give("adopt_decision_keys", asked)

    assert refused.value.codes == ["wrong_role"]


# -- the drug cabinet ---------------------------------------------------------------------------


async def test_a_frozen_lot_is_released_by_signed_words_alone(whole: Clinical) -> None:
    whole.outside.books = (LotBook(lot="KET-2231", product="ketamine", on_hand_mg=90, frozen=True),)
    cabinet_id = f"cabinet-{uuid4().hex[:20]}"
    state = CabinetState(
        workflow_id=cabinet_id, clinic=NORTH, protocol=standard_protocol(), **begins_with(OURS)
    )
    cabinet = await whole.client.start_workflow(
        "DrugCabinet", CabinetInput(state=state), id=cabinet_id, task_queue=JOURNEYS
    )
    ask = UnfreezeLot(
        command_id="unfreeze", actor=STAFF[Role.NURSE], lot="KET-2231", reason="incident is closed"
    )
    await cabinet.execute_update("unfreeze_lot", ask)

    async def shown() -> CabinetView:
        view: CabinetView = await cabinet.query("state", result_type=CabinetView)
        return view

    (asked,) = (await shown()).pending_approvals
    with pytest.raises(Refused) as refused:
        await whole.door._send(
            cabinet_id,
            "decide_approval",
            approval(asked, actor=STAFF[Role.MEDICAL_DIRECTOR]),
        )
    view = await shown()
    for role in (Role.MEDICAL_DIRECTOR, Role.PRESCRIBER):
        (now_asked,) = (await shown()).pending_approvals
        signed = sign(OURS, approval(now_asked, actor=STAFF[role]), now_asked, at_ms=NOW_MS)
        await whole.door._send(cabinet_id, "decide_approval", signed)
    after = await shown()
    await whole.client.get_workflow_handle(cabinet_id).terminate()

    assert after.pending_approvals == ()
    assert refused.value.codes == ["signature_missing"]
    assert [letter.code for letter in view.dead_letters] == ["signature_missing"]
    assert view.pending_approvals == (asked,)
