"""A hold, a closing or a withdrawal of consent, at every stretch of a treatment day."""

import pytest

from schemas.base import Role
from schemas.infusion import DoseOutcome, SessionPhase
from schemas.journey import Event
from schemas.screening import Modality
from tests.workflows.conftest import Clinical
from tests.workflows.doors import Refused
from tests.workflows.treatment_day import book

IV, SPRAY = Modality.IV_KETAMINE, Modality.ESKETAMINE


@pytest.mark.parametrize(
    ("modality", "event", "phase"),
    [
        (IV, Event.HELD, SessionPhase.RESCHEDULED),
        (IV, Event.CLOSE_REQUESTED, SessionPhase.RESCHEDULED),
        (IV, Event.CONSENT_WITHDRAWN, SessionPhase.ABORTED),
        (SPRAY, Event.HELD, SessionPhase.RESCHEDULED),
        (SPRAY, Event.CONSENT_WITHDRAWN, SessionPhase.ABORTED),
    ],
)
async def test_before_the_dose_the_session_ends(
    clinical: Clinical, modality: Modality, event: Event, phase: SessionPhase
) -> None:
    booked = await book(clinical, modality)
    await booked.interrupt(event)
    assert (await booked.result()).phase is phase

    ready = await book(clinical, modality)
    await ready.prepare()
    await ready.interrupt(event)
    result = await ready.result()

    assert result.phase is phase
    assert result.consent_withdrawn is (event is Event.CONSENT_WITHDRAWN)
    assert result.dosed_at is None
    (fact,) = ready.facts("SessionCancelled")
    assert fact.data["because"] == event.value


async def test_an_approval_that_waits_is_cancelled_with_the_day(clinical: Clinical) -> None:
    day = await book(clinical, dosing_weight_kg=140.0)
    await day.check_in()
    await day.read(126, 80, weight_kg=140.0)
    await day.order(70, weight_kg=140.0)

    await day.interrupt(Event.HELD)

    assert (await day.result()).phase is SessionPhase.RESCHEDULED
    (closed,) = (f for f in day.facts("TaskClosed") if f.data["kind"] == "dose_exception")
    assert closed.data["status"] == "cancelled"


async def test_a_hold_never_stops_a_dose_that_runs(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.dose()

    await day.interrupt(Event.HELD)
    await day.read_every(10, 4)

    assert (await day.view()).phase is SessionPhase.DOSING
    await day.end()
    await day.read_every(15, 4)
    await day.discharge()
    result = await day.result()
    assert result.outcome is DoseOutcome.COMPLETED
    assert not result.consent_withdrawn


async def test_edge_10_a_withdrawal_stops_the_dose_and_the_watch_goes_on(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.dose()
    await day.pass_(10)
    await day.read()

    await day.interrupt(Event.CONSENT_WITHDRAWN)

    view = await day.sees(lambda view: view.phase is SessionPhase.POST_OBS)
    assert view.next_reading_due_at is not None
    await day.records(lambda kinds: "DosingStopped" in kinds)
    await day.hears("dosing_stopped", Role.PRESCRIBER)
    with pytest.raises(Refused) as refused:
        await day.discharge()
    assert refused.value.codes == ["delivered_amount_missing"]
    await day.stop(8)
    await day.read_every(15, 4)
    await day.discharge()
    result = await day.result()
    assert result.consent_withdrawn
    assert (result.phase, result.outcome) == (SessionPhase.DISCHARGED, DoseOutcome.ABORTED)


async def test_a_withdrawal_after_the_dose_changes_nothing_but_is_remembered(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.observe()
    await day.interrupt(Event.CONSENT_WITHDRAWN)
    await day.read_every(15, 4)
    await day.discharge()

    result = await day.result()

    assert result.consent_withdrawn
    assert result.stop_events == 0
    assert result.phase is SessionPhase.DISCHARGED


async def test_a_withdrawal_does_not_wait_behind_a_start_given_by_signal(
    clinical: Clinical,
) -> None:
    day = await book(clinical)
    await day.prepare()
    day.outside.away = True
    lot = {"lot": "KET-2231", "expires_on": "2099-01-31"}
    await day.signal("start_dosing", day.command("start_dosing", lot=lot))
    await day.sees(lambda view: view.version == 4)

    await day.interrupt(Event.CONSENT_WITHDRAWN)
    await day.sees(lambda view: view.phase is SessionPhase.ABORTED)
    day.outside.away = False

    result = await day.result()
    assert result.dosed_at is None
    assert "DosingStarted" not in day.kinds()


async def test_an_interruption_that_cannot_be_read_is_kept_in_sight(clinical: Clinical) -> None:
    day = await book(clinical)
    await day.handle.signal("journey_interrupted", {"event": "an invented word"})
    await day.handle.signal("journey_interrupted")

    view = await day.sees(lambda view: view.dead_letter_count == 2)

    assert view.phase is SessionPhase.BOOKED
    assert [(letter.channel, letter.code) for letter in view.dead_letters] == [
        ("journey_interrupted", "malformed"),
        ("journey_interrupted", "empty"),
    ]
