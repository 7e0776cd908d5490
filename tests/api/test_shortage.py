"""Who shares out doses in a shortage is shown a proposed order, and nobody else is (11.32)."""

from dataclasses import replace
from datetime import datetime

import pytest

from schemas.base import Role
from schemas.screening import Modality
from service.shortage import ShortageOrder
from tests.api.conftest import Door


class FakeShortages:
    """Nothing is booked at `north`."""

    async def order(
        self,
        code: str,
        doses: int,
        modality: Modality,
        *,
        now: datetime,
        clinics: frozenset[str] | None,
    ) -> ShortageOrder | None:
        if code != "north" or (clinics is not None and code not in clinics):
            return None
        return ShortageOrder(clinic=code, modality=modality, doses=doses, short_by=0, days=())


@pytest.fixture
def short(door: Door) -> Door:
    state = door.app.state
    state.reception = replace(state.reception, shortages=FakeShortages())
    return door


@pytest.mark.parametrize("role", [Role.MEDICAL_DIRECTOR, Role.PHARMACIST, Role.CARE_COORDINATOR])
async def test_edge_32_who_shares_out_doses_is_shown_the_order(short: Door, role: Role) -> None:
    path = "/v1/clinics/north/shortage?doses=3&modality=esketamine"
    shown = await short.http.get(path, headers=short.bearer(role))

    assert shown.status_code == 200
    assert (shown.json()["doses"], shown.json()["modality"]) == (3, "esketamine")


async def test_edge_32_nobody_else_and_no_other_clinic_and_never_without_a_number(
    short: Door,
) -> None:
    director = short.bearer(Role.MEDICAL_DIRECTOR)
    nurse = short.bearer(Role.NURSE)
    north = "/v1/clinics/north/shortage"

    assert (await short.http.get(f"{north}?doses=3", headers=nurse)).status_code == 403
    south = await short.http.get("/v1/clinics/south/shortage?doses=3", headers=director)
    assert south.status_code == 404
    for words in ("", "?doses=-1", "?doses=many", "?doses=1&modality=aspirin"):
        assert (await short.http.get(north + words, headers=director)).status_code == 422
