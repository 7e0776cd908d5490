"""Informed consent: what was read and explained, who signed, when, and its withdrawal."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Code, Command, Instant, Reason, RequiredText, ShortText, Value
from schemas.screening import Modality

DocumentHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ConsentStatus(StrEnum):
    REQUESTED = "requested"
    SIGNED = "signed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class ConsentForm(Value):
    """One signed consent. `elements`: keys of what was explained. `document_sha256`: hash of the
    very text that was shown."""

    modality: Modality = Modality.IV_KETAMINE
    document_version: Code
    document_sha256: DocumentHash | None = None
    elements: Annotated[tuple[Code, ...], Field(max_length=60)] = ()
    signer: RequiredText
    signer_relation: Code = "self"
    signed_at: Instant | None = None
    capacity_attested_by: Code | None = None
    teach_back: bool = False
    interpreter: ShortText | None = None
    copy_given: bool = False
    max_dose_mg_per_kg: Annotated[float, Field(gt=0, le=2)] | None = None


class SignConsent(Command):
    """Consent signed (or declined: then `declined_reason` says why)."""

    form: ConsentForm | None = None
    declined_reason: ShortText | None = None


class WithdrawConsent(Command):
    """The patient takes consent back. Nobody has to give a reason to be heard at once."""

    reason: ShortText = ""


class Consent(Value):
    """The consent a journey holds: its form, status and how long it is valid."""

    form: ConsentForm
    status: ConsentStatus
    signed_at: Instant
    valid_until: Instant
    withdrawn_at: Instant | None = None


class ConsentDecision(Value):
    """Whether a signed form is a consent in force; if not, everything that stands against it."""

    in_force: bool
    reasons: tuple[Reason, ...] = ()
    valid_until: Instant | None = None
