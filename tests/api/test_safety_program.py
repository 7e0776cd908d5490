"""The spray's safety programme at the door."""

from schemas.base import Role
from tests.api.conftest import Door
from tests.api.fake_record import NORTH_JOURNEY


async def test_a_representative_tells_that_the_site_lost_its_certification(door: Door) -> None:
    answer = await door.http.post(
        "/v1/clinics/north/certification",
        headers={**door.bearer(Role.REMS_REPRESENTATIVE), "Idempotency-Key": "k-7"},
        json={"certified": False, "reason": "the authorised representative left"},
    )

    assert answer.status_code == 200
    assert answer.json()["told"] == 2
    assert door.certifications.told == [("lost", "north", "k-7")]


async def test_nobody_speaks_for_another_clinic_or_without_a_reason(door: Door) -> None:
    headers = door.bearer(Role.REMS_REPRESENTATIVE)
    said = {"certified": True, "reason": "re-enrolled"}

    theirs = await door.http.post("/v1/clinics/south/certification", headers=headers, json=said)
    silent = await door.http.post(
        "/v1/clinics/north/certification", headers=headers, json={"certified": False}
    )

    assert (theirs.status_code, silent.status_code) == (404, 422)
    assert door.certifications.told == []


async def test_the_forms_of_a_journey_are_shown(door: Door) -> None:
    answer = await door.http.get(
        f"/v1/journeys/{NORTH_JOURNEY}/monitoring-forms", headers=door.bearer(Role.NURSE)
    )

    assert (answer.status_code, answer.json()) == (200, {"items": []})
