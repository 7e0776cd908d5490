"""What the stored histories tell: courses, treatment days and a cabinet, led by their staff."""

from contextlib import suppress
from datetime import date, timedelta
from unittest.mock import patch
from uuid import uuid4

from temporalio.client import (
    WorkflowUpdateFailedError,
)

from clinical.standard_protocol import standard_protocol
from runtime.decision_keys import DecisionKeys
from schemas.adverse_event import AdverseEvent, ReportAdverseEvent
from schemas.aftercare import Occasion, RecordContact
from schemas.approval import Choice, RemindTask
from schemas.base import Actor, Role
from schemas.closure import AnnounceClosure
from schemas.consent import WithdrawConsent
from schemas.controlled_substance import StockEntry, StockMovement, Waste
from schemas.deletion import RequestDeletion
from schemas.drug_cabinet import (
    AdoptSettings,
    CountStock,
    FreezeLot,
    LotBook,
    LotCount,
    RecallLot,
    ReceiveStock,
    ReportLoss,
    ReturnStock,
    UnfreezeLot,
    WasteStock,
)
from schemas.evaluation import RecordEvaluation
from schemas.infusion import (
    AcknowledgeOrder,
    AssignAttendant,
    CheckIn,
    HandOver,
    PauseDosing,
    RecordVitals,
    RecordWaste,
    RenewPresence,
    SessionPhase,
    StopDosing,
    SupplyMissing,
    TakeOver,
)
from schemas.journal import WriteJournal
from schemas.journey import (
    ChangeProtocol,
    HoldJourney,
    Phase,
    ResumeJourney,
)
from schemas.late_result import RecordResult, ResultKind
from schemas.notification import NotificationClass
from schemas.primary_provider import ChangeProvider
from schemas.reevaluation import Instrument, Score
from schemas.referral import Referral
from schemas.risk_alert import AcknowledgeAlert
from schemas.safety_program import CertificationNews
from schemas.screening import Modality
from schemas.transfer import CarriedDose, TransferHistory, TransferOut
from service.signing import announcement_of
from simulator import papers
from simulator.papers import STAFF
from simulator.staff import Staff
from tests.activities.people_book import PeopleBook, Strangers
from tests.replay.corpus import Corpus
from tests.replay.hands import (
    Shelf,
    accept,
    by,
    close,
    decide_by_signal,
    ended,
    session_reaches,
    under_dose,
    unreadable_signals,
)
from tests.workflows.conftest import Clinical
from tests.workflows.days import ready_to_start
from tests.workflows.doors import Refused
from tests.workflows.places import cleared, now, treated

FAR_AWAY = date(2099, 6, 30)
TO_SUPPLIER = {"returned_to": "the supplier"}


async def whole_journey(engine: Clinical, corpus: Corpus) -> None:
    """Six infusions, one paused, one missed; the spray; the end. Every phase on the way."""
    staff = await engine.refer()
    await accept(staff)
    await staff.prepare(finding=True)
    await staff.treat()
    await staff.follow_up()
    await staff.treat(pause=True)
    await staff.miss()
    for _ in range(4):
        await staff.treat()
    await staff.reach(Phase.REEVALUATION)
    await staff.score(7)
    await staff.approve("reevaluation_decision", "switch")
    await staff.approve("switch_to_spray")
    await staff.sign(Modality.ESKETAMINE)
    await staff.authorize()
    for _ in range(2):
        await staff.treat()
    await close(staff)
    await staff.reach(Phase.FOLLOW_UP)
    await staff.follow_up()
    await staff.send_forms()
    await ended(engine, staff.journey_id)
    await corpus.keep(staff.journey_id, "journey-whole")
    await corpus.keep(f"{staff.journey_id}-infusion-1", "infusion-normal")
    await corpus.keep(f"{staff.journey_id}-infusion-2", "infusion-paused")
    await corpus.keep(f"{staff.journey_id}-infusion-3", "infusion-missed")
    await corpus.keep(f"{staff.journey_id}-spray-1", "spray-normal")


