"""A patient who goes on elsewhere, and one who comes in the middle of treatment."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from clinical.transfer import judge_history
from schemas.adverse_event import AdverseEvent, ReportAdverseEvent
from schemas.base import Role
from schemas.journey import Phase, Series
from schemas.reevaluation import Course, Instrument, Score
from schemas.referral import AcceptReferral, Referral
from schemas.screening import Modality
from schemas.transfer import (
    CarriedConsent,
    CarriedDose,
    CarriedEvent,
    TransferHistory,
    TransferOut,
)
from service.lookups import Clinics
from service.rows import EventRow
from service.transfer import Transfers
from simulator import papers
from simulator.staff import Staff
from tests.activities.people_book import PeopleBook
from tests.workflows.conftest import NORTH, Clinical
from tests.workflows.days import close_day
from tests.workflows.doors import Refused
from tests.workflows.places import by, cleared, dosed, now, treated

SOUTH = NORTH.model_copy(update={"code": "south", "chairs": 3})
ROOMY = NORTH.model_copy(update={"chairs": 3})


def history(**changes: Any) -> TransferHistory:
    """Three of six infusions, the last one four days ago."""
    doses = tuple(
        CarriedDose(
            modality=Modality.IV_KETAMINE, number=n, dosed_at=now() - timedelta(days=13 - 3 * n),
            ordered_mg=35, delivered_mg=35, weight_kg=70, stop_events=int(n == 2),
        )
        for n in (1, 2, 3)
    )  # fmt: skip
    first = Score(instrument=Instrument.PHQ9, total=21, taken_at=now() - timedelta(days=20))
    fields: dict[str, Any] = {
        "source": "Harborlight Clinic",
        "course": "induction",
        "series_done": 3,
        "doses": doses,
        "baseline": (first,),
        "scores": (first, first.model_copy(update={"total": 8, "taken_at": now()})),
        "consents": (CarriedConsent(modality=Modality.IV_KETAMINE, signed_at=first.taken_at),),
        **changes,
    }
    return TransferHistory(**fields)


async def comes(engine: Clinical, **changes: Any) -> Staff:
    told = changes.pop("transfer", None) or history()
    referral = papers.referral("R-1").model_copy(update={"transfer": told})
    return await engine.refer(referral=referral, **changes)


async def begins(staff: Staff) -> None:
    """All gates of this clinic, and the early look: three infusions elsewhere are three infusions,
    and this clinic's own evaluation finds the patient still ill."""
    await staff.prepare()
    await staff.approve("course_review")


async def goes(staff: Staff, key: str = "transfer", **changes: Any) -> None:
    fields: dict[str, Any] = {"to_clinic": "south", "reason": "moves to the coast", **changes}
    await staff.give("transfer_out", TransferOut(**by(Role.CARE_COORDINATOR, key), **fields))


# -- in -------------------------------------------------------------------------------------------


async def test_edge_37_what_was_given_elsewhere_comes_along_with_its_source(
    journeys: Clinical,
) -> None:
    staff = await comes(journeys)

    view = await staff.wait(lambda v: len(v.sessions) == 3)

    assert {s.source for s in view.sessions} == {"Harborlight Clinic"}
    assert [s.number for s in view.sessions] == [1, 2, 3]
    assert [s.total for s in view.baseline] == [21]
    carried = (await journeys.fact(staff, "HistoryCarried")).data
    assert carried["source"] == "Harborlight Clinic"
    assert len(carried["doses"]) == 3  # type: ignore[arg-type]
    assert len(carried["consents"]) == 1  # type: ignore[arg-type]


async def test_edge_37_nothing_is_dosed_before_this_clinics_own_gates(journeys: Clinical) -> None:
    staff = await comes(journeys)

    view = await staff.wait(lambda v: len(v.sessions) == 3)
    assert (view.phase, view.consents, view.open_session) == (Phase.REFERRAL, {}, None)
    await begins(staff)

    view = await staff.wait(lambda v: v.open_session is not None)
    kinds = await journeys.kinds(staff)
    for gate in ("EvaluationRecorded", "ScreeningRecorded", "ConsentSigned"):
        assert kinds.index(gate) < kinds.index("SessionBooked")


async def test_edge_37_the_count_continues_and_keeps_its_distance_from_the_last_dose(
    journeys: Clinical,
) -> None:
    last = history().doses[-1].model_copy(update={"dosed_at": now() - timedelta(hours=1)})
    told = history(doses=(*history().doses[:2], last))
    staff = await comes(journeys, transfer=told)
    await begins(staff)

    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.open_session == f"{staff.journey_id}-infusion-4"
    assert view.next_session_at is not None
    assert view.next_session_at >= last.dosed_at + timedelta(hours=48)
    for _ in range(3):
        await close_day(journeys, staff)
    view = await staff.reach(Phase.REEVALUATION)
    assert len(view.sessions) == 6


