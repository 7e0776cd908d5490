"""What a synthetic clinic's nurse and prescriber do at the chair, from check-in to discharge."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from clinical.dosing import standard_dose_mg
from clinical.parameters import Parameters
from schemas.base import Command, Role
from schemas.controlled_substance import Waste
from schemas.infusion import (
    AcknowledgeOrder,
    CheckIn,
    Discharge,
    EndDosing,
    OrderDose,
    RecordVitals,
    ResumeDosing,
    SessionPhase,
    SessionReceipt,
    SessionView,
    StartDosing,
    VitalSigns,
)
from schemas.screening import Modality
from simulator import papers
from simulator.door import NotReached
from simulator.papers import STAFF

if TYPE_CHECKING:
    from simulator.staff import Staff

INFUSION_MIN = 40
READING_MIN = 10
MOODS = (19, 15, 12, 10, 9, 8)
"""PHQ-9 before each infusion."""


class Bedside:
    """What nurse and prescriber do at the chair."""

    def __init__(self, staff: "Staff", day: SessionView) -> None:
        self._staff = staff
        self._day = day
        self.session_id = day.session_id
        self._spray = day.modality is Modality.ESKETAMINE
        self._now = max(day.now, day.scheduled_at)

    async def prepare(self) -> None:
        """Check-in, the baseline reading, the order of today."""
        self._now = (await self._staff.door.session(self.session_id)).now
        await self._give("check_in", self._check_in())
        await self._read(papers.calm(self._now, weight_kg=papers.WEIGHT_KG))
        await self._give(
            "order_dose",
            OrderDose(
                **self._staff.by(Role.PRESCRIBER),
                dose_mg=self._dose_mg,
                weight_kg=papers.WEIGHT_KG,
                duration_min=None if self._spray else INFUSION_MIN,
            ),
        )

    async def start(self) -> None:
        """The dose log goes on record, and the pump is started."""
        await self._give(
            "start_dosing",
            StartDosing(
                **self._staff.by(Role.NURSE),
                lot=papers.lot(self._day.modality, self._now),
                drawn_mg=self._dose_mg,
            ),
        )

    async def dose(self, *, pause: bool = False) -> None:
        """The dose begins, a reading every ten minutes, the dose ends."""
        await self.start()
        minutes = READING_MIN if self._spray else INFUSION_MIN
        for minute in range(READING_MIN, minutes + 1, READING_MIN):
            await self._pass(READING_MIN)
            high = pause and minute == 2 * READING_MIN
            if high:
                await self._high_pressure()
            else:
                await self._read(papers.calm(self._now, systolic=138, diastolic=86, cadss6=4))
        await self._give(
            "end_dosing",
            EndDosing(
                **self._staff.by(Role.NURSE),
                delivered_mg=self._dose_mg,
                devices=2 if self._spray else None,
                waste=Waste(wasted_mg=0, witness=STAFF[Role.PRESCRIBER]),
            ),
        )

    async def observe(self) -> None:
        """A reading every quarter of an hour until the review may open."""
        day = await self._staff.door.session(self.session_id)
        opens_at = day.review_opens_at
        assert opens_at is not None
        while self._now < opens_at:
            due = (await self._staff.door.session(self.session_id)).next_reading_due_at
            step = min(due or opens_at, opens_at) if due and due > self._now else opens_at
            await self._until(step)
            await self._read(papers.calm(self._now))

    async def rest(self, minutes: float) -> None:
        """Stay longer than the observation asks, and be looked at once more."""
        await self._pass(minutes)
        await self._read(papers.calm(self._now))

    async def discharge(self) -> None:
        """Every criterion met, the escort here, two signatures."""
        await self._give(
            "discharge",
            Discharge(
                **self._staff.by(Role.NURSE),
                escort_present=True,
                instructions_given=True,
                orientation=4,
                effects_gone=True,
                aldrete=10,
                gait_steady=True,
                nausea_controlled=True,
                suicide_risk="none",
                line_removed=True,
                waste_reconciled=True,
                second_signature=STAFF[Role.PRESCRIBER],
            ),
        )

    async def _high_pressure(self) -> None:
        """A pressure that is confirmed pauses the infusion; it goes on once it has settled."""
        await self._read(papers.calm(self._now, systolic=184, diastolic=104))
        await self._pass(3)
        receipt = await self._read(papers.calm(self._now, systolic=186, diastolic=106))
        if receipt.phase is not SessionPhase.PAUSED:
            raise NotReached("a confirmed pressure of 186/106 did not pause the infusion")
        assert receipt.order is not None, "a pause that the engine orders is addressed to somebody"
        await self._give(
            "acknowledge_order",
            AcknowledgeOrder(**self._staff.by(Role.NURSE), order_id=receipt.order.order_id),
        )
        await self._pass(5)
        await self._read(papers.calm(self._now, systolic=142, diastolic=88))
        await self._give(
            "resume_dosing",
            ResumeDosing(
                **self._staff.by(Role.PRESCRIBER), reason="settled below 160/100, at the chair"
            ),
        )

    async def _read(self, vitals: VitalSigns) -> SessionReceipt:
        command = RecordVitals(**self._staff.by(Role.NURSE), vitals=vitals)
        return SessionReceipt.model_validate(await self._give("record_vitals", command))

    async def _pass(self, minutes: float) -> None:
        await self._until(self._now + timedelta(minutes=minutes))

    async def _until(self, moment: datetime) -> None:
        await self._staff.door.until(self.session_id, moment)
        self._now = (await self._staff.door.session(self.session_id)).now

    async def _give(self, kind: str, command: Command) -> dict[str, Any]:
        return await self._staff.give(kind, command, to=self.session_id)

    def _check_in(self) -> CheckIn:
        nurse = STAFF[Role.NURSE]
        return CheckIn(
            **self._staff.by(Role.NURSE),
            escort=papers.ESCORT,
            escort_confirmed=True,
            last_solids_at=self._now - timedelta(hours=12),
            last_liquids_at=self._now - timedelta(hours=3),
            medicines_reconciled=True,
            suicide_risk="none",
            emergency_kit_checked=True,
            observer=nurse.id,
            observer_change="" if self._day.observer in {None, nurse.id} else "swapped today",
            prescriber_on_site=True,
            pulse_oximeter=True,
            pdmp_queried_at=self._now - papers.QUERIED_BEFORE,
            mood_scale=papers.phq9(self._mood, self._now),
        )

    @property
    def _mood(self) -> int:
        """A patient who gets better from infusion to infusion, and stays so on the spray."""
        before = len(MOODS) if self._spray else self._day.number
        return MOODS[min(before, len(MOODS)) - 1]

    @property
    def _dose_mg(self) -> float:
        if self._spray:
            return 56.0
        return standard_dose_mg(papers.WEIGHT_KG, Parameters.default())