async def held_and_resumed(engine: Clinical, corpus: Corpus) -> None:
    """A hold that reschedules the booked day, a refresh in mid-wait, a pregnancy that becomes its
    reason, a resume that is asked anew, a new protocol."""
    staff = await engine.refer(**cleared())
    day = await staff.booked()
    view = await staff.door.journey(staff.journey_id)
    review_on = (view.now + timedelta(days=10)).date()
    await staff.give(
        "hold",
        HoldJourney(**by(Role.CARE_COORDINATOR), reason="travelling", review_on=review_on),
    )
    await staff.reach(Phase.ON_HOLD)
    await staff.wait(lambda v: v.open_session is None)
    await staff.give("write_journal", WriteJournal(**by(Role.PATIENT), text="A quiet week."))
    handle = engine.handle(staff)
    await handle.signal("refresh")
    await staff.wait(lambda v: v.runs > view.runs)
    await staff.give("resume", ResumeJourney(**by(Role.CARE_COORDINATOR), reason="back home"))
    first = await staff.pending("resume_from_hold")
    found = AdverseEvent(code="pregnancy", grade=1, description="serum hCG positive, then not")
    await staff.give("report_adverse_event", ReportAdverseEvent(**by(Role.NURSE), event=found))
    await staff.wait(lambda v: all(a.approval_id != first.approval_id for a in v.pending_approvals))
    owed = await staff.pending("resume_from_hold")
    await staff.give("remind_task", RemindTask(**by(Role.NURSE), approval_id=owed.approval_id))
    await staff.approve("resume_from_hold")
    await staff.give(
        "adopt_decision_keys", announcement_of(DecisionKeys.in_memory(), required=False)
    )
    await staff.wait(lambda v: v.open_session not in (None, day.session_id))
    stricter = {**standard_protocol().parameters, "bp.pause_sys": 170}
    newer = standard_protocol().model_copy(update={"version": "replay-2", "parameters": stricter})
    change = ChangeProtocol(**by(Role.PSYCHIATRIST), protocol=newer, reason="new evidence")
    await staff.give("change_protocol", change)
    pending = await staff.pending("protocol_change")
    second = Actor(id="dr-ambrose", role=Role.PSYCHIATRIST)
    for actor in (second, STAFF[Role.MEDICAL_DIRECTOR]):
        await decide_by_signal(engine, staff, pending.approval_id, actor)
    await staff.wait(lambda v: v.protocol_version == "replay-2")
    await unreadable_signals(engine, staff)
    await corpus.keep(f"{day.session_id}", "infusion-rescheduled")
    await corpus.keep(staff.journey_id, "journey-held")


async def withdrawn_under_dose(engine: Clinical, corpus: Corpus) -> None:
    """Consent taken back while the dose runs: it stops, and the patient is watched all the same."""
    staff = await engine.refer(**cleared())
    day = await staff.booked()
    bedside = await under_dose(staff)
    await staff.give("withdraw_consent", WithdrawConsent(**by(Role.PATIENT)))
    await session_reaches(staff, day.session_id, SessionPhase.POST_OBS)
    rest = Waste(wasted_mg=papers.DOSE_MG - 9, witness=STAFF[Role.PRESCRIBER])
    stop = StopDosing(**by(Role.NURSE), reason="read from the pump", delivered_mg=9, waste=rest)
    await staff.give("stop_dosing", stop, to=day.session_id)
    await bedside.observe()
    await bedside.discharge()
    await ended(engine, day.session_id)
    await staff.wait(lambda v: v.open_session is None)
    await corpus.keep(day.session_id, "infusion-withdrawn")
    await corpus.keep(staff.journey_id, "journey-withdrawn")


