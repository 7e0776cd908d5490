"""The front desk signs what it sends, and work that began under older keys hears of newer ones."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client

from clinical.standard_protocol import standard_protocol
from runtime.decision_keys import DecisionKeys
from schemas.approval import Choice, DecideApproval
from schemas.base import Actor, Role
from schemas.journey import Phase
from schemas.people import Person
from schemas.referral import Referral, ReferralIdentifier
from service.commands import Commands
from service.errors import Refused
from service.intake import Deployment
from service.protocols import Catalogue
from service.rows import TaskRow
from service.signing import DecisionSigner
from simulator.papers import STAFF
from simulator.staff import Staff
from tests.workflows.conftest import NORTH, Clinical

CATALOGUE = Catalogue({"standard": standard_protocol()}, {"north": NORTH})


class Line:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def client(self) -> Client:
        return self._client


class NothingYet:
    """A record that is a moment behind."""

    async def task(self, task_id: str, *, clinics: frozenset[str] | None) -> TaskRow | None:
        return None


def front_desk(
    journeys: Clinical, keys: DecisionKeys, *, signs: bool = True, known: bool = True
) -> Commands:
    return Commands(
        Line(journeys.client),
        CATALOGUE,
        b"k" * 32,
        deployment=Deployment(
            training=True, signatures_required=True, keys=keys if known else None
        ),
        signer=DecisionSigner(keys, NothingYet(), required=True) if signs else None,
        now=lambda: datetime(2026, 11, 24, 12, tzinfo=UTC),
        answer_within_s=20,
    )


async def referred(journeys: Clinical, desk: Commands) -> Staff:
    referral = Referral(
        clinic="north",
        identifier=ReferralIdentifier(system="urn:test", value=uuid4().hex),
        patient=Person(
            given_name="Ottoline", family_name="Bracegirdle", birth_date=date(1979, 5, 2)
        ),
        training=True,
    )
    accepted = await desk.refer(referral, STAFF[Role.CARE_COORDINATOR])
    journeys.started.append(accepted.journey_id)
    return Staff(journeys.door, accepted.journey_id)


async def triage(staff: Staff, **changes: Any) -> DecideApproval:
    asked = await staff.pending("referral_triage")
    said: dict[str, Any] = {
        "command_id": uuid4().hex,
        "actor": Actor(id="cc-romero", role=Role.CARE_COORDINATOR),
        "approval_id": asked.approval_id,
        "decision": Choice.APPROVE,
        "reason": "seen and considered",
        **changes,
    }
    return DecideApproval(**said)


async def test_a_decision_through_the_front_desk_is_signed_and_counts(journeys: Clinical) -> None:
    keys = DecisionKeys.in_memory()
    desk = front_desk(journeys, keys)
    staff = await referred(journeys, desk)

    await desk.decide(await triage(staff, signature="whatever the caller brought"))

    await staff.reach(Phase.PSYCH_EVAL)
    voted = await journeys.fact(staff, "TaskVoted")
    assert str(voted.data["vote"]["signature"]).startswith(f"ed25519:{keys.newest}:")  # type: ignore[index, call-overload]


async def test_a_door_without_the_key_is_refused(journeys: Clinical) -> None:
    desk = front_desk(journeys, DecisionKeys.in_memory(), signs=False)
    staff = await referred(journeys, desk)

    with pytest.raises(Refused) as refused:
        await desk.decide(await triage(staff))

    assert refused.value.code == "signature_missing"


async def test_after_a_rotation_older_work_hears_of_the_new_key_and_takes_its_decisions(
    journeys: Clinical,
) -> None:
    keys = DecisionKeys.in_memory()
    desk = front_desk(journeys, keys)
    staff = await referred(journeys, desk)
    new = keys.rotate()

    await desk.decide(await triage(staff))

    view = await staff.reach(Phase.PSYCH_EVAL)
    assert view.dead_letter_count == 0
    voted = await journeys.fact(staff, "TaskVoted")
    assert str(voted.data["vote"]["signature"]).split(":")[1] == new  # type: ignore[index, call-overload]
    assert "DecisionKeysAdopted" in await journeys.kinds(staff)


async def test_work_that_began_without_any_key_hears_of_them_with_its_first_decision(
    journeys: Clinical,
) -> None:
    keys = DecisionKeys.in_memory()
    staff = await referred(journeys, front_desk(journeys, keys, known=False))

    await front_desk(journeys, keys).decide(await triage(staff))

    await staff.reach(Phase.PSYCH_EVAL)
    voted = await journeys.fact(staff, "TaskVoted")
    assert str(voted.data["vote"]["signature"]).split(":")[1] == keys.newest  # type: ignore[index, call-overload]


async def test_a_key_that_the_known_ones_do_not_vouch_for_stays_unknown(
    journeys: Clinical,
) -> None:
    staff = await referred(journeys, front_desk(journeys, DecisionKeys.in_memory()))

    with pytest.raises(Refused) as refused:
        await front_desk(journeys, DecisionKeys.in_memory()).decide(await triage(staff))

    assert refused.value.code == "signature_key_unknown"
    assert [a.kind for a in (await journeys.door.journey(staff.journey_id)).pending_approvals] == [
        "referral_triage"
    ]


async def test_a_version_that_nobody_is_at_any_more_is_stale(journeys: Clinical) -> None:
    desk = front_desk(journeys, DecisionKeys.in_memory())
    staff = await referred(journeys, desk)

    with pytest.raises(Refused) as refused:
        await desk.decide(await triage(staff, expected_version=7))

    assert refused.value.code == "stale"
