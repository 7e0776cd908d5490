"""What an insurer has said of the nasal spray, and whether the patient has signed to pay."""

from datetime import date

from schemas.base import Carried, Command, Instant, ShortText


class RecordAuthorization(Command):
    """The insurer's answer, or an extension of it. `valid_until`: the last day that is covered, in
    the clinic's calendar, needed with an approval. `patient_pays`: the patient has signed to pay
    for what is not covered. `reference`: the insurer's own number or words."""

    approved: bool
    valid_until: date | None = None
    patient_pays: bool = False
    reference: ShortText = ""


class Authorization(Carried):
    """The last answer that was recorded."""

    approved: bool
    valid_until: date | None = None
    patient_pays: bool = False
    recorded_at: Instant