async def stopped_by_pressure(engine: Clinical, corpus: Corpus) -> None:
    """200/120 once ends the dose for good; readings come by signal."""
    staff = await engine.refer(**cleared())
    day = await staff.booked()
    bedside = await under_dose(staff)
    now = (await staff.door.session(day.session_id)).now
    pause = PauseDosing(**by(Role.NURSE), reason="the patient asks for a moment")
    await staff.give("pause_dosing", pause, to=day.session_id)
    reading = RecordVitals(**by(Role.NURSE), vitals=papers.calm(now, systolic=204, diastolic=118))
    envelope = {"kind": "record_vitals", "command": reading.model_dump(mode="json")}
    handle = engine.client.get_workflow_handle(day.session_id)
    await handle.signal("command_submitted", envelope)
    await session_reaches(staff, day.session_id, SessionPhase.POST_OBS)
    (order,) = (await staff.door.session(day.session_id)).orders
    seen = AcknowledgeOrder(**by(Role.NURSE), order_id=order.order_id)
    await staff.give("acknowledge_order", seen, to=day.session_id)
    stop = StopDosing(**by(Role.NURSE), reason="read from the pump", delivered_mg=12)
    await staff.give("stop_dosing", stop, to=day.session_id)
    await _at_the_chair(staff, day.session_id)
    await bedside.observe()
    await bedside.discharge()
    await ended(engine, day.session_id)
    await corpus.keep(day.session_id, "infusion-stopped")


async def _at_the_chair(staff: Staff, session_id: str) -> None:
    """The patient is handed over, the rest of the drug wasted before a witness."""
    wren = Actor(id="rn-wren", role=Role.NURSE)
    rest = Waste(wasted_mg=papers.DOSE_MG - 12, witness=STAFF[Role.PRESCRIBER])
    for kind, command in (
        ("renew_presence", RenewPresence(**by(Role.NURSE))),
        ("hand_over", HandOver(**by(Role.NURSE), to=wren)),
        ("take_over", TakeOver(command_id=uuid4().hex, actor=wren)),
        ("assign_attendant", AssignAttendant(**by(Role.NURSE), attendant=STAFF[Role.NURSE])),
        ("record_waste", RecordWaste(**by(Role.NURSE), waste=rest)),
    ):
        await staff.give(kind, command, to=session_id)


async def started_again(engine: Clinical, corpus: Corpus) -> None:
    """The record is away when the dose is about to start; it answers again, and so may the pump."""
    staff = await engine.refer(**cleared())
    bedside = await ready_to_start(staff)
    engine.outside.away = True
    with suppress(Refused):
        await bedside.start()
    engine.outside.away = False
    while (await staff.door.session(bedside.session_id)).record_away:
        await staff.door.settle()
    await bedside.dose()
    await bedside.observe()
    await bedside.discharge()
    await ended(engine, bedside.session_id)
    await corpus.keep(bedside.session_id, "infusion-started-again")


async def told_by_the_next_run(engine: Clinical, corpus: Corpus) -> None:
    """No mailbox answers when the run turns over; the next one tells what that one could not."""
    staff = await engine.refer()
    await accept(staff)
    engine.outside.refuses = frozenset(NotificationClass)
    await staff.give("write_journal", WriteJournal(**by(Role.PATIENT), mood=1, suicidal_thoughts=3))
    with patch("workflows.desk.HAND_OVER_PATIENCE", timedelta(seconds=0.5)):
        await engine.handle(staff).signal("refresh")
        await staff.wait(lambda v: v.runs == 2)
    engine.outside.refuses = frozenset()
    await close(staff)
    await staff.wait(lambda v: v.unrecorded == 0)
    await corpus.keep(staff.journey_id, "journey-told-late")
    await engine.handle(staff).terminate("captured")


