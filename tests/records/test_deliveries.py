"""One occurrence is one row, and the row remembers what nobody else can."""

import asyncio

import asyncpg
import pytest

from records.deliveries import DeliveryStore
from schemas.base import Role
from schemas.notification import Claim, DeliveryStatus, Notification
from tests.records.conftest import JOURNEY

REMINDER = Notification(occurrence="task-1-remind-1", template="task_due", to_role=Role.NURSE)


@pytest.fixture
def deliveries(pool: asyncpg.Pool) -> DeliveryStore:
    return DeliveryStore(pool)


async def claim(deliveries: DeliveryStore) -> Claim:
    return await deliveries.claim(JOURNEY, JOURNEY, "north", REMINDER, "nurses@north.invalid")


async def settle(deliveries: DeliveryStore, status: DeliveryStatus) -> None:
    await deliveries.settle(JOURNEY, REMINDER.occurrence, status, "provider-1")


async def test_a_first_claim_is_new(deliveries: DeliveryStore, pool: asyncpg.Pool) -> None:
    assert await claim(deliveries) is Claim.NEW

    row = await pool.fetchrow("SELECT * FROM notifications")
    assert row is not None
    assert (row["status"], row["attempts"], row["recipient_role"]) == ("claimed", 1, "nurse")


async def test_a_claim_never_settled_is_unknown(
    deliveries: DeliveryStore, pool: asyncpg.Pool
) -> None:
    await claim(deliveries)

    assert await claim(deliveries) is Claim.UNKNOWN
    assert await claim(deliveries) is Claim.UNKNOWN
    assert await pool.fetchval("SELECT attempts FROM notifications") == 3


@pytest.mark.parametrize(
    ("status", "found"),
    [
        (DeliveryStatus.SENT, Claim.SENT),
        (DeliveryStatus.UNDELIVERABLE, Claim.UNDELIVERABLE),
        (DeliveryStatus.UNKNOWN, Claim.ABANDONED),
        (DeliveryStatus.DEFERRED, Claim.NEW),
        (DeliveryStatus.CLAIMED, Claim.UNKNOWN),
    ],
)
async def test_a_claim_finds_what_was_settled(
    deliveries: DeliveryStore, status: DeliveryStatus, found: Claim
) -> None:
    await claim(deliveries)
    await settle(deliveries, status)

    assert await claim(deliveries) is found


async def test_what_was_sent_stays_sent(deliveries: DeliveryStore, pool: asyncpg.Pool) -> None:
    await claim(deliveries)
    await settle(deliveries, DeliveryStatus.SENT)
    sent_at = await pool.fetchval("SELECT sent_at FROM notifications")

    await settle(deliveries, DeliveryStatus.SENT)
    await settle(deliveries, DeliveryStatus.UNKNOWN)

    row = await pool.fetchrow("SELECT status, sent_at, provider_id FROM notifications")
    assert row is not None
    assert tuple(row) == ("sent", sent_at, "provider-1")


async def test_a_loss_settled_unknown_may_still_turn_out_sent(
    deliveries: DeliveryStore, pool: asyncpg.Pool
) -> None:
    await claim(deliveries)
    await settle(deliveries, DeliveryStatus.UNKNOWN)

    await settle(deliveries, DeliveryStatus.SENT)

    assert await pool.fetchval("SELECT status FROM notifications") == "sent"


async def test_of_many_claims_at_once_one_is_new(deliveries: DeliveryStore) -> None:
    claims = await asyncio.gather(*(claim(deliveries) for _ in range(8)))

    assert claims.count(Claim.NEW) == 1
    assert claims.count(Claim.UNKNOWN) == 7


async def test_the_same_occurrence_of_two_journeys_is_two_messages(
    deliveries: DeliveryStore,
) -> None:
    await claim(deliveries)

    other = await deliveries.claim("journey-b", "journey-b", "north", REMINDER, None)

    assert other is Claim.NEW
