"""Patients' links on record: found by the hash of their token, tried, held, used, taken back."""

from datetime import datetime

import asyncpg

from records.pool import connection
from records.queries import sql
from schemas.base import Actor
from schemas.patient_link import LinkUse, PatientLink


class PatientLinkStore:
    """The links. Every call may raise `RecordUnavailable`; then what it did is unknown."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def make(
        self, link: PatientLink, token_sha256: bytes, command_id: str
    ) -> PatientLink | None:
        """Keep a link. The same key again gives the link of before another token; None when that
        is used or revoked by now, or was for something else."""
        form = link.form.model_dump(mode="json") if link.form else None
        return await self._one(
            "make_patient_link",
            *(link.link_id, token_sha256, link.journey_id, link.clinic, link.purpose.value),
            *(link.session_id, form, link.language, link.made_by.id, link.made_by.role.value),
            *(link.made_at, command_id, link.expires_at),
        )

    async def make_once(self, link: PatientLink, token_sha256: bytes) -> PatientLink | None:
        """Keep a link whose token is always the same, and say so in the trail, once; then the link
        as it is now. None where the journey is closed, has no such treatment day or no birth date
        to ask for."""
        await self._do(
            "make_patient_link_once",
            *(link.link_id, token_sha256, link.journey_id, link.clinic, link.purpose.value),
            *(link.session_id, link.language, link.made_by.id, link.made_by.role.value),
            *(link.made_at, link.expires_at),
        )
        return await self.find(token_sha256)

    async def of_journey(self, journey_id: str) -> tuple[PatientLink, ...]:
        """All links of a journey, the newest first."""
        async with connection(self._pool) as held:
            rows = await held.fetch(sql("patient_links_of_journey"), journey_id)
        return tuple(_link(dict(row)) for row in rows)

    async def find(self, token_sha256: bytes) -> PatientLink | None:
        """The link of a token, in whatever state; nothing changes."""
        return await self._one("patient_link", token_sha256)

    async def read(self, link_id: str) -> PatientLink | None:
        """A link as it is now, by its own id; nothing changes."""
        return await self._one("patient_link_by_id", link_id)

    async def take_try(self, token_sha256: bytes, now: datetime, most: int) -> PatientLink | None:
        """One try at the second factor, counted before it is judged; None when the link is
        unknown, over or locked."""
        return await self._one("try_patient_link", token_sha256, now, most)

    async def failed(self, link_id: str, now: datetime, *, locked: bool) -> None:
        """The second factor was wrong; with this try the link may be locked."""
        await self._do("note_patient_link", link_id, now, "failed", None, None)
        if locked:
            await self._do("note_patient_link", link_id, now, "locked", None, None)

    async def opened(self, link_id: str, now: datetime) -> None:
        """The second factor was right."""
        await self._do("open_patient_link", link_id, now)

    async def hold(
        self, link_id: str, use: LinkUse, now: datetime, until: datetime, day_began: datetime
    ) -> bool:
        """Hold a link for one use; of two at once one gets it. `day_began`: since when a journal
        counts as written today."""
        async with connection(self._pool) as held:
            found = await held.fetchval(
                sql("hold_patient_link"), link_id, now, until, use.value, day_began
            )
            return found is not None

    async def release(self, link_id: str, until: datetime) -> None:
        """Let go of a use that came to nothing."""
        await self._do("release_patient_link", link_id, until)

    async def used(self, link_id: str, use: LinkUse, now: datetime, actor: Actor) -> None:
        """The use took effect."""
        await self._do("use_patient_link", link_id, now, use.value, actor.id, actor.role.value)

    async def revoke(self, link_id: str, journey_id: str, now: datetime, actor: Actor) -> bool:
        """Take a link back, however often it is asked; False when the journey has no such link."""
        values = (link_id, journey_id, now, actor.id, actor.role.value)
        async with connection(self._pool) as held:
            return await held.fetchval(sql("revoke_patient_link"), *values) is not None

    async def _one(self, query: str, *values: object) -> PatientLink | None:
        async with connection(self._pool) as held:
            row = await held.fetchrow(sql(query), *values)
        return None if row is None else _link(dict(row))

    async def _do(self, query: str, *values: object) -> None:
        async with connection(self._pool) as held:
            await held.execute(sql(query), *values)


def _link(row: dict[str, object]) -> PatientLink:
    who = {"id": row.pop("made_by_id"), "role": row.pop("made_by_role")}
    kept = {name: value for name, value in row.items() if name in PatientLink.model_fields}
    return PatientLink.model_validate({**kept, "made_by": who})
