"""Referrals as other health records send them: FHIR R4 ServiceRequest and Bundle.

The clinic is the performer: `performer[].identifier` with the system of `schemas.fhir`, or
`performer[].reference` of the form `Organization/<code>`; else the `clinic` that the caller names
beside the resource. If both are given they must agree. The referral's identifier is the first
`identifier` that has a value.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Final

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.servicerequest import ServiceRequest
from pydantic import JsonValue, ValidationError

from schemas.base import Reason
from schemas.fhir import BUNDLE_TYPES, CLINIC_SYSTEM, OPEN_STATUSES, TRAINING_TAG, ReferralResource
from schemas.people import Contact, Person, PersonIdentifier, Sex
from schemas.referral import Referral, ReferralIdentifier

PLACE: Final = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,39}$")
MOST_ENTRIES: Final = 50
MOST_REASONS: Final = 20
MOST_IDENTIFIERS: Final = 20
LONGEST_REASON: Final = 2_000


class FhirRefused(Exception):  # noqa: N818 - what the sender reads
    """A resource that is no referral we can take: every reason with its place. Nothing of what
    was sent is repeated."""

    def __init__(self, *reasons: Reason) -> None:
        self.reasons = reasons
        super().__init__("; ".join(f"{r.fact or 'resource'}: {r.text}" for r in reasons))


def read_referral(
    content: dict[str, JsonValue],
    clinic: str | None = None,
    expected: ReferralResource | None = None,
) -> Referral:
    """A ServiceRequest or Bundle (or the one that is expected) as a `Referral`. `clinic`: the
    clinic's code where the resource names none. Raises `FhirRefused`."""
    kinds = (expected,) if expected else tuple(ReferralResource)
    kind = content.get("resourceType")
    if kind not in kinds:
        raise _no("resource_type", "resourceType", f"{' or '.join(kinds)} is taken here")
    _insist_on_no_gaps(content, "resource")
    if kind == ReferralResource.BUNDLE:
        return _read_bundle(content, clinic)
    request = _validated(ServiceRequest, content)
    return _referral(request, _patients_of(request), (), clinic)


def _read_bundle(content: dict[str, JsonValue], clinic: str | None) -> Referral:
    entries = content.get("entry")
    if isinstance(entries, list) and len(entries) > MOST_ENTRIES:
        raise _no("too_many_entries", "entry", f"at most {MOST_ENTRIES} entries")
    bundle = _validated(Bundle, content)
    if bundle.type not in BUNDLE_TYPES:
        raise _no("bundle_type", "type", f"one of {', '.join(BUNDLE_TYPES)}")
    found = [e for e in bundle.entry or () if isinstance(e.resource, ServiceRequest)]
    if len(found) != 1:
        raise _no("one_referral", "entry", "exactly one ServiceRequest is taken at a time")
    request = found[0].resource
    patients = _patients_of(request)
    for entry in bundle.entry:
        if isinstance(entry.resource, Patient):
            for name in (entry.fullUrl, f"Patient/{entry.resource.id}"):
                patients.setdefault(str(name), entry.resource)
    return _referral(request, patients, _tags(bundle), clinic)


def _insist_on_no_gaps(value: JsonValue, place: str) -> None:
    """FHIR knows no `null`: what is not there is left out."""
    match value:
        case None:
            raise _no("null", place, "null is no value in FHIR: leave it out")
        case list():
            for item in value:
                _insist_on_no_gaps(item, place)
        case dict():
            for name, item in value.items():
                _insist_on_no_gaps(item, name if PLACE.match(name) else "?")
        case _:
            return


def _validated(model: Any, content: dict[str, JsonValue]) -> Any:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        reasons = [_reason(problem) for problem in problems[:MOST_REASONS]]
        raise FhirRefused(*reasons) from None
    except (ValueError, TypeError, LookupError, AttributeError):
        raise _no("invalid_resource", "resource", "is not a valid FHIR R4 resource") from None


def _reason(problem: Any) -> Reason:
    # The library's own messages may quote what was sent, so only its kind and place are told.
    parts = [str(part) for part in problem["loc"]]
    place = ".".join(part if PLACE.match(part) or part.isdigit() else "?" for part in parts)
    text = {
        "extra_forbidden": "is no field of this resource in FHIR R4",
        "missing": "is required",
    }.get(problem["type"], "is not valid in FHIR R4")
    return Reason(code="invalid_resource", text=text, fact=place or None)


