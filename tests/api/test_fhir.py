"""Referrals from other health records: what is taken, and what is clearly refused."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateways.health_record import FhirRefused, read_referral
from schemas.base import Role
from schemas.people import Sex
from schemas.referral import Referral
from tests.api.conftest import Door

EXAMPLE = json.loads(Path("examples/referral.fhir.json").read_text())
PATIENT = EXAMPLE["contained"][0]


def request(**changed: Any) -> dict[str, Any]:
    whole = copy.deepcopy(EXAMPLE) | changed
    return {name: value for name, value in whole.items() if value is not None}


def bundle(*resources: tuple[str, dict[str, Any]], kind: str = "transaction") -> dict[str, Any]:
    entries = []
    for name, resource in resources:
        entry: dict[str, Any] = {"fullUrl": name, "resource": resource}
        if kind in ("transaction", "batch"):
            entry["request"] = {"method": "POST", "url": resource["resourceType"]}
        entries.append(entry)
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def two(kind: str = "transaction") -> dict[str, Any]:
    asked = request(contained=None, subject={"reference": "urn:uuid:octavia"})
    return bundle(("urn:uuid:request", asked), ("urn:uuid:octavia", PATIENT), kind=kind)


def test_a_contained_patient_comes_with_the_referral() -> None:
    referral = read_referral(request())

    assert referral.clinic == "north"
    assert referral.identifier.value == "REF-2026-0042"
    assert referral.training
    assert referral.patient is not None
    assert referral.patient.given_name == "Octavia Juniper"
    assert referral.patient.sex is Sex.FEMALE
    assert referral.patient.email == "octavia.brambleworth@patients.invalid"
    assert referral.referrer is not None
    assert referral.referrer.name == "Dr. Leopold Finchworthy"
    assert referral.reason.startswith("Major depressive disorder")


def test_edge_35_the_patients_numbers_come_along_and_odd_ones_refuse_no_referral() -> None:
    numbers = [
        {"system": "urn:example:mrn", "value": "OB-1184"},
        {"value": "a number of nobody's"},
        {"system": "urn:example:mrn", "value": "9" * 400},
    ]
    patient = {**PATIENT, "identifier": numbers}

    referral = read_referral(request(contained=[patient]))

    assert referral.patient is not None
    kept = [(number.system, number.value) for number in referral.patient.identifiers]
    assert kept == [("urn:example:mrn", "OB-1184")]


@pytest.mark.parametrize("kind", ["transaction", "collection", "batch"])
def test_a_bundle_brings_its_patient_by_reference(kind: str) -> None:
    referral = read_referral(two(kind))

    assert referral.patient is not None
    assert referral.patient.family_name == "Brambleworth"
    assert referral.identifier == read_referral(request()).identifier


def test_a_patient_only_referred_to_leaves_the_patient_open() -> None:
    referral = read_referral(request(contained=None, subject={"reference": "Patient/70341"}))

    assert referral.patient is None
    assert referral.patient_reference == "Patient/70341"


def test_the_clinic_may_be_named_beside_the_resource() -> None:
    assert read_referral(request(performer=None), "south").clinic == "south"
    organization = [{"reference": "Organization/south"}]
    assert read_referral(request(performer=organization)).clinic == "south"


def test_a_referral_without_the_tag_is_no_training() -> None:
    assert not read_referral(request(meta=None)).training


def patient(**changed: Any) -> list[dict[str, Any]]:
    whole = copy.deepcopy(PATIENT) | changed
    return [{name: value for name, value in whole.items() if value is not None}]


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a resource, as its holder and its name or position."""
    places = value.items() if isinstance(value, dict) else enumerate(value)
    for name, held in list(places):
        yield value, name
        if isinstance(held, dict | list):
            yield from nodes(held)


ODD: tuple[Any, ...] = (
    None, 1, -1, 1e308, "", "x" * 500, [], {}, [None], {"a": 1}, True, "2020-13-45", [[[]]], "#",
    "Patient/", "urn:uuid:", "\u202e", "0000-00-00",
)  # fmt: skip


