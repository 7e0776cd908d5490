"""What-if at the door: a course shown before anybody commits to it."""

import pytest

from schemas.base import Reason, Role
from service.errors import Refused, Unavailable, UnknownWorkflow
from tests.api.conftest import Door
from tests.api.fake_record import NORTH_JOURNEY, SOUTH_JOURNEY

PLAN = f"/v1/journeys/{NORTH_JOURNEY}/plan"


async def test_staff_look_ahead_to_a_course(door: Door) -> None:
    answer = await door.http.get(
        PLAN, params={"as": "taper"}, headers=door.bearer(Role.PSYCHIATRIST)
    )

    assert answer.status_code == 200
    assert answer.json()["course"] == "taper"
    assert not door.commands.told


@pytest.mark.parametrize("asked", [{}, {"as": "surgery"}, {"as": ""}])
async def test_a_course_that_is_none_is_malformed(door: Door, asked: dict[str, str]) -> None:
    answer = await door.http.get(PLAN, params=asked, headers=door.bearer(Role.NURSE))

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_neither_a_patient_nor_another_clinic_sees_a_plan(door: Door) -> None:
    patient = door.bearer(Role.PATIENT, journey=NORTH_JOURNEY)
    theirs = f"/v1/journeys/{SOUTH_JOURNEY}/plan"

    refused = await door.http.get(PLAN, params={"as": "taper"}, headers=patient)
    hidden = await door.http.get(theirs, params={"as": "taper"}, headers=door.bearer(Role.NURSE))

    assert (refused.status_code, hidden.status_code) == (403, 404)


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (UnknownWorkflow(), 404),
        (Refused(Reason(code="plan_not_shown", text="cannot look ahead")), 409),
        (Unavailable(), 503),
    ],
)
async def test_a_journey_that_cannot_be_asked_is_a_clear_answer(
    door: Door, trouble: Exception, status: int
) -> None:
    door.commands.trouble = trouble

    answer = await door.http.get(PLAN, params={"as": "spray"}, headers=door.bearer(Role.NURSE))

    assert answer.status_code == status
