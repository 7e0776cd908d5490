"""A clinic loses its certification: every open journey is told, once, however often it is run."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.base import Actor, Command, Reason, Receipt, Role
from schemas.safety_program import CertificationChange
from service.certification import Certifications
from service.errors import NotYetAnswered, Refused, Unavailable
from service.rows import JourneyRow, Page

VESPER = Actor(id="rems-vesper", role=Role.REMS_REPRESENTATIVE)
MOMENT = datetime(2026, 11, 27, 12, tzinfo=UTC)
REASON = "the authorised representative left"


def row(number: int, clinic: str = "north", *, closed: bool = False) -> JourneyRow:
    return JourneyRow(
        journey_id=f"journey-{number}",
        clinic=clinic,
        phase="SWITCH_ESKETAMINE",
        training=False,
        protocol_version="standard-1",
        attention=False,
        closed=closed,
        updated_at=MOMENT,
    )


@dataclass
class Listed:
    """Three pages of journeys, two on each."""

    rows: tuple[JourneyRow, ...]

    async def journeys(
        self, *, clinics: frozenset[str] | None, cursor: str | None, limit: int
    ) -> Page[JourneyRow]:
        mine = [r for r in self.rows if clinics is None or r.clinic in clinics]
        at = int(cursor or 0)
        more = at + 2 < len(mine)
        return Page(items=tuple(mine[at : at + 2]), next_cursor=str(at + 2) if more else None)


class Book:
    """A record that takes every change."""

    async def record(self, change: CertificationChange) -> None:
        assert change.certified is False


@dataclass
class Told:
    """Journeys that take a command once, or answer as a test says."""

    taken: list[tuple[str, str]] = field(default_factory=list)
    trouble: dict[str, Exception] = field(default_factory=dict)

    async def send(self, journey: str, kind: str, command: Command) -> Receipt:
        if journey in self.trouble:
            raise self.trouble[journey]
        duplicate = (journey, command.command_id) in self.taken
        self.taken.append((journey, command.command_id))
        return Receipt(command_id=command.command_id, version=1, duplicate=duplicate)


async def lose(told: Told, *rows: JourneyRow, key: str = "k-1") -> Any:
    return await Certifications(told, Listed(rows), Book()).lose_certification(
        "north", VESPER, REASON, key
    )


async def test_every_open_journey_of_the_clinic_is_told_and_no_other() -> None:
    told = Told()

    answer = await lose(told, row(1), row(2), row(3, closed=True), row(4), row(5, "south"), row(6))

    assert {journey for journey, _ in told.taken} == {f"journey-{n}" for n in (1, 2, 4, 6)}
    assert answer.told == 4


async def test_the_same_news_again_is_taken_by_nobody_twice() -> None:
    told = Told()
    await lose(told, row(1), row(2))

    again = await lose(told, row(1), row(2), row(3))

    assert (again.before, again.told) == (2, 1)


@pytest.mark.parametrize(
    ("trouble", "where"),
    [
        (NotYetAnswered("journey-2", "journey-2", "k"), "kept"),
        (Refused(Reason(code="journey_closed", text="closed")), "ended"),
        (Unavailable(), "missed"),
    ],
)
async def test_one_journey_that_cannot_be_told_now_keeps_no_other_from_hearing_it(
    trouble: Exception, where: str
) -> None:
    answer = await lose(Told(trouble={"journey-2": trouble}), row(1), row(2), row(3))

    assert answer.told == 2
    assert getattr(answer, where) in (1, ("journey-2",))