def taken_or_refused(content: dict[str, Any]) -> object:
    try:
        return read_referral(content)
    except FhirRefused as refused:
        return refused


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_whatever_is_sent_is_taken_or_refused_and_never_breaks_the_door(odd: Any) -> None:
    for whole in (request(), two()):
        for n in range(len(list(nodes(whole)))):
            content = copy.deepcopy(whole)
            holder, name = list(nodes(content))[n]
            holder[name] = odd

            assert isinstance(taken_or_refused(content), Referral | FhirRefused), (holder, name)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another resource": ({"resourceType": "Patient"}, "resourceType"),
    "no resource type": ({"status": "active"}, "resourceType"),
    "an unknown field": (request(favouriteColour="teal"), "favouriteColour"),
    "an R5 reason": (request(reason=[{"concept": {"text": "x"}}]), "reason"),
    "an R5 code": (request(code={"concept": {"text": "x"}}), "code.concept"),
    "no identifier": (request(identifier=None), "ServiceRequest.identifier"),
    "an empty identifier": (request(identifier=[{"system": "urn:x"}]), "ServiceRequest.identifier"),
    "no subject": (request(subject=None), "subject"),
    "no clinic": (request(performer=None), "ServiceRequest.performer"),
    "a group as subject": (
        request(contained=None, subject={"reference": "Group/7"}),
        "ServiceRequest.subject",
    ),
    "nobody contained": (request(contained=None), "ServiceRequest.subject"),
    "revoked": (request(status="revoked"), "ServiceRequest.status"),
    "asks not to treat": (request(doNotPerform=True), "ServiceRequest.doNotPerform"),
    "a gap in a list": (request(identifier=[None]), "identifier"),
    "a year for a birth date": (request(contained=patient(birthDate="1981")), "Patient.birthDate"),
    "no birth date": (request(contained=patient(birthDate=None)), "Patient.birthDate"),
    "no name": (request(contained=patient(name=None)), "Patient.name"),
    "has died": (request(contained=patient(deceasedBoolean=True)), "Patient.deceased"),
    "a search result": (bundle(("urn:uuid:1", request()), kind="searchset"), "type"),
    "no referral in it": (bundle(("urn:uuid:octavia", PATIENT)), "entry"),
    "two referrals": (bundle(("urn:uuid:1", request()), ("urn:uuid:2", request())), "entry"),
    "two clinics": (
        request(performer=[{"reference": f"Organization/{c}"} for c in ("north", "south")]),
        "ServiceRequest.performer",
    ),
}


@pytest.mark.parametrize(("content", "place"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_referral_is_refused_with_its_place(content: dict[str, Any], place: str) -> None:
    with pytest.raises(FhirRefused) as refused:
        read_referral(content)

    assert place in [reason.fact for reason in refused.value.reasons]
    assert "Brambleworth" not in str(refused.value)


async def test_the_fhir_door_starts_a_journey_once(door: Door) -> None:
    headers = door.bearer(Role.CARE_COORDINATOR) | {"content-type": "application/fhir+json"}

    first = await door.http.post("/fhir/ServiceRequest", json=request(), headers=headers)
    second = await door.http.post("/fhir/Bundle", json=two(), headers=headers)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["location"] == second.headers["location"]
    assert first.headers["content-type"] == "application/fhir+json"
    assert first.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/fhir/ServiceRequest", two(), 422),
        ("/fhir/Bundle", request(), 422),
        ("/fhir/ServiceRequest", {}, 422),
        ("/fhir/ServiceRequest", request(note=[{"text": "x" * 2_000_000}]), 413),
        ("/fhir/ServiceRequest", request(performer=[{"reference": "Organization/south"}]), 422),
        ("/fhir/Patient", PATIENT, 404),
    ],
)
async def test_the_fhir_door_says_no_in_fhir(
    door: Door, path: str, content: dict[str, Any], status: int
) -> None:
    answer = await door.http.post(path, json=content, headers=door.bearer(Role.CARE_COORDINATOR))

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/fhir+json"
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert door.commands.referred == {}


async def test_the_fhir_door_asks_for_a_token_in_fhir(door: Door) -> None:
    answer = await door.http.post("/fhir/ServiceRequest", json=request())

    assert answer.status_code == 401
    assert answer.json()["resourceType"] == "OperationOutcome"
