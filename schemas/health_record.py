"""What goes to other people's health records: letters to the primary mental-health provider."""

from enum import StrEnum

from schemas.base import Carried, Code, Instant, Value
from schemas.people import Contact, Person


class Milestone(StrEnum):
    """When the provider who shares the care hears from us."""

    EVALUATED = "evaluated"
    SERIES_FINISHED = "series_finished"
    TREATMENT_ENDED = "treatment_ended"
    CLOSED = "closed"
    SESSIONS_MISSED = "sessions_missed"
    PRESSURE_HIGH = "pressure_high"
    SUICIDE_RISK_MODERATE = "suicide_risk_moderate"
    SUICIDE_RISK_HIGH = "suicide_risk_high"
    SERIOUS_EVENT = "serious_adverse_event"


class LetterDue(Carried):
    """A letter the journey owes; written and filed beside the story, `due_at` at the latest.
    `tried_at`: when that was begun first, by the engine's own time."""

    letter_id: str
    milestone: Milestone
    at: Instant
    due_at: Instant | None = None
    tried_at: Instant | None = None


class Letter(Value):
    """One letter: about whom, to whom, at which milestone. It holds patient data and goes only
    into the health record; `letter_id` is unique, so that a retry files it once."""

    letter_id: str
    journey_id: str
    clinic: Code
    clinic_name: str
    milestone: Milestone
    to: Contact
    patient: Person
    written_at: Instant
    training: bool


class LetterReceipt(Value):
    """Where the letter was filed, by the other record's own reference."""

    letter_id: str
    reference: str
