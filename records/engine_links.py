"""The engine's own links to patients: with one message, for one thing, kept as staff's are."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import time

import asyncpg

from records.link_tokens import Derived, address_of, lifetimes, link_base, token_hash
from records.patient_links import PatientLinkStore
from runtime.settings import Settings
from schemas.base import SYSTEM
from schemas.notification import Notification
from schemas.patient_link import LinkPurpose, PatientLink

GIVEN = frozenset({LinkPurpose.JOURNAL, LinkPurpose.HOME_SAFE})
"""What the engine makes links for. Never consent: a clinician attests capacity by making that."""


def wall_clock() -> datetime:
    return datetime.fromtimestamp(time(), UTC)


class EngineLinks:
    """Makes the link that goes with a message. `key`: the deployment's; links come from it."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        settings: Settings,
        key: bytes,
        *,
        now: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._store = PatientLinkStore(pool)
        self._base = link_base(settings)
        self._lifetimes = lifetimes(settings)
        self._derived = Derived(key)
        self._now = now

    async def link_for(
        self, workflow_id: str, journey_id: str, clinic: str, notification: Notification
    ) -> str | None:
        """The address that this message carries; the same for every copy of it, on one row.

        None where there is none to give: the deployment has no address for patients, the record
        knows no birth date to ask for, the journey is closed or has no such treatment day, or the
        link was used, revoked or is over since. Raises `RecordUnavailable`.
        """
        wish = notification.link
        if self._base is None or wish is None or wish.purpose not in GIVEN:
            return None
        now, occurrence = self._now(), notification.occurrence
        token = self._derived.token(clinic, workflow_id, occurrence)
        link = PatientLink(
            link_id=self._derived.link_id(workflow_id, occurrence),
            journey_id=journey_id,
            clinic=clinic,
            purpose=wish.purpose,
            session_id=wish.session_id,
            language=notification.language[:35],
            made_by=SYSTEM,
            made_at=now,
            expires_at=now + self._lifetimes.of(wish.purpose),
        )
        kept = await self._store.make_once(link, token_hash(token))
        return address_of(self._base, token) if kept and _good(kept, now) else None


def _good(link: PatientLink, now: datetime) -> bool:
    """Whether it still opens something. A journal that was written today is written tomorrow."""
    used = link.used_at is not None and link.purpose is not LinkPurpose.JOURNAL
    return not used and link.revoked_at is None and link.expires_at > now
