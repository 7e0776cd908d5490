"""One treatment day in skipped time, started without a journey: the chair, the nurse, the pump."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError

from clinical.standard_protocol import standard_protocol
from runtime.names import JOURNEYS
from schemas.adverse_event import ReportAdverseEvent
from schemas.approval import DecideApproval
from schemas.base import Actor, Command, Role
from schemas.controlled_substance import Waste
from schemas.event import Fact
from schemas.infusion import (
    AcknowledgeOrder,
    AssignAttendant,
    CheckIn,
    Discharge,
    EndDosing,
    HandOver,
    OrderDose,
    PauseDosing,
    RecordVitals,
    RecordWaste,
    RenewPresence,
    ResumeDosing,
    SessionPlan,
    SessionReceipt,
    SessionResult,
    SessionView,
    StartDosing,
    StopDosing,
    SupplyMissing,
    TakeOver,
)
from schemas.journey import Event
from schemas.screening import Modality
from simulator import papers
from simulator.papers import STAFF
from tests.workflows.conftest import NORTH, Clinical
from tests.workflows.doors import Refused
from workflows.visible import session_attributes

SECOND_PRESCRIBER = Actor(id="dr-ambrose", role=Role.PRESCRIBER)
TYPE_OF = {Modality.IV_KETAMINE: "InfusionSession", Modality.ESKETAMINE: "NasalSpraySession"}
WORD_OF = {Modality.IV_KETAMINE: "infusion", Modality.ESKETAMINE: "spray"}
COMMANDS: dict[str, tuple[type[Command], Role]] = {
    "check_in": (CheckIn, Role.NURSE),
    "order_dose": (OrderDose, Role.PRESCRIBER),
    "start_dosing": (StartDosing, Role.NURSE),
    "record_vitals": (RecordVitals, Role.NURSE),
    "pause_dosing": (PauseDosing, Role.NURSE),
    "resume_dosing": (ResumeDosing, Role.PRESCRIBER),
    "stop_dosing": (StopDosing, Role.NURSE),
    "end_dosing": (EndDosing, Role.NURSE),
    "report_adverse_event": (ReportAdverseEvent, Role.NURSE),
    "discharge": (Discharge, Role.NURSE),
    "decide_approval": (DecideApproval, Role.PRESCRIBER),
    "supply_missing": (SupplyMissing, Role.NURSE),
    "record_waste": (RecordWaste, Role.NURSE),
    "assign_attendant": (AssignAttendant, Role.NURSE),
    "renew_presence": (RenewPresence, Role.NURSE),
    "hand_over": (HandOver, Role.NURSE),
    "take_over": (TakeOver, Role.NURSE),
    "acknowledge_order": (AcknowledgeOrder, Role.NURSE),
}
"""Every command of a treatment day, and who gives it unless a test says otherwise."""

HOME = {
    "escort_present": True,
    "instructions_given": True,
    "orientation": 4,
    "effects_gone": True,
    "aldrete": 10,
    "gait_steady": True,
    "nausea_controlled": True,
    "suicide_risk": "none",
    "line_removed": True,
    "waste_reconciled": True,
    "second_signature": STAFF[Role.PRESCRIBER],
}
"""Every discharge criterion met."""


class TreatmentDay:
    """One session and the hands around it. Minutes count from the hour it was booked for."""

    def __init__(self, clinical: Clinical, plan: SessionPlan, handle: WorkflowHandle[Any, Any]):
        self._clinical = clinical
        self.plan = plan
        self.handle = handle
        self.outside = clinical.outside
        self.spray = plan.modality is Modality.ESKETAMINE
        self.dose_mg = 56.0 if self.spray else papers.DOSE_MG

    # -- time ---------------------------------------------------------------------------------

    async def now(self) -> datetime:
        return await self._clinical.env.get_current_time()

    async def until(self, moment: datetime) -> None:
        """Let time pass until `moment`; nothing when it is past."""
        left = moment - await self.now()
        if left > timedelta(0):
            await self._clinical.env.sleep(left)

    async def pass_(self, minutes: float) -> None:
        await self.until(await self.now() + timedelta(minutes=minutes))

    # -- the day, step by step ------------------------------------------------------------------

    async def check_in(self, **changes: Any) -> SessionReceipt:
        await self.until(self.plan.scheduled_at)
        now = await self.now()
        fields: dict[str, Any] = {
            "escort": papers.ESCORT,
            "escort_confirmed": True,
            "last_solids_at": now - timedelta(hours=12),
            "last_liquids_at": now - timedelta(hours=3),
            "medicines_reconciled": True,
            "suicide_risk": "none",
            "emergency_kit_checked": True,
            "observer": "rn-quill",
            "prescriber_on_site": True,
            "pulse_oximeter": True,
            **changes,
        }
        return await self.give("check_in", **fields)

    async def order(self, dose_mg: float | None = None, **more: Any) -> SessionReceipt:
        minutes = None if self.spray else 40
        fields = {"weight_kg": papers.WEIGHT_KG, "duration_min": minutes, **more}
        return await self.give("order_dose", dose_mg=dose_mg or self.dose_mg, **fields)

    async def start(self, **more: Any) -> SessionReceipt:
        fields = {
            "lot": papers.lot(self.plan.modality, await self.now()),
            "drawn_mg": self.dose_mg,
            **more,
        }
        return await self.give("start_dosing", **fields)

    async def read(self, systolic: int = 130, diastolic: int = 82, **more: Any) -> SessionReceipt:
        reading = papers.calm(await self.now(), systolic=systolic, diastolic=diastolic, **more)
        return await self.give("record_vitals", vitals=reading)

    async def end(self, delivered_mg: float | None = None) -> SessionReceipt:
        return await self.give(
            "end_dosing",
            delivered_mg=self.dose_mg if delivered_mg is None else delivered_mg,
            devices=2 if self.spray else None,
            waste=Waste(wasted_mg=0, witness=STAFF[Role.PRESCRIBER]),
        )

    async def stop(self, delivered_mg: float, reason: str = "read from the pump") -> SessionReceipt:
        """Dosing is over; the rest of what was drawn is wasted before a witness."""
        return await self.give(
            "stop_dosing",
            reason=reason,
            delivered_mg=delivered_mg,
            waste=Waste(wasted_mg=self.dose_mg - delivered_mg, witness=STAFF[Role.PRESCRIBER]),
        )

    async def discharge(self, **changes: Any) -> SessionReceipt:
        return await self.give("discharge", **{**HOME, **changes})

    # -- stretches of a day ---------------------------------------------------------------------

    async def prepare(self) -> SessionReceipt:
        """Checked in, a baseline read, the dose ordered: ready."""
        await self.check_in()
        await self.read(126, 80, weight_kg=papers.WEIGHT_KG)
        return await self.order()

    async def dose(self) -> SessionReceipt:
        """Ready, and the dose begun."""
        await self.prepare()
        return await self.start()

    async def read_every(self, minutes: float, times: int) -> None:
        for _ in range(times):
            await self.pass_(minutes)
            await self.read()

    async def observe(self, delivered_mg: float | None = None) -> None:
        """Dosed to the end; observation has begun."""
        await self.dose()
        if not self.spray:
            await self.read_every(10, 4)
        await self.end(delivered_mg)

    # -- messages -------------------------------------------------------------------------------

    async def give(self, kind: str, **fields: Any) -> SessionReceipt:
        """One command by update; raises `Refused` with the reasons' codes."""
        return await self.send(kind, self.command(kind, **fields))

    async def send(self, kind: str, command: Command) -> SessionReceipt:
        try:
            return await self.handle.execute_update(
                kind, command, id=uuid4().hex, result_type=SessionReceipt
            )
        except WorkflowUpdateFailedError as error:
            raise Refused(error) from None

    def command(self, kind: str, **fields: Any) -> Command:
        model, role = COMMANDS[kind]
        return model(**{"command_id": uuid4().hex, "actor": STAFF[role], **fields})

    async def signal(self, kind: str, command: Command) -> None:
        envelope = {"kind": kind, "command": command.model_dump(mode="json")}
        await self.handle.signal("command_submitted", envelope)

    async def interrupt(self, event: Event) -> None:
        """What a journey tells its open session."""
        await self.handle.signal("journey_interrupted", {"event": event.value})

    # -- looking --------------------------------------------------------------------------------

    async def view(self) -> SessionView:
        """The `state` query. Never of a closed session: this server would not answer."""
        return await self.handle.query("state", result_type=SessionView)

    async def sees(self, look: Callable[[SessionView], bool]) -> SessionView:
        """The state, once it looks as it should."""
        for _ in range(2000):
            view = await self.view()
            if look(view):
                return view
            await self._clinical.door.settle()
        raise AssertionError(f"the session stands in {view.phase}")

    async def records(self, look: Callable[[list[str]], bool]) -> list[str]:
        """The facts on record by name, once they look as they should."""
        for _ in range(2000):
            kinds = self.kinds()
            if look(kinds):
                return kinds
            await self._clinical.door.settle()
        raise AssertionError(f"on record: {kinds}")

    def kinds(self) -> list[str]:
        return self.outside.kinds(self.plan.session_id)

    def facts(self, kind: str) -> list[Fact]:
        kept = self.outside.facts.get(self.plan.session_id, {})
        return [kept[n] for n in sorted(kept) if kept[n].kind.value == kind]

    def told(self, template: str) -> list[Role | None]:
        """To which roles this message went out."""
        return [n.to_role for n in self.outside.sent if n.template == template]

    async def hears(self, template: str, *roles: Role) -> None:
        """Exactly these roles are told this, in this order."""
        for _ in range(2000):
            if len(self.told(template)) >= len(roles):
                break
            await self._clinical.door.settle()
        assert self.told(template) == list(roles)

    async def result(self) -> SessionResult:
        """How the day ended; time passes until it does."""
        return SessionResult.model_validate(await self.handle.result())

    async def events(self) -> int:
        """Events of the session's history."""
        return len((await self.handle.fetch_history()).events)


