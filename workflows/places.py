"""A journey's dealings with the clinic's book: a chair, an observer and a nurse for each day.

Every wish goes out in order through one clerk, from a list that is carried from run to run: a place
given back can never overtake the one asked for after it. While the database is away the wish
waits, and nothing is booked; what was held and never confirmed gives itself back.
"""

from collections.abc import Callable
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError

from clinical.appointments import later_starts, nurses_on, patients_per_nurse, stay_of
from clinical.clinic_hours import local_date
from runtime.names import RECORDS
from schemas.appointment import (
    ConfirmPlaces,
    PlaceMove,
    PlacesAnswer,
    ReleasePlaces,
    ReservePlaces,
)
from schemas.identity import CourseClaim
from schemas.screening import Modality
from workflows.deadlines import after_the_story
from workflows.options import (
    PLACE_HOLD,
    PLACES_TURN,
    RECORDS_RETRY,
    RECORDS_SILENCE,
    RECORDS_TIMEOUT,
    TROUBLE_PAUSE,
)
from workflows.story import Interrupted, Story
from workflows.visible import show_answered

RESERVE, CONFIRM, RELEASE = "reserve", "confirm", "release"


class Places:
    """The places of one journey's treatment days. `lost`: told of a session whose hold ran out
    before it could be confirmed and whose hour somebody else has. `claim`: the person's one active
    course, which goes with every wish."""

    def __init__(
        self, story: Story, lost: Callable[[str], None], claim: Callable[[], CourseClaim]
    ) -> None:
        self._story = story
        self._claim = claim
        self._state = story.state
        self._lost = lost
        self._resting = False
        self.busy = False

    # -- what the story asks --------------------------------------------------------------------

    async def reserve(
        self, modality: Modality, session_id: str, wanted: datetime, until: datetime | None = None
    ) -> PlacesAnswer | None:
        """Hold places at the wanted hour, or at the next that fits and keeps the clinical spacing;
        None when none is free within the days that are looked through, or none before `until`.
        Not reserved, with `held_by`: another journey treats who may be the same person.

        Raises `Interrupted` (then the hold is given back) and `TurnOver` (the next run asks
        again, and finds its hold)."""
        move = PlaceMove(
            kind=RESERVE, session_id=session_id, at=wanted, modality=modality, until=until
        )
        try:
            answer = await self._asked(move)
            while not answer.reserved and not answer.held_by:
                # Looked for only now: nearly always the wanted hour is free.
                if not answer.later:
                    answer = await self._asked(move.model_copy(update={"look_later": True}))
                    if not (answer.reserved or answer.later or answer.held_by):
                        return None
                    continue
                move = move.model_copy(update={"at": answer.later[0]})
                answer = await self._asked(move)
        except Interrupted:
            self.release(session_id, self._story.clock.now(), "interrupted")
            raise
        return answer

    def confirm(self, session_id: str, at: datetime, modality: Modality) -> None:
        """The session is booked: make its hold firm."""
        self._state.place_moves.append(
            PlaceMove(kind=CONFIRM, session_id=session_id, at=at, modality=modality)
        )

    def release(self, session_id: str, at: datetime, because: str) -> None:
        """Give a session's places back from a moment on."""
        self._state.place_moves.append(
            PlaceMove(kind=RELEASE, session_id=session_id, at=at, because=because)
        )

    def rest(self) -> None:
        """Ask nothing more: what the book was not told yet goes along to the next run."""
        self._resting = True

    @property
    def drained(self) -> bool:
        """Whether the clinic's book has been told everything."""
        return not self._state.place_moves

    @property
    def claims(self) -> bool:
        """Whether a wish is under way that takes the person's course along; also a hold that is
        to be made firm, which is taken again where it ran out."""
        return any(move.kind != RELEASE for move in self._state.place_moves)

    # -- the clerk ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Speak to the clinic's book, in order, for as long as the journey lives."""
        while True:
            await workflow.wait_condition(self._has_reason)
            await after_the_story(PLACES_TURN)
            if not self._has_reason():
                continue
            self.busy = True
            try:
                await self._do(self._state.place_moves[0])
                del self._state.place_moves[0]
                show_answered("places")
            except ActivityError:
                workflow.logger.error("places_failed_for_good")
                await workflow.sleep(TROUBLE_PAUSE, summary="places: look again")
            finally:
                self.busy = False

    # -- inside ---------------------------------------------------------------------------------

    async def _asked(self, move: PlaceMove) -> PlacesAnswer:
        """The answer to one wish; asked once, whatever run waits for it."""
        if move not in self._state.place_moves:
            self._state.place_moves.append(move)
        self._take_answer()
        await self._story.wait(
            lambda: self._state.places is not None and move not in self._state.place_moves,
            summary="places: until the clinic's book has answered",
        )
        answer = self._take_answer()
        assert answer is not None, "the wait ends with an answer"
        return answer

    def _take_answer(self) -> PlacesAnswer | None:
        answer, self._state.places = self._state.places, None
        return answer

    def _has_reason(self) -> bool:
        free = not (self._resting or self._story.recorder.busy)
        return free and bool(self._state.place_moves)

    async def _do(self, move: PlaceMove) -> None:
        match move.kind:
            case "reserve":
                self._state.places = await self._hold(move)
            case "confirm":
                await self._make_firm(move)
            case _:
                await self._call(
                    "release_places",
                    ReleasePlaces(
                        session_id=move.session_id, released_at=move.at, because=move.because
                    ),
                    None,
                )

    async def _make_firm(self, move: PlaceMove) -> None:
        """A hold that ran out while nobody could be asked is taken again, if it still can be."""
        if await self._confirmed(move):
            return
        held = await self._hold(move)
        if held.reserved and await self._confirmed(move):
            self._observed_by(held)
            return
        self._lost(move.session_id)

    def _observed_by(self, held: PlacesAnswer) -> None:
        """Taken again, it may be another nurse who observes: the booked day is told."""
        booking = self._state.booking
        if booking is None or booking.session_id != held.session_id:
            return
        if booking.observer != held.observer:
            booking.observer = held.observer
            self._story.tasks.stir()

    async def _confirmed(self, move: PlaceMove) -> bool:
        asked = ConfirmPlaces(session_id=move.session_id)
        return bool(await self._call("confirm_places", asked, bool))

    async def _hold(self, move: PlaceMove) -> PlacesAnswer:
        answer = await self._call("reserve_places", self._wish(move), PlacesAnswer)
        assert isinstance(answer, PlacesAnswer), "the activity answers in this shape"
        return answer

    def _wish(self, move: PlaceMove) -> ReservePlaces:
        clinic, parameters = self._state.clinic, self._story.parameters
        later: tuple[datetime, ...] = ()
        if move.look_later:
            later = later_starts(move.at, clinic, move.modality, parameters, until=move.until)
        return ReservePlaces(
            session_id=move.session_id,
            journey_id=self._state.journey_id,
            clinic=clinic.code,
            training=self._state.training,
            starts_at=move.at,
            stay=stay_of(move.modality, parameters),
            chairs=clinic.chairs,
            nurses=nurses_on(local_date(move.at, clinic), clinic),
            patients_per_nurse=patients_per_nurse(parameters),
            hold_for=PLACE_HOLD,
            later_starts=later,
            course=self._claim(),
        )

    async def _call(self, name: str, asked: object, shape: type | None) -> object:
        return await workflow.execute_activity(
            name,
            asked,
            task_queue=RECORDS,
            result_type=shape,
            start_to_close_timeout=RECORDS_TIMEOUT,
            heartbeat_timeout=RECORDS_SILENCE,
            retry_policy=RECORDS_RETRY,
            summary=f"places: {name.removesuffix('_places')}",
        )
