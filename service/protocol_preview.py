"""Who would feel another protocol version, and how: read from the record, no journey is asked."""

from collections.abc import AsyncIterator, Iterable, Mapping

import asyncpg
from pydantic import ValidationError

from clinical.protocol_compare import Difference, compare
from clinical.protocol_impact import impact
from schemas.journey import Phase
from schemas.protocol import Protocol
from service.lookups import Clinics, read
from service.rows import JourneyImpact, PinnedRow, ProtocolChangeRow, ProtocolPreview

AT_ONCE = 500
UNKNOWN_VERSION = "the record has only the name of the version this journey is treated by"
ON_IT = "this journey is treated by these values already"


class ProtocolBook:
    """The protocols on record and the journeys pinned to them. Every call may raise
    `RecordUnavailable`, after trying for a few seconds."""

    def __init__(self, pool: asyncpg.Pool, in_files: Iterable[Protocol] = ()) -> None:
        self._pool = pool
        self._in_files = {(p.code, p.version): p for p in in_files}

    async def version(self, version: str, code: str | None = None) -> tuple[Protocol, ...]:
        """Every content that goes by this version, a file's first; of one code, if named."""
        rows = await read(self._pool, "protocols_by_version", None, version, code)
        in_files = [
            protocol
            for (of_code, label), protocol in self._in_files.items()
            if label == version and code in (None, of_code)
        ]
        found = [*in_files, *filter(None, (_protocol(row["content"]) for row in rows))]
        return tuple(protocol for n, protocol in enumerate(found) if protocol not in found[:n])

    async def preview(self, new: Protocol, *, clinics: Clinics) -> ProtocolPreview:
        """What every open journey would feel, were it moved to `new`. Nobody is moved."""
        known: dict[str, Protocol | None] = {}
        compared: dict[str, tuple[Difference, ...]] = {}
        found: list[JourneyImpact] = []
        async for rows in self._pages(clinics):
            await self._learn(known, {row.digest for row in rows if row.digest})
            found += [self._judged(row, known, new, compared) for row in rows]
        return ProtocolPreview(code=new.code, version=new.version, journeys=tuple(found))

    async def _pages(self, clinics: Clinics) -> AsyncIterator[list[PinnedRow]]:
        after: str | None = None
        while True:
            rows = await read(self._pool, "pinned_journeys", clinics, after, AT_ONCE)
            found = [PinnedRow.model_validate(dict(row)) for row in rows]
            if found:
                yield found
            if len(found) < AT_ONCE:
                return
            after = found[-1].journey_id

    async def _learn(self, known: dict[str, Protocol | None], digests: set[str]) -> None:
        missing = sorted(digests - known.keys())
        if missing:
            rows = await read(self._pool, "protocols_by_digest", None, missing)
            known.update({row["digest"]: _protocol(row["content"]) for row in rows})

    def _judged(
        self,
        row: PinnedRow,
        known: Mapping[str, Protocol | None],
        new: Protocol,
        compared: dict[str, tuple[Difference, ...]],
    ) -> JourneyImpact:
        """`compared`: digest of a content on record -> how it differs, for all who have it."""
        old = known.get(row.digest) if row.digest else self._of_file(row, new)
        if old is None:
            return _impact(row, unknown=UNKNOWN_VERSION)
        differences = compared.get(row.digest or "") or compare(old, new)
        if row.digest:
            compared[row.digest] = differences
        felt = impact(differences, Phase(row.phase))
        note = "" if differences or old.version != new.version else ON_IT
        return _impact(row, now=felt.now, later=felt.later, note=note)

    def _of_file(self, row: PinnedRow, new: Protocol) -> Protocol | None:
        """A journey that began before the record kept values: a file of that version says them."""
        version = row.protocol_version
        codes = (row.clinic, new.code, "standard")
        return next(
            (p for code in codes if (p := self._in_files.get((code, version))) is not None), None
        )


def change_row(difference: Difference) -> ProtocolChangeRow:
    """A difference as it is shown: value by value, with unit and direction."""
    return ProtocolChangeRow(
        **difference.as_data(),
        phases=tuple(phase.value for phase in difference.phases),
        modalities=tuple(modality.value for modality in difference.modalities),
    )


def _impact(
    row: PinnedRow,
    *,
    now: Iterable[Difference] = (),
    later: Iterable[Difference] = (),
    unknown: str | None = None,
    note: str = "",
) -> JourneyImpact:
    return JourneyImpact(
        **row.model_dump(exclude={"digest"}),
        now=tuple(map(change_row, now)),
        later=tuple(map(change_row, later)),
        unknown=unknown,
        note=note,
    )


def _protocol(content: object) -> Protocol | None:
    """What a newer release wrote may have more than this one understands: then it is unknown."""
    try:
        return Protocol.model_validate(content)
    except ValidationError:
        return None
