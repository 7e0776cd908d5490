"""A patient's own link: what it is good for, who made it, until when; never the link itself."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Actor, Code, Instant, ShortText, Value
from schemas.consent import ConsentForm, DocumentHash
from schemas.screening import Modality


class LinkPurpose(StrEnum):
    """What one link is for; it is good for nothing else."""

    CONSENT = "consent"
    JOURNAL = "journal"
    HOME_SAFE = "home_safe"


class LinkUse(StrEnum):
    """What a patient does by a link."""

    SIGN = "sign"
    WITHDRAW = "withdraw"
    WRITE = "write"
    HOME_SAFE = "home_safe"


class PreparedConsent(Value):
    """What the clinician says of a consent before the patient signs it: which very text was read,
    what was explained and given back in the patient's own words. Capacity is attested by whoever
    makes the link. `copy_given`: the patient has the document."""

    modality: Modality = Modality.IV_KETAMINE
    document_version: Code
    document_sha256: DocumentHash
    elements: Annotated[tuple[Code, ...], Field(max_length=60)]
    teach_back: bool
    copy_given: bool
    interpreter: ShortText | None = None
    max_dose_mg_per_kg: Annotated[float, Field(gt=0, le=2)] | None = None


class LinkWish(Value):
    """What staff ask a link for. `session_id`: after which treatment day a patient is asked
    whether they are home safe. `form`: what is to be signed."""

    purpose: LinkPurpose
    session_id: Code | None = None
    form: PreparedConsent | None = None


class PatientLink(Value):
    """One link as the record keeps it: of its token only a hash is kept, and that not here.
    `form`: all of the consent but its signature.
    `held_until`: till then a use may be on its way.
    `used_at`: the last use, `withdrawn_at`: consent was taken back by it."""

    link_id: Code
    journey_id: Code
    clinic: Code
    purpose: LinkPurpose
    session_id: Code | None = None
    form: PreparedConsent | None = None
    language: str = "en"
    made_by: Actor
    made_at: Instant
    expires_at: Instant
    held_until: Instant | None = None
    used_at: Instant | None = None
    withdrawn_at: Instant | None = None
    revoked_at: Instant | None = None
    failed_tries: int = 0


class LinkMade(Value):
    """The answer to whoever made a link. `url` is told here once and cannot be told again."""

    link_id: Code
    url: str
    purpose: LinkPurpose
    expires_at: Instant


class LinkSeen(Value):
    """A link as staff see it in the list: what it is for, who made it, whether it still opens
    anything. The engine makes the ones that go with its own messages."""

    link_id: Code
    purpose: LinkPurpose
    session_id: Code | None
    made_by: Actor
    made_at: Instant
    expires_at: Instant
    used_at: Instant | None
    withdrawn_at: Instant | None
    revoked_at: Instant | None


class LinkLifetimes(Value):
    """How long a link of each purpose lives."""

    consent: timedelta
    journal: timedelta
    home_safe: timedelta

    def of(self, purpose: LinkPurpose) -> timedelta:
        """The life of a link for this purpose."""
        return {
            LinkPurpose.CONSENT: self.consent,
            LinkPurpose.JOURNAL: self.journal,
            LinkPurpose.HOME_SAFE: self.home_safe,
        }[purpose]


def signed(form: PreparedConsent, signer: str, attested_by: str) -> ConsentForm:
    """The prepared form with the patient's own signature."""
    return ConsentForm(
        **form.model_dump(), signer=signer, signer_relation="self", capacity_attested_by=attested_by
    )
