"""Links for patients at the door for programs: staff alone, told once, taken back."""

from schemas.base import Role
from tests.api.conftest import Door
from tests.api.fake_record import NORTH_JOURNEY

ADDRESS = f"/v1/journeys/{NORTH_JOURNEY}/links"


async def test_staff_get_the_address_of_a_new_link_and_the_token_names_who_made_it(
    door: Door,
) -> None:
    answer = await door.http.post(
        ADDRESS,
        json={"purpose": "journal"},
        headers={**door.bearer(Role.NURSE, subject="rn-quill"), "Idempotency-Key": "k-1"},
    )

    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "link_id": "link-1",
        "url": "https://door/l/north~secret",
        "purpose": "journal",
        "expires_at": "2026-11-24T12:00:00Z",
    }
    journey, wish, actor, key = door.links.asked[0]
    assert (journey, wish.purpose, actor.id, key) == (NORTH_JOURNEY, "journal", "rn-quill", "k-1")


async def test_who_acts_is_never_said_by_the_content(door: Door) -> None:
    answer = await door.http.post(
        ADDRESS,
        json={"purpose": "journal", "actor": {"id": "dr-lee", "role": "psychiatrist"}},
        headers=door.bearer(Role.NURSE),
    )

    assert answer.status_code == 422
    assert door.links.asked == []


async def test_a_link_is_revoked_and_one_that_is_not_there_is_unknown(door: Door) -> None:
    coordinator = door.bearer(Role.CARE_COORDINATOR)

    done = await door.http.delete(f"{ADDRESS}/link-1", headers=coordinator)
    none = await door.http.delete(f"{ADDRESS}/link-2", headers=coordinator)

    assert (done.status_code, none.status_code) == (204, 404)
    assert [actor.id for _, actor in door.links.revoked] == ["cc-romero"]


async def test_staff_see_every_link_of_a_journey_also_the_engines_and_never_an_address(
    door: Door,
) -> None:
    answer = await door.http.get(ADDRESS, headers=door.bearer(Role.NURSE))

    (link,) = answer.json()["items"]
    assert (link["link_id"], link["made_by"]["id"]) == ("link-1", "engine")
    assert not {"url", "token", "token_sha256", "form"} & set(link)
