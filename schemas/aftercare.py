"""After-care: who was reached after a treatment day, how, and what they said."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Code, Command, Instant, ShortText


class Occasion(StrEnum):
    """Why somebody is called: the evening after a dose, the day after, the third day after a
    first dose, a silent journal, a sign of danger, symptoms told before."""

    EVENING = "evening"
    FOLLOW_UP = "follow_up"
    FIRST_DOSE = "first_dose"
    JOURNAL = "journal"
    RISK = "risk"
    SYMPTOMS = "symptoms"


class Party(StrEnum):
    """Whom a call was for."""

    PATIENT = "patient"
    ESCORT = "escort"
    COMPANION = "companion"


class ContactWay(StrEnum):
    PHONE = "phone"
    VIDEO = "video"
    IN_PERSON = "in_person"
    MESSAGE = "message"


class RecordContact(Command):
    """One attempt to reach somebody: whom, how, whether they were reached, what they said.

    `suicidal_thoughts` 0-3 as PHQ-9 item 9; `mood` and `sleep` 0-10; the symptoms as yes or no,
    None: not asked. `has_driven`: since the dose. `companion`: somebody stays the first evening.
    `session_id`: after which treatment day; the last one that is owed a contact when left out.
    """

    occasion: Occasion = Occasion.FOLLOW_UP
    session_id: Code | None = None
    whom: Party = Party.PATIENT
    reached: bool
    how: ContactWay = ContactWay.PHONE
    at: Instant | None = None
    suicidal_thoughts: Annotated[int, Field(ge=0, le=3)] | None = None
    mood: Annotated[int, Field(ge=0, le=10)] | None = None
    dissociation: bool | None = None
    blood_pressure_symptoms: bool | None = None
    nausea: bool | None = None
    urinary_symptoms: bool | None = None
    sleep: Annotated[int, Field(ge=0, le=10)] | None = None
    has_driven: bool | None = None
    companion: bool | None = None
    note: ShortText = ""
