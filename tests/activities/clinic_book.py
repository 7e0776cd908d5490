"""The clinic's book in memory: the one hand-written stand-in for the real one, held to it by the
contract in `test_appointments.py`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from schemas.appointment import ConfirmPlaces, PlacesAnswer, ReleasePlaces, ReservePlaces

WHOLE = frozenset(range(8))
Place = tuple[str, bool, str]


@dataclass(frozen=True)
class Taken:
    """Some hands of one place, from one moment to another."""

    place: Place
    hands: frozenset[int]
    from_at: datetime
    to_at: datetime
    purpose: str


@dataclass
class Kept:
    """One session's stay."""

    wish: ReservePlaces
    taken: list[Taken]
    expires_at: datetime | None


@dataclass
class ClinicBook:
    """Who sits where when. `clock`: the moment by which holds expire."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: TID251 - a test's clock
    kept: dict[str, Kept] = field(default_factory=dict)
    past: list[Taken] = field(default_factory=list)

    async def reserve(self, wish: ReservePlaces) -> PlacesAnswer:
        self.sweep()
        mine = self.kept.get(wish.session_id)
        if mine is not None and mine.wish.starts_at == wish.starts_at:
            return self._answer(mine)
        taken = self._fit(wish, wish.starts_at)
        if taken is None:
            later = tuple(at for at in wish.later_starts if self._fit(wish, at) is not None)[:12]
            return PlacesAnswer(
                session_id=wish.session_id, starts_at=wish.starts_at, reserved=False, later=later
            )
        kept = Kept(wish, taken, self.clock() + wish.hold_for)
        self.kept[wish.session_id] = kept
        return self._answer(kept)

    async def confirm(self, asked: ConfirmPlaces) -> bool:
        self.sweep()
        mine = self.kept.get(asked.session_id)
        if mine is not None:
            mine.expires_at = None
        return mine is not None

    async def release(self, asked: ReleasePlaces) -> None:
        mine = self.kept.pop(asked.session_id, None)
        for taken in mine.taken if mine else ():
            if taken.from_at < asked.released_at:
                to_at = min(taken.to_at, asked.released_at)
                self.past.append(
                    Taken(taken.place, taken.hands, taken.from_at, to_at, taken.purpose)
                )

    def in_force(self, journey_id: str) -> bool:
        """Whether a day of this journey is booked and not over yet."""
        self.sweep()
        return any(
            kept.wish.journey_id == journey_id
            and kept.wish.starts_at + kept.wish.stay.length > self.clock()
            for kept in self.kept.values()
        )

    def sweep(self) -> None:
        now = self.clock()
        for session_id, kept in list(self.kept.items()):
            if kept.expires_at is not None and kept.expires_at <= now:
                del self.kept[session_id]

    def rows(self) -> Iterator[Taken]:
        """Everything that stands in the book."""
        yield from self.past
        for kept in self.kept.values():
            yield from kept.taken

    def _fit(self, wish: ReservePlaces, start: datetime) -> list[Taken] | None:
        stay, nothing = wish.stay, timedelta(0)
        chairs = [f"chair-{n}" for n in range(1, wish.chairs + 1)]
        one = [frozenset({hand}) for hand in range(wish.patients_per_nurse)]
        nurses = list(wish.nurses)
        wanted = (
            ("chair", chairs, [WHOLE], -stay.lead, stay.length),
            ("care", nurses, one, -stay.lead, nothing),
            ("observation", nurses, [WHOLE], nothing, stay.observed),
            ("care", nurses, one, stay.observed, stay.length),
        )
        found = []
        for purpose, names, hands, from_, to in wanted:
            free = self._free(wish, names, hands, start + from_, start + to)
            if free is None:
                return None
            found.append(Taken(*free, start + from_, start + to, purpose))
        return found

    def _free(
        self,
        wish: ReservePlaces,
        names: list[str],
        hands: list[frozenset[int]],
        from_at: datetime,
        to_at: datetime,
    ) -> tuple[Place, frozenset[int]] | None:
        others = [
            taken
            for session_id, kept in self.kept.items()
            if session_id != wish.session_id
            for taken in kept.taken
        ]
        for name in names:
            for some in hands:
                place = (wish.clinic, wish.training, name)
                if not any(
                    taken.place == place
                    and taken.hands & some
                    and taken.from_at < to_at
                    and from_at < taken.to_at
                    for taken in (*others, *self.past)
                ):
                    return place, some
        return None

    def _answer(self, kept: Kept) -> PlacesAnswer:
        by_purpose = {taken.purpose: taken.place[2] for taken in kept.taken}
        return PlacesAnswer(
            session_id=kept.wish.session_id,
            starts_at=kept.wish.starts_at,
            reserved=True,
            ends_at=kept.wish.starts_at + kept.wish.stay.length,
            chair=by_purpose["chair"],
            observer=by_purpose["observation"],
        )
