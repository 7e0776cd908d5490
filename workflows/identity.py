"""One active course of treatment a person: what people are asked of two journeys that may be one
person's, and what their answer changes.

Clinical fact sheet, edge case 35. The claim itself is made where no race can pass, in the record,
together with the place for a treatment day; it ends with the fact that the journey has closed.
"""

from collections.abc import Iterable

from pydantic import JsonValue

from clinical.identity import marks_of, may_be_told_apart_by_one
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import SYSTEM, Actor
from schemas.event import Appended, EventKind, Fact
from schemas.identity import CourseClaim, Match, PersonKnown
from schemas.journey import Event
from workflows.hold import hold_for_conflict
from workflows.story import Interrupted, Story
from workflows.transfer import transferred_from

REVIEW, CONFLICT = "duplicate-review", "course-conflict"
DUPLICATE, SAME_PERSON = "duplicate", "same_person"
DIFFERENT, ENDED, LOOK_AGAIN = "different_people", "other_course_ended", "look_again"

SAYS_WHO = frozenset({EventKind.JOURNEY_STARTED, EventKind.REFERRAL_COMPLETED})


class Identity:
    """What one journey knows of whose it is."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._state = story.state
        story.recorder.introduce = self._introduce
        story.recorder.heard = self._heard
        story.listeners.append(self._reviewed)

    # -- the course -----------------------------------------------------------------------------

    def claim(self) -> CourseClaim:
        """What goes with every wish for a place: without the course there is none."""
        return CourseClaim(
            person=self._person(),
            succeeds=tuple(self._state.succeeds),
            transferred_from=transferred_from(self._state),
        )

    def claimed(self) -> None:
        """A place was given, and with it the course; the same once more with every place."""
        if self._state.course_claimed:
            return
        self._state.course_claimed = True
        data: dict[str, JsonValue] = {"succeeds": [*self._state.succeeds]}
        self._state.succeeds = []
        self._story.recorder.note(EventKind.COURSE_CLAIMED, data)

    async def settle_conflict(self, held_by: tuple[Match, ...]) -> None:
        """Another journey treats who may be the same person: two people say what holds. Returns
        when the claim may be made again; raises `Interrupted` where this one ends or is held."""
        self._state.course_claimed = False
        # What was said of a course that goes on must not end it another day.
        self._state.succeeds = []
        self._story.recorder.note(EventKind.COURSE_REFUSED, {"held_by": _as_data(held_by)})
        task = await self._story.ask(
            ApprovalKind.COURSE_CONFLICT,
            CONFLICT,
            "Somebody who may be the same person is in treatment: contact that clinic, then decide",
            options=(DIFFERENT, ENDED, LOOK_AGAIN, DUPLICATE),
            evidence=_in_words(held_by),
        )
        if task.status is not TaskStatus.APPROVED:
            hold_for_conflict(self._story, task.votes[-1].actor if task.votes else SYSTEM)
            raise Interrupted(Event.HELD)
        vote = task.votes[-1]
        await self._act(vote.choice, [match.journey_id for match in held_by], vote.actor)

    async def _act(self, choice: str | None, journeys: list[str], actor: Actor) -> None:
        if choice == DUPLICATE:
            self._close_as_duplicate(journeys, actor)
            raise Interrupted(Event.CLOSE_REQUESTED)
        sequence = 0
        if choice == DIFFERENT:
            sequence = self._tell_apart(journeys, actor)
        elif choice == ENDED:
            self._state.succeeds = journeys
            sequence = self._story.recorder.note(
                EventKind.COURSE_TAKEN_OVER, {"from": [*journeys]}, actor=actor
            )
        # No place on a word that is not on record.
        await self._story.wait(lambda: self._state.recorded_sequence >= sequence)

    # -- a referral that may be a duplicate ------------------------------------------------------

    def _introduce(self, facts: tuple[Fact, ...]) -> PersonKnown | None:
        says_who = any(fact.kind in SAYS_WHO for fact in facts)
        return self._person() if says_who and self._state.referral.patient else None

    def _heard(self, appended: Appended) -> None:
        """The record knows other open journeys that may be about the same person."""
        known = {match.journey_id for match in self._state.matches}
        new = tuple(match for match in appended.matches if match.journey_id not in known)
        if not new:
            return
        self._state.matches += new
        self._story.recorder.note(EventKind.PERSON_MATCHED, {"matches": _as_data(new)})
        apart = (DIFFERENT,) if may_be_told_apart_by_one(new) else ()
        self._story.tasks.open(
            ApprovalKind.DUPLICATE_REVIEW,
            REVIEW,
            "This referral may be about somebody who has a journey already: compare, then decide",
            options=(DUPLICATE, SAME_PERSON, *apart),
            evidence=_in_words(new),
        )

    def _reviewed(self, task: Task) -> None:
        """Declined means not settled: then the course decides who may be treated."""
        if task.kind is not ApprovalKind.DUPLICATE_REVIEW or task.status is not TaskStatus.APPROVED:
            return
        vote = task.votes[-1]
        journeys = [match.journey_id for match in self._state.matches]
        self._state.matches = []
        if vote.choice == DIFFERENT:
            self._tell_apart(journeys, vote.actor)
        elif vote.choice == SAME_PERSON:
            self._link(journeys, vote.actor, duplicate=False)
        elif self._state.close_outcome is None:
            self._close_as_duplicate(journeys, vote.actor)
            self._story.interrupt(Event.CLOSE_REQUESTED)

    # -- what people said --------------------------------------------------------------------------

    def _tell_apart(self, journeys: list[str], actor: Actor) -> int:
        return self._story.recorder.note(
            EventKind.PEOPLE_TOLD_APART, {"journeys": [*journeys]}, actor=actor
        )

    def _link(self, journeys: list[str], actor: Actor, *, duplicate: bool) -> None:
        self._state.same_person += [j for j in journeys if j not in self._state.same_person]
        self._story.recorder.note(
            EventKind.PEOPLE_LINKED,
            {"journeys": [*journeys], "duplicate": duplicate},
            actor=actor,
        )

    def _close_as_duplicate(self, journeys: list[str], actor: Actor) -> None:
        """The other journey goes on; this one ends, with what is owed to safety still done."""
        self._link(journeys, actor, duplicate=True)
        self._state.close_outcome = "duplicate"
        self._story.recorder.note(
            EventKind.CLOSE_REQUESTED,
            {"outcome": "duplicate", "reason": "a duplicate of another journey"},
            actor=actor,
        )

    def _person(self) -> PersonKnown:
        marks = marks_of(self._state.referral.patient)
        return PersonKnown(training=self._state.training, marks=marks)


def _as_data(matches: Iterable[Match]) -> list[JsonValue]:
    return [match.model_dump(mode="json") for match in matches]


def _in_words(matches: Iterable[Match]) -> dict[str, str]:
    """Journey -> where it is and what agrees: codes only, nothing of the patient."""
    return {
        match.journey_id: f"clinic {match.clinic}"
        + (", in treatment" if match.treating else "")
        + (", a treatment day there is still booked or open" if match.day_booked else "")
        + ": agrees on "
        + ", ".join(kind.value.replace("_", " ") for kind in match.agrees_on)
        for match in matches
    }
