"""Who speaks at the command line, and how time is written there."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from clinical.permissions import MAY
from runtime.settings import Settings
from schemas.base import Role
from service.step_up import StepUp
from terminal.durations import duration
from terminal.entries import cabinet_commands, journey_commands, session_commands
from terminal.failures import CommandFailedError
from terminal.people import Speaker, Verified, actor_for, insist_on_recent_sign_in


@dataclass(frozen=True)
class Holder:
    """Whoever holds the one token that these tests know."""

    subject: str = "dr-lee"
    roles: frozenset[Role] = frozenset({Role.PSYCHIATRIST, Role.NURSE})
    clinics: frozenset[str] = frozenset({"north"})
    signed_in_at: datetime | None = datetime(2026, 11, 27, 9, tzinfo=UTC)

    def sees_clinic(self, code: str) -> bool:
        return code in self.clinics


async def verify(_: Settings, token: str) -> Verified:
    if token != "good":
        raise PermissionError("not to be trusted")
    return Holder()


@dataclass(frozen=True)
class Deployment:
    training: bool


TRAINING = cast("Settings", Deployment(training=True))
PRODUCTION = cast("Settings", Deployment(training=False))


def speaker(token: str | None = None, actor: str | None = None, role: str | None = None) -> Speaker:
    return Speaker(token, actor, role, verify)


async def test_in_training_somebody_of_the_role_still_needed_speaks() -> None:
    actor = await actor_for(speaker(), TRAINING, "north", (Role.MEDICAL_SCREENER, Role.OPS))

    assert (actor.id, actor.role) == ("training-medical_screener-1", Role.MEDICAL_SCREENER)


async def test_two_people_are_two_people() -> None:
    taken = frozenset({"training-prescriber-1"})

    actor = await actor_for(speaker(), TRAINING, "north", (Role.PRESCRIBER,), taken)

    assert actor.id == "training-prescriber-2"


async def test_in_production_nobody_speaks_without_a_token() -> None:
    with pytest.raises(CommandFailedError, match="token is required"):
        await actor_for(speaker(actor="dr-lee"), PRODUCTION, "north", (Role.PSYCHIATRIST,))


@pytest.mark.parametrize("deployment", [TRAINING, PRODUCTION])
async def test_a_token_says_who_speaks_and_in_which_fitting_role(deployment: Settings) -> None:
    actor = await actor_for(speaker("good"), deployment, "north", (Role.NURSE,))

    assert (actor.id, actor.role) == ("dr-lee", Role.NURSE)


async def test_nobody_speaks_in_another_s_name() -> None:
    with pytest.raises(CommandFailedError, match="leave --actor out"):
        await actor_for(speaker("good", actor="dr-moss"), TRAINING, "north", ())


async def test_a_role_that_the_token_does_not_carry_is_refused() -> None:
    with pytest.raises(CommandFailedError, match="does not speak for"):
        await actor_for(speaker("good", role="medical_director"), PRODUCTION, "north", ())


async def test_another_clinic_s_task_looks_as_if_it_did_not_exist() -> None:
    with pytest.raises(CommandFailedError, match="there is no such"):
        await actor_for(speaker("good"), PRODUCTION, "south", (Role.NURSE,))


async def test_a_bad_token_is_never_replaced_by_a_training_person() -> None:
    with pytest.raises(PermissionError):
        await actor_for(speaker("bad"), TRAINING, "north", (Role.NURSE,))


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("3d", timedelta(days=3)),
        ("90m", timedelta(minutes=90)),
        ("1d12h", timedelta(hours=36)),
        ("2w", timedelta(weeks=2)),
        ("0.5h", timedelta(minutes=30)),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, length: timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize(
    "text", ["", "3", "d", "-1d", "3 d", "0d", "3d!", "tomorrow", "9" * 30 + "d"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(CommandFailedError):
        duration(text)


def test_every_command_that_may_be_sent_has_somebody_who_may_give_it() -> None:
    for kind in {**journey_commands(), **session_commands(), **cabinet_commands()}:
        assert MAY[kind], kind


async def test_a_clinic_that_nobody_can_name_is_closed_to_a_token_for_one_clinic() -> None:
    with pytest.raises(CommandFailedError, match="there is no such"):
        await actor_for(speaker("good"), PRODUCTION, None, (Role.NURSE,))


@pytest.mark.parametrize(
    ("token", "kind", "minutes", "refused"),
    [
        ("good", "dose_exception", 16, True),
        ("good", "dose_exception", 14, False),
        ("good", "series_start", 300, False),
        (None, "dose_exception", 300, False),
    ],
)
async def test_a_dangerous_decision_at_the_terminal_needs_a_token_of_a_recent_sign_in(
    token: str | None, kind: str, minutes: int, refused: bool
) -> None:
    now = datetime(2026, 11, 27, 9, tzinfo=UTC) + timedelta(minutes=minutes)
    asked = insist_on_recent_sign_in(
        speaker(token), PRODUCTION, StepUp(), f"journey-x~{kind}~1", now
    )

    if not refused:
        await asked
        return
    with pytest.raises(CommandFailedError, match="sign in again"):
        await asked
