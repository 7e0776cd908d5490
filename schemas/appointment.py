"""A treatment day's places: what a session asks of the clinic, and what it was given."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Carried, Code, Instant, Value
from schemas.identity import CourseClaim, Match
from schemas.screening import Modality

HANDS = 8
"""How many patients one place could ever hold at a time, as the record counts its hands."""


class StayLength(Value):
    """How long a session takes up its places, around its booked hour: `lead` from arrival to that
    hour; `observed` the time after it in which one nurse does nothing else; `length` the time
    after it until the place is free again."""

    lead: timedelta
    observed: timedelta
    length: timedelta


class ReservePlaces(Value):
    """Hold a chair, an observer and a nurse for one session at `starts_at`. `chairs`, `nurses`:
    what the clinic has on that day. `later_starts`: where to look when that hour is taken; the
    answer then says which of them would fit. `hold_for`: how long the hold stands unconfirmed.
    `course`: the person's one active course, claimed in the same step: no place without it."""

    session_id: str
    journey_id: str
    clinic: Code
    training: bool = False
    starts_at: Instant
    stay: StayLength
    chairs: Annotated[int, Field(ge=0, le=200)]
    nurses: Annotated[tuple[Code, ...], Field(max_length=500)]
    patients_per_nurse: Annotated[int, Field(ge=1, le=HANDS)]
    hold_for: timedelta
    later_starts: Annotated[tuple[Instant, ...], Field(max_length=2_000)] = ()
    course: CourseClaim | None = None


class PlacesAnswer(Value):
    """What became of a reservation. `reserved` False: nothing changed; `later`: some of the later
    starts that would fit, the first ones first. `observer`: who watches while dosing.
    `held_by`: other journeys that treat somebody who may be the same person: no place for this."""

    session_id: str
    starts_at: Instant
    reserved: bool
    ends_at: Instant | None = None
    chair: Code | None = None
    observer: Code | None = None
    later: tuple[Instant, ...] = ()
    held_by: tuple[Match, ...] = ()


class ConfirmPlaces(Value):
    """The session has been booked: its hold becomes firm."""

    session_id: str


class ReleasePlaces(Value):
    """A session needs its places no longer, from `released_at` on: what lies behind stays."""

    session_id: str
    released_at: Instant
    because: Code


class PlaceMove(Carried):
    """One thing a journey still has to say to the clinic's book, in order. `kind`: reserve, confirm
    or release. `at`: the hour reserved, or from when on released. `look_later`: the answer should
    also say which later starts would fit; `until`: and up to when."""

    kind: str
    session_id: str
    at: Instant
    modality: Modality = Modality.IV_KETAMINE
    look_later: bool = False
    until: Instant | None = None
    because: str = ""


class StayStatus(StrEnum):
    """What a stay is worth: a hold expires; what was released or has expired blocks nobody."""

    HELD = "held"
    CONFIRMED = "confirmed"
    RELEASED = "released"
    EXPIRED = "expired"