async def reported_before_the_alerts(engine: Clinical, corpus: Corpus) -> None:
    """No mailbox takes what the day has to tell; its journey hears of the dose all the same."""
    staff = await engine.refer(**cleared())
    bedside = await ready_to_start(staff)
    engine.outside.refuses = frozenset(NotificationClass)
    await bedside.dose(pause=True)
    await bedside.observe()
    await bedside.discharge()
    with patch("workflows.desk.HAND_OVER_PATIENCE", timedelta(seconds=0.5)):
        await staff.wait(lambda v: bool(v.follow_ups))
    engine.outside.refuses = frozenset()
    await ended(engine, bedside.session_id)
    await corpus.keep(bedside.session_id, "infusion-reported-first")
    await corpus.keep(staff.journey_id, "journey-reported-first")
    await engine.handle(staff).terminate("captured")


async def maintained(engine: Clinical, corpus: Corpus) -> None:
    """After the series: reevaluation, maintenance, and the wait for the next visit."""
    staff = await engine.refer(**treated())
    await staff.score(6)
    await staff.approve("reevaluation_decision", "maintenance")
    await staff.reach(Phase.MAINTENANCE)
    await staff.sign()
    await engine.handle(staff).signal("refresh")
    await staff.wait(lambda v: v.runs >= 2)
    await corpus.keep(staff.journey_id, "journey-maintained")


async def tapered(engine: Clinical, corpus: Corpus) -> None:
    """After the series: reevaluation, and the first visit of a taper."""
    staff = await engine.refer(**treated())
    await staff.score(9)
    await staff.approve("reevaluation_decision", "taper")
    await staff.reach(Phase.TAPER)
    await staff.booked()
    await corpus.keep(staff.journey_id, "journey-tapered")


async def looked_after(engine: Clinical, corpus: Corpus) -> None:
    """A day prepared ahead, something missing at the door supplied; word of danger, acknowledged;
    an adverse event noticed later; the site's certification lost and back; a closure."""
    staff = await engine.refer(**cleared())
    day = await staff.booked()
    await staff.arrange(day.session_id)
    await staff.door.until(day.session_id, day.scheduled_at)
    now = (await staff.door.session(day.session_id)).now
    door = CheckIn(**by(Role.NURSE), suicide_risk="none", observer="rn-quill", arrived_at=now)
    await staff.give("check_in", door, to=day.session_id)
    supplied = SupplyMissing(**by(Role.NURSE), medicines_reconciled=True)
    await staff.give("supply_missing", supplied, to=day.session_id)
    journal = WriteJournal(**by(Role.PATIENT), mood=1, suicidal_thoughts=2)
    await staff.give("write_journal", journal)
    await staff.give("acknowledge_alert", AcknowledgeAlert(**by(Role.PSYCHIATRIST)))
    reached = RecordContact(
        **by(Role.PSYCHIATRIST), occasion=Occasion.RISK, reached=True, suicidal_thoughts=0
    )
    await staff.give("record_contact", reached)
    event = AdverseEvent(code="headache", grade=1, description="headache the day after")
    await staff.give("report_adverse_event", ReportAdverseEvent(**by(Role.NURSE), event=event))
    for kind in ("certification_lost", "certification_regained"):
        news = CertificationNews(**by(Role.REMS_REPRESENTATIVE), reason="representative changed")
        await staff.give(kind, news)
    snow = AnnounceClosure(
        **by(Role.CARE_COORDINATOR), closed_on=((now + timedelta(days=3)).date(),), reason="snow"
    )
    await staff.give("announce_closure", snow)
    await result_comes(staff)
    await provider_changes(staff)
    received_on = (await staff.door.journey(staff.journey_id)).now.date() - timedelta(days=1)
    asked = RequestDeletion(**by(Role.CARE_COORDINATOR), received_on=received_on)
    await staff.give("request_deletion", asked)
    await staff.approve("deletion_request")
    await staff.wait(lambda v: v.unrecorded == 0)
    await corpus.keep(day.session_id, "infusion-prepared")
    await corpus.keep(staff.journey_id, "journey-looked-after")


