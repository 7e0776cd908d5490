"""What somebody at the pump asks for, at the front desk: with until when they wait, never kept."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from temporalio.client import Client

from clinical.standard_protocol import standard_protocol
from schemas.base import Actor, Role
from schemas.infusion import PauseDosing, ResumeDosing, StartDosing
from service.commands import AT_THE_PUMP_S, Commands
from service.errors import NotYetAnswered
from service.protocols import Catalogue
from workflows.options import RECORDS_PATIENCE

NURSE = Actor(id="rn-abara", role=Role.NURSE)
NINE = datetime(2026, 11, 30, 14, 0, tzinfo=UTC)
WAITS_S = 0.05


class NobodyAnswers:
    """The engine while no worker runs: it takes everything in and says nothing."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.kept: list[str] = []

    async def client(self) -> Client:
        return cast("Client", self)

    def get_workflow_handle(self, _workflow_id: str) -> "NobodyAnswers":
        return self

    async def execute_update(self, _kind: str, told: dict[str, Any], **_how: object) -> None:
        self.asked.append(told)
        await asyncio.sleep(60)

    async def signal(self, _name: str, envelope: dict[str, Any]) -> None:
        self.kept.append(envelope["kind"])


@pytest.fixture
def engine() -> NobodyAnswers:
    return NobodyAnswers()


@pytest.fixture
def desk(engine: NobodyAnswers) -> Commands:
    catalogue = Catalogue({"standard": standard_protocol()}, {})
    return Commands(engine, catalogue, b"key", answer_within_s=WAITS_S / 2, at_the_pump_s=WAITS_S,
                    now=lambda: NINE)  # fmt: skip


@pytest.mark.parametrize("kind", ["start_dosing", "resume_dosing"])
async def test_it_goes_with_until_when_they_wait_whatever_they_claim_and_is_not_kept(
    engine: NobodyAnswers, desk: Commands, kind: str
) -> None:
    claimed = {"command_id": "c-1", "actor": NURSE, "answer_by": NINE + timedelta(days=1)}
    command = (
        StartDosing(**claimed) if kind == "start_dosing" else ResumeDosing(**claimed, reason="calm")
    )

    with pytest.raises(NotYetAnswered):
        await desk.send_to_session("journey-ottoline-infusion-1", kind, command)

    (told,) = engine.asked
    assert datetime.fromisoformat(told["answer_by"]) == NINE + timedelta(seconds=WAITS_S)
    assert engine.kept == []


def test_who_stands_at_the_pump_is_waited_for_longer_than_a_session_waits_for_its_record() -> None:
    assert timedelta(seconds=AT_THE_PUMP_S) > RECORDS_PATIENCE


async def test_a_pause_that_nobody_answered_is_kept(engine: NobodyAnswers, desk: Commands) -> None:
    pause = PauseDosing(command_id="c-2", actor=NURSE, reason="the patient feels sick")

    with pytest.raises(NotYetAnswered):
        await desk.send_to_session("journey-ottoline-infusion-1", "pause_dosing", pause)

    assert engine.kept == ["pause_dosing"]
