"""The FHIR R4 names that a referral is read by: resource types, systems, tags."""

from enum import StrEnum
from typing import Final


class ReferralResource(StrEnum):
    """What a FHIR referral may arrive as."""

    SERVICE_REQUEST = "ServiceRequest"
    BUNDLE = "Bundle"


CLINIC_SYSTEM: Final = "urn:treatment-journey:clinic"
"""`performer.identifier.system` of the clinic that is asked; its `value` is the clinic's code."""

TRAINING_TAG: Final = "training"
"""`meta.tag.code` of a referral that is about nobody."""

BUNDLE_TYPES: Final = ("transaction", "collection", "message", "batch")
OPEN_STATUSES: Final = ("active", "draft")
"""`ServiceRequest.status` of a referral that still stands."""
