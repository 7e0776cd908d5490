"""Which role may give which command."""

import re
from pathlib import Path

import pytest

from clinical.permissions import MAY, judge_role
from schemas.base import Role

UPDATE = re.compile(r"@workflow\.update\([^)]*\)\s+async def (\w+)")


def _updates() -> set[str]:
    root = Path(__file__).parents[2] / "workflows"
    return {name for file in root.glob("*.py") for name in UPDATE.findall(file.read_text())}


def test_every_command_of_the_engine_has_its_row_and_no_row_is_idle() -> None:
    assert set(MAY) == _updates()


def test_a_role_is_let_through_exactly_where_it_stands() -> None:
    asked = {(command, role): judge_role(command, role) for command in MAY for role in Role}

    assert {pair for pair, reasons in asked.items() if not reasons} == {
        (command, role) for command, roles in MAY.items() for role in roles
    }
    assert {reason.code for reasons in asked.values() for reason in reasons} == {"wrong_role"}


def test_a_command_nobody_knows_is_given_by_nobody() -> None:
    (reason,) = judge_role("prescribe_champagne", Role.MEDICAL_DIRECTOR)
    assert "nobody" in reason.text


@pytest.mark.parametrize(
    "command", ["withdraw_consent", "stop_dosing", "write_journal", "report_adverse_event"]
)
def test_a_patient_is_heard_where_it_is_about_their_safety(command: str) -> None:
    assert Role.PATIENT in MAY[command]


@pytest.mark.parametrize("command", ["decide_approval", "start_dosing", "discharge", "order_dose"])
def test_neither_patient_nor_engine_decides(command: str) -> None:
    assert not {Role.PATIENT, Role.SYSTEM} & MAY[command]
