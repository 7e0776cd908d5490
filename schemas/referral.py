"""A referral: who asks the clinic to treat whom, under which identifier."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from schemas.base import Code, Command, ShortText, Value
from schemas.people import Contact, Person
from schemas.transfer import TransferHistory

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class ReferralIdentifier(Value):
    """The sender's own name for this referral; with the clinic it makes the journey's id."""

    system: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = ""
    value: Identifier


class Referral(Value):
    """What arrives at `POST /v1/referrals`. `patient` is absent when the sender only referred
    to one: then the journey starts and a coordinator is asked for what is missing. `transfer`:
    what was given elsewhere, of a patient who comes in the middle of treatment. `primary_care`: who
    looks after the rest of the patient's health, and hears of a pressure too high for a dose."""

    clinic: Code
    identifier: ReferralIdentifier
    patient: Person | None = None
    patient_reference: Annotated[str, StringConstraints(max_length=400)] | None = None
    referrer: Contact | None = None
    primary_provider: Contact | None = None
    primary_care: Contact | None = None
    reason: ShortText = ""
    authored_at: datetime | None = None
    training: bool = False
    transfer: TransferHistory | None = None


class AcceptReferral(Command):
    """The referral itself, sent together with the start of its journey. The answer says
    `duplicate` when this journey had accepted its referral before; the `command_id` in the answer
    is that of the sender whose referral started it."""

    referral: Referral


class ReferralAccepted(Value):
    """The journey that a referral started, or found already started (`created` false)."""

    journey_id: str
    created: bool
