"""Ahead of a treatment day: what is arranged before the patient comes, and what has changed."""

from datetime import date

from schemas.base import Carried, Code, Command, Instant
from schemas.people import Contact


class Preparation(Carried):
    """What is arranged for one booked day. `escort_confirmed`: they said that they will come."""

    escort: Contact | None = None
    escort_confirmed: bool = False
    observer: Code | None = None
    instructions_given: bool = False


class PrepareSession(Command):
    """What has been arranged for the booked day; only what is said replaces what was said before.
    `session_id`: the day it is meant for, where more than one could be thought of.
    `pdmp_queried_at`: when the prescription monitoring programme was queried; the journey keeps
    it."""

    session_id: str | None = None
    escort: Contact | None = None
    escort_confirmed: bool | None = None
    observer: Code | None = None
    instructions_given: bool | None = None
    pdmp_queried_at: Instant | None = None


class PlanChange(Carried):
    """What a booked day's gate rests on and the journey may learn anew: `plan_changed`."""

    consent_valid_until: Instant | None = None
    consent_signed_at: Instant | None = None
    clearances_valid_until: Instant | None = None
    consented_max_mg_per_kg: float | None = None
    compounded_consented: bool = False
    pregnancy_test_needed: bool = False
    site_certified: bool = False
    patient_enrolled: bool = False
    authorization_needed: bool = False
    authorized_until: date | None = None
    result_unassessed: bool = False
    pdmp_queried_at: Instant | None = None
    observer: Code | None = None
    clearance_voided: tuple[Code, ...] = ()
    examined_at: Instant | None = None
