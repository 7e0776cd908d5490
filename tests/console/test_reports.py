"""The page of reports: plots beside their tables, whole days, files without formulas."""

import re

import pytest

from schemas.base import Role
from schemas.event import EventKind
from tests.console.paper_journey import (
    FIRST_DOSE,
    NURSE,
    OpenRooms,
    Paper,
    Rooms,
    open_rooms,
    paper,
    rooms,
)

__all__ = ["open_rooms", "paper", "rooms"]

PERIOD = "from=2026-09-01&to=2026-11-27"


@pytest.fixture
async def treated(paper: Paper) -> Paper:
    await paper.begin()
    await paper.score("phq9", (22, -2), (12, 9), (4, 22))
    await paper.treat(0, 3, 7, pauses=1)
    risk = {"level": "high", "alert": "risk-1", "reasons": []}
    await paper.note(EventKind.SUICIDE_RISK_RAISED, FIRST_DOSE, **risk)
    await paper.note(EventKind.TASK_ESCALATED, FIRST_DOSE, kind="=cmd()", owed_to="nurse")
    await paper.note(*(EventKind.RISK_ACKNOWLEDGED, FIRST_DOSE, NURSE), alert="risk-1")
    return paper


async def test_every_plot_stands_beside_its_table_and_few_are_called_few(
    rooms: Rooms, treated: Paper
) -> None:
    rooms.sign_in(Role.MEDICAL_DIRECTOR)

    text = (await rooms.page(f"/reports?{PERIOD}")).text

    assert text.count('role="img"') == text.count("<title id=")
    assert text.count("<table>") >= 5
    assert "fewer than five" in text
    assert "Marigold" not in text
    assert "journey-marigold" not in text
    assert "style=" not in text


@pytest.mark.parametrize("role", [Role.NURSE, Role.PRESCRIBER, Role.PHARMACIST])
async def test_reports_are_not_everybodys(rooms: Rooms, treated: Paper, role: Role) -> None:
    rooms.sign_in(role)

    assert (await rooms.page("/reports")).status_code == 403
    assert (await rooms.page("/reports/sessions.csv")).status_code == 404


async def test_a_file_has_the_lines_of_the_table_and_no_formula(
    rooms: Rooms, treated: Paper
) -> None:
    rooms.sign_in(Role.OPS)

    answer = await rooms.page(f"/reports/escalations.csv?{PERIOD}")

    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.splitlines()[1] == "'=cmd(),nurse,1,0,yes"


async def test_training_is_watermarked_and_never_among_patients(
    open_rooms: OpenRooms, paper: Paper
) -> None:
    await paper.begin(training=True)
    await paper.treat(0, 3, 7)
    rooms = open_rooms()
    rooms.sign_in(Role.OPS)

    real = (await rooms.page(f"/reports?{PERIOD}")).text
    training = (await rooms.page(f"/reports?{PERIOD}&training=1")).text

    assert "IV ketamine" not in real
    assert "TRAINING - about nobody real" not in real
    assert "IV ketamine" in training
    assert "TRAINING - about nobody real" in training


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("from=2026-09-01&to=2026-08-01", 422),
        ("from=yesterday", 422),
        ("from=0001-01-01&to=0001-01-02", 422),
        ("clinic=south", 404),
        ("clinic=", 200),
        ("clinic=north&to=2026-10-01", 200),
    ],
)
async def test_what_cannot_be_asked_is_told_in_words(
    rooms: Rooms, treated: Paper, query: str, status: int
) -> None:
    rooms.sign_in(Role.CARE_COORDINATOR)

    answer = await rooms.page(f"/reports?{query}")

    assert answer.status_code == status
    assert re.search("<h1>", answer.text)
