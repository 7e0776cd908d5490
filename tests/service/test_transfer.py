"""The record that goes along: whole, with its source, the same however often it is asked for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from pydantic import JsonValue

from clinical.transfer import judge_history
from records.store import RecordStore
from schemas.event import EventKind
from schemas.infusion import DoseOutcome, SessionPhase, SessionResult
from schemas.journey import JourneyView, Phase
from schemas.reevaluation import Instrument, Score
from schemas.screening import Modality, Screening, WorkUp
from schemas.transfer import CarriedConsent, CarriedEvent, TransferHistory
from service.errors import Refused, Unavailable, UnknownWorkflow
from service.lookups import Lookups
from service.transfer import Transfers
from simulator import papers
from tests.records.conftest import batch, fact

WHO = "journey-abcdefghijklmnopqrstuvwxyz"
NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)


def dosed(number: int, days_ago: float, source: str = "") -> SessionResult:
    at = NOW - timedelta(days=days_ago)
    return SessionResult(
        session_id=f"{WHO}-infusion-{number}", modality=Modality.IV_KETAMINE, number=number,
        phase=SessionPhase.DISCHARGED, outcome=DoseOutcome.COMPLETED, ordered_mg=35,
        delivered_mg=35, weight_kg=70, scheduled_at=at, dosed_at=at, ended_at=at, source=source,
    )  # fmt: skip


class Told:
    """What a journey says of itself."""

    def __init__(self, **changes: Any) -> None:
        before = Score(instrument=Instrument.PHQ9, total=21, taken_at=NOW - timedelta(days=20))
        missed = dosed(3, 2).model_copy(update={"dosed_at": None, "outcome": DoseOutcome.NONE})
        fields: dict[str, Any] = {
            "journey_id": WHO, "clinic": "north", "phase": Phase.FOLLOW_UP, "training": True,
            "protocol_version": "standard-1", "version": 9, "now": NOW,
            "sessions": (dosed(1, 9, "Harborlight Clinic"), dosed(2, 5), missed),
            "baseline": (before,), "scores": (before,), **changes,
        }  # fmt: skip
        self.view: JourneyView | None = JourneyView(**fields)

    async def state(self, workflow_id: str) -> dict[str, JsonValue] | None:
        return self.view.model_dump(mode="json") if self.view else None


@pytest.fixture
async def lookups(pool: asyncpg.Pool) -> Lookups:
    """A journey that was transferred to `south`."""
    referral = papers.referral("R-1").model_dump(mode="json")
    left = {"to_clinic": "south", "course": "induction", "series_done": 2, "reason": "moves"}
    facts = (
        fact(1, EventKind.JOURNEY_STARTED, {"referral": referral, "training": True}),
        fact(2, EventKind.TRANSFERRED_OUT, left),
    )
    await RecordStore(pool).append(batch(*facts, workflow_id=WHO, journey_id=WHO))
    return Lookups(pool)


async def test_edge_37_doses_and_responses_go_along_each_with_its_source(
    lookups: Lookups,
) -> None:
    referral = await Transfers(Told(), lookups).referral_of(WHO, clinics=None)

    assert referral.clinic == "south"
    assert referral.patient == papers.referral("R-1").patient
    history = referral.transfer
    assert history is not None
    assert (history.source, history.from_journey, history.series_done) == ("north", WHO, 2)
    assert [d.number for d in history.doses] == [1, 2]
    assert [d.source for d in history.doses] == ["Harborlight Clinic", ""]
    assert [s.total for s in history.baseline] == [21]
    assert judge_history(history, NOW) == ()


async def test_edge_37_every_adverse_event_goes_along_as_it_was_last_amended(
    lookups: Lookups, pool: asyncpg.Pool
) -> None:
    def known(sequence: int, kind: EventKind, grade: int, event_id: str) -> Any:
        event = {"code": "headache", "grade": grade, "description": f"grade {grade}"}
        return fact(sequence, kind, {"event_id": event_id, "event": event})

    opened, amended = EventKind.ADVERSE_EVENT_OPENED, EventKind.ADVERSE_EVENT_AMENDED
    facts = (known(3, opened, 1, "e1"), known(4, opened, 2, "e2"), known(5, amended, 3, "e1"))
    await RecordStore(pool).append(batch(*facts, workflow_id=WHO, journey_id=WHO))

    referral = await Transfers(Told(), lookups).referral_of(WHO, clinics=None)

    assert referral.transfer is not None
    assert [e.description for e in referral.transfer.adverse_events] == ["grade 3", "grade 2"]


async def came(pool: asyncpg.Pool) -> TransferHistory:
    """The patient had come to this clinic from another, which had told of a third."""
    fainted = CarriedEvent(code="syncope", at=NOW - timedelta(days=40), serious=True)
    signed = CarriedConsent(modality=Modality.IV_KETAMINE, signed_at=NOW - timedelta(days=50))
    told = TransferHistory(
        source="Harborlight Clinic",
        adverse_events=(
            fainted.model_copy(update={"source": "Fernhill Hospital"}),
            CarriedEvent(code="nausea", at=NOW - timedelta(days=20)),
        ),
        consents=(signed,),
        monitoring="one overlapping prescription, explained",
    )
    carried = fact(3, EventKind.HISTORY_CARRIED, told.model_dump(mode="json"))
    await RecordStore(pool).append(batch(carried, workflow_id=WHO, journey_id=WHO))
    return told


async def test_edge_37_what_came_from_a_clinic_before_goes_on_with_the_rest(
    lookups: Lookups, pool: asyncpg.Pool
) -> None:
    told = await came(pool)
    event = {"code": "headache", "grade": 1, "description": "a headache here"}
    here = fact(4, EventKind.ADVERSE_EVENT_OPENED, {"event_id": "e1", "event": event})
    await RecordStore(pool).append(batch(here, workflow_id=WHO, journey_id=WHO))

    history = (await Transfers(Told(), lookups).referral_of(WHO, clinics=None)).transfer

    assert history is not None
    assert [(e.code, e.source) for e in history.adverse_events] == [
        ("syncope", "Fernhill Hospital"), ("nausea", "Harborlight Clinic"), ("headache", ""),
    ]  # fmt: skip
    assert [c.signed_at for c in history.consents] == [told.consents[0].signed_at]
    assert [c.source for c in history.consents] == ["Harborlight Clinic"]
    assert judge_history(history, NOW) == ()


async def test_edge_36_what_the_monitoring_programme_showed_goes_on_newest_first(
    lookups: Lookups, pool: asyncpg.Pool
) -> None:
    await came(pool)
    work_up = WorkUp(kind="pdmp", taken_at=NOW - timedelta(days=8), result="clear")
    screening = Screening(work_up=(work_up,)).model_dump(mode="json")
    screened = fact(4, EventKind.SCREENING_RECORDED, {"screening": screening})
    await RecordStore(pool).append(batch(screened, workflow_id=WHO, journey_id=WHO))

    history = (await Transfers(Told(), lookups).referral_of(WHO, clinics=None)).transfer

    assert history is not None
    assert history.monitoring == (
        "north, 2026-11-19: clear; Harborlight Clinic: one overlapping prescription, explained"
    )


async def test_edge_37_what_was_told_of_treatment_elsewhere_is_read_from_the_record(
    lookups: Lookups, pool: asyncpg.Pool
) -> None:
    assert await lookups.carried(WHO, clinics=None) is None
    told = await came(pool)

    assert await lookups.carried(WHO, clinics=frozenset({"north"})) == told
    assert await lookups.carried(WHO, clinics=frozenset({"west"})) is None


async def test_edge_37_asked_again_it_is_the_same_referral(lookups: Lookups) -> None:
    transfers = Transfers(Told(), lookups)

    once = await transfers.referral_of(WHO, clinics=None)

    assert await transfers.referral_of(WHO, clinics=None) == once
    assert papers.patient().family_name not in once.identifier.value


async def test_edge_37_while_a_treatment_day_is_open_nothing_is_sent(lookups: Lookups) -> None:
    with pytest.raises(Refused) as refused:
        await Transfers(Told(open_session=f"{WHO}-infusion-3"), lookups).referral_of(
            WHO, clinics=None
        )

    assert refused.value.code == "session_open"


async def test_who_was_not_transferred_is_not_sent(pool: asyncpg.Pool) -> None:
    began = fact(1, EventKind.JOURNEY_STARTED, {"referral": {}})
    await RecordStore(pool).append(batch(began, workflow_id=WHO, journey_id=WHO))

    with pytest.raises(Refused) as refused:
        await Transfers(Told(), Lookups(pool)).referral_of(WHO, clinics=None)

    assert refused.value.code == "not_transferred"


async def test_another_clinics_patient_is_unknown(lookups: Lookups) -> None:
    with pytest.raises(UnknownWorkflow):
        await Transfers(Told(), lookups).referral_of(WHO, clinics=frozenset({"west"}))


async def test_while_the_journey_cannot_be_asked_nothing_is_guessed(lookups: Lookups) -> None:
    told = Told()
    told.view = None

    with pytest.raises(Unavailable):
        await Transfers(told, lookups).referral_of(WHO, clinics=None)