async def test_edge_37_who_was_in_maintenance_elsewhere_is_reevaluated_here_first(
    journeys: Clinical,
) -> None:
    staff = await comes(journeys, transfer=history(course="maintenance", series_done=0))
    await staff.prepare(reaches=Phase.REEVALUATION)

    assert "SessionBooked" not in await journeys.kinds(staff)


async def test_edge_37_who_does_not_respond_elsewhere_gets_the_early_look_here(
    journeys: Clinical,
) -> None:
    staff = await comes(journeys)
    await staff.prepare()

    await staff.pending("course_review")
    assert (await staff.door.journey(staff.journey_id)).open_session is None


async def test_edge_37_nobody_calls_about_a_journal_that_was_never_asked_for_here(
    journeys: Clinical,
) -> None:
    staff = await comes(journeys)
    await begins(staff)

    view = await staff.wait(lambda v: v.open_session is not None)
    assert "patient_contact" not in [a.kind for a in view.pending_approvals]


async def test_edge_37_the_baseline_stays_the_one_from_before_the_first_dose(
    journeys: Clinical,
) -> None:
    staff = await comes(journeys)
    await begins(staff)

    view = await staff.wait(lambda v: v.open_session is not None)
    assert [s.total for s in view.baseline] == [21]


async def test_a_long_history_lives_in_the_record_not_twice_in_the_state(
    journeys: Clinical,
) -> None:
    doses = tuple(
        CarriedDose(
            modality=Modality.IV_KETAMINE, number=n, dosed_at=now() - timedelta(days=1001 - 5 * n),
            delivered_mg=35,
        )
        for n in range(1, 200)
    )  # fmt: skip
    staff = await comes(journeys, transfer=history(doses=doses, course="maintenance"))
    view = await staff.wait(lambda v: len(v.sessions) == 199)
    await journeys.handle(staff).signal("refresh")
    await staff.wait(lambda v: v.runs > view.runs)

    (run,) = (await journeys.runs(staff))[1:]
    assert run.input_bytes < 64 * 1024


async def test_edge_37_events_and_consents_from_elsewhere_stay_in_sight_in_later_runs(
    journeys: Clinical,
) -> None:
    fainted = CarriedEvent(
        code="syncope", at=now() - timedelta(days=9), serious=True, description="fell in the hall"
    )
    told = history(adverse_events=(fainted,), monitoring="nothing found on 12 November")
    staff = await comes(journeys, transfer=told)
    view = await staff.wait(lambda v: len(v.sessions) == 3)
    await journeys.handle(staff).signal("refresh")

    view = await staff.wait(lambda v: v.runs > view.runs)

    assert view.carried is not None
    assert view.carried.adverse_events == (fainted,)
    assert view.carried.consents == told.consents
    assert view.carried.monitoring == told.monitoring
    assert view.consents == {}
    state = await journeys.carried(staff)
    assert (state.referral.transfer, state.carried) == (None, view.carried)


async def repeats(staff: Staff, key: str, referral: Referral) -> None:
    command = AcceptReferral(**by(Role.CARE_COORDINATOR, key), referral=referral)
    await staff.give("accept_referral", command)


async def test_edge_35_a_transfer_that_is_sent_again_is_the_same_referral(
    journeys: Clinical,
) -> None:
    told = papers.referral("R-1").model_copy(update={"transfer": history()})
    staff = await journeys.refer(referral=told)
    await staff.wait(lambda v: len(v.sessions) == 3)

    await repeats(staff, "first", told)
    await repeats(staff, "again", told)

    assert "ReferralRepeated" not in await journeys.kinds(staff)
    assert len((await staff.door.journey(staff.journey_id)).sessions) == 3


async def test_edge_35_a_transfer_completed_later_carries_its_history_once(
    journeys: Clinical,
) -> None:
    """First somebody is only referred to; then the whole referral comes, and comes again."""
    whole = papers.referral("R-1").model_copy(update={"transfer": history()})
    staff = await journeys.refer(referral=whole.model_copy(update={"patient": None}))
    await staff.wait(lambda v: len(v.sessions) == 3)

    await repeats(staff, "first", whole.model_copy(update={"patient": None}))
    await repeats(staff, "completes", whole)
    await repeats(staff, "again", whole)
    await journeys.handle(staff).signal("refresh")
    await staff.wait(lambda v: v.runs > 1)

    kinds = await journeys.kinds(staff)
    assert kinds.count("HistoryCarried") == kinds.count("ReferralCompleted") == 1
    assert "ReferralRepeated" not in kinds
    assert (await journeys.carried(staff)).referral.transfer is None


