"""Capture the histories of this folder again: `python -m tests.replay.capture`.

Starts a development server of its own, walks synthetic patients through every phase and message,
and writes down what the server kept. The old histories are replaced, the public keys kept.
"""

import asyncio
import gzip
import json
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from temporalio.api.enums.v1 import EventType
from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowHistory,
    WorkflowUpdateFailedError,
)
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from clinical.permissions import MAY
from clinical.standard_protocol import standard_protocol
from runtime.decision_keys import DecisionKeys
from runtime.keys import KeyFile, KeyRing
from runtime.names import JOURNEYS
from runtime.temporal import data_converter, ensure_search_attributes, interceptors
from schemas.adverse_event import AdverseEvent, ReportAdverseEvent
from schemas.aftercare import Occasion, RecordContact
from schemas.approval import DecideApproval, RemindTask
from schemas.base import Actor, Command, Role
from schemas.closure import AnnounceClosure
from schemas.consent import WithdrawConsent
from schemas.controlled_substance import StockEntry, StockMovement, Waste
from schemas.deletion import RequestDeletion
from schemas.drug_cabinet import (
    AdoptSettings,
    CabinetInput,
    CabinetState,
    CabinetView,
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
    StartDosing,
    StopDosing,
    SupplyMissing,
    TakeOver,
)
from schemas.journal import WriteJournal
from schemas.journey import (
    ChangeProtocol,
    CloseJourney,
    HoldJourney,
    Phase,
    ResumeJourney,
)
from schemas.late_result import RecordResult, ResultKind
from schemas.primary_provider import ChangeProvider
from schemas.reevaluation import Instrument, Score
from schemas.referral import AcceptReferral, Referral
from schemas.risk_alert import AcknowledgeAlert
from schemas.safety_program import CertificationNews
from schemas.screening import Modality
from schemas.transfer import CarriedDose, TransferHistory, TransferOut
from service.signing import announcement_of
from simulator import papers
from simulator.papers import STAFF
from simulator.staff import Bedside, Staff
from tests.activities.people_book import PeopleBook, Strangers
from tests.fixtures_temporal import free_port, start_server, stop_server
from tests.workflows.conftest import NORTH, Clinical, Outside, serving
from tests.workflows.places import cleared, now, treated
from workflows.replay import MANIFEST, STORED, TEST_KEYS, Stored

HERE = Path(__file__).parent
HISTORIES = "histories"
NAMESPACE = "default"
ENDED_WITHIN_S = 30
FAR_AWAY = date(2099, 6, 30)
TO_SUPPLIER = {"returned_to": "the supplier"}
TOLD = (
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
)


class Corpus:
    """The histories of one capture, written down under names that tell what they show."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._stored: list[Stored] = []

    async def keep(self, workflow_id: str, story: str) -> None:
        """Every run of a workflow, the first one first."""
        first = (await self._client.get_workflow_handle(workflow_id).describe()).raw_description
        run_id: str | None = first.workflow_execution_info.first_run_id
        number = 0
        while run_id:
            number += 1
            handle = self._client.get_workflow_handle(workflow_id, run_id=run_id)
            history = await _settled(handle)
            self._write(history, f"{story}-{number}")
            last = history.events[-1].workflow_execution_continued_as_new_event_attributes
            run_id = last.new_execution_run_id or None

    def _write(self, history: WorkflowHistory, name: str) -> None:
        started = history.events[0].workflow_execution_started_event_attributes
        file = f"{HISTORIES}/{name}.json.gz"
        text = json.dumps(json.loads(history.to_json()), separators=(",", ":"))
        # No time in the archive: the same history is the same file.
        (self._folder / file).write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
        self._stored.append(
            Stored(
                file=file,
                workflow_id=history.workflow_id,
                workflow_type=started.workflow_type.name,
                namespace=NAMESPACE,
                story=name,
            )
        )

    def close(self) -> int:
        """Write the manifest; returns how many histories there are."""
        text = STORED.dump_json(tuple(self._stored), indent=2)
        (self._folder / MANIFEST).write_bytes(text + b"\n")
        return len(self._stored)


async def _settled(handle: WorkflowHandle[Any, Any]) -> WorkflowHistory:
    """The history once no workflow task is under way: what is half told cannot be replayed."""
    while True:
        history = await handle.fetch_history()
        kinds = Counter(event.event_type for event in history.events)
        told = sum(kinds[kind] for kind in TOLD)
        if told and kinds[EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED] == told:
            return history
        await asyncio.sleep(0.1)


# -- the stories --------------------------------------------------------------------------------


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


async def maintained(engine: Clinical, corpus: Corpus) -> None:
    """After the series: reevaluation, maintenance, and the wait for the next visit."""
    staff = await engine.refer(**treated())
    await staff.score(6)
    await staff.approve("reevaluation_decision", "maintenance")
    await staff.reach(Phase.MAINTENANCE)
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
    maintained,
    tapered,
    declined,
    looked_after,
    recognised,
    transferred,
    counted,
)


# -- hands --------------------------------------------------------------------------------------


class Shelf:
    """A drug cabinet of the capture's own, and whoever speaks to it."""

    def __init__(self, engine: Clinical) -> None:
        self.id = "cabinet-north"
        self._client = engine.client
        state = CabinetState(workflow_id=self.id, clinic=NORTH, protocol=standard_protocol())
        self._start = CabinetInput(state=state)
        self.newer = {"clinic": NORTH, "protocol": standard_protocol(), "pins": "newer"}

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(self.id)

    async def open(self) -> None:
        await self._client.start_workflow(
            "DrugCabinet", self._start, id=self.id, task_queue=JOURNEYS
        )

    async def give(self, kind: str, model: type[Command], **content: Any) -> None:
        """Given by the first role that may, unless the content says who."""
        role = next(role for role in Role if role in MAY[kind])
        actor = STAFF.get(role, Actor(id=f"capture-{role.value}", role=role))
        said = {"command_id": uuid4().hex, "actor": actor, **content}
        await self.handle.execute_update(kind, model.model_validate(said))

    async def decide(self, kind: str, actor: Actor, choice: str | None = None) -> None:
        view = await self._view()
        asked = next(p for p in view.pending_approvals if p.kind == kind)
        said = {"approval_id": asked.approval_id, "decision": "approve", "choice": choice}
        reason = "seen and considered"
        await self.give("decide_approval", DecideApproval, **said, reason=reason, actor=actor)

    async def turned(self, runs: int) -> None:
        for _ in range(400):
            if (await self._view()).runs >= runs:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the cabinet did not turn over")

    async def _view(self) -> CabinetView:
        view: CabinetView = await self.handle.query("state", result_type=CabinetView)
        return view


