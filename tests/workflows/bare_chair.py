"""The hands around a bare treatment day: all goes well, except what a test says."""

from datetime import timedelta
from typing import Any

from schemas.approval import EntryKind
from schemas.base import Role
from schemas.controlled_substance import Waste
from schemas.infusion import SessionReceipt
from schemas.screening import Modality
from simulator import papers
from simulator.papers import STAFF
from tests.workflows.bare_day import TEN, BareDay, a_plan
from tests.workflows.clockwork import Update
from tests.workflows.treatment_day import COMMANDS, HOME


class BareChair:
    """One patient at the chair, and whoever is around; no server, no waiting."""

    def __init__(self, modality: Modality = Modality.IV_KETAMINE, **plan: Any) -> None:
        self.spray = modality is Modality.ESKETAMINE
        self.dose_mg = 56.0 if self.spray else papers.DOSE_MG
        self.modality = modality
        self.day = BareDay(a_plan(modality, **plan), TEN - timedelta(minutes=1))
        self.day.pass_(60)
        self._said = 0

    # -- the day, step by step ------------------------------------------------------------------

    def arrive(self, **changes: Any) -> list[str]:
        """Checked in; what is missing then, beside the order and the reading that always are."""
        fields: dict[str, Any] = {
            "escort": papers.ESCORT,
            "escort_confirmed": True,
            "last_solids_at": TEN - timedelta(hours=12),
            "last_liquids_at": TEN - timedelta(hours=3),
            "medicines_reconciled": True,
            "suicide_risk": "none",
            "emergency_kit_checked": True,
            "observer": STAFF[Role.NURSE].id,
            "prescriber_on_site": True,
            "pulse_oximeter": True,
            **changes,
        }
        missing = [reason.code for reason in self.give("check_in", **fields).missing]
        return [code for code in missing if code not in {"order_missing", "vitals_missing"}]

    def prepare(self, **changes: Any) -> list[str]:
        """Checked in, read and ordered: what is missing then."""
        self.arrive(**changes)
        self.read(weight_kg=papers.WEIGHT_KG)
        return self.order()

    def order(self) -> list[str]:
        minutes = None if self.spray else 40
        fields = {"weight_kg": papers.WEIGHT_KG, "duration_min": minutes}
        receipt = self.give("order_dose", dose_mg=self.dose_mg, **fields)
        return [reason.code for reason in receipt.missing]

    def read(self, **more: Any) -> SessionReceipt:
        return self.give("record_vitals", vitals=papers.calm(self.day.clinical_now, **more))

    def start(self, **more: Any) -> SessionReceipt:
        return self.give("start_dosing", **self.draws(**more))

    def draws(self, **more: Any) -> dict[str, Any]:
        return {"lot": papers.lot(self.modality, TEN), "drawn_mg": self.dose_mg, **more}

    def dose(self) -> None:
        self.prepare()
        self.start()

    def end(self) -> SessionReceipt:
        waste = Waste(wasted_mg=0, witness=STAFF[Role.PRESCRIBER])
        devices = 2 if self.spray else None
        return self.give("end_dosing", delivered_mg=self.dose_mg, devices=devices, waste=waste)

    def recover(self, minutes: int) -> None:
        """So long observed, read every quarter of an hour."""
        for _ in range(minutes // 15):
            self.day.pass_(900)
            self.read()

    def going_home(self, **changes: Any) -> Update:
        return self.say("discharge", **{**HOME, **changes})

    # -- saying and looking ---------------------------------------------------------------------

    def say(self, kind: str, **fields: Any) -> Update:
        """One command, and what became of it."""
        model, role = COMMANDS[kind]
        self._said += 1
        said = {"command_id": f"said-{self._said}", "actor": STAFF[role], **fields}
        update = self.day.update(kind, model(**said))
        self.day.settle()
        return update

    def give(self, kind: str, **fields: Any) -> SessionReceipt:
        """One command that is taken."""
        update = self.say(kind, **fields)
        assert update.receipt is not None, f"{kind} was refused: {update.codes}"
        return update.receipt

    def refused(self, kind: str, **fields: Any) -> tuple[str, ...]:
        """Why this command is refused."""
        update = self.say(kind, **fields)
        assert update.receipt is None, f"{kind} was taken"
        return update.codes

    def waits(self) -> dict[str, Role]:
        """What is missing -> who is asked for it."""
        pending = [t for t in self.day.state.tasks.values() if t.pending]
        asked = [t for t in pending if t.kind is EntryKind.SUPPLY_MISSING]
        return {task.evidence["missing"]: task.owed_to for task in asked}

    def kinds(self) -> list[str]:
        return [fact.kind.value for fact in self.day.facts]

    def told(self, template: str) -> list[Role | None]:
        return [message.to_role for message in self.day.told if message.template == template]
