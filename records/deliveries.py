"""One row for one message that was owed to somebody, so that a retry is not a second message."""

from typing import assert_never

import asyncpg

from records.pool import connection
from records.queries import sql
from schemas.notification import Claim, DeliveryStatus, Notification


class DeliveryStore:
    """The record of deliveries, as the activities reach it. Every call may raise
    `RecordUnavailable`; then what it did is unknown, and calling again finds out."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def claim(
        self,
        workflow_id: str,
        journey_id: str,
        clinic: str,
        notification: Notification,
        address: str | None,
    ) -> Claim:
        """Take the occurrence before it is sent, and say what was found; see `Claim`."""
        async with connection(self._pool) as held, held.transaction():
            key = (workflow_id, notification.occurrence)
            found = await held.fetchval(sql("delivery_status"), *key)
            attempts = await held.fetchval(
                sql("claim_delivery"),
                *key,
                journey_id,
                clinic,
                notification.template,
                notification.channel,
                notification.kind,
                notification.to_role,
                address,
            )
            if found is None:
                if attempts == 1:
                    return Claim.NEW
                # Two first claims at once: the other one was faster, and is seen only now.
                found = await held.fetchval(sql("delivery_status"), *key)
        return _finding(DeliveryStatus(found))

    async def settle(
        self, workflow_id: str, occurrence: str, status: DeliveryStatus, provider_id: str | None
    ) -> None:
        """Write down what became of an occurrence, over whatever stood there but `sent`."""
        async with connection(self._pool) as held:
            await held.execute(sql("settle_delivery"), workflow_id, occurrence, status, provider_id)


def _finding(status: DeliveryStatus) -> Claim:
    match status:
        case DeliveryStatus.CLAIMED:
            return Claim.UNKNOWN
        case DeliveryStatus.DEFERRED:
            return Claim.NEW
        case DeliveryStatus.SENT:
            return Claim.SENT
        case DeliveryStatus.UNDELIVERABLE:
            return Claim.UNDELIVERABLE
        case DeliveryStatus.UNKNOWN:
            return Claim.ABANDONED
        case _:
            assert_never(status)
