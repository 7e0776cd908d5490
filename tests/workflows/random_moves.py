"""What people might do on a treatment day: the right next thing, a wrong one, or an old one again.

Every move draws its content from one number; the smallest number is the plausible content.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from schemas.adverse_event import AdverseEvent
from schemas.approval import Choice
from schemas.base import Actor, Command, Role
from schemas.controlled_substance import DrugLot, Waste
from schemas.infusion import SafetyOrder, SessionPhase, SessionPlan, VitalSigns
from schemas.screening import Modality
from simulator import papers
from simulator.papers import STAFF
from tests.workflows.treatment_day import COMMANDS, HOME, SECOND_PRESCRIBER

WREN = Actor(id="rn-wren", role=Role.NURSE)
NURSE, PRESCRIBER = STAFF[Role.NURSE], STAFF[Role.PRESCRIBER]
ODD_ROLES = (Role.PATIENT, Role.OPS, Role.CARE_COORDINATOR, Role.PRESCRIBER, Role.NURSE)

T = TypeVar("T")
Said = tuple[str, Command]


class Salt:
    """Choices drawn from one number; zero draws the first of each."""

    def __init__(self, number: int) -> None:
        self._left = number

    def of(self, options: Sequence[T]) -> T:
        self._left, place = divmod(self._left, len(options))
        return options[place]

    def odd(self, one_in: int) -> bool:
        """True once in so many; never at zero."""
        return self.of(range(one_in)) == one_in - 1


@dataclass
class Chair:
    """What anybody in the room can see."""

    now: datetime
    phase: SessionPhase
    before: Sequence[VitalSigns]
    during: Sequence[VitalSigns]
    after: Sequence[VitalSigns]
    ordered: bool
    delivered_mg: float | None
    dosed_at: datetime | None
    ended_at: datetime | None
    paused_at: datetime | None = None
    orders: Sequence[SafetyOrder] = ()
    approvals: Sequence[tuple[str, tuple[Role, ...]]] = ()
    reconciled: bool = True


@dataclass
class People:
    """The staff of one day, and everything they have said so far, by its command id."""

    plan: SessionPlan
    said: dict[str, Said] = field(default_factory=dict)
    attendant: Actor = NURSE

    @property
    def spray(self) -> bool:
        return self.plan.modality is Modality.ESKETAMINE

    @property
    def dose_mg(self) -> float:
        return 56.0 if self.spray else papers.DOSE_MG

    def say(self, kind: str, actor: Actor | None = None, **fields: Any) -> Said:
        model, role = COMMANDS[kind]
        command_id = f"said-{len(self.said) + 1}"
        spoken_by = actor or STAFF[role]
        self.said[command_id] = kind, model(command_id=command_id, actor=spoken_by, **fields)
        return self.said[command_id]

    # -- the right next thing ---------------------------------------------------------------------

    def next(self, chair: Chair) -> tuple[float, Said | None]:
        """How many minutes pass first, and then what is said."""
        nothing = Salt(0)
        match chair.phase:
            case SessionPhase.BOOKED:
                early_s = (self.plan.scheduled_at - chair.now).total_seconds()
                return max(early_s / 60, 0), self.check_in(chair, nothing)
            case SessionPhase.PRE_CHECK if not chair.before or not _calm(chair.before[-1]):
                return 0, self.reading(chair, nothing)
            case SessionPhase.PRE_CHECK if not chair.ordered:
                return 0, self.order_dose(chair, nothing)
            case SessionPhase.PRE_CHECK:
                return 0, self.supply_missing(chair, nothing)
            case SessionPhase.READY:
                return 0, self.start_dosing(chair, nothing)
            case SessionPhase.DOSING if len(chair.during) < 2:
                return 9, self.reading(chair, nothing)
            case SessionPhase.DOSING:
                return 5, self.end_dosing(chair, nothing)
            case SessionPhase.PAUSED:
                return self._settled(chair)
            case SessionPhase.POST_OBS | SessionPhase.DISCHARGE_REVIEW:
                return self._homewards(chair)
            case _:
                return 5, None

    def _settled(self, chair: Chair) -> tuple[float, Said]:
        nothing = Salt(0)
        last = chair.during[-1].taken_at if chair.during else None
        fresh = last and (chair.paused_at is None or last >= chair.paused_at)
        if fresh and _calm(chair.during[-1]):
            return 1, self.resume_dosing(chair, nothing)
        return 2, self.reading(chair, nothing)

    def _homewards(self, chair: Chair) -> tuple[float, Said | None]:
        nothing = Salt(0)
        if chair.delivered_mg is None:
            return 1, self.stop_dosing(chair, nothing)
        if not chair.reconciled:
            return 1, self.record_waste(chair, nothing)
        waits = timedelta(minutes=120 if self.spray else 60)
        last = chair.after[-1].taken_at if chair.after else None
        fresh = last is not None and chair.now - last < timedelta(minutes=10)
        if chair.ended_at and chair.now >= chair.ended_at + waits and fresh:
            return 0, self.discharge(chair, nothing)
        return 15, self.reading(chair, nothing)

    # -- one command each, plausible at zero ------------------------------------------------------

    def check_in(self, chair: Chair, salt: Salt) -> Said:
        fields: dict[str, Any] = {
            "escort": papers.ESCORT,
            "escort_confirmed": True,
            "last_solids_at": chair.now - timedelta(hours=12),
            "last_liquids_at": chair.now - timedelta(hours=3),
            "medicines_reconciled": True,
            "suicide_risk": "none",
            "emergency_kit_checked": True,
            "observer": NURSE.id,
            "prescriber_on_site": True,
            "pulse_oximeter": True,
        }
        odd: dict[str, Any] = salt.of(
            (
                {},
                {"escort_confirmed": False},
                {"last_solids_at": chair.now - timedelta(hours=1)},
                {"medicines_reconciled": False},
                {"suicide_risk": "high"},
                {"emergency_kit_checked": False},
                {"identity_confirmed": False},
                {"changes_since_last": ("fever",)},
                {"observer": None},
            )
        )
        return self.say("check_in", **{**fields, **odd})

    def supply_missing(self, _chair: Chair, salt: Salt) -> Said:
        everything = {
            "identity_confirmed": True,
            "escort_confirmed": True,
            "medicines_reconciled": True,
            "emergency_kit_checked": True,
        }
        odd: dict[str, Any] = salt.of((everything, {"emergency_kit_checked": False}, {}))
        return self.say("supply_missing", **odd)

    def prescriber_on_site(self, _chair: Chair, salt: Salt) -> Said:
        """One leaves, or one is there."""
        return self.say("supply_missing", prescriber_on_site=salt.of((True, False)))

    def order_dose(self, _chair: Chair, salt: Salt) -> Said:
        too_much = 84.0 if self.spray else 45.0
        dose_mg = salt.of((self.dose_mg, too_much, 400.0))
        minutes = None if self.spray else 40
        weight_kg = salt.of((papers.WEIGHT_KG, papers.WEIGHT_KG, 95.0))
        return self.say("order_dose", dose_mg=dose_mg, weight_kg=weight_kg, duration_min=minutes)

    def start_dosing(self, chair: Chair, salt: Salt) -> Said:
        good = papers.lot(self.plan.modality, chair.now)
        old = DrugLot(lot="KET-0001", expires_on=(chair.now - timedelta(days=2)).date())
        lot = salt.of((good, good, None, old))
        paper = {
            "form": "DT-0417",
            "second_signature": salt.of((PRESCRIBER, NURSE)),
            "reason": "the record is away",
        }
        downtime = salt.of((None, None, paper))
        return self.say("start_dosing", lot=lot, drawn_mg=self.dose_mg, downtime=downtime)

    def reading(self, chair: Chair, salt: Salt) -> Said:
        pressure = salt.of(((126, 80), (126, 80), (152, 92), (188, 108), (204, 118)))
        more: dict[str, Any] = salt.of(({}, {}, {"spo2_percent": 86}, {"moaas": 2}))
        late_min = salt.of((0, 0, 7, 25, -3))
        weight = None
        if chair.phase in (SessionPhase.PRE_CHECK, SessionPhase.READY):
            weight = salt.of((papers.WEIGHT_KG, papers.WEIGHT_KG, 95.0, None))
        vitals = papers.calm(
            chair.now - timedelta(minutes=late_min),
            systolic=pressure[0],
            diastolic=pressure[1],
            weight_kg=weight,
            **more,
        )
        actor = salt.of((self.attendant, self.attendant, WREN))
        sedated_at = chair.now if salt.odd(12) else None
        return self.say("record_vitals", actor, vitals=vitals, sedative_given_at=sedated_at)

    def pause_dosing(self, _chair: Chair, _salt: Salt) -> Said:
        return self.say("pause_dosing", self.attendant, reason="anxious")

    def resume_dosing(self, _chair: Chair, _salt: Salt) -> Said:
        return self.say("resume_dosing", reason="settled")

    def stop_dosing(self, _chair: Chair, salt: Salt) -> Said:
        given_mg = salt.of((20.0, None))
        waste = None if given_mg is None else self._waste(self.dose_mg - given_mg, salt)
        reason = "asked to stop"
        return self.say("stop_dosing", reason=reason, delivered_mg=given_mg, waste=waste)

    def end_dosing(self, _chair: Chair, salt: Salt) -> Said:
        given_mg = salt.of((self.dose_mg, self.dose_mg, self.dose_mg - 10))
        devices = 2 if self.spray else None
        waste = self._waste(self.dose_mg - given_mg, salt)
        return self.say("end_dosing", delivered_mg=given_mg, devices=devices, waste=waste)

    def record_waste(self, chair: Chair, salt: Salt) -> Said:
        given_mg = self.dose_mg if chair.delivered_mg is None else chair.delivered_mg
        waste = self._waste(self.dose_mg - given_mg, salt)
        return self.say("record_waste", waste=waste or Waste(wasted_mg=0))

    def _waste(self, due_mg: float, salt: Salt) -> Waste | None:
        witness = salt.of((PRESCRIBER, PRESCRIBER, None, NURSE))
        return salt.of((Waste(wasted_mg=due_mg, witness=witness), None, Waste(wasted_mg=3)))

    def discharge(self, _chair: Chair, salt: Salt) -> Said:
        odd: dict[str, Any] = salt.of(
            (
                {},
                {"escort_present": False},
                {"instructions_given": False},
                {"aldrete": 7},
                {"suicide_risk": "high"},
                {"second_signature": None},
                {"second_signature": NURSE},
                {"waste_reconciled": False},
                {"against_advice": True, "gait_steady": False},
                {"against_advice": True, "orientation": 2},
                {"transferred_to": "General hospital", "aldrete": 5},
            )
        )
        return self.say("discharge", **{**HOME, **odd})

    def report_adverse_event(self, _chair: Chair, salt: Salt) -> Said:
        event = AdverseEvent(
            code="nausea", grade=salt.of((1, 4)), serious=salt.odd(2), description="sick"
        )
        return self.say("report_adverse_event", event=event)

    # -- who is with the patient ------------------------------------------------------------------

    def renew_presence(self, _chair: Chair, salt: Salt) -> Said:
        return self.say("renew_presence", salt.of((self.attendant, WREN)))

    def assign_attendant(self, _chair: Chair, salt: Salt) -> Said:
        return self.say("assign_attendant", attendant=salt.of((NURSE, WREN, STAFF[Role.OPS])))

    def hand_over(self, _chair: Chair, salt: Salt) -> Said:
        return self.say("hand_over", self.attendant, to=salt.of((WREN, NURSE)))

    def take_over(self, _chair: Chair, salt: Salt) -> Said:
        return self.say("take_over", salt.of((WREN, NURSE, SECOND_PRESCRIBER)))

    def acknowledge_order(self, chair: Chair, salt: Salt) -> Said:
        known = [order.order_id for order in chair.orders] or ["order-1"]
        return self.say("acknowledge_order", salt.of((NURSE, WREN)), order_id=salt.of(known))

    def decide_approval(self, chair: Chair, salt: Salt) -> Said:
        waiting = chair.approvals or (("no-such~approval~1", (Role.PRESCRIBER,)),)
        approval_id, roles = salt.of(waiting)
        role = salt.of(roles or (Role.PRESCRIBER,))
        actor = salt.of((STAFF.get(role, PRESCRIBER), SECOND_PRESCRIBER, NURSE))
        return self.say(
            "decide_approval",
            actor,
            approval_id=approval_id,
            decision=salt.of((Choice.APPROVE, Choice.DECLINE)),
            reason="weighed",
        )

    # -- beside the rules -------------------------------------------------------------------------

    def anything(self, chair: Chair, salt: Salt) -> Said:
        """Any command at all, whether or not its hour has come."""
        return getattr(self, salt.of(WHATEVER))(chair, salt)  # type: ignore[no-any-return]

    def by_somebody_else(self, chair: Chair, salt: Salt) -> Said:
        """Any command at all, from a role that mostly may not give it."""
        kind, command = self.anything(chair, Salt(salt.of(range(len(WHATEVER)))))
        spoken = command.model_copy(update={"actor": STAFF[salt.of(ODD_ROLES)]})
        self.said[command.command_id] = kind, spoken
        return kind, spoken

    def again(self, salt: Salt) -> Said | None:
        """A message that was sent before, word by word."""
        known = list(self.said.values())[::-1]
        return salt.of(known) if known else None


WHATEVER = (
    "start_dosing",
    "resume_dosing",
    "discharge",
    "stop_dosing",
    "end_dosing",
    "pause_dosing",
    "reading",
    "order_dose",
    "supply_missing",
    "check_in",
    "record_waste",
    "take_over",
    "hand_over",
    "assign_attendant",
    "renew_presence",
    "acknowledge_order",
    "decide_approval",
    "report_adverse_event",
    "prescriber_on_site",
)


def _calm(reading: VitalSigns) -> bool:
    return (reading.systolic_mmhg or 999) <= 140 and reading.spo2_percent == 98
