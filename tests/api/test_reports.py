"""Reports through the door for programs: whose, of which days, and as a file."""

from schemas.base import Role
from tests.api.conftest import Door


async def test_a_report_is_given_for_the_usual_days_unless_others_are_named(door: Door) -> None:
    usual = await door.http.get("/v1/reports/response", headers=door.bearer(Role.PSYCHIATRIST))
    named = await door.http.get(
        "/v1/reports/response?clinic=north&from=2026-01-01&to=2026-03-31&training=1",
        headers=door.bearer(Role.OPS),
    )

    assert usual.json()["lines"][0]["responded_percent"] == 50
    assert named.json()["asked"] == {
        "clinic": "north",
        "first_on": "2026-01-01",
        "last_on": "2026-03-31",
        "training": True,
    }


async def test_the_same_table_is_a_file_in_which_no_cell_is_a_formula(door: Door) -> None:
    answer = await door.http.get(
        "/v1/reports/escalations.csv", headers=door.bearer(Role.CARE_COORDINATOR)
    )

    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="escalations.csv"'
    assert answer.text.splitlines()[1] == "'=referral_triage,medical_director,2,2,yes"


async def test_another_clinics_report_and_an_unknown_report_are_not_there(door: Door) -> None:
    headers = door.bearer(Role.MEDICAL_DIRECTOR)

    assert (
        await door.http.get("/v1/reports/response?clinic=south", headers=headers)
    ).status_code == 404
    assert (await door.http.get("/v1/reports/gossip", headers=headers)).status_code == 422