async def result_comes(staff: Staff) -> None:
    """A laboratory result that is abnormal, and assessed."""
    taken_on = (await staff.door.journey(staff.journey_id)).now.date() - timedelta(days=2)
    result = RecordResult(
        **by(Role.MEDICAL_SCREENER),
        kind=ResultKind.LIVER,
        taken_on=taken_on,
        abnormal=True,
        finding="transaminases raised",
    )
    await staff.give("record_result", result)
    await staff.approve("result_review")


async def provider_changes(staff: Staff) -> None:
    """The primary provider is lost, and another is named."""
    lost = ChangeProvider(**by(Role.CARE_COORDINATOR), reason="the practice has closed")
    await staff.give("change_provider", lost)
    found = ChangeProvider(
        **by(Role.CARE_COORDINATOR), provider=papers.PROVIDER, reason="takes the patient over"
    )
    await staff.give("change_provider", found)


async def recognised(engine: Clinical, corpus: Corpus) -> None:
    """A referral about somebody who has a journey: a duplicate. One at the point of treating:
    refused the course, then told apart."""
    engine.outside.people = PeopleBook()
    first = await engine.refer(**cleared())
    await first.booked()
    second = await engine.refer()
    await second.approve("duplicate_review", "duplicate")
    await ended(engine, second.journey_id)
    third = await engine.refer(**cleared())
    await third.approve("course_conflict", "different_people")
    await third.booked()
    engine.outside.people = Strangers()
    await corpus.keep(second.journey_id, "journey-duplicate")
    await corpus.keep(third.journey_id, "journey-told-apart")


async def transferred(engine: Clinical, corpus: Corpus) -> None:
    """A patient goes on elsewhere; another comes with an infusion given elsewhere."""
    leaves = await engine.refer(**cleared())
    await leaves.booked()
    out = TransferOut(**by(Role.CARE_COORDINATOR), to_clinic="south", reason="moves away")
    await leaves.give("transfer_out", out)
    await leaves.approve("transfer_handover")
    await ended(engine, leaves.journey_id)
    comes = await engine.refer(referral=referral_with_history())
    await comes.prepare()
    await comes.booked()
    await corpus.keep(leaves.journey_id, "journey-transferred-out")
    await corpus.keep(comes.journey_id, "journey-transferred-in")


def referral_with_history() -> Referral:
    at = now() - timedelta(days=4)
    before = Score(instrument=Instrument.PHQ9, total=21, taken_at=at - timedelta(days=3))
    dose = CarriedDose(modality=Modality.IV_KETAMINE, number=1, dosed_at=at, delivered_mg=35)
    history = TransferHistory(
        source="Harborlight Clinic", course="induction", series_done=1, doses=(dose,),
        baseline=(before,), scores=(before,),
    )  # fmt: skip
    return papers.referral("R-1").model_copy(update={"transfer": history})


async def declined(engine: Clinical, corpus: Corpus) -> None:
    """Declined at triage and referred onward."""
    staff = await engine.refer()
    await staff.decline("referral_triage")
    await staff.reach(Phase.DISCONTINUE_REFER)
    await corpus.keep(staff.journey_id, "journey-declined")


async def overridden(engine: Clinical, corpus: Corpus) -> None:
    """What the eligibility rule refuses is put to two people, and overridden."""
    staff = await engine.refer(phase=Phase.PSYCH_EVAL)
    evaluation = papers.evaluation(now()).model_copy(update={"exclusions": ("bipolar",)})
    why = "remitted for eleven years"
    evaluated = RecordEvaluation(**by(Role.PSYCHIATRIST), evaluation=evaluation)
    await staff.give("record_evaluation", evaluated.model_copy(update={"override_reason": why}))
    asked = await staff.pending("eligibility_override")
    for actor in (Actor(id="dr-sorel", role=Role.PSYCHIATRIST), STAFF[Role.MEDICAL_DIRECTOR]):
        await staff.decide(asked, actor, Choice.APPROVE)
    await staff.reach(Phase.MED_SCREEN)
    await corpus.keep(staff.journey_id, "journey-overridden")