def _referral(
    request: Any, patients: dict[str, Any], outer_tags: tuple[str, ...], clinic: str | None
) -> Referral:
    if request.status not in OPEN_STATUSES:
        raise _no("status", "ServiceRequest.status", "the referral does not stand any more")
    if request.doNotPerform:
        raise _no("do_not_perform", "ServiceRequest.doNotPerform", "asks us not to treat")
    reference = request.subject.reference
    patient = patients.get(str(reference)) if reference else None
    if patient is None and reference and reference.startswith("#"):
        raise _no("contained_patient", "ServiceRequest.subject", "names no contained Patient")
    if reference and not reference.startswith("#") and _type_of(reference) not in ("Patient", ""):
        raise _no("subject", "ServiceRequest.subject", "is not a Patient")
    try:
        return Referral(
            clinic=_clinic(request, clinic),
            identifier=_identifier(request),
            patient=_person(patient) if patient is not None else None,
            patient_reference=reference,
            referrer=_contact(request.requester),
            reason=_reason_text(request),
            authored_at=_moment(request.authoredOn),
            training=TRAINING_TAG in (*_tags(request), *outer_tags),
        )
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        places = [".".join(str(part) for part in problem["loc"]) for problem in problems]
        raise FhirRefused(
            *(Reason(code="invalid_value", text="cannot be taken", fact=place) for place in places)
        ) from None


def _patients_of(request: Any) -> dict[str, Any]:
    return {
        f"#{resource.id}": resource
        for resource in request.contained or ()
        if isinstance(resource, Patient)
    }


def _identifier(request: Any) -> ReferralIdentifier:
    for identifier in request.identifier or ():
        if identifier.value and identifier.value.strip():
            return ReferralIdentifier(system=identifier.system or "", value=identifier.value)
    raise _no("identifier", "ServiceRequest.identifier", "an identifier with a value is needed")


def _clinic(request: Any, named: str | None) -> str:
    found: set[str] = {named} if named else set()
    for performer in request.performer or ():
        identifier = performer.identifier
        if identifier is not None and identifier.system == CLINIC_SYSTEM and identifier.value:
            found.add(identifier.value)
        elif performer.reference and _type_of(performer.reference) == "Organization":
            found.add(performer.reference.rpartition("/")[2])
    if not found:
        text = f"name the clinic: a performer identifier of {CLINIC_SYSTEM}, or ?clinic="
        raise _no("clinic", "ServiceRequest.performer", text)
    if len(found) > 1:
        raise _no("clinic", "ServiceRequest.performer", "names more than one clinic")
    return found.pop()


def _person(patient: Any) -> Person:
    if patient.deceasedBoolean or patient.deceasedDateTime:
        raise _no("deceased", "Patient.deceased", "the patient has died")
    name = next((n for n in patient.name or () if n.family and n.given), None)
    if name is None:
        raise _no("name", "Patient.name", "a given and a family name are needed")
    born = patient.birthDate
    if not isinstance(born, date) or isinstance(born, datetime):
        raise _no("birth_date", "Patient.birthDate", "a full date is needed")
    telecom = {t.system: t.value for t in reversed(patient.telecom or ()) if t.value}
    return Person(
        given_name=" ".join(name.given),
        family_name=name.family,
        birth_date=born,
        sex=Sex(patient.gender) if patient.gender in set(Sex) else Sex.UNKNOWN,
        email=telecom.get("email"),
        phone=telecom.get("phone") or telecom.get("sms"),
        language=_language(patient),
        identifiers=tuple(_person_identifiers(patient))[:MOST_IDENTIFIERS],
    )


def _person_identifiers(patient: Any) -> Iterator[PersonIdentifier]:
    """Numbers that the sender knows the patient by. One that cannot be compared is no reason to
    refuse a referral: it is left out."""
    for identifier in patient.identifier or ():
        if identifier.value and identifier.system:
            with suppress(ValidationError):
                yield PersonIdentifier(system=identifier.system, value=identifier.value)


def _language(patient: Any) -> str:
    for communication in patient.communication or ():
        for coding in communication.language.coding or ():
            if coding.code:
                return str(coding.code)[:35]
    return "en"


def _contact(requester: Any) -> Contact | None:
    if requester is None or not requester.display:
        return None
    return Contact(name=requester.display, relation="referrer")


def _reason_text(request: Any) -> str:
    texts = [note.text for note in request.note or () if note.text]
    texts += [code.text for code in request.reasonCode or () if code.text]
    return "; ".join(texts)[:LONGEST_REASON]


def _moment(authored: object) -> datetime | None:
    return authored if isinstance(authored, datetime) else None


def _tags(resource: Any) -> tuple[str, ...]:
    meta = resource.meta
    return tuple(tag.code for tag in (meta.tag if meta and meta.tag else ()) if tag.code)


def _type_of(reference: str) -> str:
    """`Patient` of `https://ehr.example/Patient/7`; empty for `urn:uuid:...`."""
    parts = reference.split("/")
    return parts[-2] if len(parts) > 1 else ""


def _no(code: str, place: str, text: str) -> FhirRefused:
    return FhirRefused(Reason(code=code, text=text, fact=place))
