"""Who shares out doses in a shortage is shown a proposed order, and nobody else is (11.32)."""

import pytest

from schemas.base import Role
from tests.api.conftest import Door


@pytest.mark.parametrize("role", [Role.MEDICAL_DIRECTOR, Role.PHARMACIST, Role.CARE_COORDINATOR])
async def test_edge_32_who_shares_out_doses_is_shown_the_order(door: Door, role: Role) -> None:
    path = "/v1/clinics/north/shortage?doses=3&modality=esketamine"
    shown = await door.http.get(path, headers=door.bearer(role))

    assert shown.status_code == 200
    assert (shown.json()["doses"], shown.json()["modality"]) == (3, "esketamine")


async def test_edge_32_nobody_else_and_no_other_clinic_and_never_without_a_number(
    door: Door,
) -> None:
    director = door.bearer(Role.MEDICAL_DIRECTOR)
    nurse = door.bearer(Role.NURSE)
    north = "/v1/clinics/north/shortage"

    assert (await door.http.get(f"{north}?doses=3", headers=nurse)).status_code == 403
    south = await door.http.get("/v1/clinics/south/shortage?doses=3", headers=director)
    assert south.status_code == 404
    for words in ("", "?doses=-1", "?doses=many", "?doses=1&modality=aspirin"):
        assert (await door.http.get(north + words, headers=director)).status_code == 422
