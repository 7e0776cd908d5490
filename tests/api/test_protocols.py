"""A protocol is shown against the journeys that somebody may see, and against no other."""

from typing import Any

from clinical.standard_protocol import standard_protocol
from schemas.base import Role
from tests.api.conftest import Door
from tests.api.fake_record import NORTH_JOURNEY

PREVIEW = "/v1/protocols/preview"


def body(**changes: Any) -> dict[str, Any]:
    content = standard_protocol().model_dump(mode="json")
    return {**content, "version": "north-2", **changes}


async def test_who_may_ask_for_a_change_sees_who_would_feel_it(door: Door) -> None:
    headers = door.bearer(Role.MEDICAL_DIRECTOR)

    answer = await door.http.post(PREVIEW, json=body(), headers=headers)
    elsewhere = await door.http.post(f"{PREVIEW}?clinic=south", json=body(), headers=headers)

    assert answer.status_code == 200, answer.text
    assert answer.json()["version"] == "north-2"
    assert [j["journey_id"] for j in answer.json()["journeys"]] == [NORTH_JOURNEY]
    assert elsewhere.status_code == 404


async def test_a_protocol_that_relaxes_a_safety_limit_is_not_even_previewed(door: Door) -> None:
    parameters = {**body()["parameters"], "bp.pause_sys": 230}

    answer = await door.http.post(
        PREVIEW, json=body(parameters=parameters), headers=door.bearer(Role.MEDICAL_DIRECTOR)
    )

    assert answer.status_code == 422
    assert answer.json()["code"] == "protocol_refused"