async def book(
    clinical: Clinical, modality: Modality = Modality.IV_KETAMINE, **changes: Any
) -> TreatmentDay:
    """A session booked for ten in the morning of the next working day."""
    now = await clinical.env.get_current_time()
    at = changes.pop("scheduled_at", None) or ten_in_the_morning(now)
    journey_id = f"journey-{uuid4().hex[:26]}"
    fields: dict[str, Any] = {
        "session_id": f"{journey_id}-{WORD_OF[modality]}-1",
        "journey_id": journey_id,
        "clinic": NORTH,
        "protocol": standard_protocol(),
        "modality": modality,
        "number": 1,
        "scheduled_at": at,
        "consent_valid_until": at + timedelta(days=90),
        "clearances_valid_until": at + timedelta(days=60),
        "pdmp_queried_at": at - papers.QUERIED_BEFORE,
        "dosing_weight_kg": papers.WEIGHT_KG,
        "site_certified": True,
        "patient_enrolled": True,
        **changes,
    }
    plan = SessionPlan(**fields)
    handle = await clinical.client.start_workflow(
        TYPE_OF[modality],
        plan,
        id=plan.session_id,
        task_queue=JOURNEYS,
        search_attributes=session_attributes(plan),
    )
    return TreatmentDay(clinical, plan, handle)


def ten_in_the_morning(after: datetime) -> datetime:
    """Ten o'clock in New York on the next weekday after `after`."""
    day = after.astimezone(ZoneInfo("America/New_York")).replace(
        hour=10, minute=0, second=0, microsecond=0
    )
    day += timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day
