"""A FHIR R4 referral, as the front desk takes it."""

from pydantic import JsonValue

from gateways.health_record import FhirRefused, read_referral
from schemas.fhir import ReferralResource
from schemas.referral import Referral
from service.errors import Malformed


def referral_from_fhir(
    content: dict[str, JsonValue],
    clinic: str | None = None,
    expected: ReferralResource | None = None,
) -> Referral:
    """A ServiceRequest or Bundle as a `Referral`; `clinic` where the resource names none.
    Raises `Malformed` with every reason and its place."""
    try:
        return read_referral(content, clinic, expected)
    except FhirRefused as refused:
        raise Malformed(*refused.reasons) from None