# -- out ------------------------------------------------------------------------------------------


async def test_edge_37_who_goes_is_booked_no_more_and_the_journey_waits_for_the_handover(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared(sessions=[dosed(1, 5)], booked={"iv_ketamine": 1}))
    await staff.wait(lambda v: v.open_session is not None)

    await goes(staff)

    view = await staff.reach(Phase.FOLLOW_UP)
    await staff.wait(lambda v: v.open_session is None)
    assert "transfer_handover" in [a.kind for a in view.pending_approvals]
    assert (await journeys.fact(staff, "TransferredOut")).data["to_clinic"] == "south"
    await staff.approve("transfer_handover")
    await journeys.ended(staff)
    assert (await journeys.handle(staff).result())["outcome"] == "transferred"


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"to_clinic": "north"}, "same_clinic"), ({"to_clinic": None}, "destination_missing")],
)
async def test_edge_37_a_transfer_to_nowhere_is_refused_and_changes_nothing(
    journeys: Clinical, changes: dict[str, Any], code: str
) -> None:
    staff = await journeys.refer()

    with pytest.raises(Refused) as refused:
        await goes(staff, **changes)

    assert refused.value.codes == [code]
    assert (await staff.door.journey(staff.journey_id)).phase is Phase.REFERRAL


async def test_edge_37_told_twice_the_patient_goes_once(journeys: Clinical) -> None:
    staff = await journeys.refer(**treated())
    await goes(staff)
    await goes(staff)
    with pytest.raises(Refused) as refused:
        await goes(staff, "again")

    assert refused.value.codes == ["already_closing"]
    assert (await journeys.kinds(staff)).count("TransferredOut") == 1


async def left(engine: Clinical, staff: Staff) -> tuple[object, object]:
    """(course, infusions of its series) as the clinic that goes on is told."""
    data = (await engine.fact(staff, "TransferredOut")).data
    return data["course"], data["series_done"]


async def test_edge_37_an_extended_series_goes_on_with_every_infusion_that_was_given(
    journeys: Clinical,
) -> None:
    """Six, then an extension of two of which one was given: seven, not one of six."""
    extension = Series(course="induction", modality=Modality.IV_KETAMINE, target=2, done=1)
    staff = await journeys.refer(
        **treated(Phase.INFUSION_SERIES, infusions=7, course=Course.EXTEND, series=extension)
    )
    await staff.wait(lambda v: v.open_session is not None or bool(v.pending_approvals))

    await goes(staff)

    assert await left(journeys, staff) == ("induction", 7)


async def test_edge_37_a_series_under_way_goes_on_at_what_counts_of_it(skipping: Clinical) -> None:
    """Infusions of an earlier course elsewhere are no part of it."""
    series = Series(course="induction", modality=Modality.IV_KETAMINE, target=6, done=2)
    staff = await skipping.refer(**treated(Phase.INFUSION_SERIES, infusions=4, series=series))
    await staff.wait(lambda v: v.open_session is not None or bool(v.pending_approvals))

    await goes(staff)

    assert await left(skipping, staff) == ("induction", 2)


@pytest.mark.parametrize(
    ("course", "done"), [("induction", 3), ("maintenance", 0)], ids=["acute", "maintenance"]
)
async def test_edge_37_who_goes_on_before_anything_began_here_goes_with_what_was_told(
    journeys: Clinical, course: str, done: int
) -> None:
    staff = await comes(journeys, transfer=history(course=course, series_done=done))
    await staff.wait(lambda v: len(v.sessions) == 3)

    await goes(staff)

    assert await left(journeys, staff) == (course, done)


async def test_edge_37_who_was_only_reevaluated_here_goes_on_in_the_course_from_before(
    journeys: Clinical,
) -> None:
    staff = await comes(journeys, transfer=history(course="maintenance", series_done=0))
    await staff.prepare(reaches=Phase.REEVALUATION)

    await goes(staff)

    assert await left(journeys, staff) == ("maintenance", 0)


async def test_edge_37_who_goes_after_a_decision_is_reevaluated_and_gets_no_second_series(
    journeys: Clinical,
) -> None:
    """The course that was decided on has not begun: six infusions are six infusions."""
    staff = await journeys.refer(**treated(Phase.DISCONTINUE_REFER, course=Course.DISCONTINUE))
    await staff.pending("referral_onward")

    await goes(staff)

    assert await left(journeys, staff) == ("discontinue", 0)