def by(role: Role) -> dict[str, object]:
    return {"command_id": uuid4().hex, "actor": STAFF[role]}


async def accept(staff: Staff) -> None:
    command = AcceptReferral(**by(Role.CARE_COORDINATOR), referral=papers.referral("R-1"))
    await staff.give("accept_referral", command)


async def close(staff: Staff) -> None:
    await staff.give(
        "close_journey", CloseJourney(**by(Role.CARE_COORDINATOR), reason="moves away")
    )


async def decide_by_signal(engine: Clinical, staff: Staff, approval_id: str, actor: Actor) -> None:
    """The stock command line's payload, one vote at a time."""
    decision = {
        "command_id": uuid4().hex,
        "approval_id": approval_id,
        "decision": "approve",
        "actor": actor.model_dump(mode="json"),
        "reason": "seen and considered",
    }
    before = (await staff.door.journey(staff.journey_id)).version
    await engine.handle(staff).signal("approval_decided", decision)
    await staff.wait(lambda v: v.version > before)


async def unreadable_signals(engine: Clinical, staff: Staff) -> None:
    before = (await staff.door.journey(staff.journey_id)).dead_letter_count
    handle = engine.handle(staff)
    await handle.signal("command_submitted", "no envelope at all")
    await handle.signal("approval_decided")
    await staff.wait(lambda v: v.dead_letter_count == before + 2)


async def under_dose(staff: Staff) -> Bedside:
    """The booked day, as far as the running pump and its first quiet minutes."""
    day = await staff.booked()
    await staff.door.until(day.session_id, day.scheduled_at)
    bedside = Bedside(staff, day)
    await bedside.prepare()
    lot = papers.lot(day.modality, (await staff.door.session(day.session_id)).now)
    start = StartDosing(**by(Role.NURSE), lot=lot, drawn_mg=papers.DOSE_MG)
    await staff.give("start_dosing", start, to=day.session_id)
    return bedside


async def session_reaches(staff: Staff, session_id: str, phase: SessionPhase) -> None:
    for _ in range(400):
        if (await staff.door.session(session_id)).phase is phase:
            return
        await staff.door.settle()
    raise AssertionError(f"{session_id} did not reach {phase}")


async def ended(engine: Clinical, workflow_id: str) -> None:
    async with asyncio.timeout(ENDED_WITHIN_S):
        await engine.client.get_workflow_handle(workflow_id).result()


# -- the server ---------------------------------------------------------------------------------


def public_keys() -> KeyRing:
    """The keys beside this file; made once, with a comment in README.md that they are public."""
    path = HERE / TEST_KEYS
    if not path.exists():
        made = KeyRing.in_memory()
        path.write_text(made._content.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return KeyRing(KeyFile.model_validate_json(path.read_bytes()))


@asynccontextmanager
async def development_server() -> AsyncIterator[Client]:
    with TemporaryDirectory() as folder:
        port = free_port()
        server = start_server(Path(folder) / "server.log", port)
        try:
            yield await _connected(f"127.0.0.1:{port}")
        finally:
            stop_server(server)


async def _connected(address: str) -> Client:
    for _ in range(100):
        try:
            client = await Client.connect(
                address,
                namespace=NAMESPACE,
                data_converter=data_converter(public_keys(), NAMESPACE, accept_plain=True),
                interceptors=[*interceptors()],
                identity="replay-capture",
            )
            await ensure_search_attributes(client)
        except (RuntimeError, RPCError):
            await asyncio.sleep(0.2)
        else:
            return client
    raise RuntimeError("the development server does not answer")


async def capture() -> int:
    """Walk every story and keep what the server wrote down; returns how many histories. What lies
    here is replaced only when every story was walked to its end."""
    with TemporaryDirectory() as folder:
        (Path(folder) / HISTORIES).mkdir()
        async with development_server() as client:
            engine = Clinical(WorkflowEnvironment.from_client(client), Outside())
            corpus = Corpus(client, Path(folder))
            async with serving(engine.env, engine.outside):
                for story in STORIES:
                    await story(engine, corpus)
                    print(f"captured: {story.__name__}", file=sys.stderr)
        count = corpus.close()
        shutil.rmtree(HERE / HISTORIES, ignore_errors=True)
        shutil.move(Path(folder) / HISTORIES, HERE / HISTORIES)
        shutil.move(Path(folder) / MANIFEST, HERE / MANIFEST)
    return count


if __name__ == "__main__":
    print(f"{asyncio.run(capture())} histories")
