"""Who is who, and who has the one active course, in memory: the hand-written stand-in for the
record, held to it by the contract in `test_identity.py`."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

from schemas.appointment import PlacesAnswer, ReservePlaces
from schemas.event import AppendEvents, EventKind
from schemas.identity import CourseClaim, Mark, Match, PersonKnown

SETTLES = {EventKind.PEOPLE_TOLD_APART: True, EventKind.PEOPLE_LINKED: False}


@dataclass
class Somebody:
    """One journey's person."""

    journey_id: str
    clinic: str
    training: bool
    marks: frozenset[Mark]
    ended: bool = False
    treating: bool = False
    transferred_to: str | None = None


@dataclass
class PeopleBook:
    """Everybody in the order in which they became known. `verdicts`: pair -> told apart.
    `day_in_force`: whether a journey has a treatment day that is booked or open."""

    people: dict[str, Somebody] = field(default_factory=dict)
    verdicts: dict[frozenset[str], bool] = field(default_factory=dict)
    day_in_force: Callable[[str], bool] = lambda _journey_id: False

    async def hear(self, batch: AppendEvents) -> tuple[Match, ...]:
        """What a batch says of people; the matches that the answer carries."""
        found: tuple[Match, ...] = ()
        if batch.person is not None:
            me = self._know(batch.journey_id, batch.clinic, batch.person)
            before = list(self.people).index(me.journey_id)
            earlier = list(self.people.values())[:before]
            found = tuple(
                self._match(me, other)
                for other in earlier
                if self._alike(me, other)
                and not other.ended
                and other.transferred_to != me.clinic
                and self._verdict(me, other) is None
            )
        for fact in batch.facts:
            if fact.kind in SETTLES:
                for other_id in fact.data["journeys"]:  # type: ignore[union-attr]
                    pair = frozenset({batch.journey_id, str(other_id)})
                    self.verdicts[pair] = SETTLES[fact.kind]
            if fact.kind is EventKind.TRANSFERRED_OUT and batch.journey_id in self.people:
                to_clinic = fact.data["to_clinic"]
                self.people[batch.journey_id].transferred_to = str(to_clinic) if to_clinic else None
            if fact.kind is EventKind.JOURNEY_CLOSED and batch.journey_id in self.people:
                self.people[batch.journey_id].ended = True
                self.people[batch.journey_id].treating = False
        return found

    async def claim(self, wish: ReservePlaces) -> PlacesAnswer | None:
        """The refusal of a wish whose course another journey has; None when it is granted."""
        if wish.course is None:
            return None
        me = self._know(wish.journey_id, wish.clinic, wish.course.person)
        held_by = self._holders(me) if me.ended else self._claimed(me, wish.clinic, wish.course)
        if not (held_by or me.ended):
            return None
        return PlacesAnswer(
            session_id=wish.session_id, starts_at=wish.starts_at, reserved=False, held_by=held_by
        )

    def _claimed(self, me: Somebody, clinic: str, claim: CourseClaim) -> tuple[Match, ...]:
        if me.treating:
            return ()
        in_force = {other_id for other_id in claim.succeeds if self.day_in_force(other_id)}
        for other_id in set(claim.succeeds) - in_force:
            if other_id in self.people:
                self.people[other_id].treating = False
        old = self.people.get(claim.transferred_from or "")
        if old is not None and old.transferred_to == clinic:
            old.treating = False
        held_by = self._holders(me, in_force)
        me.treating = not held_by
        return held_by

    def _holders(self, me: Somebody, in_force: Collection[str] = ()) -> tuple[Match, ...]:
        return tuple(
            self._match(me, other).model_copy(update={"day_booked": other.journey_id in in_force})
            for other in self.people.values()
            if other.treating and self._alike(me, other) and not self._verdict(me, other)
        )

    def _know(self, journey_id: str, clinic: str, person: PersonKnown) -> Somebody:
        new = Somebody(journey_id, clinic, person.training, frozenset(person.marks))
        return self.people.setdefault(journey_id, new)

    def _verdict(self, one: Somebody, other: Somebody) -> bool | None:
        return self.verdicts.get(frozenset({one.journey_id, other.journey_id}))

    def _alike(self, me: Somebody, other: Somebody) -> bool:
        return me is not other and me.training == other.training and bool(me.marks & other.marks)

    def _match(self, me: Somebody, other: Somebody) -> Match:
        return Match(
            journey_id=other.journey_id,
            clinic=other.clinic,
            agrees_on=tuple(sorted({mark.kind for mark in me.marks & other.marks})),
            since=datetime.now(UTC),  # noqa: TID251 - a test's clock
            treating=other.treating,
        )


class Strangers(PeopleBook):
    """Every journey is about somebody else: for tests that are about other things."""

    async def hear(self, batch: AppendEvents) -> tuple[Match, ...]:
        return ()

    async def claim(self, wish: ReservePlaces) -> PlacesAnswer | None:
        return None