# -- from one clinic through another to a third ---------------------------------------------------


class OnRecord:
    """The facts of the journeys as the front desk reads them."""

    def __init__(self, engine: Clinical) -> None:
        self._kept = engine.outside.facts

    async def facts(
        self, journey_id: str, kinds: tuple[str, ...], *, clinics: Clinics
    ) -> tuple[EventRow, ...]:
        kept = self._kept[journey_id]
        return tuple(
            EventRow(
                id=n, workflow_id=journey_id, journey_id=journey_id, clinic="", sequence=n,
                kind=kept[n].kind.value, at=kept[n].at, recorded_at=kept[n].at, actor_id="",
                actor_role="", data=kept[n].data,
            )
            for n in sorted(kept)
            if kept[n].kind.value in kinds
        )  # fmt: skip


class Asked:
    """The journeys as the front desk asks them."""

    def __init__(self, engine: Clinical) -> None:
        self._door = engine.door

    async def state(self, workflow_id: str) -> dict[str, JsonValue] | None:
        return (await self._door.journey(workflow_id)).model_dump(mode="json")


async def sent_on(engine: Clinical, staff: Staff) -> Referral:
    """What the next clinic is sent, once no treatment day is open."""
    await staff.wait(lambda v: v.open_session is None and v.unrecorded == 0)
    transfers = Transfers(Asked(engine), OnRecord(engine))
    return await transfers.referral_of(staff.journey_id, clinics=None)


async def test_edge_37_from_one_clinic_through_another_to_a_third_nothing_is_lost(
    journeys: Clinical,
) -> None:
    """The clinic in between never treats: the patient moves again before its gates are passed."""
    series = Series(course="induction", modality=Modality.IV_KETAMINE, target=6, done=3)
    first = await journeys.refer(**treated(Phase.INFUSION_SERIES, infusions=3, series=series))
    await first.give("report_adverse_event", ReportAdverseEvent(
        **by(Role.NURSE, "ae"),
        event=AdverseEvent(code="headache", grade=1, description="a headache at night"),
    ))  # fmt: skip
    await goes(first)

    second = await journeys.refer(clinic=SOUTH, referral=await sent_on(journeys, first))
    await second.wait(lambda v: len(v.sessions) == 3)
    await goes(second, to_clinic="west")
    third = await sent_on(journeys, second)

    history = third.transfer
    assert history is not None
    assert (third.clinic, history.source, history.from_journey) == (
        "west", "south", second.journey_id,
    )  # fmt: skip
    assert (history.course, history.series_done) == ("induction", 3)
    assert [(d.number, d.source) for d in history.doses] == [(n, "north") for n in (1, 2, 3)]
    assert [(e.code, e.source) for e in history.adverse_events] == [("headache", "north")]
    assert [(c.modality, c.source) for c in history.consents] == [(Modality.IV_KETAMINE, "north")]
    assert judge_history(history, now()) == ()


# -- the course -----------------------------------------------------------------------------------


async def test_edge_37_the_course_moves_to_the_clinic_that_goes_on_and_asks_nobody(
    journeys: Clinical,
) -> None:
    journeys.outside.people = PeopleBook()
    old = await journeys.refer(**cleared(clinic=ROOMY))
    await old.wait(lambda v: v.open_session is not None)
    await goes(old)
    await old.pending("transfer_handover")
    told = history(from_journey=old.journey_id)

    new = await journeys.refer(
        **cleared(
            clinic=SOUTH,
            referral=papers.referral("R-1").model_copy(update={"transfer": told}),
        )
    )

    view = await new.wait(lambda v: v.open_session is not None)
    assert view.course_claimed
    assert "course_conflict" not in [a.kind for a in view.pending_approvals]
    assert [p.treating for p in journeys.outside.people.people.values()] == [False, True]


async def test_edge_37_who_only_says_so_takes_no_course(journeys: Clinical) -> None:
    """The other journey has never said that it transfers."""
    journeys.outside.people = PeopleBook()
    old = await journeys.refer(**cleared(clinic=ROOMY))
    await old.wait(lambda v: v.open_session is not None)
    told = history(from_journey=old.journey_id)
    referral = papers.referral("R-1").model_copy(update={"transfer": told})

    new = await journeys.refer(**cleared(clinic=SOUTH, referral=referral))

    await new.pending("course_conflict")
    assert [p.treating for p in journeys.outside.people.people.values()] == [True, False]
    assert (await new.door.journey(new.journey_id)).open_session is None