async def screened_again(engine: Clinical, corpus: Corpus) -> None:
    """Suicide risk told at the chair reaches the journey; what was told there voids the clearance;
    another screening finds something, holds the journey, and the next one clears."""
    staff = await engine.refer(**treated(Phase.MAINTENANCE))
    day = await staff.booked()
    await staff.arrange(day.session_id)
    await staff.door.until(day.session_id, day.scheduled_at)
    arrived = CheckIn(
        **by(Role.NURSE), suicide_risk="high", changes_since_last=("emergency_visit",)
    )
    await staff.give("check_in", arrived, to=day.session_id)
    await staff.approve("suicide_risk_review")
    await staff.screen_again(conditions=("mania",))
    await staff.reach(Phase.ON_HOLD)
    await staff.screen_again()
    await staff.give("resume", ResumeJourney(**by(Role.NURSE), reason="well again"))
    await staff.approve("resume_from_hold")
    await staff.reach(Phase.MAINTENANCE)
    await session_reaches(staff, day.session_id, SessionPhase.RESCHEDULED)
    await corpus.keep(staff.journey_id, "journey-screened-again")
    await corpus.keep(day.session_id, "infusion-at-risk")


async def counted(engine: Clinical, corpus: Corpus) -> None:
    """A drug cabinet: stock in and out, a count that differs, a recall, an incident, newer files,
    and a run that turns over."""
    lot, witness = {"lot": "KET-2231"}, {"witness": STAFF[Role.MEDICAL_DIRECTOR]}
    opened = StockEntry(lot="KET-2231", movement=StockMovement.OPENING, amount_mg=500)
    engine.outside.books = (
        LotBook(**lot, on_hand_mg=500, frozen=True, entries=(opened,)),
        LotBook(lot="KET-9", on_hand_mg=0),
    )
    shelf = Shelf(engine)
    await shelf.open()
    await shelf.give("receive_stock", ReceiveStock, **lot, amount_mg=500, expires_on=FAR_AWAY)
    count = (LotCount(lot="KET-2231", counted_mg=450),)
    with suppress(WorkflowUpdateFailedError):
        await shelf.give(
            "count_stock", CountStock, counts=count, second=STAFF[Role.MEDICAL_DIRECTOR]
        )
    for role in (Role.NURSE, Role.PRESCRIBER):
        await shelf.decide("substance_variance", STAFF[role], "unexplained_loss")
    broken = {**lot, **witness, "amount_mg": 5, "why": "breakage"}
    await shelf.give("waste_stock", WasteStock, **broken)
    with suppress(WorkflowUpdateFailedError):
        await shelf.give("return_stock", ReturnStock, **lot, **witness, amount_mg=5, **TO_SUPPLIER)
    await shelf.give("adopt_settings", AdoptSettings, **shelf.newer)
    await shelf.turned(2)
    await shelf.give("recall_lot", RecallLot, **lot, reason="particles")
    await shelf.give("freeze_lot", FreezeLot, **lot, incident="labels of two vials differ")
    for role in (Role.MEDICAL_DIRECTOR, Role.PRESCRIBER):
        await shelf.decide("lot_release", STAFF[role])
    await shelf.give("unfreeze_lot", UnfreezeLot, **lot, reason="asked once more")
    await shelf.give("report_loss", ReportLoss, **lot, **witness, amount_mg=5, reason="gone")
    await shelf.handle.signal("command_submitted", "no envelope at all")
    await shelf.handle.signal("refresh")
    await shelf.turned(3)
    await corpus.keep(shelf.id, "cabinet-counted")


STORIES = (
    whole_journey,
    held_and_resumed,
    withdrawn_under_dose,
    stopped_by_pressure,
    started_again,
    told_by_the_next_run,
    reported_before_the_alerts,
    maintained,
    tapered,
    declined,
    looked_after,
    recognised,
    transferred,
    overridden,
    screened_again,
    counted,
)
